//! What a path of the provider answers: any status and body, late, cut off or drop by drop.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use futures_util::stream;
use serde_json::Value;

/// What a path answers.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Body,
    /// How long the provider waits before it answers.
    pub delay: Duration,
}

#[derive(Debug, Clone)]
pub enum Body {
    Bytes(Vec<u8>),
    /// These bytes, then white space up to this many bytes in all, without a Content-Length.
    Padded(Vec<u8>, usize),
    /// These bytes, and then the connection breaks.
    CutOff(Vec<u8>),
    /// These bytes one by one with a pause before each.
    Dripped(Vec<u8>, Duration),
}

impl Answer {
    /// 200 with this document as JSON.
    pub fn json(document: &Value) -> Self {
        Self::bytes(200, document.to_string()).with_header("content-type", "application/json")
    }

    /// Any status with any body.
    pub fn bytes(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Bytes(body.into()),
            delay: Duration::ZERO,
        }
    }

    /// 302 to another address.
    pub fn redirect(location: &str) -> Self {
        Self::bytes(302, "").with_header("location", location)
    }

    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn with_body(self, body: Body) -> Self {
        Self { body, ..self }
    }

    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

pub(super) fn response(answer: Answer) -> HttpResponse {
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).unwrap());
    for (name, value) in answer.headers {
        response.append_header((name, value));
    }
    match answer.body {
        Body::Bytes(bytes) => response.body(bytes),
        Body::Padded(bytes, total) => response.streaming(padded(bytes, total)),
        Body::CutOff(bytes) => {
            let parts = [
                Ok(web::Bytes::from(bytes)),
                Err(io::Error::other("cut off")),
            ];
            response.streaming(stream::iter(parts))
        }
        Body::Dripped(bytes, pause) => response.streaming(dripped(bytes, pause)),
    }
}

/// Made as it is sent, so that a body of gigabytes takes no memory.
fn padded(
    bytes: Vec<u8>,
    total: usize,
) -> impl futures_util::Stream<Item = Result<web::Bytes, Infallible>> {
    static SPACES: [u8; 65_536] = [b' '; 65_536];
    let missing = total.saturating_sub(bytes.len());
    let rest = (0..missing).step_by(SPACES.len()).map(move |sent| {
        let length = SPACES.len().min(missing - sent);
        web::Bytes::from_static(&SPACES[..length])
    });
    stream::iter(std::iter::once(web::Bytes::from(bytes)).chain(rest).map(Ok))
}

fn dripped(
    bytes: Vec<u8>,
    pause: Duration,
) -> impl futures_util::Stream<Item = Result<web::Bytes, Infallible>> {
    stream::unfold(bytes.into_iter(), move |mut rest| async move {
        let byte = rest.next()?;
        actix_web::rt::time::sleep(pause).await;
        Some((Ok(web::Bytes::from(vec![byte])), rest))
    })
}
