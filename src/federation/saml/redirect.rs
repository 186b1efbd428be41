//! The HTTP-Redirect binding with DEFLATE encoding (SAML bindings 2.0, section 3.4).
//!
//! ```text
//! ours    xml ─> deflate ─> base64 ─> percent-encoding ─> signature over those octets ─> URL
//! theirs  query ─> UnverifiedRedirect::parse (strict, bounded) ─> verify ─> VerifiedRedirect
//! ```
//!
//! A signature covers the octets that the sender wrote, so it is checked over the octets that came
//! in: what is decoded and encoded again may differ from them and is never hashed.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::certificate::VerifyingKey;
use super::signature::SignatureAlgorithm;
use super::signing::{SigningError, SigningKey};
use super::vocabulary::EndpointUrl;

/// The longest message that is inflated, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;
/// The longest query that is read, in bytes.
pub const MAX_QUERY_BYTES: usize = 64 * 1024;
/// The longest RelayState, in bytes (SAML bindings 2.0, section 3.4.3).
pub const MAX_RELAY_STATE_BYTES: usize = 80;

/// The one encoding (SAML bindings 2.0, section 3.4.4), which is also the default.
const DEFLATE: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";
/// What stays as it is in a value: the unreserved characters of RFC 3986, section 2.3.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Whether a message asks or answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// In `SAMLRequest`.
    Request,
    /// In `SAMLResponse`.
    Response,
}

impl MessageKind {
    /// The parameter that carries it.
    pub const fn parameter(self) -> &'static str {
        match self {
            Self::Request => "SAMLRequest",
            Self::Response => "SAMLResponse",
        }
    }
}

/// Why no URL can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The RelayState is longer than the binding allows.
    #[error("RelayState is longer than {MAX_RELAY_STATE_BYTES} bytes")]
    RelayStateTooLong,
    /// The message could not be deflated.
    #[error("the message could not be deflated")]
    Deflate,
    /// The key did not sign.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

/// Why what came in can't be read or trusted: whoever sent the browser here is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectError {
    /// The query is longer than [`MAX_QUERY_BYTES`].
    #[error("the query is longer than {MAX_QUERY_BYTES} bytes")]
    QueryTooLong,
    /// A parameter is there twice.
    #[error("the parameter {0} is there twice")]
    Repeated(&'static str),
    /// The name of a parameter is percent-encoded, which another reader may take for another name.
    #[error("the name of the parameter {0} is percent-encoded")]
    EncodedName(&'static str),
    /// A parameter is missing.
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
    /// There is a request and a response.
    #[error("there is a SAMLRequest and a SAMLResponse")]
    RequestAndResponse,
    /// A value is not percent-encoded UTF-8.
    #[error("the parameter {0} is not percent-encoded UTF-8")]
    Encoding(&'static str),
    /// `SAMLEncoding` names another encoding than DEFLATE.
    #[error("SAMLEncoding is not DEFLATE")]
    UnknownSamlEncoding,
    /// The RelayState is longer than the binding allows.
    #[error("RelayState is longer than {MAX_RELAY_STATE_BYTES} bytes")]
    RelayStateTooLong,
    /// A value is not base64, written as RFC 4648, section 4 has it.
    #[error("the parameter {0} is not base64")]
    NotBase64(&'static str),
    /// The message is not one whole DEFLATE stream.
    #[error("the message is not one DEFLATE stream")]
    NotDeflated,
    /// The message is longer than [`MAX_MESSAGE_BYTES`] when it is inflated.
    #[error("the message is longer than {MAX_MESSAGE_BYTES} bytes")]
    MessageTooLong,
    /// The message is not UTF-8.
    #[error("the message is not UTF-8")]
    NotUtf8,
    /// `SigAlg` is none of RSA or ECDSA with SHA-256, SHA-384 or SHA-512.
    #[error("SigAlg is not an accepted signature algorithm")]
    UnknownAlgorithm,
    /// No key of the sender made the signature.
    #[error("the signature is by none of the sender's keys")]
    WrongSignature,
}

/// A message that we send.
#[derive(Debug, Clone, Copy)]
pub struct RedirectMessage<'a> {
    /// Whether it asks or answers.
    pub kind: MessageKind,
    /// The XML, without an enveloped signature (SAML bindings 2.0, section 3.4.4.1).
    pub xml: &'a str,
    /// What the receiver shall send back; at most [`MAX_RELAY_STATE_BYTES`].
    pub relay_state: Option<&'a str>,
}

impl RedirectMessage<'_> {
    /// The URL that brings the message to `destination`, signed where there is a key. A query that
    /// the destination has already stays in front.
    pub fn url(
        &self,
        destination: &EndpointUrl,
        key: Option<&SigningKey>,
    ) -> Result<String, SendError> {
        let mut query = parameter(self.kind.parameter(), &STANDARD.encode(deflate(self.xml)?));
        if let Some(state) = self.relay_state {
            if state.len() > MAX_RELAY_STATE_BYTES {
                return Err(SendError::RelayStateTooLong);
            }
            query = [query, parameter("RelayState", state)].join("&");
        }
        if let Some(key) = key {
            let algorithm = parameter("SigAlg", key.algorithm().uri());
            query = [query, algorithm].join("&");
            let signature = STANDARD.encode(key.sign(query.as_bytes())?);
            query = [query, parameter("Signature", &signature)].join("&");
        }
        let destination = destination.as_str();
        let separator = match destination.split_once('?') {
            None => "?",
            Some((_, own)) if own.is_empty() || own.ends_with('&') => "",
            Some(_) => "&",
        };
        Ok([destination, separator, &query].concat())
    }
}

fn parameter(name: &str, value: &str) -> String {
    let mut parameter = [name, "="].concat();
    parameter.extend(utf8_percent_encode(value, VALUE));
    parameter
}

/// A message that came in, whose signature nobody has checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnverifiedRedirect {
    kind: MessageKind,
    xml: String,
    relay_state: Option<String>,
    signature: Option<Signature>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    algorithm: SignatureAlgorithm,
    value: Vec<u8>,
    /// What was signed: the octets that came in, in the order of SAML bindings 2.0, section 3.4.4.1.
    signed: String,
}

/// A message whose sender is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRedirect {
    /// Whether it asks or answers.
    pub kind: MessageKind,
    /// The XML.
    pub xml: String,
    /// What the receiver of our answer shall get back.
    pub relay_state: Option<String>,
}

impl UnverifiedRedirect {
    /// Reads a query exactly as it stood in the request line, without its question mark.
    ///
    /// Parameters that are not of the binding are left aside: no signature covers them.
    pub fn parse(query: &str) -> Result<Self, RedirectError> {
        if query.len() > MAX_QUERY_BYTES {
            return Err(RedirectError::QueryTooLong);
        }
        let request = raw_value(query, "SAMLRequest")?;
        let response = raw_value(query, "SAMLResponse")?;
        let (kind, message) = match (request, response) {
            (Some(_), Some(_)) => return Err(RedirectError::RequestAndResponse),
            (Some(request), None) => (MessageKind::Request, request),
            (None, Some(response)) => (MessageKind::Response, response),
            (None, None) => return Err(RedirectError::Missing("SAMLRequest")),
        };
        let encoding = raw_value(query, "SAMLEncoding")?;
        if encoding.is_some_and(|raw| decoded("SAMLEncoding", raw).as_deref() != Ok(DEFLATE)) {
            return Err(RedirectError::UnknownSamlEncoding);
        }
        let relay_state = raw_value(query, "RelayState")?;
        let signature = Signature::read(query, (kind, message), relay_state)?;
        let relay_state = relay_state
            .map(|raw| decoded("RelayState", raw))
            .transpose()?;
        if relay_state.as_deref().map_or(0, str::len) > MAX_RELAY_STATE_BYTES {
            return Err(RedirectError::RelayStateTooLong);
        }
        let xml = inflate(&from_base64(kind.parameter(), message)?)?;
        Ok(Self {
            kind,
            xml: String::from_utf8(xml).map_err(|_| RedirectError::NotUtf8)?,
            relay_state: relay_state.map(Cow::into_owned),
            signature,
        })
    }

    /// Whether it asks or answers.
    pub const fn kind(&self) -> MessageKind {
        self.kind
    }

    /// What stands beside it. It is looked up or sent back, and never followed.
    pub fn relay_state(&self) -> Option<&str> {
        self.relay_state.as_deref()
    }

    /// The XML, to learn who claims to have sent it; anybody may have written it.
    pub fn unverified_xml(&self) -> &str {
        &self.xml
    }

    /// Proves that one of the sender's keys signed the message. A message without a signature is
    /// refused, and so is every message where there is no key.
    pub fn verify<'k>(
        self,
        keys: impl IntoIterator<Item = &'k VerifyingKey>,
    ) -> Result<VerifiedRedirect, RedirectError> {
        let Some(signature) = &self.signature else {
            return Err(RedirectError::Missing("Signature"));
        };
        if !keys.into_iter().any(|key| signature.is_by(key)) {
            return Err(RedirectError::WrongSignature);
        }
        Ok(VerifiedRedirect {
            kind: self.kind,
            xml: self.xml,
            relay_state: self.relay_state,
        })
    }
}

impl Signature {
    /// The signature of a query; `None` where it has neither `SigAlg` nor `Signature`.
    fn read(
        query: &str,
        (kind, message): (MessageKind, &str),
        relay_state: Option<&str>,
    ) -> Result<Option<Self>, RedirectError> {
        let algorithm = raw_value(query, "SigAlg")?;
        let (raw, value) = match (algorithm, raw_value(query, "Signature")?) {
            (None, None) => return Ok(None),
            (Some(_), None) => return Err(RedirectError::Missing("Signature")),
            (None, Some(_)) => return Err(RedirectError::Missing("SigAlg")),
            (Some(algorithm), Some(value)) => (algorithm, value),
        };
        let algorithm = SignatureAlgorithm::from_uri(&decoded("SigAlg", raw)?)
            .ok_or(RedirectError::UnknownAlgorithm)?;
        let mut signed = [kind.parameter(), "=", message].concat();
        if let Some(state) = relay_state {
            signed.extend(["&RelayState=", state]);
        }
        signed.extend(["&SigAlg=", raw]);
        Ok(Some(Self {
            algorithm,
            value: from_base64("Signature", value)?,
            signed,
        }))
    }

    fn is_by(&self, key: &VerifyingKey) -> bool {
        self.algorithm
            .is_of(key, self.signed.as_bytes(), &self.value)
    }
}

/// The value of a parameter as it came in.
fn raw_value<'q>(query: &'q str, name: &'static str) -> Result<Option<&'q str>, RedirectError> {
    let mut found = None;
    for pair in query.split('&') {
        let (own, value) = pair.split_once('=').unwrap_or((pair, ""));
        if decoded(name, own).as_deref() != Ok(name) {
            continue;
        }
        if own != name {
            return Err(RedirectError::EncodedName(name));
        }
        if found.replace(value).is_some() {
            return Err(RedirectError::Repeated(name));
        }
    }
    Ok(found)
}

/// What a raw value stands for (`application/x-www-form-urlencoded`).
fn decoded<'q>(name: &'static str, raw: &'q str) -> Result<Cow<'q, str>, RedirectError> {
    let failed = RedirectError::Encoding(name);
    let mut rest = raw;
    while let Some((_, after)) = rest.split_once('%') {
        let digits = after.as_bytes().first_chunk::<2>().ok_or(failed)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(failed);
        }
        rest = after;
    }
    if raw.contains('+') {
        let spaced = raw.replace('+', " ");
        let value = percent_decode_str(&spaced)
            .decode_utf8()
            .map_err(|_| failed)?;
        return Ok(Cow::Owned(value.into_owned()));
    }
    percent_decode_str(raw).decode_utf8().map_err(|_| failed)
}

fn from_base64(name: &'static str, raw: &str) -> Result<Vec<u8>, RedirectError> {
    let text = decoded(name, raw)?;
    STANDARD
        .decode(text.as_bytes())
        .map_err(|_| RedirectError::NotBase64(name))
}

/// Deflates without a header (RFC 1951).
fn deflate(xml: &str) -> Result<Vec<u8>, SendError> {
    // The longest that DEFLATE makes of incompressible bytes is a few bytes for every 16 KiB more.
    let mut deflated = Vec::with_capacity(xml.len() + xml.len() / 1024 + 64);
    let status = Compress::new(Compression::best(), false)
        .compress_vec(xml.as_bytes(), &mut deflated, FlushCompress::Finish)
        .map_err(|_| SendError::Deflate)?;
    match status {
        Status::StreamEnd => Ok(deflated),
        Status::Ok | Status::BufError => Err(SendError::Deflate),
    }
}

/// Inflates one whole stream (RFC 1951), and never more than [`MAX_MESSAGE_BYTES`].
fn inflate(deflated: &[u8]) -> Result<Vec<u8>, RedirectError> {
    const USUAL_BYTES: usize = 4096;
    let mut stream = Decompress::new(false);
    let mut message = Vec::with_capacity(USUAL_BYTES);
    let mut rest = deflated;
    loop {
        let before = stream.total_in();
        let status = stream
            .decompress_vec(rest, &mut message, FlushDecompress::None)
            .map_err(|_| RedirectError::NotDeflated)?;
        let taken = usize::try_from(stream.total_in() - before).unwrap_or(usize::MAX);
        rest = rest.get(taken..).ok_or(RedirectError::NotDeflated)?;
        if message.len() > MAX_MESSAGE_BYTES {
            return Err(RedirectError::MessageTooLong);
        }
        match status {
            Status::StreamEnd if rest.is_empty() => return Ok(message),
            Status::StreamEnd => return Err(RedirectError::NotDeflated),
            // There was room left, so the stream breaks off.
            Status::Ok | Status::BufError if message.len() < message.capacity() => {
                return Err(RedirectError::NotDeflated);
            }
            Status::Ok | Status::BufError => {
                let room = message.len().min(MAX_MESSAGE_BYTES + 1 - message.len());
                message.reserve_exact(room.max(1));
            }
        }
    }
}

#[cfg(test)]
mod tests;
