//! J22 and J23: what a provider, or an administrator, says about a place is no reason to go there.

use std::time::Duration;

use serde_json::{Value, json};

use crate::canary::Canary;
use crate::directory::{
    add_connection, add_provider, connection, directory, role, start, start_empty,
};
use crate::scene::{Refusal, Scene, assert_refused, patient};
use crate::support::directory::STS_CLIENT;
use crate::support::keys::{SigningKey, sign_claims};
use crate::support::node::{LONGEST_ANSWER, Node, Settings};
use crate::support::provider::{Answer, Body, DISCOVERY, HostileProvider, JWKS};

/// A scene in which `lie` was told before anything was asked: the honest token is refused, nobody
/// else was connected to, and the truth helps.
fn lied_to(what: &str, lie: impl FnOnce(&HostileProvider, &Canary)) {
    let canary = Canary::new();
    let scene = Scene::after(SigningKey::rsa("main"), |provider| lie(provider, &canary));
    scene.refuses(what, &scene.token(), &Refusal::provider_unreachable());
    assert!(!canary.was_touched(), "{what}");
    let moved = scene.provider.fetches("/moved");
    assert_eq!(moved, 0, "{what}: the redirect was followed");
    scene
        .provider
        .set(DISCOVERY, Answer::json(&scene.provider.discovery()));
    scene.provider.publish(&[&scene.key]);
    scene.node.advance(60);
    scene.accepts(what, &scene.token());
}

fn metadata_with(provider: &HostileProvider, member: &str, value: &Value) -> Answer {
    let mut metadata = provider.discovery();
    metadata[member] = value.clone();
    Answer::json(&metadata)
}

#[test]
fn j22_metadata_speaks_for_its_own_issuer() {
    for issuer in [
        json!("http://127.0.0.1:1"),
        json!("https://idp.example.com"),
        json!("https://idp.example.com/\r\ninjected: 1"),
        json!(["http://127.0.0.1:1"]),
        json!(""),
        Value::Null,
    ] {
        lied_to(&issuer.to_string(), |provider, _| {
            provider.set(DISCOVERY, metadata_with(provider, "issuer", &issuer));
        });
    }
    lied_to("a slash more", |provider, _| {
        let issuer = json!([&provider.issuer(), "/"].concat());
        provider.set(DISCOVERY, metadata_with(provider, "issuer", &issuer));
    });
}

#[test]
fn j22_keys_are_nowhere_but_at_the_issuers_own_place() {
    lied_to("file", |provider, _| {
        let jwks = json!("file:///etc/passwd");
        provider.set(DISCOVERY, metadata_with(provider, "jwks_uri", &jwks));
    });
    for scheme in ["http", "https", "gopher"] {
        lied_to(scheme, |provider, canary| {
            let jwks = json!([scheme, "://", &canary.authority(), "/jwks"].concat());
            provider.set(DISCOVERY, metadata_with(provider, "jwks_uri", &jwks));
        });
    }
    lied_to("user info", |provider, canary| {
        let jwks = [
            "http://",
            &provider.address().to_string(),
            "@",
            &canary.authority(),
            "/jwks",
        ];
        provider.set(
            DISCOVERY,
            metadata_with(provider, "jwks_uri", &json!(jwks.concat())),
        );
    });
}

#[test]
fn j22_no_redirect_is_followed() {
    for path in [DISCOVERY, JWKS] {
        for status in [301, 302, 303, 307, 308] {
            lied_to("to another port", |provider, canary| {
                let location = ["http://", &canary.authority(), "/jwks"].concat();
                let answer = Answer {
                    status,
                    ..Answer::redirect(&location)
                };
                provider.set(path, answer);
            });
        }
        lied_to("to itself", |provider, _| {
            provider.set(path, Answer::redirect(&provider.url(path)));
        });
        lied_to("to its own right answer", |provider, _| {
            provider.set("/moved", Answer::json(&json!({ "keys": [] })));
            provider.set(path, Answer::redirect(&provider.url("/moved")));
        });
    }
}

#[test]
fn j22_an_answer_is_json_of_a_bounded_size() {
    let bytes = |body: &str| Answer::bytes(200, body);
    for path in [DISCOVERY, JWKS] {
        for (what, answer) in [
            ("500", Answer::bytes(500, "{}")),
            ("404", Answer::bytes(404, "{}")),
            ("204", Answer::bytes(204, "")),
            ("HTML", bytes("<!doctype html>")),
            ("nothing", bytes("")),
            ("a list", bytes("[]")),
            ("an empty object", bytes("{}")),
            ("keys that are no list", bytes("{\"keys\":{}}")),
            (
                "60 MB",
                bytes("").with_body(Body::Padded(b"{}".to_vec(), 60 << 20)),
            ),
            ("cut off", bytes("").with_body(Body::CutOff(b"{".to_vec()))),
            ("depth 3,000", bytes(&"[".repeat(3_000))),
            ("a name twice", bytes("{\"keys\":[],\"keys\":[]}")),
        ] {
            lied_to(what, |provider, _| provider.set(path, answer));
        }
    }
}

fn slow(path: &str) {
    lied_to("slow", |provider, _| {
        let answer = Answer::bytes(200, "{}").after(Duration::from_secs(45));
        provider.set(path, answer);
    });
}

#[test]
fn j22_a_slow_provider_costs_less_than_five_seconds() {
    std::thread::scope(|scope| {
        for path in [DISCOVERY, JWKS] {
            scope.spawn(move || slow(path));
        }
        scope.spawn(|| {
            // Each for itself is in time; together they are not.
            lied_to("slow twice", |provider, _| {
                let metadata = Answer::json(&provider.discovery());
                provider.set(DISCOVERY, metadata.after(Duration::from_secs(3)));
                provider.set(JWKS, Answer::bytes(200, "{}").after(Duration::from_secs(3)));
            });
        });
    });
}

/// Issuers that are no place for an identity provider, and whose definition is refused.
#[test]
fn j23_an_issuer_that_is_no_https_url_can_not_be_registered() {
    let (provider, canary) = (HostileProvider::start(), Canary::new());
    let node = start(&[&provider], patient());
    let port = canary.port();
    for issuer in [
        ["http://127.0.0.1:", &port].concat(),
        ["http://localhost:", &port].concat(),
        ["http://[::1]:", &port].concat(),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "http://idp.example.com".to_owned(),
        ["https://idp.example.com@127.0.0.1:", &port].concat(),
        ["https://127.0.0.1:", &port, "/\r\nSET a b"].concat(),
        ["https://127.0.0.1:", &port, "\\@idp.example.com"].concat(),
        ["https://127.0.0.1:", &port, "/?jwks"].concat(),
        ["https://127.0.0.1:", &port, "/#jwks"].concat(),
        ["ftp://127.0.0.1:", &port].concat(),
        "file:///etc/passwd".to_owned(),
        "https://\u{24db}ocalhost.example".to_owned(),
        "https://2130706433".to_owned(),
        "https://[::1".to_owned(),
        "://".to_owned(),
    ] {
        for add in [add_provider, add_connection] as [fn(&mut _, usize, &str); 2] {
            let mut files = directory(&[&provider]);
            add(&mut files, 1, &issuer);
            // A link needs a provider; the issuer alone is the matter here.
            files.remove("links/idp-1.toml");
            files.remove("rules/idp-1.toml");
            let refused = node.try_apply(&files);
            assert_eq!(refused.status, 422, "{issuer}: {}", refused.text());
            assert_eq!(
                refused.json()["error"]["code"],
                "InvalidDirectory",
                "{issuer}"
            );
            let problems = refused.json()["error"]["problems"].to_string();
            assert!(
                problems.contains("issuer must be") || problems.contains("plain http"),
                "{issuer}: {problems}"
            );
        }
    }
    assert!(!canary.was_touched());
    node.apply(&directory(&[&provider]));
}

/// https issuers that stand for addresses of the inside, all with the canary's port.
fn inside(port: &str) -> Vec<String> {
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "localhost",
        "LOCALHOST",
        "127.0.0.1.",
        "169.254.169.254",
        "10.0.0.1",
        "192.168.0.1",
        "[fd00:ec2::254]",
        "[fe80::1]",
    ];
    hosts
        .iter()
        .map(|host| ["https://", host, ":", port].concat())
        .collect()
}

#[test]
fn j23_no_registered_issuer_leads_inside() {
    let canary = Canary::new();
    let mut issuers = inside(&canary.port());
    issuers.extend([22, 25, 6379, 11211].map(|port| {
        [
            "https://127.0.0.1:",
            &port.to_string(),
            "/x%0d%0aSET%20a%20b",
        ]
        .concat()
    }));
    issuers.extend(
        [22, 25, 80, 6379, 11211].map(|port| ["https://1.1.1.1:", &port.to_string()].concat()),
    );
    let node = start_empty(&[], patient());
    let mut files = directory(&[]);
    for (number, issuer) in issuers.iter().enumerate() {
        add_provider(&mut files, number, issuer);
        add_connection(&mut files, number, issuer);
    }
    node.apply(&files);
    let key = SigningKey::ec_p256("any");
    for (number, issuer) in issuers.iter().enumerate() {
        let answer = node.assume(&role(number), &token_of(&node, issuer, &key));
        assert_refused(&node, issuer, &answer, &Refusal::provider_unreachable());
        let record = node.audit_of(&answer.request_id);
        let reason = record.reason().unwrap();
        assert!(
            reason.contains("which is not allowed") || reason.contains("may not be asked"),
            "{issuer}: {reason}"
        );
        assert!(
            answer.took < Duration::from_secs(1),
            "{issuer}: {:?}",
            answer.took
        );
        let mut browser = node.browser();
        let refused = browser.post_sign_in(&connection(number), "/");
        assert_eq!(refused.status, 502, "{issuer}: {}", refused.text());
        assert!(browser.cookies.is_empty(), "{issuer}");
    }
    assert!(!canary.was_touched());
}

fn token_of(node: &Node, issuer: &str, key: &SigningKey) -> String {
    let now = node.now();
    let claims = json!({
        "iss": issuer, "sub": "person-1", "aud": STS_CLIENT, "iat": now, "exp": now + 300,
    });
    sign_claims(&claims, key)
}

/// The canary of the test above is one that can be reached, by who allows its network.
#[test]
fn j23_a_listed_network_may_be_reached() {
    let canary = Canary::new();
    let settings = Settings {
        toml: "federation.allow_private_addresses = ['127.0.0.0/8']\n".to_owned(),
        ..Settings::default()
    };
    let node = start_empty(&[], settings);
    let issuer = ["https://127.0.0.1:", &canary.port()].concat();
    let mut files = directory(&[]);
    add_provider(&mut files, 0, &issuer);
    node.apply(&files);
    let answer = node.assume(
        &role(0),
        &token_of(&node, &issuer, &SigningKey::ec_p256("any")),
    );
    assert_refused(&node, &issuer, &answer, &Refusal::provider_unreachable());
    assert!(answer.took <= LONGEST_ANSWER);
    assert!(canary.was_touched());
}
