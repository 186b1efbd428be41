//! Floods of tokens that are as expensive as tokens can be.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::directory::role;
use crate::scene::Scene;
use crate::support::http::Response;
use crate::support::keys::{base64url, signing_input, with_signature};
use crate::support::node::LONGEST_ANSWER;
use crate::support::sts::{assert_refused, element};

/// The longest token, in characters (`WebIdentityToken`).
const LONGEST: usize = 20_000;
const THREADS: usize = 8;
/// Each thread sends so many.
const TOKENS: usize = 40;

/// The largest key that counts: 8,192 bits, of which nobody has the private half.
fn large_key() -> Value {
    let mut modulus = vec![0xb5; 1024];
    modulus[0] = 0xd1;
    modulus[1023] = 0x4b;
    json!({ "kty": "RSA", "kid": "large", "alg": "RS256", "use": "sig",
            "n": base64url(&modulus), "e": "AQAB" })
}

/// A token of almost the longest length with a signature of as many bits as the key.
fn forged(scene: &Scene, number: usize) -> String {
    let header = json!({ "alg": "RS256", "kid": "large", "typ": "JWT" }).to_string();
    let mut claims = scene.claims();
    claims["padding"] = "x".repeat(13_000).into();
    let signature: Vec<u8> = (0..1024)
        .map(|at| u8::try_from((at * 7 + number) % 199).unwrap())
        .collect();
    let token = with_signature(&signing_input(&header, &claims.to_string()), &signature);
    assert!(token.len() <= LONGEST, "{}", token.len());
    token
}

/// Forged tokens are refused, or sent away for a moment; nothing else becomes of them.
fn assert_not_taken(answer: &Response) {
    if answer.status == 503 {
        assert_refused(answer, 503, "ServiceUnavailable");
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
    } else {
        assert_refused(answer, 400, "InvalidIdentityToken");
        let expected = "The signature does not match the provider's key.";
        assert_eq!(element(answer, "Message"), expected);
    }
}

/// Sends so many forged tokens, each another one.
fn send_forged(scene: &Scene, first: usize) {
    for number in first..first + TOKENS {
        let token = forged(scene, number);
        let answer = scene.node.assume_role(&role(0), &token, &[]);
        assert_not_taken(&answer);
    }
}

#[test]
fn a23_a_flood_of_the_largest_tokens_under_the_largest_key_leaves_room_for_good_ones() {
    let scene = Scene::new();
    scene.provider.publish_jwks(&[scene.key.jwk(), large_key()]);
    scene.accepts_an_honest_token();
    let is_over = AtomicBool::new(false);
    let honest = std::thread::scope(|scope| {
        let floods: Vec<_> = (0..THREADS)
            .map(|thread| {
                let scene = &scene;
                scope.spawn(move || send_forged(scene, thread * TOKENS))
            })
            .collect();
        let honest = scope.spawn(|| {
            let mut accepted = 0;
            while !is_over.load(Ordering::SeqCst) {
                scene.accepts_an_honest_token();
                accepted += 1;
            }
            accepted
        });
        for flood in floods {
            flood.join().unwrap();
        }
        is_over.store(true, Ordering::SeqCst);
        honest.join().unwrap()
    });
    assert!(honest > 0);
    scene.accepts_an_honest_token();
}

#[test]
fn a23_no_work_is_done_because_a_token_asks_for_it() {
    let scene = Scene::new();
    let claims = scene.claims().to_string();
    for header in [
        json!({ "alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2c": 2_147_483_647, "p2s": "AAAA", "kid": "main" }),
        json!({ "alg": "RSA-OAEP", "enc": "A256GCM", "kid": "main" }),
        json!({ "alg": "RSA-OAEP-256", "enc": "A256CBC-HS512", "zip": "DEF", "kid": "main" }),
    ] {
        let signed = with_signature(&signing_input(&header.to_string(), &claims), &[7; 256]);
        let parts = [
            &*base64url(&[7; 1024]),
            &base64url(&[7; 12]),
            &base64url(&[7; 9000]),
            &base64url(&[7; 16]),
        ];
        let encrypted = [&base64url(header.to_string().as_bytes()), &*parts.join(".")].join(".");
        assert!(encrypted.len() <= LONGEST);
        for token in [signed, encrypted] {
            let answer = scene.node.assume(&role(0), &token);
            assert_eq!(answer.status, 400, "{header} {answer:?}");
            assert_eq!(answer.code.as_deref(), Some("InvalidIdentityToken"));
            assert!(answer.took <= LONGEST_ANSWER, "{header} {:?}", answer.took);
        }
    }
    scene.accepts_an_honest_token();
}
