//! AWS Signature Version 4: verifying a signed request or a presigned URL, and signing. Pure.
//!
//! ```text
//! HttpRequest ── read ──> UnverifiedSignature   the parts are there, well formed and unambiguous
//!                           ├ access_key_id, session_token   (the caller finds the secret)
//!                           ├ verify(secret, scope, now)
//!                           │   scope, times, body's hash, then the signature itself
//!                           └ verify_received(secret, by, body, now)   likewise, for a service that asks
//!                               └──> VerifiedSignature
//! ```
//!
//! Read strictly where AWS's own clients agree, and refused where two readers could disagree: a
//! parameter given twice, two signatures, a path whose dots or slashes are percent-encoded, a tab
//! within a signed header. Every `x-amz-*` header must be signed.
//!
//! `Content-Type` need not be signed where it is one of the types that AWS's query and JSON
//! protocols send, because several AWS SDKs leave it out of the signature; any other unsigned type
//! is refused. A body is always hashed here and never taken at its word.
//!
//! A literal `+` in a query is a space, as form decoding reads it; a plus is `%2B`.
//!
//! Source: "Create a signed AWS API request", AWS Identity and Access Management user guide.

mod authorization;
mod canonical;
mod credential;
mod error;
mod message;
mod presigned;
mod read;
mod received;
mod sign;
mod signing_key;
mod signing_secret;
mod string_to_sign;
mod timestamp;
mod verify;

pub use error::{RequiredHeader, SigV4Error};
pub use read::{UnverifiedSignature, read};
pub use received::{Payload, PayloadHash, ReceivedBody, ReceivedBy};
pub use sign::{Signer, sign};
pub use signing_secret::{SecretRef, SigningSecret};
pub use timestamp::ScopeDate;
pub use verify::{ExpectedScope, VerifiedSignature, payload_hash};

/// How far the clocks of client and server may be apart, in seconds: 15 minutes.
pub const MAX_SKEW_SECONDS: i64 = 15 * 60;
/// How long a presigned URL may be good for, in seconds: seven days.
pub const MAX_EXPIRES_SECONDS: u32 = 7 * 24 * 60 * 60;
/// How long one is good for a call to STS, whatever it says, in seconds: as long as a signature by header. AWS
/// heeds no `X-Amz-Expires` there.
pub const MAX_STS_EXPIRES_SECONDS: u32 = 15 * 60;
/// At most this many header names in `SignedHeaders`.
pub const MAX_SIGNED_HEADERS: usize = 64;
/// At most this many parameters in the query of a signed request.
pub const MAX_QUERY_PARAMETERS: usize = 512;

/// The only algorithm that is accepted.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What a credential scope ends with.
pub(crate) const TERMINATOR: &str = "aws4_request";
/// Stands for the hash of a body that is not signed.
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// A request as it came over the wire. Its `Debug` leaves out what may hold a secret.
#[derive(Clone, Copy)]
pub struct HttpRequest<'a> {
    /// The method as received, e.g. `POST`.
    pub method: &'a str,
    /// The path as received, neither decoded nor normalised; begins with `/`.
    pub path: &'a str,
    /// The query as received, without the `?`; empty where there is none.
    pub query: &'a str,
    /// Every header in the order received, names in any case.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The whole body.
    pub body: &'a [u8],
}

/// Whether two names of headers are the same. Most are of another length, which is told without a call, and
/// most that are the same are in lower case.
fn is_same_name(one: &str, other: &str) -> bool {
    one.len() == other.len() && (one == other || one.eq_ignore_ascii_case(other))
}

impl<'a> HttpRequest<'a> {
    /// The values of every header called `name`, in order.
    fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers
            .iter()
            .filter(move |(present, _)| is_same_name(present, name))
            .map(|(_, value)| *value)
    }

    /// The one value of the header called `name`, which may not be repeated.
    fn single(&self, name: &'static str) -> Result<Option<&'a [u8]>, SigV4Error> {
        let mut values = self.values(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(SigV4Error::RepeatedHeader { name });
        }
        Ok(first)
    }
}

impl std::fmt::Debug for HttpRequest<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
