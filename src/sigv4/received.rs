//! A request that a service received: verified for it by what it says that it received.
//!
//! Beside what is accepted of a request to the gateway itself, S3's forms are: a path that is encoded
//! once, and bodies that the signature leaves out ("Authenticating requests", Amazon S3 API reference).

use std::borrow::Cow;
use std::str::FromStr;

use super::canonical::PathForm;
use super::read::Validity;
use super::verify::{is_hash, payload_hash};
use super::{SecretRef, SigV4Error, UNSIGNED_PAYLOAD, UnverifiedSignature, VerifiedSignature};
use crate::domain::{InvalidValue, Region, UnixTime};

/// The services whose requests are signed as S3's are: the path is encoded once and keeps its dots and
/// slashes, and the body may be left unsigned or come in signed chunks.
const AS_S3: [&str; 4] = ["s3", "s3-object-lambda", "s3-outposts", "s3express"];
/// Stand for the hash of a body that comes in chunks, each with a signature of its own.
const SIGNED_CHUNKS: [&str; 2] = [
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
];
/// Stands for the hash of a body that comes in chunks without signatures.
const UNSIGNED_CHUNKS: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/// Who received a request.
#[derive(Debug, Clone, Copy)]
pub struct ReceivedBy<'a> {
    /// The service that the request must be signed for.
    pub service: &'a str,
    /// The regions that are enabled; none means nobody.
    pub regions: &'a [Region],
}

/// The SHA-256 of a body, in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadHash(Box<str>);

impl FromStr for PayloadHash {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_hash(text) {
            Ok(Self(text.into()))
        } else {
            let rule = "64 lower-case hexadecimal digits";
            Err(InvalidValue::new("payload hash", rule))
        }
    }
}

impl<'de> serde::Deserialize<'de> for PayloadHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::domain::deserialize_text(deserializer)
    }
}

/// What is known of the body.
#[derive(Debug, Clone)]
pub enum ReceivedBody {
    /// All of it: the request's.
    Whole,
    /// Its hash, as the service that received it has computed it.
    Hash(PayloadHash),
}

/// What the signature says of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// It covers the body's hash.
    Signed,
    /// Nothing: whoever has the request on its way can put another body to it.
    Unsigned,
    /// It is the seed of the chunks' signatures, which nobody has looked at.
    Chunks,
}

impl UnverifiedSignature<'_> {
    /// Verifies the signature of a request that `by` received.
    ///
    /// # Errors
    /// [`SigV4Error`] of the first check that failed.
    pub fn verify_received<'s>(
        self,
        secret: impl Into<SecretRef<'s>>,
        by: &ReceivedBy<'_>,
        body: &ReceivedBody,
        now: UnixTime,
    ) -> Result<(VerifiedSignature, Payload), SigV4Error> {
        if !by.regions.contains(self.region()) {
            return Err(SigV4Error::WrongRegion);
        }
        if self.service() != by.service {
            return Err(SigV4Error::ForeignService);
        }
        self.check_time(now)?;
        let is_s3 = AS_S3.contains(&by.service);
        let (hash, payload) = self.received_payload(body, is_s3)?;
        let form = if is_s3 {
            PathForm::EncodedOnce
        } else {
            PathForm::Normalised
        };
        self.prove(secret.into(), hash.as_bytes(), form)?;
        Ok((self.verified(), payload))
    }

    /// The last line of the canonical request, and what it says.
    fn received_payload(
        &self,
        body: &ReceivedBody,
        is_s3: bool,
    ) -> Result<(Cow<'_, str>, Payload), SigV4Error> {
        let hash = match body {
            ReceivedBody::Whole => payload_hash(self.request.body),
            ReceivedBody::Hash(hash) => hash.0.clone().into(),
        };
        let is_presigned = matches!(self.validity, Validity::Seconds(_));
        let is_empty_get =
            || self.request.method == "GET" && is_presigned && hash == payload_hash(&[]);
        let stated = self.content_sha256.as_deref();
        match stated {
            // What S3's presigned URLs leave out is that the body is unsigned.
            None if is_s3 && is_presigned => Ok((UNSIGNED_PAYLOAD.into(), Payload::Unsigned)),
            None => Ok((hash.into(), Payload::Signed)),
            Some(stated) if stated == hash => Ok((hash.into(), Payload::Signed)),
            Some(UNSIGNED_PAYLOAD) if is_s3 || is_empty_get() => {
                Ok((UNSIGNED_PAYLOAD.into(), Payload::Unsigned))
            }
            Some(UNSIGNED_CHUNKS) if is_s3 && !is_presigned => {
                Ok((UNSIGNED_CHUNKS.into(), Payload::Unsigned))
            }
            Some(stated) if SIGNED_CHUNKS.contains(&stated) && is_s3 && !is_presigned => {
                Ok((stated.to_owned().into(), Payload::Chunks))
            }
            Some(UNSIGNED_PAYLOAD) => Err(SigV4Error::UnsignedPayload),
            Some(_) => Err(SigV4Error::WrongPayloadHash),
        }
    }
}

#[cfg(test)]
mod tests;
