//! S24, S25, S27 and S29: digests and signatures of something else.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::crypto::signed_info_with;
use crate::scene::{
    ADMIN, PERSON, PROVIDERS, Refusal, STRANGER, Scene, Signed, cut, replaced, signature_of,
};

/// The base64 of the SHA-256 of nothing.
const OF_NOTHING: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

fn scene() -> Scene {
    let scene = Scene::new();
    scene.accepts_good_ones();
    scene
}

fn digest_of(response: &str) -> &str {
    let element = cut(response, "<ds:DigestValue>", "</ds:DigestValue>");
    element
        .trim_start_matches("<ds:DigestValue>")
        .trim_end_matches("</ds:DigestValue>")
}

#[test]
fn s24_a_canonical_form_that_is_empty() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    // The provider signed the digest of nothing, and a canonicalization fails or is made to.
    let of_nothing = signed_info_with(&good, digest_of(&good), OF_NOTHING);
    scene.refuses("the digest of nothing", &of_nothing, &Refusal::signature());
    let evil = of_nothing.replace(PERSON, ADMIN);
    scene.refuses("of another person", &evil, &Refusal::signature());
    let relative = replaced(&evil, "<saml:Assertion ", "<saml:Assertion xmlns:v=\"1\" ");
    scene.refuses("with a relative namespace", &relative, &Refusal::xml());
    // The provider signed nothing, and so no SignedInfo.
    let value = cut(&good, "<ds:SignatureValue>", "</ds:SignatureValue>");
    let signature = STANDARD.encode(PROVIDERS[0].key.sign(b"").unwrap());
    let signed = format!("<ds:SignatureValue>{signature}</ds:SignatureValue>");
    let response = replaced(&good.replace(PERSON, ADMIN), value, &signed);
    scene.refuses("a signature of nothing", &response, &Refusal::signature());
    let info = replaced(
        &response,
        "<ds:SignedInfo ",
        "<ds:SignedInfo xmlns:v=\"1\" ",
    );
    scene.refuses(
        "with a relative namespace on SignedInfo",
        &info,
        &Refusal::xml(),
    );
}

#[test]
fn s25_a_digest_that_is_smuggled_in_elsewhere() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    let evil = good.replace(PERSON, ADMIN);
    scene.refuses("changed", &evil, &Refusal::signature());
    let digest = format!(
        "<ds:DigestValue xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{}</ds:DigestValue>",
        digest_of(&good)
    );
    for place in ["<samlp:Status>", "</samlp:Status>"] {
        let element = if place.starts_with("</") {
            "StatusDetail"
        } else {
            "Extensions"
        };
        let inserted = format!("<samlp:{element}>{digest}</samlp:{element}>{place}");
        let response = replaced(&evil, place, &inserted);
        scene.refuses(element, &response, &Refusal::signature());
    }
}

#[test]
fn s27_a_response_is_never_inflated() {
    let scene = scene();
    let deflated = |bytes: &[u8]| {
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        STANDARD.encode(encoder.finish().unwrap())
    };
    let bomb = deflated(&vec![b' '; 20_000_000]);
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    scene.refuses_text("a bomb", &bomb, &Refusal::xml());
    let good = deflated(scene.good(Signed::Assertion).as_bytes());
    scene.refuses_text("a good one, deflated", &good, &Refusal::xml());
}

#[test]
fn s29_a_digest_with_something_in_it() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    let digest = digest_of(&good).to_owned();
    let evil = good.replace(PERSON, ADMIN);
    let of_evil = scene.draft(Signed::Assertion).replace(PERSON, ADMIN);
    let of_evil = STRANGER.sign(&of_evil, &["_a1"]);
    let forged = digest_of(&of_evil);
    assert_ne!(forged, digest);
    let (front, rest) = digest.split_at(8);
    for hidden in [
        format!("<!--{forged}-->{digest}"),
        format!("{front}<!--{forged}-->{rest}"),
        format!("{forged}<!--{digest}-->"),
    ] {
        let response = replaced(&evil, &digest, &hidden);
        scene.refuses_for("a comment", &response, &Refusal::xml());
    }
    let nested = replaced(&evil, &digest, &format!("<ds:x/>{digest}"));
    scene.refuses("an element", &nested, &Refusal::signature());
    assert!(signature_of(&good).contains(&digest));
}
