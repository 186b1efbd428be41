//! Documents made and signed by signxml and pysaml2; see `tests/data/saml/make.py`.

use super::*;
use crate::domain::UnixTime;
use crate::federation::saml::second_opinion::tests::built_in::other_rsa;
use crate::federation::saml::second_opinion::{Attribute, Authentication, Bearer, Subject};

macro_rules! data {
    ($name:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/data/saml/",
            $name
        ))
    };
}

const ASSERTION_SIGNED: &str = data!("assertion_signed.xml");
const RSA: &str = data!("assertion_signed.pem");
const P256: &str = data!("assertion_signed_p256.pem");
const P384: &str = data!("both_signed_p384.pem");

fn certificates(pems: &[&str]) -> Vec<Certificate> {
    pems.iter().map(|pem| pem.parse().unwrap()).collect()
}

fn ask(document: &str, pems: &[&str]) -> Result<Opinion, Refusal> {
    let native = Native::start().unwrap();
    native.verify(document.as_bytes(), &certificates(pems))
}

/// A document with one text changed.
fn changed(document: &str, from: &str, to: &str) -> String {
    let changed = document.replacen(from, to, 1);
    assert_ne!(changed, document, "{from} is there");
    changed
}

fn is_wrong_signature(answer: &Result<Opinion, Refusal>) -> bool {
    matches!(answer, Err(Refusal::Signature { .. }))
}

fn attribute(name: &str, values: &[&str]) -> Attribute {
    Attribute {
        name: name.to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    }
}

fn usual() -> Opinion {
    let pair = |role: &str| {
        format!(
            "arn:aws:iam::482011739056:role/{role},arn:aws:iam::482011739056:saml-provider/Example"
        )
    };
    let aws = "https://aws.amazon.com/SAML/Attributes";
    let issued: UnixTime = "2026-11-22T00:00:00Z".parse().unwrap();
    let expires: UnixTime = "2099-01-01T00:00:00Z".parse().unwrap();
    Opinion {
        assertion_id: "_assertion-1".to_owned(),
        issued_at: issued,
        issuer: "https://idp.example.org/saml".to_owned(),
        subject: Subject {
            name_id: "ines.okafor@example.org".to_owned(),
            format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()),
            name_qualifier: None,
            sp_name_qualifier: None,
        },
        bearers: vec![Bearer {
            recipient: Some("https://aws.example.com/saml/acs".to_owned()),
            in_response_to: Some("_request-1".to_owned()),
            not_on_or_after: Some(expires),
        }],
        not_before: Some(issued),
        not_on_or_after: Some(expires),
        audiences: vec![vec!["https://aws.example.com/saml".to_owned()]],
        is_for_one_use: false,
        authentications: vec![Authentication {
            at: Some(issued),
            session_index: Some("_session-1".to_owned()),
            session_ends_at: Some(expires),
            context_class: Some(
                "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport".to_owned(),
            ),
        }],
        attributes: vec![
            attribute(
                &format!("{aws}/Role"),
                &[&pair("ReadOnly"), &pair("Deploy")],
            ),
            attribute(&format!("{aws}/RoleSessionName"), &["ines@example.org"]),
            attribute("displayName", &["Inés Ω & <Söhne> \"GmbH\""]),
            attribute("groups", &["engineering", "on call", "a\nb\tc"]),
            attribute("spaced", &["  kept as it is  "]),
            attribute("empty", &[""]),
        ],
    }
}

#[test]
fn whatever_is_signed_and_with_whichever_algorithm_the_same_is_read() {
    for (document, pem) in [
        (ASSERTION_SIGNED, RSA),
        (data!("response_signed.xml"), data!("response_signed.pem")),
        (data!("both_signed.xml"), data!("both_signed.pem")),
        (data!("assertion_signed_p256.xml"), P256),
        (data!("both_signed_p384.xml"), P384),
        (
            data!("assertion_signed_rsa_sha512.xml"),
            data!("assertion_signed_rsa_sha512.pem"),
        ),
    ] {
        assert_eq!(ask(document, &[pem]), Ok(usual()));
    }
}

#[test]
fn an_assertion_alone_is_read_as_a_decrypted_one_comes() {
    let (_, rest) = ASSERTION_SIGNED.split_once("<saml:Assertion ").unwrap();
    let inside = rest.strip_suffix("</samlp:Response>").unwrap();
    let declared = "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
                    xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" ";
    let alone = [declared, inside].concat();
    assert_eq!(ask(&alone, &[RSA]), Ok(usual()));
}

#[test]
fn an_attribute_whose_value_holds_an_element_is_left_out() {
    let opinion = ask(data!("targeted_id.xml"), &[data!("targeted_id.pem")]);
    assert_eq!(opinion, Ok(usual()));
}

#[test]
fn a_certificate_of_another_key_type_before_or_after_does_no_harm() {
    assert_eq!(ask(ASSERTION_SIGNED, &[P256, RSA, P384]), Ok(usual()));
    let elliptic = data!("assertion_signed_p256.xml");
    assert_eq!(ask(elliptic, &[RSA, P256]), Ok(usual()));
}

#[test]
fn a_certificate_of_another_key_of_the_same_type_before_or_after_does_no_harm() {
    let other = other_rsa();
    for pems in [[other.as_str(), RSA], [RSA, other.as_str()]] {
        assert_eq!(ask(ASSERTION_SIGNED, &pems), Ok(usual()));
    }
    for (document, pems) in [
        (data!("assertion_signed_p256.xml"), [P384, P256]),
        (data!("assertion_signed_p256.xml"), [P256, P384]),
        (data!("both_signed_p384.xml"), [P256, P384]),
    ] {
        assert_eq!(ask(document, &pems), Ok(usual()));
    }
}

#[test]
fn a_changed_character_is_a_wrong_signature() {
    for (from, to) in [
        ("ines.okafor@", "ines.okafo1@"),
        (
            "https://idp.example.org/saml</saml:Issuer><ds:",
            "https://idp.example.org/sam1</saml:Issuer><ds:",
        ),
        ("role/ReadOnly", "role/ReadOnlz"),
        ("<ds:DigestValue>", "<ds:DigestValue>A"),
        ("<ds:SignatureValue>", "<ds:SignatureValue>AAAA"),
    ] {
        let answer = ask(&changed(ASSERTION_SIGNED, from, to), &[RSA]);
        assert!(is_wrong_signature(&answer), "{from}: {answer:?}");
    }
}

#[test]
fn what_is_not_signed_is_not_read() {
    let elsewhere = changed(
        ASSERTION_SIGNED,
        ">https://idp.example.org/saml<",
        ">https://other.example<",
    );
    assert_eq!(
        ask(&elsewhere, &[RSA]),
        Ok(usual()),
        "the Response's Issuer"
    );
}

#[test]
fn another_providers_certificate_is_a_wrong_signature() {
    let answer = ask(ASSERTION_SIGNED, &[&other_rsa()]);
    assert!(is_wrong_signature(&answer), "{answer:?}");
}

#[test]
fn without_a_certificate_that_fits_nothing_is_asked() {
    assert_eq!(ask(ASSERTION_SIGNED, &[]), Err(Refusal::NoCertificate));
    assert_eq!(ask(ASSERTION_SIGNED, &[P256]), Err(Refusal::NoCertificate));
}

#[test]
fn an_algorithm_that_is_not_listed_is_refused() {
    for other in [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
    ] {
        let document = changed(
            ASSERTION_SIGNED,
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            other,
        );
        assert_eq!(ask(&document, &[RSA]), Err(Refusal::Algorithm), "{other}");
    }
    for other in ["rsa-sha224", "rsa-md5", "rsa-ripemd160"] {
        let answer = ask(&changed(ASSERTION_SIGNED, "rsa-sha256", other), &[RSA]);
        assert!(is_wrong_signature(&answer), "{other}: {answer:?}");
    }
}

#[test]
fn what_carries_no_signature_is_refused() {
    let bare = "<a xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>";
    assert_eq!(ask(bare, &[RSA]), Err(Refusal::NoSignature));
}

/// Whoever carries a response may write into it where nobody signs; that is no disagreement.
#[test]
fn a_signature_method_outside_of_a_signed_info_names_no_algorithm() {
    let stray = "<ds:SignatureMethod xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Algorithm=\"urn:evil\"/>";
    for (place, with) in [
        ("</samlp:Status>", [stray, "</samlp:Status>"].concat()),
        ("</ds:KeyInfo>", [stray, "</ds:KeyInfo>"].concat()),
    ] {
        let answer = ask(&changed(ASSERTION_SIGNED, place, &with), &[RSA]);
        assert_eq!(answer, Ok(usual()), "{place}");
    }
}

#[test]
fn signatures_that_need_keys_of_different_types_are_refused_by_name() {
    let mixed = changed(data!("both_signed.xml"), "rsa-sha256", "ecdsa-sha256");
    assert_eq!(ask(&mixed, &[RSA, P256]), Err(Refusal::MixedKeyTypes));
}

#[test]
fn what_is_not_well_formed_is_not_mended() {
    let unclosed = changed(ASSERTION_SIGNED, "</samlp:Response>", "");
    assert_eq!(ask(&unclosed, &[RSA]), Err(Refusal::NotWellFormed));
    let trailing = [ASSERTION_SIGNED, "<more/>"].concat();
    assert_eq!(ask(&trailing, &[RSA]), Err(Refusal::NotWellFormed));
    let native = Native::start().unwrap();
    let answer = native.verify(b"<a>\xff</a>", &certificates(&[RSA]));
    assert_eq!(answer, Err(Refusal::NotUtf8));
}

#[test]
fn what_was_signed_must_be_an_assertion_or_a_response_that_holds_one() {
    let read = |text: &str| reader::read(text);
    assert_eq!(read("<a/>"), Err(Refusal::SignedElement));
    assert_eq!(
        read("<Assertion xmlns=\"urn:evil\"/>"),
        Err(Refusal::SignedElement)
    );
    let response = |inside: &str| {
        format!(
            "<p:Response xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\">{inside}</p:Response>"
        )
    };
    let missing = Err(Refusal::Claims("Assertion"));
    assert_eq!(read(&response("")), missing);
    assert_eq!(read(&response("<x><a:Assertion/></x>")), missing);
    assert_eq!(read(&response("<a:Assertion/><a:Assertion/>")), missing);
}

/// The least that is read.
const LEAST: &str = "<Assertion xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"a\" \
                     IssueInstant=\"2026-11-22T00:00:00Z\"><Issuer>i</Issuer>\
                     <Subject><NameID>n</NameID></Subject><Conditions/>\
                     <AttributeStatement><Attribute Name=\"x\"/></AttributeStatement></Assertion>";

#[test]
fn what_an_assertion_must_have_once_is_asked_for_by_name() {
    assert_eq!(reader::read(LEAST).unwrap().subject.name_id, "n");
    for (from, to, lacking) in [
        (" ID=", " xmlns:x=\"urn:x\" x:ID=", "ID"),
        (" IssueInstant=", " IssuedInstant=", "IssueInstant"),
        ("2026-11-22T", "on 2026-11-22 at ", "IssueInstant"),
        ("<Issuer>i</Issuer>", "", "Issuer"),
        ("<Issuer>", "<Issuer>i</Issuer><Issuer>", "Issuer"),
        ("<Issuer>i", "<Issuer>i<b/>", "Issuer"),
        ("<Subject>", "<Subject/><Subject>", "Subject"),
        ("<NameID>n</NameID>", "", "NameID"),
        ("<NameID>", "<NameID/><NameID>", "NameID"),
        ("<Conditions/>", "", "Conditions"),
        ("<Conditions/>", "<Conditions/><Conditions/>", "Conditions"),
        (
            "<Conditions/>",
            "<Conditions NotBefore=\"soon\"/>",
            "NotBefore",
        ),
        (" Name=", " FriendlyName=", "Name"),
        (
            "</NameID>",
            "</NameID><SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"/>",
            "SubjectConfirmationData",
        ),
    ] {
        let answer = reader::read(&changed(LEAST, from, to));
        assert_eq!(answer, Err(Refusal::Claims(lacking)), "{from} -> {to}");
    }
}

#[test]
fn qualifiers_one_use_and_authentication_are_read() {
    let fuller = LEAST
        .replace("<NameID>", "<NameID NameQualifier=\"q\" SPNameQualifier=\"s\">")
        .replace("<Conditions/>", "<Conditions><OneTimeUse/></Conditions><AuthnStatement AuthnInstant=\"2026-11-22T00:00:00Z\"><AuthnContext/></AuthnStatement>");
    let read = reader::read(&fuller).unwrap();
    assert_eq!(read.subject.name_qualifier.as_deref(), Some("q"));
    assert_eq!(read.subject.sp_name_qualifier.as_deref(), Some("s"));
    assert!(read.is_for_one_use && !reader::read(LEAST).unwrap().is_for_one_use);
    let [authentication] = &read.authentications[..] else {
        panic!("{read:?}");
    };
    assert_eq!(authentication.at, Some(read.issued_at));
    assert_eq!(authentication.context_class, None);
}

#[test]
fn look_alikes_in_another_namespace_are_not_read() {
    let evil = LEAST
        .replace(" ID=", " xmlns:e=\"urn:evil\" ID=")
        .replace("<Issuer>", "<e:Issuer>e</e:Issuer><Issuer>")
        .replace("<NameID>", "<e:NameID>e</e:NameID><NameID e:Format=\"e\">")
        .replace("<Attribute ", "<e:Attribute Name=\"y\"/><Attribute ");
    assert_eq!(reader::read(&evil), reader::read(LEAST));
}

/// What the C libraries would print of this document: an ID that is none, with a line of a log in it.
#[test]
#[ignore = "run by the test below, in a process of its own"]
fn ask_about_what_they_would_print() {
    let document = changed(
        ASSERTION_SIGNED,
        "</samlp:Status>",
        "</samlp:Status><a xml:id='x&#10;{&quot;level&quot;:&quot;FORGED&quot;}' xmlns:b='//FORGED'/>",
    );
    let asked = move || ask(&document, &[RSA]).is_ok() && ask("<FORGED", &[RSA]).is_ok();
    asked();
    std::thread::spawn(asked).join().unwrap();
}

/// Standard error is where the log goes.
#[test]
fn nothing_of_a_document_is_printed() {
    let name = "ask_about_what_they_would_print";
    let test = format!("federation::saml::second_opinion::native::tests::{name}");
    let this = std::env::current_exe().unwrap();
    let output = std::process::Command::new(this)
        .args(["--ignored", "--exact", "--nocapture", &test])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("1 passed"), "{told}");
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(!printed.contains("FORGED"), "{printed}");
}
