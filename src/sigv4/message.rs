//! What a refused client is told: AWS's own text, or one that says what to do where AWS has none.

use std::borrow::Cow;

use super::{MAX_SKEW_SECONDS, RequiredHeader, SigV4Error};

// How the signature is written.
const SIGNED_TWICE: &str =
    "Sign the request by the Authorization header or by the query string, not by both.";
const MALFORMED_AUTHORIZATION: &str =
    "A part of the Authorization header is not a valid key=value pair (missing equal-sign).";
const MISSING_DATE: &str =
    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";
const MALFORMED_DATE: &str = "Date must be in ISO-8601 'basic format', e.g. '20261121T094107Z'.";
const MALFORMED_CREDENTIAL: &str =
    "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.";
const MALFORMED_EXPIRES: &str = "X-Amz-Expires must be a number of seconds from 1 to 604800.";

// What it is for.
const WRONG_TERMINATOR: &str =
    "Credential should be scoped with a valid terminator: 'aws4_request'.";

// What it covers.
const MALFORMED_SIGNED_HEADERS: &str = "SignedHeaders must be different lower-case header names in ascending order, separated by semicolons.";
const ABSENT_SIGNED_HEADER: &str = "SignedHeaders names a header that the request does not have.";
const UNSIGNED_PAYLOAD: &str = "The body must be signed: UNSIGNED-PAYLOAD is not accepted here.";
const MISSING_PAYLOAD_HASH: &str = "Send the SHA-256 of the body in a signed header 'x-amz-content-sha256', as 64 lower-case hexadecimal digits.";
const PRESIGNED: &str =
    "Sign this request by the Authorization header: a presigned URL is not accepted here.";
const WRONG_PAYLOAD_HASH: &str =
    "The provided 'x-amz-content-sha256' does not match the SHA-256 of the body.";

// What could be read in two ways.
const AMBIGUOUS_PATH: &str = "The request path is ambiguous: send it without dot segments at its end and without percent-encoded dots, slashes and percent signs.";
const AMBIGUOUS_QUERY: &str = "The query string is ambiguous: send name=value pairs in printable ASCII with complete percent-encoding.";
const AMBIGUOUS_HEADER: &str =
    "A signed header holds a tab or another control character: send it without.";

/// Says nothing about what differs.
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

impl SigV4Error {
    /// The text of AWS's answer, or one that says what to do where AWS has none.
    pub fn aws_message(self) -> Cow<'static, str> {
        match self {
            Self::WrongScopeDate { scope, signed_at } => {
                let (day, time) = (signed_at.basic_date(), signed_at.basic());
                format!("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{scope}' != '{day}', from '{time}'.").into()
            }
            Self::WrongService { expected } => {
                format!("Credential should be scoped to correct service: '{expected}'. ").into()
            }
            Self::SignatureExpired { signed_at, now } => {
                let (signed, earliest) = (signed_at.basic(), now.plus(-MAX_SKEW_SECONDS));
                format!(
                    "Signature expired: {signed} is now earlier than {} ({} - 15 min.)",
                    earliest.basic(),
                    now.basic()
                )
                .into()
            }
            Self::SignatureNotYetCurrent { signed_at, now } => {
                let (signed, latest) = (signed_at.basic(), now.plus(MAX_SKEW_SECONDS));
                format!(
                    "Signature not yet current: {signed} is still later than {} ({} + 15 min.)",
                    latest.basic(),
                    now.basic()
                )
                .into()
            }
            Self::PresignedUrlExpired { ended_at, now } => {
                let (ended, now) = (ended_at.basic(), now.basic());
                format!("Signature expired: {ended} is now earlier than {now}").into()
            }
            Self::MissingHeaderParameter { name } => {
                format!("Authorization header requires '{name}' parameter.").into()
            }
            Self::MissingQueryParameter { name } => {
                format!("AWS query-string parameters must include '{name}'.").into()
            }
            Self::RepeatedHeader { name } => format!("Send the header '{name}' once only.").into(),
            Self::RepeatedParameter { name } => {
                format!("Send the parameter '{name}' once only.").into()
            }
            other => other.fixed_message().into(),
        }
    }

    /// The texts that hold no value of the request; the general one for those that do.
    const fn fixed_message(self) -> &'static str {
        match self {
            Self::NotSigned => "Request is missing Authentication Token",
            Self::SignedTwice => SIGNED_TWICE,
            Self::UnsupportedAlgorithm => "Unsupported signing algorithm: use 'AWS4-HMAC-SHA256'.",
            Self::MalformedAuthorization => MALFORMED_AUTHORIZATION,
            Self::MissingDate => MISSING_DATE,
            Self::MalformedDate => MALFORMED_DATE,
            Self::MalformedCredential => MALFORMED_CREDENTIAL,
            Self::MalformedAccessKeyId => "The security token included in the request is invalid",
            Self::MalformedExpires => MALFORMED_EXPIRES,
            Self::WrongTerminator => WRONG_TERMINATOR,
            Self::WrongRegion => "Credential should be scoped to a valid region.",
            Self::ForeignService => "Credential should be scoped to correct service.",
            Self::MalformedSignedHeaders => MALFORMED_SIGNED_HEADERS,
            Self::TooManySignedHeaders => "Too many headers are signed: sign 64 at most.",
            Self::AbsentSignedHeader => ABSENT_SIGNED_HEADER,
            Self::UnsignedHeader(header) => header.unsigned_message(),
            Self::UnsignedPayload => UNSIGNED_PAYLOAD,
            Self::WrongPayloadHash => WRONG_PAYLOAD_HASH,
            Self::MissingPayloadHash => MISSING_PAYLOAD_HASH,
            Self::Presigned => PRESIGNED,
            Self::AmbiguousPath => AMBIGUOUS_PATH,
            Self::AmbiguousQuery => AMBIGUOUS_QUERY,
            Self::AmbiguousHeader => AMBIGUOUS_HEADER,
            Self::TooManyParameters => {
                "The query string has too many parameters: send 512 at most."
            }
            Self::WrongScopeDate { .. }
            | Self::WrongService { .. }
            | Self::SignatureExpired { .. }
            | Self::SignatureNotYetCurrent { .. }
            | Self::PresignedUrlExpired { .. }
            | Self::MissingHeaderParameter { .. }
            | Self::MissingQueryParameter { .. }
            | Self::RepeatedHeader { .. }
            | Self::RepeatedParameter { .. }
            | Self::MalformedSignature
            | Self::SignatureMismatch => MISMATCH,
        }
    }
}

impl RequiredHeader {
    const fn unsigned_message(self) -> &'static str {
        match self {
            Self::Host => "'Host' must be a 'SignedHeader' in the AWS Authorization.",
            Self::Date => "'Date' must be a 'SignedHeader' in the AWS Authorization.",
            Self::Amz => {
                "Every 'X-Amz-*' header must be a 'SignedHeader' in the AWS Authorization."
            }
            Self::ContentType => {
                "'Content-Type' must be a 'SignedHeader' in the AWS Authorization."
            }
        }
    }
}
