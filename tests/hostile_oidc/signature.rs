//! J1 to J5 and J7: what a token says of its algorithm and key decides nothing.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::canary::Canary;
use crate::scene::{Refusal, Scene};
use crate::support::keys::{
    Scheme, SigningKey, sign_claims, sign_raw, sign_with_hmac, signing_input, with_signature,
};
use crate::support::provider::HostileProvider;

fn no_algorithm(message: &str) -> Refusal<'_> {
    Refusal::invalid("algorithm", message)
}

#[test]
fn j01_alg_none_is_refused() {
    let scene = Scene::new();
    scene.accepts_an_honest_token();
    for (alg, shown) in [
        (json!("none"), "none"),
        (json!("None"), "None"),
        (json!("NONE"), "NONE"),
        (json!("nOnE"), "nOnE"),
        (json!(""), ""),
        (json!("RS256 "), "RS256 "),
        (json!(5), "5"),
        (json!(["RS256"]), "[\"RS256\"]"),
        (json!(["none"]), "[\"none\"]"),
        (json!({ "alg": "RS256" }), "{\"alg\":\"RS256\"}"),
        (Value::Null, "null"),
    ] {
        let header = json!({ "alg": alg, "kid": "main", "typ": "JWT" }).to_string();
        let payload = scene.claims().to_string();
        let message = format!("The algorithm \"{shown}\" is not accepted.");
        let refusal = no_algorithm(&message);
        let signed = sign_raw(&header, &payload, &scene.key);
        let input = signing_input(&header, &payload);
        scene.refuses_without_asking(shown, &signed, &refusal);
        scene.refuses_without_asking(shown, &with_signature(&input, b""), &refusal);
        let no_dot = Refusal::invalid("compact form", "The token is not in compact form");
        scene.refuses_without_asking(shown, &input, &no_dot);
    }
    let stripped = with_signature(
        &signing_input(&scene.key.header(), &scene.claims().to_string()),
        b"",
    );
    scene.refuses_without_asking(
        "RS256 without a signature",
        &stripped,
        &Refusal::signature(),
    );
    scene.accepts_an_honest_token();
}

/// DER: a tag, its length and its content.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut bytes = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 128 => bytes.push(short),
        _ => {
            let length = u16::try_from(length).unwrap();
            bytes.push(0x82);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes.extend(content);
    bytes
}

/// The RSA public key as `RSAPublicKey` (RFC 8017) and as `SubjectPublicKeyInfo` (RFC 5280).
fn public_key_der(jwk: &Value) -> (Vec<u8>, Vec<u8>) {
    const RSA_ENCRYPTION: [u8; 15] = [
        0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ];
    let number = |member: &str| {
        let bytes = URL_SAFE_NO_PAD
            .decode(jwk[member].as_str().unwrap())
            .unwrap();
        let padding: &[u8] = if bytes[0] >= 0x80 { &[0] } else { &[] };
        der(0x02, &[padding, &bytes].concat())
    };
    let pkcs1 = der(0x30, &[number("n"), number("e")].concat());
    let bits = der(0x03, &[&[0], &pkcs1[..]].concat());
    let spki = der(0x30, &[&RSA_ENCRYPTION[..], &bits].concat());
    (pkcs1, spki)
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

#[test]
fn j02_no_spelling_of_the_public_key_is_an_hmac_secret() {
    let scene = Scene::new();
    scene.accepts_an_honest_token();
    let jwk = scene.key.jwk();
    let (pkcs1, spki) = public_key_der(&jwk);
    let spki_pem = pem("PUBLIC KEY", &spki);
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    let secrets: [(&str, Vec<u8>); 12] = [
        ("SPKI PEM", spki_pem.clone().into()),
        (
            "SPKI PEM without its last newline",
            spki_pem.trim_end().into(),
        ),
        ("SPKI DER", spki),
        ("PKCS #1 PEM", pem("RSA PUBLIC KEY", &pkcs1).into()),
        ("PKCS #1 DER", pkcs1),
        ("JWK", jwk.to_string().into()),
        ("modulus", modulus),
        ("modulus in base64url", jwk["n"].as_str().unwrap().into()),
        ("nothing", Vec::new()),
        ("NUL", vec![0]),
        ("client id", b"sts-client".to_vec()),
        ("kid", b"main".to_vec()),
    ];
    let payload = scene.claims().to_string();
    for (what, secret) in &secrets {
        for alg in ["HS256", "HS384", "HS512", "hs256"] {
            let header = json!({ "alg": alg, "kid": "main", "typ": "JWT" }).to_string();
            let token = sign_with_hmac(&header, &payload, secret);
            let message = format!("The algorithm \"{alg}\" is not accepted.");
            scene.refuses_without_asking(what, &token, &no_algorithm(&message));
        }
        let posing = sign_with_hmac(&scene.key.header(), &payload, secret);
        scene.refuses_without_asking(what, &posing, &Refusal::signature());
    }
}

#[test]
fn j03_a_published_symmetric_key_signs_nothing() {
    let scene = Scene::new();
    let secret = b"a secret that everybody can read";
    let oct = |alg: &str| json!({ "kty": "oct", "kid": "sym", "use": "sig", "alg": alg, "k": URL_SAFE_NO_PAD.encode(secret) });
    let payload = scene.claims().to_string();
    for alg in ["HS256", "RS256"] {
        scene.provider.publish_jwks(&[oct(alg), scene.key.jwk()]);
        scene.accepts_an_honest_token();
        let header = json!({ "alg": alg, "kid": "sym", "typ": "JWT" }).to_string();
        let token = sign_with_hmac(&header, &payload, secret);
        let refusal = match alg {
            "HS256" => no_algorithm("The algorithm \"HS256\" is not accepted."),
            _ => Refusal::no_key(),
        };
        scene.refuses(alg, &token, &refusal);
        scene.accepts_an_honest_token();
    }
}

#[test]
fn j04_a_key_signs_with_its_own_algorithm_only() {
    let scene = Scene::new();
    let (p256, p384) = (SigningKey::ec_p256("p256"), SigningKey::ec_p384("p384"));
    scene.provider.publish(&[&scene.key, &p256, &p384]);
    for key in [&scene.key, &p256, &p384] {
        scene.accepts(&key.kid, &sign_claims(&scene.claims(), key));
    }
    let signed = |alg: &str, kid: &str, key: &SigningKey| {
        let header = json!({ "alg": alg, "kid": kid, "typ": "JWT" });
        sign_raw(&header.to_string(), &scene.claims().to_string(), key)
    };
    let as_ps256 = scene.key.signing_with(Scheme::Ps256);
    let with_sha512 = scene.key.signing_with(Scheme::Rs512);
    for (what, token) in [
        (
            "PS256 with a key pinned to RS256",
            signed("PS256", "main", &as_ps256),
        ),
        (
            "RS512 with a key pinned to RS256",
            signed("RS512", "main", &with_sha512),
        ),
        ("ES256 naming an RSA key", signed("ES256", "main", &p256)),
        ("ES256 naming a P-384 key", signed("ES256", "p384", &p384)),
        ("ES384 naming a P-256 key", signed("ES384", "p256", &p256)),
        (
            "RS256 naming an EC key",
            signed("RS256", "p256", &scene.key),
        ),
        ("EdDSA naming an EC key", signed("EdDSA", "p256", &p256)),
    ] {
        scene.refuses_without_asking(what, &token, &Refusal::no_key());
    }
    let swapped = signed("RS256", "main", &with_sha512);
    scene.refuses_without_asking("RS512's hash under RS256", &swapped, &Refusal::signature());
}

/// The order of P-256.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// A signature of fixed length as ASN.1 (RFC 3279).
fn as_der(signature: &[u8]) -> Vec<u8> {
    let number = |half: &[u8]| {
        let padding: &[u8] = if half[0] >= 0x80 { &[0] } else { &[] };
        der(0x02, &[padding, half].concat())
    };
    let (r, s) = signature.split_at(signature.len() / 2);
    der(0x30, &[number(r), number(s)].concat())
}

#[test]
fn j05_signatures_of_nothing_fit_no_token() {
    let (p256, p384, ed25519) = (
        SigningKey::ec_p256("p256"),
        SigningKey::ec_p384("p384"),
        SigningKey::ed25519("ed"),
    );
    let scene = Scene::with_key(p256.clone());
    scene.provider.publish(&[&p256, &p384, &ed25519]);
    for key in [&p256, &p384, &ed25519] {
        scene.accepts(&key.kid, &sign_claims(&scene.claims(), key));
    }
    let (zero, mut one) = ([0; 32], [0; 32]);
    one[31] = 1;
    let identity = [&[1][..], &[0; 63]].concat();
    let claims = scene.claims().to_string();
    let input = |key: &SigningKey| signing_input(&key.header(), &claims);
    let good = p256.sign(input(&p256).as_bytes());
    let cases: [(&str, &SigningKey, Vec<u8>); 15] = [
        ("ES256 r = s = 0", &p256, [zero, zero].concat()),
        ("ES256 r = 0", &p256, [&zero, &good[32..]].concat()),
        ("ES256 s = 0", &p256, [&good[..32], &zero].concat()),
        ("ES256 r = s = n", &p256, [P256_ORDER, P256_ORDER].concat()),
        ("ES256 r = s = 1", &p256, [one, one].concat()),
        ("ES256 63 bytes", &p256, good[..63].to_vec()),
        ("ES256 66 bytes", &p256, [&good[..], &[0, 0]].concat()),
        (
            "ES256 padded to 66 bytes",
            &p256,
            [&[0][..], &good[..32], &[0], &good[32..]].concat(),
        ),
        ("ES256 in DER", &p256, as_der(&good)),
        ("ES256 empty", &p256, Vec::new()),
        ("ES384 zero", &p384, vec![0; 96]),
        ("ES384 empty", &p384, Vec::new()),
        ("EdDSA zero", &ed25519, vec![0; 64]),
        ("EdDSA identity", &ed25519, identity),
        ("EdDSA empty", &ed25519, Vec::new()),
    ];
    for (what, key, signature) in cases {
        let token = with_signature(&input(key), &signature);
        scene.refuses_without_asking(what, &token, &Refusal::signature());
    }
    scene.accepts(
        "the same input, signed",
        &with_signature(&input(&p256), &good),
    );
}

#[test]
fn j07_a_key_that_the_token_brings_along_is_not_used_and_not_fetched() {
    let scene = Scene::new();
    scene.accepts_an_honest_token();
    let (attackers, canary) = (HostileProvider::start(), Canary::new());
    let forged = SigningKey::rsa("main");
    attackers.publish(&[&forged]);
    let with_user = ["http://", "idp.example.com@", &canary.authority(), "/jwks"].concat();
    let embedded = |member: &str, value: Value| {
        let mut header = json!({ "alg": "RS256", "kid": "main", "typ": "JWT" });
        header[member] = value;
        header
    };
    for (member, value) in [
        ("jwk", forged.jwk()),
        ("jwk", Value::Null),
        ("jku", json!(attackers.url("/jwks"))),
        ("jku", json!(with_user)),
        (
            "jku",
            json!(["https://", &canary.authority(), "/jwks"].concat()),
        ),
        (
            "x5u",
            json!(["http://", &canary.authority(), "/cert.pem"].concat()),
        ),
        ("x5c", json!([STANDARD.encode(b"no certificate")])),
    ] {
        let header = embedded(member, value).to_string();
        let message = format!("The header has \"{member}\", which is not accepted.");
        for key in [&forged, &scene.key] {
            let token = sign_raw(&header, &scene.claims().to_string(), key);
            scene.refuses_without_asking(&header, &token, &Refusal::invalid("header", &message));
        }
    }
    let forged = sign_claims(&scene.claims(), &forged);
    scene.refuses_without_asking("forged without a header", &forged, &Refusal::signature());
    assert!(attackers.requests().is_empty());
    assert!(!canary.was_touched());
}
