//! The hostile tokens of the catalogue, each one change away from a good one.

use std::sync::{Arc, LazyLock};

use futures_util::FutureExt as _;
use serde_json::{Value, json};

use super::*;
use crate::federation::jwks::KeySet;
use crate::federation::outgoing::{Outgoing, OutgoingSettings};
use crate::federation::testing::{NOW, Signer, encode};
use crate::federation::{Algorithm, OidcProvider};

const ISSUER: &str = "https://idp.example.com/realms/a";

struct Signers {
    rsa: Signer,
    pinned: Signer,
    p256: Signer,
    p384: Signer,
    ed25519: Signer,
    stranger: Signer,
}

static SIGNERS: LazyLock<Signers> = LazyLock::new(|| Signers {
    rsa: Signer::rsa("rsa"),
    pinned: Signer::rsa("pinned"),
    p256: Signer::p256("p256"),
    p384: Signer::p384("p384"),
    ed25519: Signer::ed25519("ed25519"),
    stranger: Signer::p256("p256"),
});

static KEYS: LazyLock<KeyCache> = LazyLock::new(|| {
    let mut pinned = SIGNERS.pinned.jwk();
    pinned["alg"] = json!("RS256");
    let keys = json!({"keys": [
        SIGNERS.rsa.jwk(),
        pinned,
        SIGNERS.p256.jwk(),
        SIGNERS.p384.jwk(),
        SIGNERS.ed25519.jwk(),
        {"kty": "oct", "kid": "oct", "k": encode("secret"), "alg": "HS256"},
    ]});
    let outgoing = Outgoing::new(&OutgoingSettings::default()).unwrap();
    let cache = KeyCache::new(Arc::new(outgoing));
    let set = KeySet::read(keys.as_object().unwrap()).unwrap();
    cache.serve_own(&ISSUER.parse().unwrap(), set);
    cache
});

fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "sub": "person-1",
        "aud": "client-a",
        "iat": NOW.seconds(),
        "exp": NOW.seconds() + 300,
        "groups": ["a", "b"],
    })
}

fn with(claim: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[claim] = value;
    claims
}

fn without(claim: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(claim);
    claims
}

fn provider() -> OidcProvider {
    OidcProvider {
        reference: ProviderRef::Connection("a".parse().unwrap()),
        issuer: ISSUER.parse().unwrap(),
        clients: vec!["client-a".parse().unwrap(), "client-b".parse().unwrap()],
    }
}

/// Verifies without ever waiting: every key is known.
fn verify(text: &str) -> Result<ProvenIdentity, TokenError> {
    let token = UnverifiedIdToken::parse(text)?;
    let proof = provider();
    let proof = proof.prove(token, &KEYS, NOW);
    proof.now_or_never().expect("known keys need no waiting")
}

fn check(text: &str) -> &'static str {
    match verify(text) {
        Ok(_) => "accepted",
        Err(error) => error.check(),
    }
}

fn check_claims(claims: &Value) -> &'static str {
    check(&SIGNERS.p256.token(Algorithm::Es256, claims))
}

fn check_payload(payload: &str) -> &'static str {
    let header = r#"{"alg":"ES256","kid":"p256"}"#;
    check(&SIGNERS.p256.sign(Algorithm::Es256, header, payload))
}

fn check_header(header: &str) -> &'static str {
    let payload = claims().to_string();
    check(&SIGNERS.p256.sign(Algorithm::Es256, header, &payload))
}

#[test]
fn every_algorithm_proves_its_token() {
    for algorithm in Algorithm::ALL {
        let signer = match algorithm {
            Algorithm::Es256 => &SIGNERS.p256,
            Algorithm::Es384 => &SIGNERS.p384,
            Algorithm::EdDsa => &SIGNERS.ed25519,
            _ => &SIGNERS.rsa,
        };
        assert_eq!(check(&signer.token(algorithm, &claims())), "accepted");
    }
}

#[test]
fn the_proof_says_what_the_token_says() {
    let proven = verify(&SIGNERS.p256.token(Algorithm::Es256, &claims())).unwrap();
    assert_eq!(proven.subject().as_str(), "person-1");
    assert_eq!(proven.audience().as_str(), "client-a");
    assert_eq!(proven.expires_at(), NOW.plus(300));
    let identity = proven.into_federated();
    assert_eq!(identity.issuer.as_str(), ISSUER);
    assert_eq!(identity.proved_at, NOW);
    let groups = identity.claims.find(&"groups".parse().unwrap()).unwrap();
    assert_eq!(groups.values, ["a", "b"]);
}

#[test]
fn alg_none_is_refused_in_every_spelling() {
    for alg in [
        json!("none"),
        json!("None"),
        json!("NONE"),
        json!("nOnE"),
        json!(""),
        json!(5),
        json!(["ES256"]),
        json!(null),
    ] {
        let header = json!({"alg": alg, "kid": "p256"}).to_string();
        assert_eq!(check_header(&header), "algorithm", "{header}");
        let unsigned = [encode(&header), encode(claims().to_string()), String::new()].join(".");
        assert_eq!(check(&unsigned), "algorithm", "{header}");
        let without_last_dot = unsigned.trim_end_matches('.');
        assert_eq!(check(without_last_dot), "compact form", "{header}");
    }
    assert_eq!(check_header(r#"{"kid":"p256"}"#), "algorithm");
}

#[test]
fn a_symmetric_algorithm_is_refused_whatever_the_key() {
    for (alg, kid) in [("HS256", "rsa"), ("HS512", "p256"), ("HS256", "oct")] {
        let header = json!({"alg": alg, "kid": kid}).to_string();
        assert_eq!(check_header(&header), "algorithm");
    }
    let header = json!({"alg": "ES256", "kid": "oct"}).to_string();
    assert_eq!(check_header(&header), "key");
}

#[test]
fn a_key_is_used_with_its_own_algorithm_only() {
    let payload = claims().to_string();
    for (signer, algorithm, kid) in [
        (&SIGNERS.pinned, Algorithm::Ps256, "pinned"),
        (&SIGNERS.pinned, Algorithm::Rs384, "pinned"),
        (&SIGNERS.p256, Algorithm::Es256, "rsa"),
        (&SIGNERS.p256, Algorithm::Es256, "p384"),
        (&SIGNERS.ed25519, Algorithm::EdDsa, "p256"),
    ] {
        let header = json!({"alg": algorithm.as_str(), "kid": kid}).to_string();
        let error = verify(&signer.sign(algorithm, &header, &payload)).unwrap_err();
        assert!(
            matches!(
                error,
                TokenError::Key {
                    source: crate::federation::key_cache::KeyError::OtherAlgorithm,
                    ..
                }
            ),
            "{algorithm} {kid}: {error}"
        );
    }
    assert_eq!(
        check(&SIGNERS.pinned.token(Algorithm::Rs256, &claims())),
        "accepted"
    );
}

#[test]
fn a_signature_that_is_no_signature_is_refused() {
    let p256_order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let forged = |alg: &str, kid: &str, signature: &[u8]| {
        let header = json!({"alg": alg, "kid": kid}).to_string();
        let parts = [
            encode(header),
            encode(claims().to_string()),
            encode(signature),
        ];
        check(&parts.join("."))
    };
    let good = SIGNERS.p256.signature(Algorithm::Es256, b"another message");
    let (r, s) = good.split_at(32);
    for signature in [
        vec![0; 64],
        [&[0; 32], s].concat(),
        [r, &[0; 32]].concat(),
        p256_order.repeat(2),
        vec![1; 63],
        vec![1; 66],
        good.clone(),
        Vec::new(),
        [&[0x30, 0x44, 0x02, 0x20][..], r, &[0x02, 0x20], s].concat(),
    ] {
        assert_eq!(forged("ES256", "p256", &signature), "signature");
    }
    assert_eq!(forged("ES384", "p384", &[0; 96]), "signature");
    assert_eq!(forged("EdDSA", "ed25519", &[0; 64]), "signature");
    assert_eq!(forged("RS256", "rsa", &[0; 256]), "signature");
    assert_eq!(forged("PS256", "rsa", &[0; 256]), "signature");
    assert_eq!(forged("RS256", "rsa", &[]), "signature");
}

#[test]
fn a_strangers_signature_under_a_known_key_id_is_refused() {
    let token = SIGNERS.stranger.token(Algorithm::Es256, &claims());
    assert_eq!(check(&token), "signature");
}

#[test]
fn a_header_that_brings_a_key_or_changes_the_reading_is_refused() {
    for (member, value) in [
        ("jwk", SIGNERS.stranger.jwk()),
        ("x5c", json!(["MIIB"])),
        ("jku", json!("https://evil.example.com/jwks")),
        ("jku", json!("https://idp.example.com@evil.example.com/")),
        ("x5u", json!("https://evil.example.com/cert")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!("exp")),
        ("crit", json!(null)),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
    ] {
        let mut header = json!({"alg": "ES256", "kid": "p256"});
        header[member] = value;
        assert_eq!(check_header(&header.to_string()), "header", "{header}");
    }
}

#[test]
fn a_token_of_another_kind_is_refused() {
    for kind in [
        json!("at+jwt"),
        json!("application/at+jwt"),
        json!("logout+jwt"),
        json!("dpop+jwt"),
        json!("secevent+jwt"),
        json!(""),
        json!(1),
        json!(null),
    ] {
        let header = json!({"alg": "ES256", "kid": "p256", "typ": kind}).to_string();
        assert_eq!(check_header(&header), "type", "{header}");
    }
    for kind in ["JWT", "jwt"] {
        let header = json!({"alg": "ES256", "kid": "p256", "typ": kind}).to_string();
        assert_eq!(check_header(&header), "accepted");
    }
}

#[test]
fn a_key_id_is_only_a_name() {
    for kid in [
        "../../dev/null",
        "p256' OR '1'='1",
        "| cat /etc/passwd",
        "${jndi:ldap://evil.example.com/a}",
        "P256",
        "p256 ",
    ] {
        let header = json!({"alg": "ES256", "kid": kid}).to_string();
        assert_eq!(check_header(&header), "key", "{kid}");
    }
    for kid in [
        json!("p256\r\nx: y"),
        json!("p256\0"),
        json!(7),
        json!(["p256"]),
        json!({"kid": "p256"}),
        json!(null),
        json!(""),
        json!("k".repeat(257)),
    ] {
        let header = json!({"alg": "ES256", "kid": kid}).to_string();
        assert_eq!(check_header(&header), "key id", "{kid}");
    }
    let long = json!({"alg": "ES256", "kid": "k".repeat(64 * 1024)}).to_string();
    assert_eq!(check_header(&long), "size");
}

#[test]
fn without_a_key_id_there_must_be_one_key_only() {
    assert_eq!(check_header(r#"{"alg":"ES256"}"#), "accepted");
    let header = r#"{"alg":"RS256"}"#;
    let token = SIGNERS
        .rsa
        .sign(Algorithm::Rs256, header, &claims().to_string());
    assert_eq!(check(&token), "key");
}

#[test]
fn the_issuer_is_the_registered_one_character_by_character() {
    for iss in [
        "https://idp.example.com/realms/b",
        "https://idp.example.com/realms/a/",
        "https://IDP.example.com/realms/a",
        "https://idp.example.com/realms",
        "https://x@idp.example.com/realms/a",
        "http://idp.example.com/realms/a",
        "file:///etc/passwd",
        "http://169.254.169.254/",
        "",
    ] {
        assert_eq!(check_claims(&with("iss", json!(iss))), "issuer", "{iss}");
    }
    for iss in [json!([ISSUER]), json!(1), json!(null)] {
        assert_eq!(check_claims(&with("iss", iss)), "claims");
    }
    assert_eq!(check_claims(&without("iss")), "claims");
}

#[test]
fn the_audience_is_one_of_the_providers_clients() {
    for aud in [
        json!("client-c"),
        json!("client-a2"),
        json!("CLIENT-A"),
        json!("client-a,client-b"),
        json!("client-a client-b"),
        json!(["client-c"]),
    ] {
        assert_eq!(check_claims(&with("aud", aud.clone())), "audience", "{aud}");
    }
    for aud in [
        json!(""),
        json!([]),
        json!({"client-a": 1}),
        json!([["client-a"]]),
        json!([1]),
        json!(null),
    ] {
        assert_eq!(check_claims(&with("aud", aud.clone())), "claims", "{aud}");
    }
    assert_eq!(check_claims(&without("aud")), "claims");
    assert_eq!(check_claims(&with("aud", json!(["client-b"]))), "accepted");
}

#[test]
fn several_audiences_need_an_authorized_party_of_ours() {
    let several = with("aud", json!(["client-a", "https://api.example.com"]));
    assert_eq!(check_claims(&several), "authorized party");
    let mut of_another = several.clone();
    of_another["azp"] = json!("client-c");
    assert_eq!(check_claims(&of_another), "authorized party");
    let mut of_ours = several;
    of_ours["azp"] = json!("client-a");
    assert_eq!(check_claims(&of_ours), "accepted");
    assert_eq!(
        check_claims(&with("azp", json!("client-c"))),
        "authorized party"
    );
    assert_eq!(check_claims(&with("azp", json!(["client-a"]))), "claims");
}

#[test]
fn the_authorized_party_is_the_client_where_there_is_one() {
    let token = SIGNERS
        .p256
        .token(Algorithm::Es256, &with("azp", json!("client-b")));
    assert_eq!(verify(&token).unwrap().audience().as_str(), "client-b");
}

#[test]
fn no_listed_client_means_nobody() {
    let text = SIGNERS.p256.token(Algorithm::Es256, &claims());
    let mut provider = provider();
    provider.clients.clear();
    let proof = provider.prove(UnverifiedIdToken::parse(&text).unwrap(), &KEYS, NOW);
    let error = proof.now_or_never().unwrap().unwrap_err();
    assert_eq!(error.check(), "audience");
}

#[test]
fn the_times_bound_the_token() {
    let now = NOW.seconds();
    let day = 24 * 60 * 60;
    let times = |iat: i64, exp: i64| {
        let mut claims = claims();
        claims["iat"] = json!(iat);
        claims["exp"] = json!(exp);
        check_claims(&claims)
    };
    assert_eq!(times(now - 300, now - 60), "expiry");
    assert_eq!(times(now - 300, now - 59), "accepted");
    assert_eq!(times(0, 0), "expiry");
    assert_eq!(times(now + 61, now + 300), "issued at");
    assert_eq!(times(now + 60, now + 300), "accepted");
    assert_eq!(times(now - day - 1, now + 10), "age");
    assert_eq!(times(now - day, now), "accepted");
    assert_eq!(times(now, now + day + 1), "lifetime");
    assert_eq!(times(now, now + day), "accepted");
    assert_eq!(times(now, now), "lifetime");
    assert_eq!(check_claims(&with("nbf", json!(now + 61))), "not before");
    assert_eq!(check_claims(&with("nbf", json!(now + 60))), "accepted");
}

#[test]
fn an_old_token_says_how_old_it_is() {
    let mut claims = claims();
    claims["iat"] = json!(NOW.seconds() - 441_398);
    let error = verify(&SIGNERS.p256.token(Algorithm::Es256, &claims)).unwrap_err();
    assert!(matches!(error, TokenError::TooOld { seconds: 441_398 }));
}

#[test]
fn a_time_is_a_whole_number_of_seconds() {
    let now = NOW.seconds();
    for claim in ["exp", "iat", "nbf"] {
        for value in [
            json!(now.to_string()),
            json!(true),
            json!({}),
            json!([now]),
            json!(null),
            json!(-1),
            json!(1_795_254_067.5),
            json!(1e18),
        ] {
            assert_eq!(
                check_claims(&with(claim, value.clone())),
                "claims",
                "{value}"
            );
        }
    }
    assert_eq!(check_claims(&without("exp")), "claims");
    assert_eq!(check_claims(&without("iat")), "claims");
    let payload = claims().to_string();
    let huge = payload.replace(&(now + 300).to_string(), "1e999");
    assert_eq!(check_payload(&huge), "json");
    let beyond = payload.replace(&(now + 300).to_string(), "99999999999999999999999");
    assert_eq!(check_payload(&beyond), "claims");
}

#[test]
fn a_duplicate_member_is_refused() {
    let payload = claims().to_string();
    for member in [
        r#""sub":"other","#,
        r#""iss":"https://evil.example.com","#,
        r#""aud":"client-c","#,
        r#""exp":1,"#,
        r#""x":{"a":1,"a":1},"#,
    ] {
        let twice = payload.replacen('{', &["{", member].concat(), 1);
        assert_eq!(check_payload(&twice), "json", "{member}");
    }
    for header in [
        r#"{"alg":"ES256","kid":"p256","alg":"none"}"#,
        r#"{"alg":"ES256","kid":"p256","kid":"rsa"}"#,
    ] {
        assert_eq!(check_header(header), "json", "{header}");
    }
}

#[test]
fn only_the_compact_form_is_read() {
    let good = SIGNERS.p256.token(Algorithm::Es256, &claims());
    let (head, rest) = good.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    let join = |parts: &[&str]| parts.join(".");
    for (text, expected) in [
        (String::new(), "compact form"),
        (join(&[head, payload]), "compact form"),
        (join(&[head, payload, signature, ""]), "compact form"),
        (
            join(&[head, payload, signature, payload, signature]),
            "compact form",
        ),
        (
            json!({"payload": payload, "protected": head, "signature": signature}).to_string(),
            "compact form",
        ),
        (
            join(&[head, payload, &[signature, "=="].concat()]),
            "encoding",
        ),
        (
            join(&[head, payload, &[signature, "\n"].concat()]),
            "encoding",
        ),
        ([" ", &good].concat(), "encoding"),
        (
            join(&[head, &[payload, "+/"].concat(), signature]),
            "encoding",
        ),
        (join(&["", payload, signature]), "json"),
        (join(&[head, "", signature]), "json"),
        (["é", &good].concat(), "encoding"),
    ] {
        assert_eq!(check(&text), expected, "{text}");
    }
    for size in [30_000, 2_000_000] {
        assert_eq!(
            check(&with("x", json!("y".repeat(size))).to_string()),
            "size"
        );
        let big = with("x", json!("y".repeat(size)));
        assert_eq!(check_claims(&big), "size");
    }
}

#[test]
fn the_payload_is_one_strict_json_object() {
    let payload = claims().to_string();
    let deep = ["{\"x\":", &"[".repeat(3000), &"]".repeat(3000), "}"].concat();
    for text in [
        [&payload, "{}"].concat(),
        payload.replacen('{', r#"{"x":NaN,"#, 1),
        payload.replacen('{', r#"{"x":"\ud800","#, 1),
        ["[", &payload, "]"].concat(),
        deep,
    ] {
        assert_eq!(check_payload(&text), "json", "{text}");
    }
}

#[test]
fn the_subject_is_a_bounded_text() {
    for sub in [
        json!(""),
        json!(7),
        json!(["person-1"]),
        json!("x".repeat(300)),
        json!("a\r\nb"),
        json!("ü"),
        json!(null),
    ] {
        assert_eq!(check_claims(&with("sub", sub.clone())), "claims", "{sub}");
    }
    assert_eq!(check_claims(&without("sub")), "claims");
    let markup = SIGNERS
        .p256
        .token(Algorithm::Es256, &with("sub", json!("<b>&\"'")));
    assert_eq!(verify(&markup).unwrap().subject().as_str(), "<b>&\"'");
}

fn half(of: &str) -> String {
    claims::half_hash(Algorithm::Es256, of)
}

fn sign_in_claims() -> Value {
    let mut claims = with("nonce", json!("n-1"));
    claims["at_hash"] = json!(half("access"));
    claims["c_hash"] = json!(half("code"));
    claims["auth_time"] = json!(NOW.seconds() - 100);
    claims
}

fn check_sign_in(claims: &Value) -> &'static str {
    let text = SIGNERS.p256.token(Algorithm::Es256, claims);
    let provider = provider();
    let expected = Expected {
        provider: &provider.reference,
        issuer: &provider.issuer,
        clients: &provider.clients,
        purpose: Purpose::SignIn {
            nonce: "n-1",
            code: "code",
            access_token: "access",
            max_age: Some(300),
        },
    };
    let token = UnverifiedIdToken::parse(&text).unwrap();
    let proof = token.verify(&expected, &KEYS, NOW).now_or_never().unwrap();
    proof.map_or_else(|error| error.check(), |_| "accepted")
}

#[test]
fn a_sign_in_is_held_to_its_own_request() {
    assert_eq!(check_sign_in(&sign_in_claims()), "accepted");
    let longer = claims::half_hash(Algorithm::Es384, "access");
    for (claim, value, expected) in [
        ("nonce", json!("n-2"), "nonce"),
        ("nonce", json!(null), "claims"),
        ("at_hash", json!(half("another")), "at_hash"),
        ("at_hash", json!(longer), "at_hash"),
        ("at_hash", json!(""), "at_hash"),
        ("c_hash", json!(half("another")), "c_hash"),
        ("c_hash", json!(1), "claims"),
        (
            "auth_time",
            json!(NOW.seconds() - 361),
            "authentication time",
        ),
        (
            "auth_time",
            json!(NOW.seconds() + 61),
            "authentication time",
        ),
        ("auth_time", json!("now"), "claims"),
    ] {
        let mut changed = sign_in_claims();
        changed[claim] = value;
        assert_eq!(check_sign_in(&changed), expected, "{claim}");
    }
}

#[test]
fn a_sign_in_token_needs_its_nonce_and_the_time_that_was_asked_for() {
    for (claim, expected) in [
        ("nonce", "claims"),
        ("auth_time", "claims"),
        ("at_hash", "accepted"),
        ("c_hash", "accepted"),
    ] {
        let mut changed = sign_in_claims();
        changed.as_object_mut().unwrap().remove(claim);
        assert_eq!(check_sign_in(&changed), expected, "{claim}");
    }
}

#[test]
fn too_many_claim_values_are_refused() {
    let many = |count: usize| with("n", json!(vec![1; count]));
    assert_eq!(check_claims(&many(4000)), "accepted");
    assert_eq!(check_claims(&many(4097)), "claim count");
}

#[test]
fn no_error_quotes_the_token() {
    let text = SIGNERS.stranger.token(Algorithm::Es256, &claims());
    let signature = text.rsplit('.').next().unwrap();
    let error = verify(&text).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(signature));
    let token = UnverifiedIdToken::parse(&text).unwrap();
    assert!(!format!("{token:?}").contains("person-1"));
}

#[test]
fn the_mark_of_a_proof_does_not_depend_on_the_signature() {
    let once = verify(&SIGNERS.p256.token(Algorithm::Es256, &claims())).unwrap();
    let again = verify(&SIGNERS.p256.token(Algorithm::Es256, &claims())).unwrap();
    assert_eq!(once.proof, again.proof);
    let other = verify(&SIGNERS.p256.token(Algorithm::Es256, &with("jti", json!(1)))).unwrap();
    assert_ne!(once.proof, other.proof);
}

static GOOD: LazyLock<String> = LazyLock::new(|| SIGNERS.p256.token(Algorithm::Es256, &claims()));

proptest::proptest! {
    #[test]
    fn any_changed_character_is_refused(at in 0..GOOD.len(), to in 0x20_u8..0x7f) {
        let mut bytes = GOOD.clone().into_bytes();
        proptest::prop_assume!(bytes[at] != to);
        bytes[at] = to;
        let text = String::from_utf8(bytes).unwrap();
        proptest::prop_assert_ne!(check(&text), "accepted");
    }

    #[test]
    fn arbitrary_texts_never_panic(text: String) {
        proptest::prop_assert_ne!(check(&text), "accepted");
    }

    #[test]
    fn arbitrary_parts_never_panic(header: String, payload: String, signature: Vec<u8>) {
        let text = [encode(header), encode(payload), encode(signature)].join(".");
        proptest::prop_assert_ne!(check(&text), "accepted");
    }
}
