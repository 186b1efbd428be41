//! J6 and J9 to J11: keys that are published, changed, withheld and asked for in floods.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::directory::role;
use crate::scene::{Refusal, Scene};
use crate::support::keys::{SigningKey, base64url, sign_raw, signing_input, with_signature};
use crate::support::node::LONGEST_ANSWER;
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

/// What makes a signature over a message.
type Signer = Box<dyn Fn(&[u8]) -> Vec<u8>>;

/// A published key that must not be used, and what signs in its name.
struct BadKey {
    what: &'static str,
    jwk: Value,
    header: String,
    sign: Signer,
}

impl BadKey {
    /// A key that signs as it should, but is published with some members changed.
    fn altered(what: &'static str, key: &SigningKey, changes: &Value) -> Self {
        let signer = key.clone();
        Self {
            what,
            jwk: altered(key.jwk(), changes),
            header: key.header(),
            sign: Box::new(move |message| signer.sign(message)),
        }
    }

    /// The same, with signatures that take no private key.
    fn forged(self, sign: impl Fn(&[u8]) -> Vec<u8> + 'static) -> Self {
        Self {
            sign: Box::new(sign),
            ..self
        }
    }

    /// A token with these claims.
    fn token(&self, claims: &Value) -> String {
        let input = signing_input(&self.header, &claims.to_string());
        with_signature(&input, &(self.sign)(input.as_bytes()))
    }
}

/// Keys whose numbers are weak or wrong.
fn weak_keys(rsa: &SigningKey) -> Vec<BadKey> {
    let (ec, ed) = (SigningKey::ec_p256("bad"), SigningKey::ed25519("bad"));
    let short = base64url(&[&[0x81][..], &[0x5a; 126], &[0x01]].concat());
    // Under the neutral point every message has the same signature.
    let neutral = [&[1][..], &[0; 31]].concat();
    let small_order = json!({ "x": base64url(&neutral) });
    let off_the_curve = json!({ "y": base64url(&[7; 32]) });
    vec![
        BadKey::altered("e = 1", rsa, &json!({ "e": "AQ" })).forged(signature_for_exponent_one),
        BadKey::altered("e = 3", rsa, &json!({ "e": "Aw" })),
        BadKey::altered("e even", rsa, &json!({ "e": "AQAC" })),
        BadKey::altered("1,024 bits", rsa, &json!({ "n": short })),
        BadKey::altered("no modulus", rsa, &json!({ "n": null })),
        BadKey::altered("off the curve", &ec, &off_the_curve),
        BadKey::altered("P-521", &ec, &json!({ "crv": "P-521" })),
        BadKey::altered("small order", &ed, &small_order)
            .forged(move |_| [&neutral[..], &[0; 32]].concat()),
    ]
}

/// Good numbers, published as if they were for something else or not to be published at all.
fn misused_keys(rsa: &SigningKey) -> Vec<BadKey> {
    let altered = |what, changes| BadKey::altered(what, rsa, &changes);
    vec![
        altered("use = enc", json!({ "use": "enc" })),
        altered("key_ops = encrypt", json!({ "key_ops": ["encrypt"] })),
        altered("unknown type", json!({ "kty": "AKP" })),
        altered("alg of another type", json!({ "alg": "ES256" })),
        altered("alg RSA1_5", json!({ "alg": "RSA1_5" })),
        altered("a private key", json!({ "d": "AQAB" })),
        altered("a key id that is no text", json!({ "kid": 7 })),
        BadKey {
            jwk: json!(7),
            ..altered("no object", json!({}))
        },
    ]
}

#[test]
fn j06_a_bad_key_is_not_used_and_spoils_no_good_one() {
    let scene = Scene::new();
    scene.accepts_an_honest_token();
    let (good, rsa) = (&scene.key, SigningKey::rsa("bad"));
    for bad in weak_keys(&rsa).into_iter().chain(misused_keys(&rsa)) {
        let scene = Scene::with_key(good.clone());
        let token = bad.token(&scene.claims());
        scene.provider.publish_jwks(&[bad.jwk, good.jwk()]);
        scene.accepts_an_honest_token();
        scene.refuses(bad.what, &token, &Refusal::no_key());
        scene.accepts_an_honest_token();
    }
    let scene = Scene::with_key(good.clone());
    scene.provider.publish(&[&rsa, &scene.key]);
    scene.accepts(
        "the same key, unchanged",
        &sign_raw(&rsa.header(), &scene.claims().to_string(), &rsa),
    );
}

/// How many tokens a flood has.
const TOKENS: usize = 100;

/// Sends the tokens of the numbers that are left, beside others who do.
fn flood(scene: &Scene, claims: &str, next: &AtomicUsize) {
    loop {
        let number = next.fetch_add(1, Ordering::SeqCst);
        if number >= TOKENS {
            return;
        }
        ask_with_unknown_key(scene, claims, number);
    }
}

fn ask_with_unknown_key(scene: &Scene, claims: &str, number: usize) {
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
                flood(&scene, &claims, &next);
            });
        }
    });
    let asked = scene.provider.requests().len();
    assert!(
        (1..=10).contains(&asked),
        "the provider was asked {asked} times"
    );
    let lines = scene.node.audit();
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
