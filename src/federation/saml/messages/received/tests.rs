use super::super::{Envelope, LogoutReason, LogoutRequest, LogoutResponse};
use super::*;
use crate::federation::saml::service_provider::ServiceProviderKey;
use crate::federation::saml::signing::SigningKey;
use crate::federation::saml::testing::{cut, signature_of};
use crate::federation::saml::vocabulary::EndpointUrl;

const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);
const ISSUER: &str = "https://idp.example/metadata";

fn endpoint() -> Url {
    "https://sso.example.com/saml/logout".parse().unwrap()
}

fn issuer() -> EntityId {
    ISSUER.parse().unwrap()
}

fn name_id() -> NameId {
    NameId {
        value: "ann & co".into(),
        format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".into()),
        name_qualifier: Some(ISSUER.into()),
        sp_name_qualifier: Some("https://sso.example.com/saml/metadata".into()),
    }
}

/// A request, with a signature inside where there is a key.
fn request_by(key: Option<&SigningKey>) -> String {
    let (id, destination) = ids();
    let request = LogoutRequest {
        envelope: Envelope {
            id: &id,
            issue_instant: NOW,
            destination: &destination,
            issuer: &issuer(),
        },
        name_id: &name_id(),
        session_indexes: &["_s1", "_s2"],
        not_on_or_after: NOW.plus(300),
        reason: LogoutReason::Admin,
    };
    key.map_or_else(
        || request.to_xml(),
        |key| request.to_signed_xml(key).unwrap(),
    )
}

fn request_xml() -> String {
    request_by(None)
}

/// A response, with a signature inside where there is a key.
fn response_by(key: Option<&SigningKey>, status: LogoutStatus) -> String {
    let (id, destination) = ids();
    let response = LogoutResponse {
        envelope: Envelope {
            id: &id,
            issue_instant: NOW,
            destination: &destination,
            issuer: &issuer(),
        },
        in_response_to: &"_ours".parse().unwrap(),
        status,
    };
    key.map_or_else(
        || response.to_xml(),
        |key| response.to_signed_xml(key).unwrap(),
    )
}

fn response_xml(status: LogoutStatus) -> String {
    response_by(None, status)
}

fn ids() -> (MessageId, EndpointUrl) {
    (
        "_theirs".parse().unwrap(),
        endpoint().as_str().parse().unwrap(),
    )
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
        issuer: &issuer(),
        destination: &endpoint(),
        now,
    };
    ReceivedLogoutRequest::from_redirect(&verified(MessageKind::Request, xml), &expected)
}

fn read_response(xml: &str) -> Result<ReceivedLogoutResponse, LogoutError> {
    let expected = ExpectedLogout {
        issuer: &issuer(),
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
        issued_at: NOW,
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
    let name_id_element = cut(&xml, "<saml:NameID", "</saml:NameID>");
    let hidden = xml.replace(name_id_element, assertion);
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
    for (status, reach) in [
        (LogoutStatus::Success, LogoutReach::Everywhere),
        (LogoutStatus::Requester, LogoutReach::Partial),
        (LogoutStatus::Responder, LogoutReach::Partial),
    ] {
        let response = read_response(&response_xml(status)).unwrap();
        assert_eq!((response.status, response.reach), (Some(status), reach));
    }
    let other = "urn:oasis:names:tc:SAML:2.0:status:VersionMismatch";
    let xml = response_xml(LogoutStatus::Success).replace(LogoutStatus::Success.uri(), other);
    let expected = ReceivedLogoutResponse {
        status: None,
        reach: LogoutReach::Partial,
        reported: Quoted::new(other),
    };
    assert_eq!(read_response(&xml), Ok(expected));
}

#[test]
fn a_success_with_a_partial_logout_is_partial() {
    let xml = response_xml(LogoutStatus::Success);
    let nested = [
        "status:Success\"><samlp:StatusCode Value=\"",
        PARTIAL_LOGOUT,
        "\"></samlp:StatusCode>",
    ];
    let xml = xml.replace("status:Success\">", &nested.concat());
    let response = read_response(&xml).unwrap();
    assert_eq!(response.status, Some(LogoutStatus::Success));
    assert_eq!(response.reach, LogoutReach::Partial);
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
        issuer: &issuer(),
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

fn read_post(xml: &str, key: &ServiceProviderKey) -> Result<ReceivedLogoutRequest, LogoutError> {
    let expected = ExpectedLogout {
        issuer: &issuer(),
        destination: &endpoint(),
        now: NOW,
    };
    let certificates = [key.certificate().clone()];
    ReceivedLogoutRequest::from_post(xml.as_bytes(), &certificates, &expected)
}

#[test]
fn what_is_posted_carries_its_own_signature() {
    let key = key();
    let signed = request_by(Some(key.signing()));
    let read = read_post(&signed, &key);
    assert_eq!(read, read_request(&request_xml(), NOW));
    let signed = response_by(Some(key.signing()), LogoutStatus::Success);
    let expected = ExpectedLogout {
        issuer: &issuer(),
        destination: &endpoint(),
        now: NOW,
    };
    let request = "_ours".parse().unwrap();
    let response = ReceivedLogoutResponse::from_post(
        signed.as_bytes(),
        &[key.certificate().clone()],
        (&request, &expected),
    );
    assert_eq!(response.unwrap().status, Some(LogoutStatus::Success));
}

#[test]
fn what_is_posted_without_a_good_signature_is_refused() {
    let (key, other) = (key(), key());
    assert_eq!(read_post(&request_xml(), &key), Err(LogoutError::Unsigned));
    let signed = request_by(Some(key.signing()));
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
    let captured = request_by(Some(key.signing()));
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
    let signature = signature_of(&captured);
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
