//! S47 and S51: other messages, and other bytes.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::scene::{PROVIDERS, Refusal, Scene, Signed, assertion_of, replaced};

fn scene() -> Scene {
    let scene = Scene::new();
    scene.accepts_good_ones();
    scene
}

#[test]
fn s47_another_message() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    let genuine = assertion_of(&good);
    let kind = |found: &str| format!("The message is {found} instead of Response.");
    scene.refuses(
        "a bare assertion",
        genuine,
        &Refusal::invalid("message", &kind("Assertion")),
    );
    let soap = format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>{good}</s:Body></s:Envelope>"
    );
    scene.refuses(
        "SOAP",
        &soap,
        &Refusal::invalid("message", &kind("Envelope")),
    );
    let other = good.replace("samlp:Response", "samlp:LogoutResponse");
    scene.refuses(
        "a logout",
        &other,
        &Refusal::invalid("message", &kind("LogoutResponse")),
    );
    let none = replaced(&good, genuine, "");
    scene.refuses(
        "none",
        &none,
        &Refusal::assertion("There are 0 assertions instead of one."),
    );
    let second = PROVIDERS[0].sign(
        &scene.draft(Signed::Assertion).replace("\"_a1\"", "\"_a2\""),
        &["_a2"],
    );
    let two = replaced(&good, genuine, &[genuine, assertion_of(&second)].concat());
    scene.refuses("two that are signed", &two, &Refusal::two_assertions());
}

#[test]
fn s47_another_version_or_a_refusal_of_the_provider() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    for version in ["1.1", "3.0", ""] {
        let changed = good.replacen("Version=\"2.0\"", &format!("Version=\"{version}\""), 1);
        scene.refuses(
            version,
            &changed,
            &Refusal::invalid("message", "Response is of version"),
        );
        let assertion = scene.signed_with(
            "ID=\"_a1\" Version=\"2.0\"",
            &format!("ID=\"_a1\" Version=\"{version}\""),
        );
        scene.refuses(
            version,
            &assertion,
            &Refusal::invalid("message", "Assertion is of version"),
        );
    }
    for status in ["Requester", "Responder", "VersionMismatch"] {
        let refused = good.replace("status:Success", &["status:", status].concat());
        let rejected = Refusal {
            status: 403,
            code: "IDPRejectedClaim",
            ..Refusal::invalid("status", "The identity provider answers")
        };
        scene.refuses(status, &refused, &rejected);
    }
}

#[test]
fn s51_other_bytes() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    let encoded = STANDARD.encode(&good);
    let wrapped: Vec<&str> = encoded
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let answer = scene.ask(&wrapped.join("\r\n"));
    assert!(answer.credentials.is_some(), "lines: {answer:?}");
    let encoding = Refusal::invalid("encoding", "The SAML response is not base64.");
    for (what, text) in [
        ("raw XML", good.clone()),
        ("not base64", "!!!!".to_owned()),
        ("without padding", "QUJDRA".to_owned()),
        ("base64url", encoded.replace(['+', '/'], "_") + "_"),
    ] {
        scene.refuses_text(what, &text, &encoding);
    }
    let gzip = {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(good.as_bytes()).unwrap();
        STANDARD.encode(gzip.finish().unwrap())
    };
    let bytes = good.as_bytes();
    let nul = [&bytes[..20], b"\0", &bytes[20..]].concat();
    let broken = [
        &bytes[..good.len() - 40],
        &[0xff, 0xfe],
        &bytes[good.len() - 40..],
    ]
    .concat();
    for (what, text) in [
        ("base64 twice", STANDARD.encode(&encoded)),
        ("gzip", gzip),
        ("two documents", STANDARD.encode(good.repeat(2))),
        ("cut short", STANDARD.encode(&bytes[..bytes.len() / 2])),
        ("a NUL", STANDARD.encode(nul)),
        ("no UTF-8", STANDARD.encode(broken)),
        (
            "UTF-7",
            STANDARD.encode(["<?xml version=\"1.0\" encoding=\"UTF-7\"?>", &*good].concat()),
        ),
        (
            "XML 1.1",
            STANDARD.encode(["<?xml version=\"1.1\"?>", &*good].concat()),
        ),
    ] {
        scene.refuses_text(what, &text, &Refusal::xml());
    }
}
