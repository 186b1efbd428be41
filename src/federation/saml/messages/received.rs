//! Logout messages of an identity provider, read after their signature was verified.
//!
//! Everything is taken from the children of the root, which is what was signed: an assertion or a
//! message that hides deeper inside says nothing.

use url::Url;

use super::{LogoutStatus, MessageId};
use crate::domain::UnixTime;
use crate::federation::Quoted;
use crate::federation::saml::certificate::Certificate;
use crate::federation::saml::checks::{MAX_AGE, SKEW};
use crate::federation::saml::claims::NameId;
use crate::federation::saml::instant;
use crate::federation::saml::redirect::{MessageKind, VerifiedRedirect};
use crate::federation::saml::signature::{Enveloped, SignatureError, Verified, gate};
use crate::federation::saml::xml::namespace::{ASSERTION, PROTOCOL};
use crate::federation::saml::xml::{Document, Element, Profile, ShapeError, XmlError};

/// The most sessions that one request names.
const MAX_SESSIONS: usize = 64;

/// Who must have sent a message, where to, and when.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedLogout<'a> {
    /// The entity ID of the provider whose keys verified the message.
    pub issuer: &'a str,
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

/// A provider's request to end sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedLogoutRequest {
    /// Its ID, which our response names.
    pub id: MessageId,
    /// Who is logged out.
    pub name_id: NameId,
    /// The provider's sessions that end; none means all of the person's.
    pub session_indexes: Vec<String>,
}

/// A provider's answer to a request of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedLogoutResponse {
    /// How it went; `None` is a status that we don't know.
    pub status: Option<LogoutStatus>,
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
        let id = expected.check(root, "LogoutRequest")?;
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
        let mut known = LogoutStatus::ALL.into_iter();
        Ok(Self {
            status: known.find(|status| status.uri() == reported),
            reported: Quoted::new(reported),
        })
    }
}

/// Checks the signature of a message's root, which must be the only one.
fn verify<'c>(bytes: &[u8], certificates: &'c [Certificate]) -> Result<Verified<'c>, LogoutError> {
    let document = Document::parse(bytes, Profile::MESSAGE)?;
    let root = document.root();
    gate::check_places(root, |element| element == root)?;
    gate::check_ids(root)?;
    let signature = Enveloped::find(root)?.ok_or(LogoutError::Unsigned)?;
    Ok(signature.verify(certificates)?)
}

impl ExpectedLogout<'_> {
    /// Checks what every message says, and gives its ID.
    fn check(&self, root: Element<'_>, message: &'static str) -> Result<MessageId, LogoutError> {
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
        if issuer != self.issuer {
            return Err(LogoutError::Issuer(Quoted::new(issuer)));
        }
        let destination = root.required_attribute("Destination")?;
        if destination != self.destination.as_str() {
            return Err(LogoutError::Destination(Quoted::new(destination)));
        }
        let issued = instant::parse(root.required_attribute("IssueInstant")?)
            .ok_or(LogoutError::NotATime("IssueInstant"))?;
        if self.now.since(issued) > MAX_AGE {
            return Err(LogoutError::TooOld(issued));
        }
        if issued.since(self.now) > SKEW {
            return Err(LogoutError::InTheFuture(issued));
        }
        let id = root.required_attribute("ID")?;
        id.parse().map_err(|_| LogoutError::Id)
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
mod tests {
    use super::super::{Envelope, LogoutReason, LogoutRequest, LogoutResponse};
    use super::*;
    use crate::federation::saml::service_provider::ServiceProviderKey;

    const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);
    const ISSUER: &str = "https://idp.example/metadata";

    fn endpoint() -> Url {
        "https://sso.example.com/saml/logout".parse().unwrap()
    }

    fn name_id() -> NameId {
        NameId {
            value: "ann & co".into(),
            format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".into()),
            name_qualifier: Some(ISSUER.into()),
            sp_name_qualifier: Some("https://sso.example.com/saml/metadata".into()),
        }
    }

    fn with_request<T>(write: impl FnOnce(&LogoutRequest<'_>) -> T) -> T {
        let request = LogoutRequest {
            envelope: Envelope {
                id: &"_theirs".parse().unwrap(),
                issue_instant: NOW,
                destination: &endpoint(),
                issuer: ISSUER,
            },
            name_id: &name_id(),
            session_indexes: &["_s1", "_s2"],
            not_on_or_after: NOW.plus(300),
            reason: LogoutReason::Admin,
        };
        write(&request)
    }

    fn request_xml() -> String {
        with_request(|request| request.to_xml())
    }

    fn with_response<T>(status: LogoutStatus, write: impl FnOnce(&LogoutResponse<'_>) -> T) -> T {
        let response = LogoutResponse {
            envelope: Envelope {
                id: &"_theirs".parse().unwrap(),
                issue_instant: NOW,
                destination: &endpoint(),
                issuer: ISSUER,
            },
            in_response_to: &"_ours".parse().unwrap(),
            status,
        };
        write(&response)
    }

    fn response_xml(status: LogoutStatus) -> String {
        with_response(status, |response| response.to_xml())
    }

    fn verified(kind: MessageKind, xml: &str) -> VerifiedRedirect {
        VerifiedRedirect {
            kind,
            xml: xml.to_owned(),
            relay_state: None,
        }
    }

    fn read_request(xml: &str, now: UnixTime) -> Result<ReceivedLogoutRequest, LogoutError> {
        let expected = ExpectedLogout {
            issuer: ISSUER,
            destination: &endpoint(),
            now,
        };
        ReceivedLogoutRequest::from_redirect(&verified(MessageKind::Request, xml), &expected)
    }

    fn read_response(xml: &str) -> Result<ReceivedLogoutResponse, LogoutError> {
        let expected = ExpectedLogout {
            issuer: ISSUER,
            destination: &endpoint(),
            now: NOW,
        };
        let message = verified(MessageKind::Response, xml);
        let request = "_ours".parse().unwrap();
        ReceivedLogoutResponse::from_redirect(&message, &request, &expected)
    }

    #[test]
    fn a_request_is_read_whole() {
        let expected = ReceivedLogoutRequest {
            id: "_theirs".parse().unwrap(),
            name_id: name_id(),
            session_indexes: vec!["_s1".into(), "_s2".into()],
        };
        assert_eq!(read_request(&request_xml(), NOW), Ok(expected));
    }

    #[test]
    fn the_issuer_can_be_asked_for_before_anything_is_verified() {
        assert_eq!(unverified_issuer(&request_xml()).as_deref(), Ok(ISSUER));
    }

    #[test]
    fn a_request_counts_for_five_minutes_and_a_minute_of_skew_before() {
        let (at, xml) = (|seconds| NOW.plus(seconds), request_xml());
        assert!(read_request(&xml, at(-60)).is_ok());
        assert!(read_request(&xml, at(300)).is_ok());
        assert_eq!(
            read_request(&xml, at(-61)),
            Err(LogoutError::InTheFuture(NOW))
        );
        assert_eq!(read_request(&xml, at(301)), Err(LogoutError::TooOld(NOW)));
        let end = NOW.plus(10);
        let short = xml.replace(&NOW.plus(300).to_string(), &end.to_string());
        assert!(read_request(&short, at(69)).is_ok());
        assert_eq!(read_request(&short, at(70)), Err(LogoutError::Expired(end)));
    }

    #[test]
    fn every_field_of_a_request_is_checked() {
        let xml = request_xml();
        let quoted = Quoted::new;
        let other = |found: &str| LogoutError::OtherMessage {
            found: quoted(found),
            expected: "LogoutRequest",
        };
        for (from, to, error) in [
            ("LogoutRequest", "AuthnRequest", other("AuthnRequest")),
            (
                "SAML:2.0:protocol",
                "SAML:2.0:protocoll",
                other("LogoutRequest"),
            ),
            ("Version=\"2.0\"", "Version=\"1.1\"", LogoutError::Version),
            ("ID=\"_theirs\"", "ID=\"1 2\"", LogoutError::Id),
            (
                "idp.example/metadata</saml:Issuer>",
                "idp.example/metadata.evil</saml:Issuer>",
                LogoutError::Issuer(quoted("https://idp.example/metadata.evil")),
            ),
            (
                "sso.example.com/saml/logout\"",
                "sso.example.com/saml/logout/\"",
                LogoutError::Destination(quoted("https://sso.example.com/saml/logout/")),
            ),
            (
                "IssueInstant=\"2026",
                "IssueInstant=\"x2026",
                LogoutError::NotATime("IssueInstant"),
            ),
            (
                "NotOnOrAfter=\"2026",
                "NotOnOrAfter=\"x2026",
                LogoutError::NotATime("NotOnOrAfter"),
            ),
            ("ann &amp; co", "", LogoutError::EmptyNameId),
            (
                "<saml:NameID",
                "<saml:EncryptedID></saml:EncryptedID><saml:NameID",
                LogoutError::EncryptedId,
            ),
            (
                "<saml:NameID",
                "<saml:NameID>eve</saml:NameID><saml:NameID",
                LogoutError::Shape(ShapeError::Repeated {
                    parent: quoted("LogoutRequest"),
                    child: "NameID",
                }),
            ),
        ] {
            let changed = xml.replace(from, to);
            assert_ne!(changed, xml, "{from}");
            assert_eq!(read_request(&changed, NOW), Err(error), "{to}");
        }
        let index = "<samlp:SessionIndex>_s1</samlp:SessionIndex>";
        let many = xml.replace(index, &index.repeat(64));
        assert_eq!(read_request(&many, NOW), Err(LogoutError::TooManySessions));
    }

    #[test]
    fn what_must_be_there_is_missed_by_name() {
        let xml = request_xml();
        for (removed, attribute) in [
            (" ID=\"_theirs\"", "ID"),
            (" Version=\"2.0\"", "Version"),
            (
                " Destination=\"https://sso.example.com/saml/logout\"",
                "Destination",
            ),
            (" IssueInstant=\"2026-11-21T09:41:07Z\"", "IssueInstant"),
        ] {
            let error = LogoutError::Shape(ShapeError::MissingAttribute {
                element: Quoted::new("LogoutRequest"),
                attribute,
            });
            assert_eq!(read_request(&xml.replace(removed, ""), NOW), Err(error));
        }
    }

    #[test]
    fn what_hides_deeper_than_the_roots_children_is_not_read() {
        let assertion = concat!(
            "<samlp:Extensions><saml:Assertion><saml:Issuer>https://idp.example/metadata</saml:Issuer>",
            "<saml:NameID>victim</saml:NameID></saml:Assertion></samlp:Extensions>",
        );
        let xml = request_xml();
        let start = xml.find("<saml:NameID").unwrap();
        let end = xml.find("<samlp:SessionIndex").unwrap();
        let hidden = [&xml[..start], assertion, &xml[end..]].concat();
        let error = LogoutError::Shape(ShapeError::Missing {
            parent: Quoted::new("LogoutRequest"),
            child: "NameID",
        });
        assert_eq!(read_request(&hidden, NOW), Err(error));
        let beside = xml.replace("<saml:NameID", &[assertion, "<saml:NameID"].concat());
        assert_eq!(read_request(&beside, NOW).unwrap().name_id, name_id());
    }

    #[test]
    fn a_response_says_how_it_went() {
        for status in LogoutStatus::ALL {
            let response = read_response(&response_xml(status)).unwrap();
            assert_eq!(response.status, Some(status));
        }
        let partial = "urn:oasis:names:tc:SAML:2.0:status:VersionMismatch";
        let xml = response_xml(LogoutStatus::Success).replace(LogoutStatus::Success.uri(), partial);
        let expected = ReceivedLogoutResponse {
            status: None,
            reported: Quoted::new(partial),
        };
        assert_eq!(read_response(&xml), Ok(expected));
    }

    #[test]
    fn a_response_answers_our_request_and_no_other() {
        let xml = response_xml(LogoutStatus::Success);
        for other in ["InResponseTo=\"_other\"", "Other=\"_ours\"", ""] {
            let changed = xml.replace("InResponseTo=\"_ours\"", other);
            assert_eq!(
                read_response(&changed),
                Err(LogoutError::InResponseTo),
                "{other}"
            );
        }
    }

    #[test]
    fn a_request_is_no_response_and_a_response_no_request() {
        let response = response_xml(LogoutStatus::Success);
        assert_eq!(
            read_request(&response, NOW),
            Err(LogoutError::OtherMessage {
                found: Quoted::new("LogoutResponse"),
                expected: "LogoutRequest",
            })
        );
        let expected = ExpectedLogout {
            issuer: ISSUER,
            destination: &endpoint(),
            now: NOW,
        };
        let message = verified(MessageKind::Response, &request_xml());
        assert_eq!(
            ReceivedLogoutRequest::from_redirect(&message, &expected),
            Err(LogoutError::OtherKind)
        );
        let message = verified(MessageKind::Request, &response);
        let request = "_ours".parse().unwrap();
        assert_eq!(
            ReceivedLogoutResponse::from_redirect(&message, &request, &expected),
            Err(LogoutError::OtherKind)
        );
    }

    fn key() -> ServiceProviderKey {
        ServiceProviderKey::generate("idp.example", NOW).unwrap()
    }

    fn read_post(
        xml: &str,
        key: &ServiceProviderKey,
    ) -> Result<ReceivedLogoutRequest, LogoutError> {
        let expected = ExpectedLogout {
            issuer: ISSUER,
            destination: &endpoint(),
            now: NOW,
        };
        let certificates = [key.certificate().clone()];
        ReceivedLogoutRequest::from_post(xml.as_bytes(), &certificates, &expected)
    }

    #[test]
    fn what_is_posted_carries_its_own_signature() {
        let key = key();
        let signed = with_request(|request| request.to_signed_xml(key.signing())).unwrap();
        let read = read_post(&signed, &key);
        assert_eq!(read, read_request(&request_xml(), NOW));
        let signed = with_response(LogoutStatus::Success, |response| {
            response.to_signed_xml(key.signing())
        });
        let expected = ExpectedLogout {
            issuer: ISSUER,
            destination: &endpoint(),
            now: NOW,
        };
        let request = "_ours".parse().unwrap();
        let response = ReceivedLogoutResponse::from_post(
            signed.unwrap().as_bytes(),
            &[key.certificate().clone()],
            (&request, &expected),
        );
        assert_eq!(response.unwrap().status, Some(LogoutStatus::Success));
    }

    #[test]
    fn what_is_posted_without_a_good_signature_is_refused() {
        let (key, other) = (key(), key());
        assert_eq!(read_post(&request_xml(), &key), Err(LogoutError::Unsigned));
        let signed = with_request(|request| request.to_signed_xml(key.signing())).unwrap();
        let element = || Quoted::new("LogoutRequest");
        let refused = SignatureError::Key { element: element() };
        assert_eq!(
            read_post(&signed, &other),
            Err(LogoutError::Signature(refused))
        );
        let changed = signed.replace("ann &amp; co", "eve");
        let refused = SignatureError::Digest { element: element() };
        assert_eq!(
            read_post(&changed, &key),
            Err(LogoutError::Signature(refused))
        );
    }

    /// A captured message that is signed vouches for nothing that is written around it.
    #[test]
    fn s31_a_signed_message_inside_another_one_vouches_for_nothing() {
        let key = key();
        let captured = with_request(|request| request.to_signed_xml(key.signing())).unwrap();
        let around = request_xml()
            .replace("_theirs", "_evil")
            .replace("ann &amp; co", "eve");
        for (before, wrapped) in [
            (
                "<saml:NameID",
                ["<samlp:Extensions>", &captured, "</samlp:Extensions>"],
            ),
            ("</samlp:LogoutRequest>", ["", &captured, ""]),
        ] {
            let evil = around.replacen(before, &[&wrapped.concat(), before].concat(), 1);
            let parent = Quoted::new("LogoutRequest");
            let misplaced = SignatureError::Misplaced { parent };
            assert_eq!(
                read_post(&evil, &key),
                Err(LogoutError::Signature(misplaced))
            );
        }
        // The signature itself, moved to the root that it is not of.
        let signature = {
            let start = captured.find("<ds:Signature ").unwrap();
            let end = captured.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
            &captured[start..end]
        };
        let evil = around.replacen("<saml:NameID", &[signature, "<saml:NameID"].concat(), 1);
        let reference = SignatureError::Reference {
            expected: Quoted::new("#_evil"),
            found: Quoted::new("#_theirs"),
        };
        assert_eq!(
            read_post(&evil, &key),
            Err(LogoutError::Signature(reference))
        );
    }
}
