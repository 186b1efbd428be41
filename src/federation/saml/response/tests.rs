use super::*;
use crate::federation::saml::claims::DroppedAttribute;
use crate::federation::saml::testing::{
    PERSON, PROVIDER, STRANGER, Signed, assertion_of, cut, draft, no_keys, read, response,
    signature_of,
};
use crate::federation::saml::xml::XmlFault;

mod mutations;

const ADMIN: &str = "admin@example.com";

fn error(text: &str) -> SamlError {
    match read(text) {
        Ok(_) => panic!("authenticated: {text}"),
        Err(error) => error,
    }
}

/// The attacker's version of a message or a part of it: another person, other IDs, no signature.
fn evil(text: &str) -> String {
    let unsigned = if text.contains("<ds:Signature ") {
        text.replace(signature_of(text), "")
    } else {
        text.to_owned()
    };
    let unsigned = unsigned.replace(PERSON, ADMIN);
    unsigned
        .replace("\"_a1\"", "\"_a2\"")
        .replace("\"_r1\"", "\"_r2\"")
}

fn without_signature(text: &str) -> String {
    text.replace(signature_of(text), "")
}

fn assertions(found: usize) -> SamlError {
    SamlError::Assertions { found }
}

fn misplaced_signature(parent: &str) -> SamlError {
    SamlError::Signature(SignatureError::Misplaced {
        parent: Quoted::new(parent),
    })
}

#[test]
fn s13_whoever_signs_what_the_assertion_is_read_the_same() {
    let of_assertion = response(Signed::Assertion);
    let expected = read(&of_assertion).unwrap();
    assert_eq!(expected.assertion.name_id.value, PERSON);
    assert!(matches!(expected.envelope, Envelope::Unauthenticated(_)));
    for signed in [Signed::Response, Signed::Both] {
        let text = response(signed);
        let read = read(&text).unwrap();
        assert_eq!(read.assertion, expected.assertion, "{signed:?}");
        assert_eq!(
            read.envelope,
            Envelope::Signed(expected.envelope.facts().clone())
        );
        assert_eq!(read.document(), text.as_bytes());
        assert_eq!(read.mark(), expected.mark());
    }
}

#[test]
fn what_an_assertion_says_is_read_whole() {
    let text = response(Signed::Assertion);
    let assertion = read(&text).unwrap().assertion;
    assert_eq!(assertion.id, "_a1");
    assert_eq!(assertion.issuer, "https://idp.example.com/metadata");
    assert_eq!(assertion.issued_at.to_string(), "2026-11-21T09:41:05Z");
    let name_id = &assertion.name_id;
    assert_eq!(
        name_id.format.as_deref(),
        Some("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress")
    );
    assert_eq!(name_id.name_qualifier.as_deref(), Some("nq"));
    assert_eq!(name_id.sp_name_qualifier.as_deref(), Some("spnq"));
    let [attribute] = &assertion.attributes[..] else {
        panic!("one attribute")
    };
    assert_eq!(attribute.name, "groups");
    assert_eq!(attribute.friendly_name.as_deref(), Some("Groups"));
    assert_eq!(attribute.values, ["developers", "R&D"]);
    let [authentication] = &assertion.authentications[..] else {
        panic!("one authentication")
    };
    assert_eq!(authentication.session_index.as_deref(), Some("_s1"));
    assert!(
        authentication
            .context_class
            .as_deref()
            .unwrap()
            .ends_with("PasswordProtectedTransport")
    );
    assert_eq!(
        authentication.session_ends_at.unwrap().to_string(),
        "2026-11-21T17:40:00Z"
    );
}

#[test]
fn an_attribute_that_holds_elements_is_dropped_and_named() {
    let value = "<saml:AttributeValue>R&amp;D</saml:AttributeValue>";
    let draft = draft(Signed::Assertion);
    assert!(draft.contains(value));
    let nested = draft.replace(
        value,
        "<saml:AttributeValue><saml:NameID>x</saml:NameID></saml:AttributeValue>",
    );
    let signed = PROVIDER.sign(&nested, &["_a1"]);
    let assertion = read(&signed).unwrap().assertion;
    assert_eq!(assertion.attributes, []);
    let dropped = DroppedAttribute {
        name: "groups".to_owned(),
        friendly_name: Some("Groups".to_owned()),
    };
    assert_eq!(assertion.dropped, [dropped]);
}

#[test]
fn an_assertion_with_an_attribute_that_is_encrypted_by_itself_is_refused() {
    let draft = draft(Signed::Assertion);
    let statement = "<saml:AttributeStatement>";
    assert!(draft.contains(statement));
    let encrypted = [statement, "<saml:EncryptedAttribute/>"].concat();
    let signed = PROVIDER.sign(&draft.replace(statement, &encrypted), &["_a1"]);
    let refused = read(&signed).unwrap_err();
    assert!(
        matches!(
            refused,
            SamlError::Malformed {
                what: "AttributeStatement",
                ..
            }
        ),
        "{refused}"
    );
}

#[test]
fn marks_are_of_the_issuer_and_the_id() {
    let text = response(Signed::Assertion);
    let other = PROVIDER.sign(
        &draft(Signed::Assertion).replace("\"_a1\"", "\"_a2\""),
        &["_a2"],
    );
    assert_ne!(read(&text).unwrap().mark(), read(&other).unwrap().mark());
}

#[test]
fn s1_s2_a_response_around_the_signed_response_is_refused() {
    let signed = response(Signed::Response);
    let signature = signature_of(&signed);
    let genuine = without_signature(&signed);
    let object = format!("<ds:Object>{genuine}</ds:Object></ds:Signature>");
    let holding = signature.replace("</ds:Signature>", &object);
    let evil = evil(&signed);
    for inserted in [holding, [&genuine, signature].concat()] {
        let wrapped = evil.replace("<samlp:Status>", &[&inserted, "<samlp:Status>"].concat());
        assert_eq!(error(&wrapped), assertions(2));
    }
}

#[test]
fn s3_to_s8_an_assertion_beside_or_around_the_signed_one_is_refused() {
    for by in Signed::BY_SOMEBODY {
        let signed = response(by);
        let genuine = assertion_of(&signed).to_owned();
        let evil = evil(&genuine);
        let around = evil.replace(
            "</saml:Assertion>",
            &[&genuine, "</saml:Assertion>"].concat(),
        );
        let object = format!("<ds:Object>{genuine}</ds:Object></ds:Signature>");
        let in_object = format!(
            "{}{}</saml:Assertion>",
            evil.replace("</saml:Assertion>", ""),
            signature_of(&signed).replace("</ds:Signature>", &object)
        );
        let extensions = format!("<samlp:Extensions>{evil}</samlp:Extensions>{genuine}");
        for replaced in [
            [evil.as_str(), &genuine].concat(),
            [genuine.as_str(), &evil].concat(),
            around,
            in_object,
            extensions,
        ] {
            assert_eq!(
                error(&signed.replace(&genuine, &replaced)),
                assertions(2),
                "{by:?}"
            );
        }
    }
}

#[test]
fn s5_s6_an_evil_assertion_with_the_signature_of_the_original_is_refused() {
    let signed = response(Signed::Assertion);
    let genuine = assertion_of(&signed);
    let evil = genuine.replace(PERSON, ADMIN);
    let appended = signed.replace(
        genuine,
        &[evil.clone(), without_signature(genuine)].concat(),
    );
    assert_eq!(error(&appended), assertions(2));
    let inside = evil.replace(
        "</ds:Signature>",
        &[&without_signature(genuine), "</ds:Signature>"].concat(),
    );
    assert_eq!(error(&signed.replace(genuine, &inside)), assertions(2));
}

#[test]
fn s9_an_assertion_that_is_hidden_is_refused() {
    let signed = response(Signed::Assertion);
    let genuine = assertion_of(&signed);
    let evil = evil(genuine);
    let advice = format!("<saml:Advice>{genuine}</saml:Advice><saml:AuthnStatement");
    let value = format!("<saml:AttributeValue>{genuine}</saml:AttributeValue></saml:Attribute>");
    for (from, to) in [
        ("<saml:AuthnStatement", advice),
        ("</saml:Attribute>", value),
    ] {
        let hiding = evil.replace(from, &to);
        assert_eq!(error(&signed.replace(genuine, &hiding)), assertions(2));
    }
    let status = format!("<samlp:StatusDetail>{genuine}</samlp:StatusDetail></samlp:Status>");
    let hidden = signed
        .replace(genuine, "")
        .replace("</samlp:Status>", &status);
    let misplaced = SamlError::MisplacedAssertion {
        parent: Quoted::new("StatusDetail"),
    };
    assert_eq!(error(&hidden), misplaced);
    let both = hidden.replace("</samlp:Status>", &["</samlp:Status>", &evil].concat());
    assert_eq!(error(&both), assertions(2));
}

#[test]
fn s10_s32_s33_a_signature_is_of_the_element_that_it_is_in() {
    let signed = response(Signed::Assertion);
    let signature = signature_of(&signed).to_owned();
    let unsigned = without_signature(&signed);
    let in_response = unsigned.replace("<samlp:Status>", &[&signature, "<samlp:Status>"].concat());
    let reference = SignatureError::Reference {
        expected: Quoted::new("#_r1"),
        found: Quoted::new("#_a1"),
    };
    assert_eq!(error(&in_response), SamlError::Signature(reference));
    for (place, parent) in [
        ("</samlp:Status>", "Status"),
        ("</saml:Subject>", "Subject"),
        ("</saml:AttributeStatement>", "AttributeStatement"),
    ] {
        let elsewhere = unsigned.replace(place, &[&signature, place].concat());
        assert_eq!(error(&elsewhere), misplaced_signature(parent), "{parent}");
    }
    let of_subject = unsigned.replace("<saml:Subject>", "<saml:Subject ID=\"_s\">");
    let signature = signature.replace("#_a1", "#_s");
    let partial = of_subject.replace("</saml:Subject>", &[&signature, "</saml:Subject>"].concat());
    assert_eq!(error(&partial), misplaced_signature("Subject"));
}

#[test]
fn s11_what_nobody_signed_is_refused() {
    assert_eq!(error(&response(Signed::Nothing)), SamlError::Unsigned);
    for by in [Signed::Assertion, Signed::Response] {
        assert_eq!(
            error(&without_signature(&response(by))),
            SamlError::Unsigned,
            "{by:?}"
        );
    }
    let empty = draft(Signed::Assertion);
    assert!(matches!(
        error(&empty),
        SamlError::Signature(SignatureError::Structure { .. })
    ));
}

#[test]
fn s12_an_assertion_appended_to_a_signed_response_is_refused() {
    let signed = response(Signed::Response);
    let evil = evil(assertion_of(&signed));
    let appended = signed.replace("</samlp:Response>", &[&evil, "</samlp:Response>"].concat());
    assert_eq!(error(&appended), assertions(2));
}

#[test]
fn where_both_are_signed_both_must_be_good() {
    let draft = draft(Signed::Both);
    let by_others = STRANGER.sign(&draft, &["_a1"]);
    let by_others = PROVIDER.sign(&by_others, &["_r1"]);
    let of = |element: &str| {
        SamlError::Signature(SignatureError::Key {
            element: Quoted::new(element),
        })
    };
    assert_eq!(error(&by_others), of("Assertion"));
    let by_others = PROVIDER.sign(&draft, &["_a1"]);
    assert_eq!(error(&STRANGER.sign(&by_others, &["_r1"])), of("Response"));
}

#[test]
fn s14_to_s17_nothing_can_be_hidden_in_a_name() {
    for (to, expected) in [
        ("alice@example.com<!---->.evil", XmlFault::Comment),
        ("<?p x?>alice@example.com", XmlFault::ProcessingInstruction),
        ("<![CDATA[alice@example.com]]>", XmlFault::CharacterData),
    ] {
        let text = response(Signed::Assertion).replace(PERSON, to);
        let SamlError::Xml(found) = error(&text) else {
            panic!("read: {to}")
        };
        // A CDATA section's end is what is seen first.
        assert_eq!(found.fault, expected, "{to}");
    }
}

#[test]
fn s21_s22_an_id_is_there_once_in_every_spelling() {
    let signed = response(Signed::Assertion);
    for attribute in [
        "ID",
        "Id",
        "id",
        "iD",
        "xml:id",
        "samlp:ID",
        "AssertionID",
        "assertionid",
        "RequestID",
        "ResponseID",
        "samlp:id",
    ] {
        let status = format!("<samlp:Status {attribute}=\"_a1\">");
        let text = signed.replace("<samlp:Status>", &status);
        let repeated = SignatureError::RepeatedId {
            id: Quoted::new("_a1"),
        };
        assert_eq!(error(&text), SamlError::Signature(repeated), "{attribute}");
    }
    let text = signed.replace("ID=\"_r1\"", "ID=\"_a1\"");
    assert!(matches!(
        error(&text),
        SamlError::Signature(SignatureError::RepeatedId { .. })
    ));
}

/// Where nobody has signed, too: the second verifier refuses the document otherwise, which would be an alarm
/// that whoever carries a response can raise.
#[test]
fn every_id_of_a_document_is_a_name() {
    let signed = response(Signed::Assertion);
    for (from, to) in [
        ("ID=\"_r1\"", "ID=\"1\""),
        ("<samlp:Status>", "<samlp:Status ID=\"-\">"),
        ("<samlp:Status>", "<samlp:Status samlp:ID=\"a b\">"),
    ] {
        assert!(matches!(
            error(&signed.replace(from, to)),
            SamlError::Signature(SignatureError::Id { .. })
        ));
    }
}

#[test]
fn s23_s26_what_only_looks_like_an_assertion_or_a_signature_counts_as_one() {
    let signed = response(Signed::Assertion);
    let genuine = assertion_of(&signed);
    let lookalike = evil(genuine).replace("SAML:2.0:assertion\"", "SAML:2.0:assertion/\"");
    let text = signed.replace(genuine, &[&lookalike, genuine].concat());
    assert_eq!(error(&text), assertions(2));
    let alone = signed.replace(genuine, &lookalike);
    assert!(matches!(
        error(&alone),
        SamlError::MisplacedAssertion { .. }
    ));
    let other = signed.replace(
        "2000/09/xmldsig#\"><ds:SignedInfo",
        "2000/09/xmldsig\"><ds:SignedInfo",
    );
    assert_eq!(error(&other), misplaced_signature("Assertion"));
    let signature = signature_of(&signed);
    let twice = signed.replace(signature, &signature.repeat(2));
    let repeated = SignatureError::Repeated {
        element: Quoted::new("Assertion"),
    };
    assert_eq!(error(&twice), SamlError::Signature(repeated));
}

#[test]
fn s30_s31_a_message_around_a_genuine_one_is_refused() {
    for by in Signed::BY_SOMEBODY {
        let signed = response(by);
        let (head, _) = draft(Signed::Nothing)
            .split_once("<saml:Assertion")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        let head = head.replace("_r1", "_r2");
        let wrapped =
            format!("{head}<samlp:Extensions>{signed}</samlp:Extensions></samlp:Response>");
        assert!(
            matches!(error(&wrapped), SamlError::MisplacedAssertion { .. }),
            "{by:?}"
        );
        let request = wrapped.replace("samlp:Response", "samlp:LogoutRequest");
        assert!(matches!(error(&request), SamlError::Kind { .. }), "{by:?}");
    }
}

#[test]
fn s47_another_message_is_refused() {
    let signed = response(Signed::Assertion);
    let kind = |found: &str| SamlError::Kind {
        expected: "Response",
        found: Quoted::new(found),
    };
    assert_eq!(error(assertion_of(&signed)), kind("Assertion"));
    let soap = format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>{signed}</s:Body></s:Envelope>"
    );
    assert_eq!(error(&soap), kind("Envelope"));
    for name in [
        "LogoutResponse",
        "LogoutRequest",
        "AuthnRequest",
        "ArtifactResponse",
    ] {
        let other = signed.replace("samlp:Response", &["samlp:", name].concat());
        assert_eq!(error(&other), kind(name));
    }
    let foreign = signed.replace("SAML:2.0:protocol", "SAML:1.0:protocol");
    assert_eq!(error(&foreign), kind("Response"));
    assert_eq!(
        error(&signed.replace(assertion_of(&signed), "")),
        assertions(0)
    );
    for version in ["1.1", "3.0", "2", "2.0 ", ""] {
        let changed = signed.replacen("Version=\"2.0\"", &format!("Version=\"{version}\""), 1);
        let expected = SamlError::Version {
            element: "Response",
            found: Quoted::new(version),
        };
        assert_eq!(error(&changed), expected, "{version}");
    }
    let old = draft(Signed::Assertion)
        .replace("ID=\"_a1\" Version=\"2.0\"", "ID=\"_a1\" Version=\"1.1\"");
    let old = PROVIDER.sign(&old, &["_a1"]);
    assert!(matches!(
        error(&old),
        SamlError::Version {
            element: "Assertion",
            ..
        }
    ));
}

#[test]
fn s47_a_refusal_of_the_provider_says_why() {
    let refusal = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\">\
        <samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:AuthnFailed\"/></samlp:StatusCode>\
        <samlp:StatusMessage>No such\u{202e} user</samlp:StatusMessage>";
    let signed = response(Signed::Assertion);
    let code = cut(&signed, "<samlp:StatusCode", "</samlp:Status>").replace("</samlp:Status>", "");
    for text in [signed.clone(), signed.replace(assertion_of(&signed), "")] {
        let expected = SamlError::Status {
            code: Quoted::new("urn:oasis:names:tc:SAML:2.0:status:Responder"),
            detail: Quoted::new("urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"),
            message: Quoted::new("No such user"),
        };
        assert_eq!(error(&text.replace(&code, refusal)), expected);
    }
}

#[test]
fn s51_what_is_no_message_at_all_is_refused() {
    let signed = response(Signed::Assertion);
    let (half, _) = signed.split_once("<saml:Subject>").unwrap();
    for text in [half, &signed.repeat(2), "PHNhbWxw", "", " "] {
        assert!(matches!(error(text), SamlError::Xml(_)), "{text}");
    }
}

/// A response with an encrypted assertion, and what comes out of it.
fn encrypted(by: Signed) -> String {
    let assertion = draft(Signed::Nothing);
    let cipher = "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><x/></saml:EncryptedAssertion>";
    let draft = draft(by).replace(assertion_of(&assertion), cipher);
    assert!(draft.contains(cipher));
    PROVIDER.sign(&draft, by.ids())
}

fn decrypted_to(plaintext: &str, text: &str) -> Result<Assertion, SamlError> {
    let open = |_: Element<'_>| Ok(Secret::new(plaintext.to_owned()));
    let response = authenticate(text.as_bytes(), &PROVIDER.certificates, &open)?;
    assert_eq!(response.document(), plaintext.as_bytes());
    Ok(response.assertion)
}

#[test]
fn an_encrypted_assertion_is_signed_inside() {
    let signed = response(Signed::Assertion);
    let plaintext = assertion_of(&signed);
    let expected = read(&signed).unwrap().assertion;
    for by in [Signed::Nothing, Signed::Response] {
        assert_eq!(
            decrypted_to(plaintext, &encrypted(by)),
            Ok(expected.clone()),
            "{by:?}"
        );
        let unsigned = without_signature(plaintext);
        assert_eq!(
            decrypted_to(&unsigned, &encrypted(by)),
            Err(InsideError::Unsigned.into()),
            "{by:?}"
        );
    }
}

#[test]
fn a_plaintext_passes_the_gate_again() {
    let signed = response(Signed::Assertion);
    let plaintext = assertion_of(&signed);
    let envelope = encrypted(Signed::Nothing);
    let error = |plaintext: &str| match decrypted_to(plaintext, &envelope).unwrap_err() {
        SamlError::Inside(error) => error,
        other => panic!("{other:?}"),
    };
    let changed = plaintext.replace(PERSON, ADMIN);
    assert!(matches!(
        error(&changed),
        InsideError::Signature(SignatureError::Digest { .. })
    ));
    assert!(matches!(error(&signed), InsideError::Kind { .. }));
    let commented = plaintext.replace(PERSON, "alice<!-- -->@example.com");
    assert!(matches!(error(&commented), InsideError::Xml(_)));
    let around = evil(plaintext).replace(
        "</saml:Assertion>",
        &[plaintext, "</saml:Assertion>"].concat(),
    );
    assert!(matches!(error(&around), InsideError::Nested));
    let twice = plaintext.replace("<saml:Subject>", "<saml:Subject Id=\"_a1\">");
    assert!(matches!(
        error(&twice),
        InsideError::Signature(SignatureError::RepeatedId { .. })
    ));
    let stranger = STRANGER.sign(&draft(Signed::Assertion), &["_a1"]);
    assert!(matches!(
        error(assertion_of(&stranger)),
        InsideError::Signature(SignatureError::Key { .. })
    ));
}

#[test]
fn s40_what_can_not_be_decrypted_says_nothing_more() {
    assert_eq!(error(&encrypted(Signed::Nothing)), SamlError::Decryption);
    assert_eq!(error(&encrypted(Signed::Response)), SamlError::Decryption);
}

#[test]
fn the_signature_around_an_encrypted_assertion_must_be_good_too() {
    let signed = response(Signed::Assertion);
    let envelope =
        encrypted(Signed::Response).replace("InResponseTo=\"_q1\"", "InResponseTo=\"_q2\"");
    let refused = decrypted_to(assertion_of(&signed), &envelope);
    assert!(matches!(
        refused,
        Err(SamlError::Signature(SignatureError::Digest { .. }))
    ));
    let plain = authenticate(signed.as_bytes(), &[], &no_keys).map(|_| ());
    assert!(matches!(
        plain,
        Err(SamlError::Signature(SignatureError::NoKey { keys: 0, .. }))
    ));
}
