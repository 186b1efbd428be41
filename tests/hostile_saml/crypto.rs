//! S34 to S39: algorithms, references and keys that a response would like to be checked with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::canary::Canary;
use crate::scene::{
    ADMIN, PERSON, PROVIDERS, Provider, Refusal, STRANGER, Scene, Signed, cut, directory, entity,
    replaced, signature_of,
};
use crate::support::directory::in_account;

pub const EXCLUSIVE: &str =
    "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform>";
const ENVELOPED: &str = "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>";
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

fn scene() -> Scene {
    let scene = Scene::new();
    scene.accepts_good_ones();
    scene
}

/// The response with something else in its SignedInfo, which provider 0 signed all the same; `to` is
/// canonical as `from` is.
pub fn signed_info_with(response: &str, from: &str, to: &str) -> String {
    let info = cut(response, "<ds:SignedInfo", "</ds:SignedInfo>");
    let other = replaced(info, from, to);
    let value = STANDARD.encode(PROVIDERS[0].key.sign(other.as_bytes()).unwrap());
    let signature = format!(
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{other}\
         <ds:SignatureValue>{value}</ds:SignatureValue></ds:Signature>"
    );
    replaced(response, signature_of(response), &signature)
}

#[test]
fn s34_transforms() {
    let scene = scene();
    let canary = Canary::new();
    let good = scene.good(Signed::Assertion);
    // Signing anew by itself changes nothing.
    scene.accepts(
        "signed anew",
        &signed_info_with(&good, EXCLUSIVE, EXCLUSIVE),
    );
    let of = |uri: &str| format!("<ds:Transform Algorithm=\"{uri}\"></ds:Transform>");
    let style = format!(
        "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"><xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" version=\"1.0\"><xsl:template match=\"/\"><xsl:copy-of select=\"document('http://{}/')\"></xsl:copy-of></xsl:template></xsl:stylesheet></ds:Transform>",
        canary.authority()
    );
    let both = [ENVELOPED, EXCLUSIVE].concat();
    for (what, from, to) in [
        ("XSLT", EXCLUSIVE, style.clone()),
        ("XSLT first", ENVELOPED, [&*style, ENVELOPED].concat()),
        (
            "base64",
            EXCLUSIVE,
            of("http://www.w3.org/2000/09/xmldsig#base64"),
        ),
        (
            "XPath",
            EXCLUSIVE,
            of("http://www.w3.org/TR/1999/REC-xpath-19991116"),
        ),
        (
            "with comments",
            EXCLUSIVE,
            of("http://www.w3.org/2001/10/xml-exc-c14n#WithComments"),
        ),
        (
            "inclusive",
            EXCLUSIVE,
            of("http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        ),
        ("two hundred", EXCLUSIVE, EXCLUSIVE.repeat(200)),
        ("without the enveloped one", ENVELOPED, String::new()),
        ("none", &*both, String::new()),
    ] {
        let response = signed_info_with(&good, from, &to);
        scene.refuses(what, &response, &Refusal::signature());
    }
    assert!(!canary.was_touched());
}

#[test]
fn s35_references_are_never_followed() {
    let scene = scene();
    let canary = Canary::new();
    let good = scene.good(Signed::Assertion);
    let url = ["http://", &*canary.authority(), "/"].concat();
    for uri in [
        "",
        "#",
        "#_r1",
        &url,
        "file:///etc/passwd",
        "#unknown",
        "#xpointer(/)",
        "#xpointer(id('_a1'))",
        "_a1",
    ] {
        let reference = format!(" URI=\"{uri}\"");
        let response = signed_info_with(&good, " URI=\"#_a1\"", &reference);
        scene.refuses(uri, &response, &Refusal::signature());
    }
    let none = signed_info_with(&good, " URI=\"#_a1\"", "");
    scene.refuses("no URI", &none, &Refusal::signature());
    assert!(!canary.was_touched());
}

#[test]
fn s36_a_key_that_the_response_brings() {
    let scene = scene();
    let canary = Canary::new();
    let theirs = STRANGER.sign(&scene.draft(Signed::Assertion), &["_a1"]);
    let certificate = |der: &str| {
        format!("<ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data>")
    };
    let retrieval = format!(
        "<ds:RetrievalMethod URI=\"http://{}/key\"/>",
        canary.authority()
    );
    let short = include_str!("../../src/federation/saml/certificate/fixtures/rsa-1024.pem");
    let short: String = short
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let modulus = STANDARD.encode(modulus_of(&STRANGER));
    let value = format!(
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{modulus}</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"
    );
    for (what, content) in [
        // Its names and its serial number are those of the provider's.
        ("their own certificate", certificate(&STRANGER.certificate)),
        ("the provider's certificate", certificate(&PROVIDERS[0].certificate)),
        ("a certificate of 1024 bits", certificate(&short)),
        ("a key value", value),
        ("an address", retrieval),
        ("an issuer and serial", "<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=rcgen self signed cert</ds:X509IssuerName><ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>".to_owned()),
    ] {
        let info = format!("</ds:SignatureValue><ds:KeyInfo>{content}</ds:KeyInfo>");
        let response = replaced(&theirs, "</ds:SignatureValue>", &info);
        scene.refuses(what, &response, &Refusal::signature());
    }
    assert!(!canary.was_touched());
}

/// The modulus of a provider's key of 2048 bits, at the end of its SubjectPublicKeyInfo (RFC 8017, A.1.1).
fn modulus_of(provider: &Provider) -> &[u8] {
    let (rest, exponent) = provider.public_key.split_at(provider.public_key.len() - 5);
    assert_eq!(exponent, [2, 3, 1, 0, 1]);
    &rest[rest.len() - 256..]
}

#[test]
fn s36_a_key_of_1024_bits_is_never_registered() {
    let scene = scene();
    let mut files = directory("");
    let path = in_account("saml-providers/Partners0.metadata.xml");
    let short = include_str!("../../src/federation/saml/certificate/fixtures/rsa-1024.pem");
    let short: String = short
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let metadata = replaced(&files[&path], &PROVIDERS[0].certificate, &short);
    files.insert(path, metadata);
    let refused = scene.node.try_apply(&files);
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.text().contains("1024"), "{}", refused.text());
}

#[test]
fn s37_a_key_that_was_taken_out_of_the_metadata() {
    let scene = scene();
    let mut files = directory("");
    let path = in_account("saml-providers/Partners0.metadata.xml");
    files.insert(path, STRANGER.metadata(&entity(0)));
    scene.node.apply(&files);
    scene.refuses(
        "the old key",
        &scene.good(Signed::Assertion),
        &Refusal::signature(),
    );
    let new = STRANGER.sign(&scene.draft(Signed::Assertion), &["_a1"]);
    scene.accepts("the new key", &new);
}

#[test]
fn s38_the_public_key_as_a_secret() {
    use aws_lc_rs::hmac;

    let scene = scene();
    let good = scene.good(Signed::Assertion).replace(PERSON, ADMIN);
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        PROVIDERS[0].certificate
    );
    let hmac_uri = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256";
    let method = format!("<ds:SignatureMethod Algorithm=\"{RSA_SHA256}\">");
    let secrets: [(&str, &[u8]); 4] = [
        ("certificate in PEM", pem.as_bytes()),
        ("certificate in DER", &PROVIDERS[0].der),
        ("public key", &PROVIDERS[0].public_key),
        ("nothing", b""),
    ];
    for (what, secret) in secrets {
        for length in ["", "<ds:HMACOutputLength>8</ds:HMACOutputLength>"] {
            let info = cut(&good, "<ds:SignedInfo", "</ds:SignedInfo>");
            let to = format!("<ds:SignatureMethod Algorithm=\"{hmac_uri}\">{length}");
            let other = replaced(info, &method, &to);
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            let tag = hmac::sign(&key, other.as_bytes());
            let tag = if length.is_empty() {
                tag.as_ref()
            } else {
                &tag.as_ref()[..1]
            };
            let value = cut(&good, "<ds:SignatureValue>", "</ds:SignatureValue>");
            let forged = format!(
                "<ds:SignatureValue>{}</ds:SignatureValue>",
                STANDARD.encode(tag)
            );
            let response = replaced(&replaced(&good, info, &other), value, &forged);
            scene.refuses(what, &response, &Refusal::signature());
        }
    }
}

#[test]
fn s39_weak_algorithms() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    for uri in [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
        "urn:unknown",
        "",
    ] {
        let response = signed_info_with(&good, RSA_SHA256, uri);
        let cause = format!("the signature algorithm \"{uri}\" is not accepted");
        scene.refuses_for(&cause, &response, &Refusal::signature());
    }
    let sha256 = "http://www.w3.org/2001/04/xmlenc#sha256";
    for uri in [
        "http://www.w3.org/2000/09/xmldsig#sha1",
        "http://www.w3.org/2001/04/xmldsig-more#md5",
    ] {
        let response = signed_info_with(&good, sha256, uri);
        let cause = format!("the digest algorithm \"{uri}\" is not accepted");
        scene.refuses_for(&cause, &response, &Refusal::signature());
    }
}

#[test]
fn s39_an_elliptic_signature_of_zeros() {
    let elliptic = Provider::p256();
    let scene = Scene::new();
    let mut files = directory("");
    let path = in_account("saml-providers/Partners0.metadata.xml");
    files.insert(path, elliptic.metadata(&entity(0)));
    scene.node.apply(&files);
    let good = elliptic.sign(&scene.draft(Signed::Assertion), &["_a1"]);
    scene.accepts("an elliptic one", &good);
    let value = cut(&good, "<ds:SignatureValue>", "</ds:SignatureValue>");
    for bytes in [vec![0; 64], vec![0xff; 64], Vec::new()] {
        let forged = format!(
            "<ds:SignatureValue>{}</ds:SignatureValue>",
            STANDARD.encode(bytes)
        );
        let response = replaced(&good, value, &forged);
        scene.refuses("of zeros", &response, &Refusal::signature());
    }
}
