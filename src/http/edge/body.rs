//! Request bodies, read within bounds.

use std::time::Duration;

use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;

/// How much may be sent, and how slowly.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// The longest body in bytes.
    pub bytes: usize,
    /// The whole body must be there after this time.
    pub time: Duration,
}

/// Why a body was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Longer than is allowed.
    #[error("the body is longer than is allowed")]
    TooLarge,
    /// Not there in time.
    #[error("the body was not sent in time")]
    TooSlow,
    /// The connection broke, or the framing is wrong.
    #[error("the body could not be read")]
    Broken,
}

/// Reads the whole body.
///
/// # Errors
/// [`BodyError`]; what was read is dropped.
pub async fn read_body(payload: Payload, limits: BodyLimits) -> Result<Bytes, BodyError> {
    let reading = collect(payload, limits.bytes);
    tokio::time::timeout(limits.time, reading)
        .await
        .map_err(|_| BodyError::TooSlow)?
}

async fn collect(mut payload: Payload, limit: usize) -> Result<Bytes, BodyError> {
    let Some(first) = payload.next().await else {
        return Ok(Bytes::new());
    };
    let first = first.map_err(|_| BodyError::Broken)?;
    if first.len() > limit {
        return Err(BodyError::TooLarge);
    }
    let Some(second) = payload.next().await else {
        return Ok(first);
    };
    let mut body = BytesMut::from(first.as_ref());
    let mut next = Some(second);
    while let Some(chunk) = next {
        let chunk = chunk.map_err(|_| BodyError::Broken)?;
        if body.len() + chunk.len() > limit {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
        next = payload.next().await;
    }
    Ok(body.freeze())
}
