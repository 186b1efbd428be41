//! Why a signature was refused.

use super::{MAX_EXPIRES_SECONDS, MAX_QUERY_PARAMETERS, MAX_SIGNED_HEADERS, ScopeDate};
use crate::domain::UnixTime;

/// A header that a signature must cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequiredHeader {
    /// `Host`.
    Host,
    /// `Date`, where it stands in for `X-Amz-Date`.
    Date,
    /// Any `X-Amz-*` header that the request carries.
    Amz,
    /// A `Content-Type` that AWS's own protocols don't send.
    ContentType,
}

/// Why a signature was refused. The client is to blame for every one of them.
///
/// No variant holds a value of the request but its times, so that an error can be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SigV4Error {
    /// Nothing was signed where a signature is needed.
    #[error("the request is not signed")]
    NotSigned,
    /// An `Authorization` header and parameters of a presigned URL in one request.
    #[error("the request is signed by header and by query at once")]
    SignedTwice,
    /// A header that may stand only once.
    #[error("the header {name} is repeated")]
    RepeatedHeader {
        /// The header.
        name: &'static str,
    },
    /// A parameter of the signature that may stand only once.
    #[error("the parameter {name} is repeated")]
    RepeatedParameter {
        /// The parameter.
        name: &'static str,
    },
    /// Anything but `AWS4-HMAC-SHA256`.
    #[error("the signing algorithm is not AWS4-HMAC-SHA256")]
    UnsupportedAlgorithm,
    /// The `Authorization` header is not a list of known `key=value` pairs.
    #[error("the Authorization header is malformed")]
    MalformedAuthorization,
    /// The `Authorization` header lacks a part.
    #[error("the Authorization header has no {name}")]
    MissingHeaderParameter {
        /// The part.
        name: &'static str,
    },
    /// A presigned URL lacks a parameter.
    #[error("the presigned URL has no {name}")]
    MissingQueryParameter {
        /// The parameter.
        name: &'static str,
    },
    /// Neither `X-Amz-Date` nor `Date`.
    #[error("the request has no date")]
    MissingDate,
    /// A date that is no date.
    #[error("the date of the request is malformed")]
    MalformedDate,
    /// The credential has more or fewer than five parts.
    #[error("the credential does not have five parts")]
    MalformedCredential,
    /// The access key id can't be one.
    #[error("the access key id is malformed")]
    MalformedAccessKeyId,
    /// The credential does not end in `aws4_request`.
    #[error("the credential scope does not end in aws4_request")]
    WrongTerminator,
    /// The day in the credential is not the day of the request's date.
    #[error("the credential scope is of the day {scope} and the request of {signed_at}")]
    WrongScopeDate {
        /// The day in the credential.
        scope: ScopeDate,
        /// The date of the request.
        signed_at: UnixTime,
    },
    /// A region that is not enabled here.
    #[error("the credential scope names a region that is not enabled")]
    WrongRegion,
    /// Another service than the one that was asked.
    #[error("the credential scope is not for the service {expected}")]
    WrongService {
        /// The service that was asked.
        expected: &'static str,
    },
    /// Another service than the one that received the request.
    #[error("the credential scope is for another service than the one that received the request")]
    ForeignService,
    /// `SignedHeaders` is not a sorted list of different lower-case header names.
    #[error("the list of signed headers is malformed")]
    MalformedSignedHeaders,
    /// `SignedHeaders` has more than [`MAX_SIGNED_HEADERS`] names.
    #[error("more than {MAX_SIGNED_HEADERS} headers are signed")]
    TooManySignedHeaders,
    /// `SignedHeaders` names a header that the request lacks.
    #[error("a signed header is absent")]
    AbsentSignedHeader,
    /// A header that must be signed is not.
    #[error("a header that must be signed is not")]
    UnsignedHeader(RequiredHeader),
    /// The path can be read in more than one way.
    #[error("the path can be read in more than one way")]
    AmbiguousPath,
    /// The query can be read in more than one way.
    #[error("the query can be read in more than one way")]
    AmbiguousQuery,
    /// The query has more than [`MAX_QUERY_PARAMETERS`] parameters.
    #[error("the query has more than {MAX_QUERY_PARAMETERS} parameters")]
    TooManyParameters,
    /// A signed header holds a tab or another control character.
    #[error("a signed header holds a control character")]
    AmbiguousHeader,
    /// `X-Amz-Expires` is no number of seconds from 1 to [`MAX_EXPIRES_SECONDS`].
    #[error("X-Amz-Expires is not a number of seconds from 1 to {MAX_EXPIRES_SECONDS}")]
    MalformedExpires,
    /// Signed more than 15 minutes ago.
    #[error("the signature of {signed_at} is too old at {now}")]
    SignatureExpired {
        /// The date of the request.
        signed_at: UnixTime,
        /// The server's time.
        now: UnixTime,
    },
    /// Signed for a time more than 15 minutes from now.
    #[error("the signature of {signed_at} is from the future at {now}")]
    SignatureNotYetCurrent {
        /// The date of the request.
        signed_at: UnixTime,
        /// The server's time.
        now: UnixTime,
    },
    /// A presigned URL is past its end.
    #[error("the presigned URL ended at {ended_at}, before {now}")]
    PresignedUrlExpired {
        /// When it ended.
        ended_at: UnixTime,
        /// The server's time.
        now: UnixTime,
    },
    /// `X-Amz-Content-Sha256` leaves a body unsigned.
    #[error("the body is not signed")]
    UnsignedPayload,
    /// `X-Amz-Content-Sha256` is not the hash of the body.
    #[error("X-Amz-Content-Sha256 is not the hash of the body")]
    WrongPayloadHash,
    /// The hash of the body must be stated and signed, and is not.
    #[error("X-Amz-Content-Sha256 is missing, or is no SHA-256")]
    MissingPayloadHash,
    /// A presigned URL where one is not accepted.
    #[error("the request is signed by its query string")]
    Presigned,
    /// The signature is not 64 lower-case hexadecimal digits.
    #[error("the signature is malformed")]
    MalformedSignature,
    /// The signature is another one: the request was altered, or signed with another secret.
    #[error("the signature does not match")]
    SignatureMismatch,
}

/// AWS's error codes for a refused signature, and their HTTP status.
const MISSING_TOKEN: (&str, u16) = ("MissingAuthenticationToken", 403);
const INCOMPLETE: (&str, u16) = ("IncompleteSignature", 400);
const INVALID_KEY: (&str, u16) = ("InvalidClientTokenId", 403);
const MISMATCH: (&str, u16) = ("SignatureDoesNotMatch", 403);

impl SigV4Error {
    /// AWS's error code, e.g. `SignatureDoesNotMatch`.
    pub const fn code(self) -> &'static str {
        self.answer().0
    }

    /// The HTTP status that goes with the code: 400 or 403.
    pub const fn status(self) -> u16 {
        self.answer().1
    }

    const fn answer(self) -> (&'static str, u16) {
        match self {
            Self::NotSigned => MISSING_TOKEN,
            Self::SignedTwice
            | Self::RepeatedHeader { .. }
            | Self::RepeatedParameter { .. }
            | Self::UnsupportedAlgorithm
            | Self::MalformedAuthorization
            | Self::MissingHeaderParameter { .. }
            | Self::MissingQueryParameter { .. }
            | Self::MissingDate
            | Self::MalformedDate
            | Self::MalformedCredential
            | Self::MalformedExpires
            | Self::MissingPayloadHash
            | Self::Presigned => INCOMPLETE,
            Self::MalformedAccessKeyId => INVALID_KEY,
            Self::WrongTerminator
            | Self::WrongScopeDate { .. }
            | Self::WrongRegion
            | Self::WrongService { .. }
            | Self::ForeignService
            | Self::MalformedSignedHeaders
            | Self::TooManySignedHeaders
            | Self::AbsentSignedHeader
            | Self::UnsignedHeader(_)
            | Self::AmbiguousPath
            | Self::AmbiguousQuery
            | Self::TooManyParameters
            | Self::AmbiguousHeader
            | Self::SignatureExpired { .. }
            | Self::SignatureNotYetCurrent { .. }
            | Self::PresignedUrlExpired { .. }
            | Self::UnsignedPayload
            | Self::WrongPayloadHash
            | Self::MalformedSignature
            | Self::SignatureMismatch => MISMATCH,
        }
    }
}
