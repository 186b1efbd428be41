//! Logout messages of an identity provider, read after their signature was verified.
//!
//! Everything is taken from the children of the root, which is what was signed: an assertion or a
//! message that hides deeper inside says nothing.

use url::Url;

use super::{LogoutStatus, MessageId};
use crate::domain::{EntityId, UnixTime};
use crate::federation::Quoted;
use crate::federation::saml::certificate::Certificate;
use crate::federation::saml::checks::{MAX_AGE, SKEW};
use crate::federation::saml::claims::NameId;
use crate::federation::saml::instant;
use crate::federation::saml::redirect::{MessageKind, VerifiedRedirect};
use crate::federation::saml::signature::{SignatureError, Verified, verify_message};
use crate::federation::saml::xml::namespace::{ASSERTION, PROTOCOL};
use crate::federation::saml::xml::{Document, Element, Profile, ShapeError, XmlError};

/// The most sessions that one request names.
const MAX_SESSIONS: usize = 64;

/// Who must have sent a message, where to, and when.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedLogout<'a> {
    /// The entity ID of the provider whose keys verified the message.
    pub issuer: &'a EntityId,
    /// Our endpoint, which got the message.
    pub destination: &'a Url,
    /// The time.
    pub now: UnixTime,
}

/// Why a logout message is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogoutError {
    /// It is not XML as we read it.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// Something is missing, or there twice.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// It is not signed.
    #[error("the message is not signed")]
    Unsigned,
    /// Its signature is not accepted.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// It is another message.
    #[error("the message is {found}, not {expected}")]
    OtherMessage {
        /// What it is.
        found: Quoted,
        /// What it should be.
        expected: &'static str,
    },
    /// It came in the parameter of the other kind.
    #[error("a request came as a response, or a response as a request")]
    OtherKind,
    /// It is of another version than 2.0.
    #[error("the version is not 2.0")]
    Version,
    /// Its ID is none.
    #[error("the ID is not an ID")]
    Id,
    /// Somebody else sent it.
    #[error("the issuer is {0}")]
    Issuer(Quoted),
    /// It was made for somebody else.
    #[error("the destination is {0}")]
    Destination(Quoted),
    /// A time is none.
    #[error("{0} is not a time in UTC")]
    NotATime(&'static str),
    /// It was made more than five minutes ago.
    #[error("the message was issued at {0}, which is too long ago")]
    TooOld(UnixTime),
    /// It was made more than a minute ahead.
    #[error("the message was issued at {0}, which is in the future")]
    InTheFuture(UnixTime),
    /// Its own end has passed.
    #[error("the message was valid until {0}")]
    Expired(UnixTime),
    /// The person is named by an encrypted identifier.
    #[error("the NameID is encrypted")]
    EncryptedId,
    /// The person is not named.
    #[error("the NameID is empty")]
    EmptyNameId,
    /// It names more than 64 sessions.
    #[error("the request names more than {MAX_SESSIONS} sessions")]
    TooManySessions,
    /// It answers another request.
    #[error("the response does not answer our request")]
    InResponseTo,
}

impl LogoutError {
    /// The name of the check that failed, for traces; it never changes.
    pub const fn check(&self) -> &'static str {
        match self {
            Self::Xml(_) => "xml",
            Self::Shape(_) | Self::NotATime(_) | Self::Id => "content",
            Self::Unsigned | Self::Signature(_) => "signature",
            Self::OtherMessage { .. } | Self::OtherKind | Self::Version => "message",
            Self::Issuer(_) => "issuer",
            Self::Destination(_) => "recipient",
            Self::TooOld(_) | Self::InTheFuture(_) => "age",
            Self::Expired(_) => "expiry",
            Self::EncryptedId | Self::EmptyNameId => "subject",
            Self::TooManySessions => "sessions",
            Self::InResponseTo => "request",
        }
    }
}

/// A provider's request to end sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedLogoutRequest {
    /// Its ID, which our response names.
    pub id: MessageId,
    /// When it was issued.
    pub issued_at: UnixTime,
    /// Who is logged out.
    pub name_id: NameId,
    /// The provider's sessions that end; none means all of the person's.
    pub session_indexes: Vec<String>,
}

/// How far a logout went (SAML core 2.0, section 3.7.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogoutReach {
    /// Everywhere.
    Everywhere,
    /// Not everywhere.
    Partial,
}

/// The status beside `Success` or `Responder` that says so (SAML core 2.0, section 3.2.2.2).
const PARTIAL_LOGOUT: &str = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout";

/// A provider's answer to a request of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedLogoutResponse {
    /// How it went; `None` is a status that we don't know.
    pub status: Option<LogoutStatus>,
    /// Whether the person is logged out everywhere; otherwise sessions elsewhere go on
    /// (`PartialLogout`).
    pub reach: LogoutReach,
    /// The status in the provider's words.
    pub reported: Quoted,
}

/// Who a message says has sent it, to learn which keys may verify it; anybody may have written it.
pub fn unverified_issuer(xml: &str) -> Result<String, LogoutError> {
    let document = Document::parse(xml.as_bytes(), Profile::MESSAGE)?;
    let issuer = document.root().only_child(ASSERTION, "Issuer")?;
    Ok(issuer.text()?.to_owned())
}

impl ReceivedLogoutRequest {
    /// Reads what the redirect binding brought.
    pub fn from_redirect(
        message: &VerifiedRedirect,
        expected: &ExpectedLogout<'_>,
    ) -> Result<Self, LogoutError> {
        if message.kind != MessageKind::Request {
            return Err(LogoutError::OtherKind);
        }
        let document = Document::parse(message.xml.as_bytes(), Profile::MESSAGE)?;
        Self::read(document.root(), expected)
    }

    /// Reads what the POST binding brought, and checks its signature with the keys of `certificates`.
    pub fn from_post(
        bytes: &[u8],
        certificates: &[Certificate],
        expected: &ExpectedLogout<'_>,
    ) -> Result<Self, LogoutError> {
        let verified = verify(bytes, certificates)?;
        let document = verified.document()?;
        Self::read(document.root(), expected)
    }

    fn read(root: Element<'_>, expected: &ExpectedLogout<'_>) -> Result<Self, LogoutError> {
        let (id, issued_at) = expected.check(root, "LogoutRequest")?;
        if let Some(end) = root.attribute("NotOnOrAfter") {
            let end = instant::parse(end).ok_or(LogoutError::NotATime("NotOnOrAfter"))?;
            if end.plus(SKEW) <= expected.now {
                return Err(LogoutError::Expired(end));
            }
        }
        if root.child(ASSERTION, "EncryptedID")?.is_some() {
            return Err(LogoutError::EncryptedId);
        }
        let mut session_indexes = Vec::new();
        for child in root.children() {
            if child.is(PROTOCOL, "SessionIndex") {
                session_indexes.push(child.text()?.to_owned());
            }
            if session_indexes.len() > MAX_SESSIONS {
                return Err(LogoutError::TooManySessions);
            }
        }
        Ok(Self {
            id,
            issued_at,
            name_id: read_name_id(root.only_child(ASSERTION, "NameID")?)?,
            session_indexes,
        })
    }
}

impl ReceivedLogoutResponse {
    /// Reads what the redirect binding brought in answer to our request `request`.
    pub fn from_redirect(
        message: &VerifiedRedirect,
        request: &MessageId,
        expected: &ExpectedLogout<'_>,
    ) -> Result<Self, LogoutError> {
        if message.kind != MessageKind::Response {
            return Err(LogoutError::OtherKind);
        }
        let document = Document::parse(message.xml.as_bytes(), Profile::MESSAGE)?;
        Self::read(document.root(), request, expected)
    }

    /// Reads what the POST binding brought in answer to our request `request`, and checks its signature
    /// with the keys of `certificates`.
    pub fn from_post(
        bytes: &[u8],
        certificates: &[Certificate],
        (request, expected): (&MessageId, &ExpectedLogout<'_>),
    ) -> Result<Self, LogoutError> {
        let verified = verify(bytes, certificates)?;
        let document = verified.document()?;
        Self::read(document.root(), request, expected)
    }

    fn read(
        root: Element<'_>,
        request: &MessageId,
        expected: &ExpectedLogout<'_>,
    ) -> Result<Self, LogoutError> {
        expected.check(root, "LogoutResponse")?;
        if root.attribute("InResponseTo") != Some(request.as_str()) {
            return Err(LogoutError::InResponseTo);
        }
        let status = root.only_child(PROTOCOL, "Status")?;
        let code = status.only_child(PROTOCOL, "StatusCode")?;
        let reported = code.required_attribute("Value")?;
        let detail = code.child(PROTOCOL, "StatusCode")?;
        let detail = detail.and_then(|detail| detail.attribute("Value"));
        let mut known = LogoutStatus::ALL.into_iter();
        let status = known.find(|status| status.uri() == reported);
        let is_partial = detail == Some(PARTIAL_LOGOUT) || status != Some(LogoutStatus::Success);
        Ok(Self {
            status,
            reach: if is_partial {
                LogoutReach::Partial
            } else {
                LogoutReach::Everywhere
            },
            reported: Quoted::new(reported),
        })
    }
}

/// Checks the signature of a message that carries it inside.
fn verify<'c>(bytes: &[u8], certificates: &'c [Certificate]) -> Result<Verified<'c>, LogoutError> {
    let document = Document::parse(bytes, Profile::MESSAGE)?;
    verify_message(document.root(), certificates)?.ok_or(LogoutError::Unsigned)
}

impl ExpectedLogout<'_> {
    /// Checks what every message says, and gives its ID and when it was issued.
    fn check(
        &self,
        root: Element<'_>,
        message: &'static str,
    ) -> Result<(MessageId, UnixTime), LogoutError> {
        if !root.is(PROTOCOL, message) {
            return Err(LogoutError::OtherMessage {
                found: Quoted::new(root.local_name()),
                expected: message,
            });
        }
        if root.required_attribute("Version")? != "2.0" {
            return Err(LogoutError::Version);
        }
        let issuer = root.only_child(ASSERTION, "Issuer")?.text()?;
        if issuer != self.issuer.as_str() {
            return Err(LogoutError::Issuer(Quoted::new(issuer)));
        }
        let destination = root.required_attribute("Destination")?;
        if destination != self.destination.as_str() {
            return Err(LogoutError::Destination(Quoted::new(destination)));
        }
        let at = instant::parse(root.required_attribute("IssueInstant")?)
            .ok_or(LogoutError::NotATime("IssueInstant"))?;
        if self.now.since(at) > MAX_AGE {
            return Err(LogoutError::TooOld(at));
        }
        if at.since(self.now) > SKEW {
            return Err(LogoutError::InTheFuture(at));
        }
        let id = root.required_attribute("ID")?;
        Ok((id.parse().map_err(|_| LogoutError::Id)?, at))
    }
}

fn read_name_id(element: Element<'_>) -> Result<NameId, LogoutError> {
    let value = element.text()?;
    if value.is_empty() {
        return Err(LogoutError::EmptyNameId);
    }
    let attribute = |name| element.attribute(name).map(str::to_owned);
    Ok(NameId {
        value: value.to_owned(),
        format: attribute("Format"),
        name_qualifier: attribute("NameQualifier"),
        sp_name_qualifier: attribute("SPNameQualifier"),
    })
}

#[cfg(test)]
mod tests;
