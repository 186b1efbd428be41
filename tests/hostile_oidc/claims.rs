//! J12 to J14, J20 and J21: a good signature is the beginning, not the end.

use serde_json::{Value, json};

use crate::canary::Canary;
use crate::directory::{directory, role, start};
use crate::scene::{Refusal, Scene, assert_refused, patient};
use crate::support::directory::{STS_CLIENT, provider_arn};
use crate::support::keys::{SigningKey, changed_claims, sign_claims, sign_raw};
use crate::support::node::Settings;
use crate::support::provider::HostileProvider;

#[test]
fn j12_only_a_registered_issuer_is_known_and_no_other_is_asked() {
    let (provider, canary) = (HostileProvider::start(), Canary::new());
    let key = SigningKey::rsa("main");
    provider.publish(&[&key]);
    let canary_issuer = ["http://", &canary.authority()].concat();
    // The canary may be fetched as far as the node's settings go; it is registered nowhere.
    let settings = Settings {
        http_issuers: vec![canary_issuer.clone()],
        ..patient()
    };
    let node = start(&[&provider], settings);
    let scene = Scene {
        node,
        key,
        provider,
    };
    scene.accepts_an_honest_token();
    let good = scene.provider.issuer();
    let authority = good.strip_prefix("http://").unwrap();
    for issuer in [
        [&good, "/"].concat(),
        good.replace("http:", "HTTP:"),
        good.replace("http:", "https:"),
        good.replace("127.0.0.1", "localhost"),
        good.replace("127.0.0.1", "127.1"),
        good.strip_suffix(|_: char| true).unwrap().to_owned(),
        [&good, ".evil.example"].concat(),
        [&good, "@evil.example"].concat(),
        ["http://user@", authority].concat(),
        ["http://evil.example#", &good].concat(),
        [" ", &good].concat(),
        [&good, "\0"].concat(),
        "file:///etc/passwd".to_owned(),
        "http://169.254.169.254".to_owned(),
        "https://idp.example.com/<script>&\u{1}".to_owned(),
        String::new(),
        "x".repeat(5_000),
        canary_issuer,
    ] {
        let shown: String = issuer.chars().take(40).filter(|c| *c >= ' ').collect();
        let token = scene.token_with("iss", &json!(issuer));
        let refusal = Refusal::invalid(
            "provider",
            "No OpenIDConnect provider found in your account for ",
        );
        scene.refuses_without_asking(&shown, &token, &refusal);
    }
    let text = Refusal::invalid("claims", "The claim iss is not a text.");
    for issuer in [json!([good]), json!(7), json!({ "iss": good }), json!(true)] {
        let token = scene.token_with("iss", &issuer);
        scene.refuses_without_asking(&issuer.to_string(), &token, &text);
    }
    let missing = Refusal::invalid("claims", "Missing a required claim: iss");
    scene.refuses_without_asking("no iss", &scene.token_with("iss", &Value::Null), &missing);
    assert!(!canary.was_touched());
    scene.accepts_an_honest_token();
}

#[test]
fn j13_a_token_is_for_a_client_of_the_provider() {
    let scene = Scene::new();
    scene.accepts_an_honest_token();
    let audience = Refusal::invalid("audience", "Incorrect token audience");
    let malformed = Refusal::invalid("claims", "The claim aud is not a text or a list of texts");
    let missing = Refusal::invalid("claims", "Missing a required claim: aud");
    for (aud, refusal) in [
        (json!("other-client"), audience),
        (json!("sts-client.evil.example"), audience),
        (json!("sts-clien"), audience),
        (json!("STS-CLIENT"), audience),
        (json!(" sts-client"), audience),
        (json!("sts-client,other-client"), audience),
        (json!("sts-client other-client"), audience),
        (json!("portal-client"), audience),
        (json!(["other-client"]), audience),
        (json!("*"), audience),
        (json!(""), malformed),
        (json!([]), malformed),
        (json!({ "aud": STS_CLIENT }), malformed),
        (json!([[STS_CLIENT]]), malformed),
        (json!([STS_CLIENT, 7]), malformed),
        (json!(7), malformed),
        (Value::Null, missing),
    ] {
        let token = scene.token_with("aud", &aud);
        scene.refuses_without_asking(&aud.to_string(), &token, &refusal);
    }
    let party = Refusal::invalid("authorized party", "Incorrect token audience");
    let unnamed = Refusal::invalid("authorized party", "The token has 2 audiences and no azp.");
    let azp = Refusal::invalid("claims", "The claim azp is not a text.");
    for (changed, refusal) in [
        (json!({ "azp": "other-client" }), party),
        (json!({ "azp": "" }), party),
        (json!({ "azp": [STS_CLIENT] }), azp),
        (json!({ "aud": [STS_CLIENT, "other"] }), unnamed),
        (
            json!({ "aud": [STS_CLIENT, "other"], "azp": "other" }),
            party,
        ),
        (json!({ "aud": ["other"], "azp": STS_CLIENT }), audience),
    ] {
        let token = scene.token_with_all(&changed);
        scene.refuses_without_asking(&changed.to_string(), &token, &refusal);
    }
    for good in [
        json!({ "azp": STS_CLIENT }),
        json!({ "aud": [STS_CLIENT] }),
        json!({ "aud": [STS_CLIENT, "other"], "azp": STS_CLIENT }),
    ] {
        scene.accepts(&good.to_string(), &scene.token_with_all(&good));
    }
}

/// `ExpiredTokenException` by this check.
const fn expired(check: &'static str, message: &'static str) -> Refusal<'static> {
    Refusal {
        code: "ExpiredTokenException",
        ..Refusal::invalid(check, message)
    }
}

#[test]
fn j14_a_token_is_of_now() {
    const DAY: i64 = 24 * 3600;
    let scene = Scene::new();
    scene.accepts_an_honest_token();
    let over = expired("expiry", "Token expired: current date/time ");
    let too_old = expired("age", "Token too old: ");
    let future = Refusal::invalid("issued at", "The token was issued at ");
    let not_yet = Refusal::invalid("not before", "The token is valid from ");
    let lifetime = Refusal::invalid("lifetime", "The token's lifetime is ");
    for (what, changed, refusal) in [
        (
            "just expired",
            |now| json!({ "iat": now - 300, "exp": now - 60 }),
            over,
        ),
        ("exp = 0", |_| json!({ "exp": 0 }), over),
        (
            "issued in the future",
            |now| json!({ "iat": now + 61 }),
            future,
        ),
        (
            "valid in the future",
            |now| json!({ "nbf": now + 61 }),
            not_yet,
        ),
        (
            "ends as it begins",
            |now| json!({ "iat": now, "exp": now }),
            lifetime,
        ),
        (
            "ends before it begins",
            |now| json!({ "iat": now, "exp": now - 1 }),
            lifetime,
        ),
        (
            "for ever",
            |_| json!({ "exp": 253_402_300_799_i64 }),
            lifetime,
        ),
        (
            "for a day and a second",
            |now| json!({ "exp": now + DAY + 1 }),
            lifetime,
        ),
        (
            "issued a day and a second ago",
            |now| json!({ "iat": now - DAY - 1, "exp": now + 300 }),
            too_old,
        ),
    ] as [(&str, fn(i64) -> Value, Refusal<'_>); 9]
    {
        let token = scene.token_with_all(&changed(scene.node.now()));
        scene.refuses_without_asking(what, &token, &refusal);
    }
}

#[test]
fn j14_two_clocks_may_be_a_minute_apart() {
    const DAY: i64 = 24 * 3600;
    let scene = Scene::new();
    for (what, changed) in [
        (
            "expired within the skew",
            |now| json!({ "iat": now - 300, "exp": now - 59 }),
        ),
        ("issued within the skew", |now| json!({ "iat": now + 60 })),
        ("valid within the skew", |now| json!({ "nbf": now + 60 })),
        ("for a day", |now| json!({ "exp": now + DAY })),
    ] as [(&str, fn(i64) -> Value); 4]
    {
        scene.accepts(what, &scene.token_with_all(&changed(scene.node.now())));
    }
}

#[test]
fn j14_a_time_is_a_whole_number_of_seconds() {
    let scene = Scene::new();
    scene.accepts_an_honest_token();
    for claim in ["exp", "iat", "nbf"] {
        let now = scene.node.now();
        let message = format!("The claim {claim} is not a whole number of seconds.");
        let malformed = Refusal::invalid("claims", &message);
        for value in [
            json!(now.to_string()),
            json!("2026-11-21T09:41:07Z"),
            json!(true),
            json!({ "seconds": now }),
            json!([now]),
            json!(-1),
            json!(i64::MIN),
            json!(u64::MAX),
            json!(1_795_254_067.5),
        ] {
            let what = [claim, " ", &value.to_string()].concat();
            scene.refuses_without_asking(&what, &scene.token_with(claim, &value), &malformed);
        }
        let claims = payload_of(&scene.token_with(claim, &json!(now)));
        let member = |value: &str| ["\"", claim, "\":", value].concat();
        let infinite = claims.replacen(&member(&now.to_string()), &member("1e999"), 1);
        assert_ne!(infinite, claims);
        let token = sign_raw(&scene.key.header(), &infinite, &scene.key);
        let json = Refusal::invalid("json", "The payload is not strict JSON.");
        scene.refuses_without_asking("1e999", &token, &json);
    }
    for claim in ["exp", "iat"] {
        let message = format!("Missing a required claim: {claim}");
        let missing = Refusal::invalid("claims", &message);
        scene.refuses_without_asking(claim, &scene.token_with(claim, &Value::Null), &missing);
    }
    let null = payload_of(&scene.token()).replace("\"sub\":", "\"nbf\":null,\"sub\":");
    let token = sign_raw(&scene.key.header(), &null, &scene.key);
    let malformed = Refusal::invalid("claims", "The claim nbf is not a whole number of seconds.");
    scene.refuses_without_asking("null", &token, &malformed);
}

/// The payload of a token as its text.
fn payload_of(token: &str) -> String {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
    String::from_utf8(bytes.unwrap()).unwrap()
}

#[test]
fn j20_a_subject_is_a_short_printable_text() {
    let scene = Scene::new();
    scene.accepts_an_honest_token();
    let missing = Refusal::invalid("claims", "Missing a required claim: sub");
    let text = Refusal::invalid("claims", "The claim sub is not a text.");
    let malformed = Refusal::invalid(
        "claims",
        "The claim sub is not 1 to 255 ASCII characters without control characters.",
    );
    for (subject, refusal) in [
        (Value::Null, missing),
        (json!(7), text),
        (json!(["person-1"]), text),
        (json!({ "sub": "person-1" }), text),
        (json!(true), text),
        (json!(""), malformed),
        (json!("x".repeat(256)), malformed),
        (json!("x".repeat(300)), malformed),
        (json!("person-1\r\nx-injected: 1"), malformed),
        (json!("person-1\0"), malformed),
        (json!("person-1\u{202e}"), malformed),
        (json!("p\u{435}rson-1"), malformed),
    ] {
        let token = scene.token_with("sub", &subject);
        scene.refuses_without_asking(&subject.to_string(), &token, &refusal);
    }
    for good in [
        "<script>alert(1)</script>",
        "</SubjectFromWebIdentityToken><Code>",
        "a&b\"c'd",
        "]]>",
        "{sub}",
        "${aws:username}",
        "../../role/Admin",
        &"x".repeat(255),
    ] {
        let answer = scene.accepts(good, &scene.token_with("sub", &json!(good)));
        assert_eq!(answer.subject.as_deref(), Some(good));
        let record = scene.node.audit_of(&answer.request_id);
        assert_eq!(record.0["userIdentity"]["userName"], good);
    }
}

#[test]
fn j21_a_subject_is_of_its_issuer() {
    let (first, second) = (HostileProvider::start(), HostileProvider::start());
    let (key_of_first, key_of_second) = (SigningKey::rsa("main"), SigningKey::rsa("main"));
    first.publish(&[&key_of_first]);
    second.publish(&[&key_of_second]);
    let node = start(&[&first, &second], patient());
    let own = node.assume(&role(0), &node.token(&first, &key_of_first));
    let of_second = node.assume(&role(1), &node.token(&second, &key_of_second));
    assert!(own.credentials.is_some() && of_second.credentials.is_some());
    assert_eq!(own.subject, of_second.subject);
    let identity = |request_id: &str| {
        let record = node.audit_of(request_id);
        record.0["userIdentity"]["principalId"].clone()
    };
    assert_ne!(identity(&own.request_id), identity(&of_second.request_id));

    let denied = Refusal {
        status: 403,
        code: "AccessDenied",
        message: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        check: "trust policy",
    };
    let foreign = node.assume(&role(0), &node.token(&second, &key_of_second));
    assert_refused(&node, "another issuer's token", &foreign, &denied);
    let posing = sign_claims(&node.claims(&first), &key_of_second);
    let posing = node.assume(&role(0), &posing);
    assert_refused(
        &node,
        "another issuer's key",
        &posing,
        &Refusal::signature(),
    );
}

#[test]
fn j21_condition_keys_carry_their_issuer() {
    let (first, second) = (HostileProvider::start(), HostileProvider::start());
    let (key_of_first, key_of_second) = (SigningKey::rsa("main"), SigningKey::rsa("main"));
    first.publish(&[&key_of_first]);
    second.publish(&[&key_of_second]);
    let node = start(&[&first, &second], patient());
    let providers = [&first, &second];
    let key = [first.address().to_string(), ":sub".to_owned()].concat();
    // Both providers may speak for the role; its condition is about a person of the first.
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Federated": providers.map(|one| provider_arn(&one.issuer())) },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { "StringEquals": { (key): "person-1" } },
        }],
    });
    let mut files = directory(&providers);
    let path = "accounts/123456789012/roles/Reader0.trust.json";
    files.insert(path.to_owned(), trust.to_string());
    node.apply(&files);
    let own = node.assume(&role(0), &node.token(&first, &key_of_first));
    assert!(own.credentials.is_some(), "{own:?}");
    let denied = Refusal {
        status: 403,
        code: "AccessDenied",
        message: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        check: "trust policy",
    };
    for (what, claims) in [
        ("the same subject", json!({})),
        (
            "a claim that is called like the key",
            json!({ ([first.address().to_string(), ":sub".to_owned()].concat()): "person-1" }),
        ),
    ] {
        let claims = changed_claims(node.claims(&second), &claims);
        let foreign = node.assume(&role(0), &sign_claims(&claims, &key_of_second));
        assert_refused(&node, what, &foreign, &denied);
    }
}
