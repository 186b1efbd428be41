//! J6 and J9 to J11: keys that are published, changed, withheld and asked for in floods.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::scene::{Refusal, Scene};
use crate::support::keys::{SigningKey, base64url, sign_raw, signing_input, with_signature};
use crate::support::node::{LONGEST_ANSWER, role};
use crate::support::provider::{Answer, Body, DISCOVERY, JWKS};

/// A JWK with some members changed; `null` takes one out.
fn altered(mut jwk: Value, changes: &Value) -> Value {
    let members = jwk.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    jwk
}

/// What an RSA key with the exponent 1 takes for a signature: the encoded message itself (RFC 8017,
/// section 9.2).
fn signature_for_exponent_one(message: &[u8]) -> Vec<u8> {
    const SHA256_PREFIX: [u8; 19] = [
        0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
        0x05, 0x00, 0x04, 0x20,
    ];
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, message);
    let tail = [&SHA256_PREFIX, hash.as_ref()].concat();
    let padding = vec![0xff; 256 - 3 - tail.len()];
    [&[0, 1][..], &padding, &[0], &tail].concat()
}

#[test]
fn j06_a_bad_key_is_not_used_and_spoils_no_good_one() {
    let scene = Scene::new();
    scene.accepts_an_honest_token();
    let (rsa, ec, ed) = (
        SigningKey::rsa("bad"),
        SigningKey::ec_p256("bad"),
        SigningKey::ed25519("bad"),
    );
    let claims = scene.claims().to_string();
    let input = |key: &SigningKey| signing_input(&key.header(), &claims);
    let honest = |key: &SigningKey| sign_raw(&key.header(), &claims, key);
    let of_exponent_one = with_signature(
        &input(&rsa),
        &signature_for_exponent_one(input(&rsa).as_bytes()),
    );
    let identity = [&[1][..], &[0; 31]].concat();
    let for_small_order = with_signature(&input(&ed), &[&identity[..], &[0; 32]].concat());
    let short = base64url(&[&[0x81][..], &[0x5a; 126], &[0x01]].concat());
    for (what, jwk, token) in [
        (
            "e = 1",
            altered(rsa.jwk(), &json!({ "e": "AQ" })),
            of_exponent_one,
        ),
        (
            "e = 3",
            altered(rsa.jwk(), &json!({ "e": "Aw" })),
            honest(&rsa),
        ),
        (
            "e even",
            altered(rsa.jwk(), &json!({ "e": "AQAC" })),
            honest(&rsa),
        ),
        (
            "1,024 bits",
            altered(rsa.jwk(), &json!({ "n": short })),
            honest(&rsa),
        ),
        (
            "no modulus",
            altered(rsa.jwk(), &json!({ "n": null })),
            honest(&rsa),
        ),
        (
            "off the curve",
            altered(ec.jwk(), &json!({ "y": base64url(&[7; 32]) })),
            honest(&ec),
        ),
        (
            "P-521",
            altered(ec.jwk(), &json!({ "crv": "P-521" })),
            honest(&ec),
        ),
        (
            "small order",
            altered(ed.jwk(), &json!({ "x": base64url(&identity) })),
            for_small_order,
        ),
        (
            "use = enc",
            altered(rsa.jwk(), &json!({ "use": "enc" })),
            honest(&rsa),
        ),
        (
            "key_ops = encrypt",
            altered(rsa.jwk(), &json!({ "key_ops": ["encrypt"] })),
            honest(&rsa),
        ),
        (
            "unknown type",
            altered(rsa.jwk(), &json!({ "kty": "AKP" })),
            honest(&rsa),
        ),
        (
            "alg of another type",
            altered(rsa.jwk(), &json!({ "alg": "ES256" })),
            honest(&rsa),
        ),
        (
            "alg RSA1_5",
            altered(rsa.jwk(), &json!({ "alg": "RSA1_5" })),
            honest(&rsa),
        ),
        (
            "a private key",
            altered(rsa.jwk(), &json!({ "d": "AQAB" })),
            honest(&rsa),
        ),
        (
            "a key id that is no text",
            altered(rsa.jwk(), &json!({ "kid": 7 })),
            honest(&rsa),
        ),
        ("no object", json!(7), honest(&rsa)),
    ] {
        let scene = Scene::with_key(scene.key.clone());
        scene.provider.publish_jwks(&[jwk, scene.key.jwk()]);
        scene.accepts_an_honest_token();
        // The claims are of the first scene's provider; only the issuer has to be this one's.
        let token = reissued(&token, &scene, what);
        scene.refuses(what, &token, &Refusal::no_key());
        scene.accepts_an_honest_token();
    }
    let scene = Scene::with_key(scene.key.clone());
    scene.provider.publish(&[&rsa, &scene.key]);
    scene.accepts(
        "the same key, unchanged",
        &sign_raw(&rsa.header(), &scene.claims().to_string(), &rsa),
    );
}

/// The token with its payload replaced by this scene's honest claims; a forged signature of the
/// exponent 1 is forged again, others may be of anything, since no key is there to check them.
fn reissued(token: &str, scene: &Scene, what: &str) -> String {
    let header = URL_SAFE_NO_PAD
        .decode(token.split('.').next().unwrap())
        .unwrap();
    let header = String::from_utf8(header).unwrap();
    let input = signing_input(&header, &scene.claims().to_string());
    let signature = match what {
        "e = 1" => signature_for_exponent_one(input.as_bytes()),
        _ => URL_SAFE_NO_PAD
            .decode(token.split('.').nth(2).unwrap())
            .unwrap(),
    };
    with_signature(&input, &signature)
}

/// How many tokens a flood has.
const TOKENS: usize = 100;

/// Sends the token of this number; `false` where there are no more.
fn flood(scene: &Scene, claims: &str, number: usize) -> bool {
    if number >= TOKENS {
        return false;
    }
    // A flood that lasts a minute and a half, in which the provider may be asked now and then.
    scene.node.clock.advance(1);
    let kid = ["random-", &number.to_string()].concat();
    let header = json!({ "alg": "RS256", "kid": kid, "typ": "JWT" }).to_string();
    let token = sign_raw(&header, claims, &scene.key);
    let answer = scene.node.assume(&role(0), &token);
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(answer.code.as_deref(), Some("InvalidIdentityToken"));
    assert_eq!(answer.credentials, None);
    assert!(answer.took <= LONGEST_ANSWER, "{answer:?}");
    if number.is_multiple_of(10) {
        scene.accepts_an_honest_token();
    }
    true
}

#[test]
fn j09_a_flood_of_unknown_key_ids_is_a_handful_of_questions() {
    const THREADS: usize = 8;
    let scene = Scene::new();
    scene.accepts_an_honest_token();
    scene.provider.forget_requests();
    let claims = scene.claims().to_string();
    let next = AtomicUsize::new(0);
    let start = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                while flood(&scene, &claims, next.fetch_add(1, Ordering::SeqCst)) {}
            });
        }
    });
    let asked = scene.provider.requests().len();
    assert!(
        (1..=10).contains(&asked),
        "the provider was asked {asked} times"
    );
    let lines = scene.node.audit_lines();
    let refused = lines
        .iter()
        .filter(|line| line["errorCode"] == "InvalidIdentityToken");
    assert_eq!(refused.count(), TOKENS);
    scene.accepts_an_honest_token();
}

#[test]
fn j10_a_new_key_counts_at_once_and_an_old_one_while_it_is_published() {
    let scene = Scene::new();
    scene.accepts_an_honest_token();
    let (next, third) = (SigningKey::rsa("next"), SigningKey::rsa("third"));
    let signed_by = |key: &SigningKey| scene.node.token(&scene.provider, key);
    scene.refuses("not yet published", &signed_by(&next), &Refusal::no_key());
    scene.provider.publish(&[&scene.key, &next]);
    // The look that found nothing may be as much as the cooldown ago.
    scene.node.advance(10);
    scene.accepts("published a moment ago", &signed_by(&next));
    scene.accepts_an_honest_token();

    scene.node.advance(60);
    scene.provider.publish(&[&scene.key, &next, &third]);
    scene.accepts("published this second", &signed_by(&third));
    scene.accepts_an_honest_token();

    scene.provider.publish(&[&next]);
    scene.node.advance(3600);
    scene.accepts("the key that stayed", &signed_by(&next));
    scene.refuses("withdrawn an hour ago", &scene.token(), &Refusal::no_key());
}

#[test]
fn j11_an_outage_stops_nobody_whose_key_is_known() {
    let modes: [(&str, Answer); 6] = [
        ("500", Answer::bytes(500, "down")),
        (
            "cut off",
            Answer::bytes(200, "").with_body(Body::CutOff(b"{\"keys\":[".to_vec())),
        ),
        (
            "HTML",
            Answer::bytes(200, "<!doctype html><title>Maintenance</title>"),
        ),
        (
            "30 MB",
            Answer::bytes(200, "").with_body(Body::Padded(b"{\"keys\":[]}".to_vec(), 30 << 20)),
        ),
        (
            "45 s",
            Answer::bytes(200, "{\"keys\":[]}").after(Duration::from_secs(45)),
        ),
        (
            "drip",
            Answer::bytes(200, "")
                .with_body(Body::Dripped(vec![b' '; 1_000], Duration::from_secs(1))),
        ),
    ];
    std::thread::scope(|scope| {
        for (what, answer) in modes {
            scope.spawn(move || outage(what, &answer));
        }
    });
}

fn outage(what: &str, answer: &Answer) {
    const DAY: i64 = 24 * 3600;
    let scene = Scene::new();
    scene.accepts_an_honest_token();
    scene.provider.set(JWKS, answer.clone());
    let unknown = SigningKey::rsa("unknown");
    let signed = || scene.node.token(&scene.provider, &unknown);
    // Past its freshness the set is used as it is.
    scene.node.advance(2 * 3600);
    let known = scene.accepts(what, &scene.token());
    assert!(known.took <= LONGEST_ANSWER, "{what}: {:?}", known.took);
    scene.refuses(what, &signed(), &Refusal::provider_unreachable());
    let again = scene.node.assume(&role(0), &signed());
    assert!(
        again.took < Duration::from_secs(1),
        "{what}: {:?}",
        again.took
    );
    scene.accepts(what, &scene.token());

    scene.node.advance(DAY);
    scene.refuses(what, &scene.token(), &Refusal::provider_unreachable());

    scene.provider.publish(&[&scene.key]);
    scene.node.advance(60);
    scene.accepts(what, &scene.token());
}

#[test]
fn j11_a_provider_that_was_never_reached_is_to_blame() {
    let scene = Scene::new();
    scene.provider.set(DISCOVERY, Answer::bytes(503, "down"));
    scene.refuses(
        "down from the start",
        &scene.token(),
        &Refusal::provider_unreachable(),
    );
    scene
        .provider
        .set(DISCOVERY, Answer::json(&scene.provider.discovery()));
    scene.node.advance(60);
    scene.accepts_an_honest_token();
}
