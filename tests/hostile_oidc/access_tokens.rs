//! Access tokens of the providers that give no id_token: what another app's people, a provider that
//! fails or lies, and a caller who plays with the request can do.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::scene::{Refusal, assert_refused};
use crate::support::aws::AwsKeys;
use crate::support::directory::{account_files, add_role, role_arn};
use crate::support::http::Request;
use crate::support::node::{Node, Settings};
use crate::support::provider::{Answer, Body, HostileProvider};
use crate::support::sts::{StsAnswer, find_element};

const FACEBOOK: &str = "graph.facebook.com";
const AMAZON: &str = "www.amazon.com";
const DEBUG_TOKEN: &str = "/debug_token";
const TOKEN_INFO: &str = "/auth/o2/tokeninfo";
const APP: &str = "1234567890";
const SECRET: &str = "the-secret-of-the-app";
const CLIENT: &str = "amzn1.application-oa2-client.rolegate";
const AMAZON_APP: &str = "amzn1.application.rolegate";
const FACEBOOK_PERSON: &str = "10215241773831025";
const AMAZON_PERSON: &str = "amzn1.account.AF6RHO7KZU5XRVQJGXK6HB56KR2A";
const TOKEN: &str = "EAAB|an-access-token-that-nobody-may-write-down";

/// The text of every provider that could not be asked, or whose answer can't be read.
const NOT_ASKED: &str = "Couldn't ask your identity provider about the token; try again";

/// A node with an app at both providers, which answer at one loopback address.
struct Scene {
    node: Node,
    provider: HostileProvider,
}

impl Scene {
    fn new() -> Self {
        Self::with_settings("federation.timeout_seconds = 1\n")
    }

    fn with_settings(more: &str) -> Self {
        let provider = HostileProvider::start();
        let endpoint = provider.issuer();
        let toml = format!(
            "max_staleness_seconds = 3600\n\
             federation.facebook.app_id = '{APP}'\n\
             federation.facebook.app_secret_file = 'facebook.secret'\n\
             federation.facebook.endpoint = '{endpoint}'\n\
             federation.amazon.client_ids = ['{CLIENT}']\n\
             federation.amazon.endpoint = '{endpoint}'\n{more}"
        );
        let node = Node::start(Settings {
            http_issuers: vec![provider.issuer()],
            toml,
            ..Settings::default()
        });
        std::fs::write(node.folder().join("facebook.secret"), SECRET).unwrap();
        let scene = Self { node, provider };
        scene.node.apply(&files());
        scene.facebook_says(&json!({}));
        scene.amazon_says(&json!({}));
        scene
    }

    /// What Facebook says of a good token, with some members changed; `null` leaves one out.
    fn facebook_data(&self, changed: &Value) -> Value {
        let now = self.node.now();
        merged(
            json!({
                "app_id": APP,
                "type": "USER",
                "application": "Rolegate",
                "data_access_expires_at": now + 7_776_000,
                "expires_at": now + 3_600,
                "issued_at": now - 60,
                "is_valid": true,
                "scopes": ["public_profile"],
                "user_id": FACEBOOK_PERSON,
            }),
            changed,
        )
    }

    fn facebook_says(&self, changed: &Value) {
        let answer = json!({ "data": self.facebook_data(changed) });
        self.provider.set(DEBUG_TOKEN, Answer::json(&answer));
    }

    /// What Amazon says of a good token, with some members changed; `null` leaves one out.
    fn amazon_says(&self, changed: &Value) {
        let answer = json!({
            "iss": "https://www.amazon.com",
            "user_id": AMAZON_PERSON,
            "aud": CLIENT,
            "app_id": AMAZON_APP,
            "exp": 3_597,
            "iat": self.node.now() - 3,
        });
        let answer = merged(answer, changed);
        self.provider.set(TOKEN_INFO, Answer::json(&answer));
    }

    /// A call with a token of this provider for this role.
    fn call(&self, provider_id: &str, token: &str, role: &str) -> StsAnswer {
        let role = role_arn(role);
        let begun = Instant::now();
        let changes = [("ProviderId", Some(provider_id))];
        let response = self.node.assume_role(&role, token, &changes);
        StsAnswer::read(&response, begun.elapsed())
    }

    #[track_caller]
    fn accepts(&self, provider_id: &str, role: &str) -> StsAnswer {
        let answer = self.call(provider_id, TOKEN, role);
        assert!(answer.credentials.is_some(), "{provider_id}: {answer:?}");
        answer
    }

    /// Asserts that a call is refused so, and that the token is nowhere in the audit log.
    #[track_caller]
    fn refuses(&self, provider_id: &str, what: &str, refusal: &Refusal<'_>) {
        let answer = self.call(provider_id, TOKEN, role_of(provider_id));
        assert_refused(&self.node, what, &answer, refusal);
        self.has_told_no_secret();
        // Refusals get a line of their own up to a number a second, and a provider that failed is asked
        // again after a while.
        self.node.clock.advance(11);
    }

    fn refuses_as_communication(&self, provider_id: &str, what: &str, check: &str) {
        let refusal = Refusal {
            code: "IDPCommunicationError",
            ..Refusal::invalid(check, NOT_ASKED)
        };
        self.refuses(provider_id, what, &refusal);
    }

    fn has_told_no_secret(&self) {
        let audit = self.node.audit_text();
        for secret in [TOKEN, SECRET] {
            assert!(!audit.contains(secret), "{secret} is in the audit log");
        }
    }
}

fn merged(mut members: Value, changed: &Value) -> Value {
    for (name, value) in changed.as_object().unwrap() {
        members[name] = value.clone();
    }
    members
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    members
}

fn role_of(provider_id: &str) -> &'static str {
    if provider_id == AMAZON {
        "Shopper"
    } else {
        "Friend"
    }
}

/// A role for one person of each provider, and one that says nothing of who it is.
fn files() -> rolegate::directory::DirectoryFiles {
    let trust = |provider: &str, conditions: Value| {
        json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow",
            "Principal": { "Federated": provider },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { "StringEquals": conditions },
        }})
    };
    let friend =
        json!({ "graph.facebook.com:app_id": APP, "graph.facebook.com:id": FACEBOOK_PERSON });
    let shopper =
        json!({ "www.amazon.com:app_id": AMAZON_APP, "www.amazon.com:user_id": AMAZON_PERSON });
    let mut files = account_files();
    add_role(&mut files, "Friend", &json!({}), &trust(FACEBOOK, friend));
    add_role(&mut files, "Shopper", &json!({}), &trust(AMAZON, shopper));
    let mut open = trust(FACEBOOK, json!({}));
    open["Statement"]["Principal"]["Federated"] = json!([FACEBOOK, AMAZON]);
    open["Statement"]
        .as_object_mut()
        .unwrap()
        .remove("Condition");
    add_role(&mut files, "Anybody", &json!({}), &open);
    files
}

fn rejected(message: &str) -> Refusal<'_> {
    Refusal {
        status: 403,
        code: "IDPRejectedClaim",
        ..Refusal::invalid("validity", message)
    }
}

#[test]
fn a_person_of_either_provider_takes_the_role_that_is_theirs() {
    let scene = Scene::new();
    for (provider, role, person, audience) in [
        (FACEBOOK, "Friend", FACEBOOK_PERSON, APP),
        (AMAZON, "Shopper", AMAZON_PERSON, CLIENT),
    ] {
        let answer = scene.accepts(provider, role);
        assert_eq!(answer.subject.as_deref(), Some(person));
        for (name, text) in [("Provider", provider), ("Audience", audience)] {
            let element = format!("<{name}>{text}</{name}>");
            assert!(answer.body.contains(&element), "{element}: {}", answer.body);
        }
        let keys = answer.credentials.unwrap();
        let who = scene.node.who(&keys);
        assert_eq!(who.status, 200, "{who:?}");
        let arn = find_element(&who, "Arn").unwrap();
        assert!(arn.ends_with(&format!("assumed-role/{role}/ines")), "{arn}");
    }
    let asked = scene.provider.requests();
    let asked: Vec<_> = asked
        .iter()
        .map(|it| (it.method.as_str(), it.path.as_str(), it.query.as_str()))
        .collect();
    let token = "EAAB%7Can-access-token-that-nobody-may-write-down";
    let own = format!("input_token={token}&access_token={APP}%7C{SECRET}");
    let info = format!("access_token={token}");
    assert_eq!(
        asked,
        [
            ("GET", DEBUG_TOKEN, own.as_str()),
            ("GET", TOKEN_INFO, &info)
        ]
    );
    scene.has_told_no_secret();
}

#[test]
fn a_token_of_another_app_is_refused_whatever_the_trust_policy_says() {
    let scene = Scene::new();
    scene.facebook_says(&json!({ "app_id": "9999999999" }));
    scene.amazon_says(&json!({ "aud": "amzn1.application-oa2-client.another" }));
    let other = Refusal::invalid("audience", "Incorrect token audience");
    for provider in [FACEBOOK, AMAZON] {
        scene.refuses(provider, "another app", &other);
        let open = scene.call(provider, TOKEN, "Anybody");
        assert_refused(&scene.node, "an open role", &open, &other);
        scene.node.clock.advance(11);
    }
    let message = "graph.facebook.com: graph.facebook.com responded with HTTP/1.1 400 Bad Request";
    let told = json!({ "error": { "message": "The App_id in the input_token did not match the Viewing App", "code": 100 } });
    scene.provider.set(
        DEBUG_TOKEN,
        Answer {
            status: 400,
            ..Answer::json(&told)
        },
    );
    scene.refuses(FACEBOOK, "as Facebook refuses it", &rejected(message));
}

/// Who asks with garbage until the app's quota is used up must not make good tokens look bad.
#[test]
fn what_is_wrong_with_the_app_is_not_the_token_s_fault() {
    let scene = Scene::new();
    for (code, text) in [
        (190, "a wrong app secret"),
        (4, "too many calls of the app"),
    ] {
        let told = json!({ "error": { "message": text, "type": "OAuthException", "code": code } });
        let answer = Answer {
            status: 400,
            ..Answer::json(&told)
        };
        scene.provider.set(DEBUG_TOKEN, answer);
        scene.refuses_as_communication(FACEBOOK, text, "inspection");
        scene.node.clock.advance(61);
    }
}

#[test]
fn another_person_of_the_same_app_is_refused() {
    let scene = Scene::new();
    scene.facebook_says(&json!({ "user_id": "1" }));
    scene.amazon_says(&json!({ "user_id": "amzn1.account.ANOTHER" }));
    for provider in [FACEBOOK, AMAZON] {
        let refusal = Refusal {
            status: 403,
            code: "AccessDenied",
            message: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
            check: "trust policy",
        };
        scene.refuses(provider, "another person", &refusal);
    }
    scene.accepts(FACEBOOK, "Anybody");
}

#[test]
fn a_token_that_is_over_or_too_old_is_refused() {
    let scene = Scene::new();
    let expired = Refusal {
        code: "ExpiredTokenException",
        ..Refusal::invalid("expiry", "Token expired")
    };
    let old = Refusal {
        code: "ExpiredTokenException",
        ..Refusal::invalid("age", "Token too old")
    };
    let now = scene.node.now();
    scene.facebook_says(&json!({ "expires_at": now - 1 }));
    scene.refuses(FACEBOOK, "over", &expired);
    scene.facebook_says(&json!({ "expires_at": 0 }));
    scene.refuses(FACEBOOK, "without an end", &expired);
    let now = scene.node.now();
    scene.facebook_says(&json!({ "issued_at": now - 86_500, "expires_at": now + 5_000_000 }));
    scene.refuses(FACEBOOK, "of sixty days", &old);
    let now = scene.node.now();
    scene.facebook_says(&json!({ "issued_at": null, "expires_at": now + 90_000 }));
    let unknown = Refusal::invalid("age", "doesn't say when the token was issued");
    scene.refuses(FACEBOOK, "of an unknown age", &unknown);
    let now = scene.node.now();
    scene.facebook_says(&json!({ "issued_at": now + 90 }));
    let future = Refusal::invalid("issued at", "The token was issued at");
    scene.refuses(FACEBOOK, "of tomorrow", &future);
    scene.facebook_says(&json!({ "is_valid": false }));
    scene.refuses(FACEBOOK, "ended by its person", &rejected("not valid"));
    scene.amazon_says(&json!({ "exp": 0 }));
    scene.refuses(AMAZON, "over", &expired);
    let now = scene.node.now();
    scene.amazon_says(&json!({ "iat": now - 86_500 }));
    scene.refuses(AMAZON, "of yesterday", &old);
    scene.provider.set(
        TOKEN_INFO,
        Answer::bytes(401, "{\"error\":\"invalid_token\"}"),
    );
    let message = "www.amazon.com: www.amazon.com responded with HTTP/1.1 401 Unauthorized";
    scene.refuses(AMAZON, "unknown to Amazon", &rejected(message));
    scene.facebook_says(&json!({ "issued_at": null }));
    scene.accepts(FACEBOOK, "Friend");
    scene.amazon_says(&json!({ "iat": null }));
    scene.accepts(AMAZON, "Shopper");
}

#[test]
fn a_provider_that_fails_is_told_from_a_token_that_is_wrong() {
    let scene = Scene::new();
    let good = json!({ "data": scene.facebook_data(&json!({})) }).to_string();
    let huge = Answer::bytes(200, "").with_body(Body::Padded(good.clone().into_bytes(), 70_000));
    let cut = Answer::bytes(200, "").with_body(Body::CutOff(good.clone().into_bytes()));
    let slow = Answer::bytes(200, good.clone()).after(Duration::from_millis(1_500));
    let twice = good.replacen("\"user_id\"", "\"user_id\":\"1\",\"user_id\"", 1);
    let canary = scene.provider.url("/canary");
    for (what, answer) in [
        ("500", Answer::bytes(500, good.clone())),
        ("503", Answer::bytes(503, "")),
        ("429", Answer::bytes(429, good.clone())),
        ("202", Answer::bytes(202, good.clone())),
        ("a redirect", Answer::redirect(&canary)),
        (
            "HTML",
            Answer::bytes(200, "<html><body>Sorry</body></html>"),
        ),
        ("nothing", Answer::bytes(200, "")),
        ("a list", Answer::bytes(200, ["[", &good, "]"].concat())),
        ("a member twice", Answer::bytes(200, twice)),
        ("more than 64 KiB", huge),
        ("a broken connection", cut),
        ("too slow", slow),
    ] {
        scene.provider.set(DEBUG_TOKEN, answer);
        scene.refuses_as_communication(FACEBOOK, what, "inspection");
    }
    assert_eq!(scene.provider.fetches("/canary"), 0);
    scene.facebook_says(&json!({}));
    scene.accepts(FACEBOOK, "Friend");
}

#[test]
fn an_answer_of_another_shape_is_no_answer() {
    let scene = Scene::new();
    for changed in [
        json!({ "app_id": null }),
        json!({ "app_id": 1_234_567_890 }),
        json!({ "app_id": [APP] }),
        json!({ "user_id": null }),
        json!({ "user_id": 7 }),
        json!({ "user_id": "" }),
        json!({ "user_id": "a\nb" }),
        json!({ "user_id": "u".repeat(257) }),
        json!({ "user_id": [FACEBOOK_PERSON] }),
        json!({ "is_valid": null }),
        json!({ "is_valid": "true" }),
        json!({ "is_valid": 1 }),
        json!({ "type": null }),
        json!({ "expires_at": null }),
        json!({ "expires_at": "1795254067" }),
        json!({ "expires_at": -1 }),
        json!({ "expires_at": 1.5 }),
        json!({ "issued_at": "yesterday" }),
    ] {
        scene.facebook_says(&changed);
        scene.refuses_as_communication(FACEBOOK, &changed.to_string(), "answer");
    }
    for answer in [json!({}), json!({ "data": [] }), json!({ "data": null })] {
        scene.provider.set(DEBUG_TOKEN, Answer::json(&answer));
        scene.refuses_as_communication(FACEBOOK, &answer.to_string(), "answer");
    }
    scene.facebook_says(&json!({ "type": "PAGE" }));
    let kind = Refusal::invalid("kind", "The token is of kind \"PAGE\" and not of a person.");
    scene.refuses(FACEBOOK, "a page's", &kind);
    for changed in [
        json!({ "aud": null }),
        json!({ "aud": [CLIENT] }),
        json!({ "user_id": null }),
        json!({ "user_id": 7 }),
        json!({ "app_id": null }),
        json!({ "exp": null }),
        json!({ "exp": "3597" }),
        json!({ "exp": -5 }),
        json!({ "iat": "now" }),
    ] {
        scene.amazon_says(&changed);
        scene.refuses_as_communication(AMAZON, &changed.to_string(), "answer");
    }
}

/// Nothing is remembered of an answer: each session is of whom the provider names for it, and one call
/// asks once.
#[test]
fn each_call_is_of_whom_the_provider_names_then() {
    let scene = Scene::new();
    for person in ["1", "2", "1"] {
        scene.facebook_says(&json!({ "user_id": person }));
        let answer = scene.accepts(FACEBOOK, "Anybody");
        assert_eq!(answer.subject.as_deref(), Some(person));
    }
    scene.provider.forget_requests();
    scene.facebook_says(&json!({ "user_id": "3" }));
    let refused = scene.call(FACEBOOK, TOKEN, "Friend");
    assert_eq!(refused.code.as_deref(), Some("AccessDenied"));
    assert_eq!(scene.provider.fetches(DEBUG_TOKEN), 1);
}

#[test]
fn session_tags_are_nothing_that_such_a_provider_says() {
    let scene = Scene::new();
    let tags = json!({ "principal_tags": { "Team": ["admins"] } });
    scene.amazon_says(&json!({ "https://aws.amazon.com/tags": tags, "https://aws.amazon.com/source_identity": "root" }));
    let answer = scene.accepts(AMAZON, "Shopper");
    assert!(!answer.body.contains("SourceIdentity"), "{}", answer.body);
    assert!(!answer.body.contains("PackedPolicySize"), "{}", answer.body);
}

#[test]
fn a_provider_has_one_spelling_and_nobody_is_asked_for_another() {
    let scene = Scene::new();
    let refusal = Refusal {
        code: "ValidationError",
        ..Refusal::invalid(
            "request",
            "ProviderId must be graph.facebook.com or www.amazon.com",
        )
    };
    for provider in [
        "Graph.Facebook.com",
        "graph.facebook.com/",
        "https://graph.facebook.com",
        "graph.facebook.com:443",
        "graph.facebook.com\r\nHost: www.amazon.com",
        " graph.facebook.com",
        "facebook.com",
        "accounts.google.com",
        "cognito-identity.amazonaws.com",
        "127.0.0.1",
    ] {
        scene.refuses(provider, provider, &refusal);
    }
    assert_eq!(scene.provider.requests().len(), 0);
}

#[test]
fn what_is_no_access_token_is_not_asked_about() {
    let scene = Scene::new();
    let characters = Refusal::invalid("encoding", "The token has characters other than");
    for token in [
        "EAAB\r\nHost: elsewhere.example.com",
        "EAAB token",
        "EAAB\ttoken",
        "T\u{f6}ken",
        "token\u{7f}",
    ] {
        let answer = scene.call(FACEBOOK, token, "Friend");
        assert_refused(&scene.node, token, &answer, &characters);
        scene.node.clock.advance(1);
    }
    let long = "a".repeat(4_097);
    let too_long = Refusal::invalid("size", "4096 are allowed");
    let answer = scene.call(FACEBOOK, &long, "Friend");
    assert_refused(&scene.node, "4,097 characters", &answer, &too_long);
    assert_eq!(scene.provider.requests().len(), 0);
    let whole = scene.call(FACEBOOK, &"a".repeat(4_096), "Friend");
    assert!(whole.credentials.is_some(), "{whole:?}");
    // What ends one parameter and begins another stays within the token.
    let tricky = "a&access_token=b#c";
    scene.call(FACEBOOK, tricky, "Friend");
    let asked = scene.provider.requests();
    let query = &asked.last().unwrap().query;
    assert!(
        query.starts_with("input_token=a%26access_token%3Db%23c&access_token=1234567890%7C"),
        "{query}"
    );
}

#[test]
fn an_id_token_is_no_access_token_and_the_other_way_round() {
    let scene = Scene::new();
    scene.provider.set(DEBUG_TOKEN, Answer::bytes(400, "{}"));
    scene.provider.set(TOKEN_INFO, Answer::bytes(400, "{}"));
    let answer = scene.node.assume(&role_arn("Friend"), TOKEN);
    let compact = Refusal::invalid("compact form", "The token is not in compact form");
    assert_refused(&scene.node, "no ProviderId", &answer, &compact);
    assert_eq!(scene.provider.requests().len(), 0);
    let id_token = scene
        .provider
        .claims(FACEBOOK_PERSON, APP, scene.node.now());
    let id_token = crate::support::keys::sign_claims(
        &id_token,
        &crate::support::keys::SigningKey::ec_p256("a"),
    );
    let answer = scene.call(FACEBOOK, &id_token, "Friend");
    assert_eq!(answer.code.as_deref(), Some("IDPRejectedClaim"));
}

#[test]
fn a_provider_that_nobody_configured_is_nobody() {
    let node = Node::start(Settings::default());
    node.apply(&files());
    for provider in [FACEBOOK, AMAZON] {
        let response = node.assume_role(
            &role_arn("Anybody"),
            TOKEN,
            &[("ProviderId", Some(provider))],
        );
        let answer = StsAnswer::read(&response, Duration::ZERO);
        let text = format!("No OpenIDConnect provider found in your account for {provider}");
        let refusal = Refusal::invalid("provider", &text);
        assert_refused(&node, provider, &answer, &refusal);
    }
}

#[test]
fn without_the_app_s_secret_nobody_is_asked() {
    let scene = Scene::new();
    std::fs::remove_file(scene.node.folder().join("facebook.secret")).unwrap();
    scene.refuses_as_communication(FACEBOOK, "no secret", "inspection");
    assert_eq!(scene.provider.requests().len(), 0);
    std::fs::write(scene.node.folder().join("facebook.secret"), "another\n").unwrap();
    scene.accepts(FACEBOOK, "Friend");
    let query = &scene.provider.requests()[0].query;
    assert!(query.ends_with("%7Canother"), "{query}");
}

#[test]
fn a_provider_that_fails_again_and_again_is_left_alone() {
    let scene = Scene::new();
    scene.provider.set(DEBUG_TOKEN, Answer::bytes(500, ""));
    for _ in 0..20 {
        let answer = scene.call(FACEBOOK, TOKEN, "Friend");
        assert_eq!(answer.code.as_deref(), Some("IDPCommunicationError"));
    }
    assert_eq!(scene.provider.fetches(DEBUG_TOKEN), 5);
    scene.facebook_says(&json!({}));
    scene.accepts(AMAZON, "Shopper");
    scene.node.clock.advance(11);
    scene.accepts(FACEBOOK, "Friend");
}

#[test]
fn a_revocation_ends_what_such_a_person_has() {
    let scene = Scene::new();
    let keys: AwsKeys = scene.accepts(FACEBOOK, "Friend").credentials.unwrap();
    let other = scene.accepts(AMAZON, "Shopper").credentials.unwrap();
    let person = json!({ "issuer": "https://graph.facebook.com", "subject": FACEBOOK_PERSON });
    let body = json!({ "revoke": { "person": person } }).to_string();
    let revoked = scene.node.admin("POST", "/admin/v1/revocations", &body);
    assert_eq!(revoked.status, 200, "{}", revoked.text());
    assert_eq!(scene.node.who(&keys).status, 403);
    assert_eq!(scene.node.who(&other).status, 200);
    let refusal = Refusal::invalid(
        "revocation",
        "issued before sessions of its subject were revoked",
    );
    scene.refuses(FACEBOOK, "a token from before", &refusal);
    scene.facebook_says(&json!({ "issued_at": null }));
    scene.refuses(FACEBOOK, "a token of which nobody knows", &refusal);
    scene.node.advance(100);
    let now = scene.node.now();
    scene.facebook_says(&json!({ "issued_at": now, "expires_at": now + 3_600 }));
    scene.accepts(FACEBOOK, "Friend");
}

/// The request itself stays within the one form.
#[test]
fn a_second_provider_id_is_refused() {
    let scene = Scene::new();
    let role = role_arn("Friend");
    let fields = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", role.as_str()),
        ("RoleSessionName", "ines"),
        ("WebIdentityToken", TOKEN),
        ("ProviderId", FACEBOOK),
        ("ProviderId", AMAZON),
    ];
    let response = Request::post_form(scene.node.address, "/", &fields).send();
    let answer = StsAnswer::read(&response, Duration::ZERO);
    assert_eq!(answer.code.as_deref(), Some("InvalidParameterCombination"));
    assert_eq!(scene.provider.requests().len(), 0);
}
