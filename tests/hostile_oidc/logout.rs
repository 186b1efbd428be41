//! What a provider tells of its own sessions, and what somebody else says in its name (OpenID Connect
//! Back-Channel Logout 1.0); and how a person leaves for the provider (RP-Initiated Logout 1.0).

use serde_json::{Value, json};
use url::Url;

use crate::directory::{connection, role, start};
use crate::scene::patient;
use crate::support::aws::AwsKeys;
use crate::support::browser::{Browser, csrf, own_form};
use crate::support::directory::{PORTAL_CLIENT, STS_CLIENT};
use crate::support::http::{Request, Response};
use crate::support::keys::{
    SigningKey, base64url, changed_claims, sign_claims, sign_raw, sign_with_hmac, signing_input,
};
use crate::support::node::{NO_RATES, Node, Settings, Store};
use crate::support::provider::{Answer, DISCOVERY, HostileProvider, TOKEN};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const PERSON: &str = "person-1";

/// A node with two providers and a connection to each; each has a key of its own, of the same name.
struct Scene {
    node: Node,
    keys: [SigningKey; 2],
    providers: [HostileProvider; 2],
}

/// A person in a browser, and the keys that they took there.
struct SignedIn {
    browser: Browser,
    keys: AwsKeys,
}

impl Scene {
    fn new() -> Self {
        Self::with_store(Store::Memory)
    }

    fn with_store(store: Store) -> Self {
        Self::with(store, |provider| {
            provider.url("/end-session?tenant=a").into()
        })
    }

    /// With this `end_session_endpoint`; `null` leaves it out.
    fn with(store: Store, endpoint: impl Fn(&HostileProvider) -> Value) -> Self {
        Self::with_settings(Settings { store, ..patient() }, endpoint)
    }

    fn with_settings(settings: Settings, endpoint: impl Fn(&HostileProvider) -> Value) -> Self {
        let providers = [HostileProvider::start(), HostileProvider::start()];
        let keys = [SigningKey::rsa("main"), SigningKey::rsa("main")];
        for (provider, key) in providers.iter().zip(&keys) {
            provider.publish(&[key]);
            let changed = json!({ "end_session_endpoint": endpoint(provider) });
            let metadata = changed_claims(provider.discovery(), &changed);
            provider.set(DISCOVERY, Answer::json(&metadata));
        }
        let node = start(&[&providers[0], &providers[1]], settings);
        Self {
            node,
            keys,
            providers,
        }
    }

    /// Signs a person in at provider 0, where their session is called so.
    fn signs_in(&self, person: &str, sid: Option<&str>) -> SignedIn {
        let mut browser = self.node.browser();
        let departure = browser.begin(&connection(0), "/roles");
        let mut claims = self.providers[0].claims(person, PORTAL_CLIENT, self.node.now());
        claims["nonce"] = departure.nonce.clone().into();
        claims["groups"] = json!(["readers"]);
        if let Some(sid) = sid {
            claims["sid"] = sid.into();
        }
        let answer = json!({
            "access_token": "access-token-1",
            "token_type": "Bearer",
            "id_token": sign_claims(&claims, &self.keys[0]),
        });
        self.providers[0].set(TOKEN, Answer::json(&answer));
        let issuer = self.providers[0].issuer();
        let parameters = [
            ("code", "code-1"),
            ("state", &departure.state),
            ("iss", &issuer),
        ];
        let response = browser.come_back(&connection(0), &parameters);
        assert_eq!(response.status, 303, "{}", response.text());
        let keys = self.takes_keys(&mut browser);
        SignedIn { browser, keys }
    }

    fn takes_keys(&self, browser: &mut Browser) -> AwsKeys {
        let page = browser.get("/roles");
        let page = self.post(
            browser,
            "/credentials",
            &[("role", &role(0)), ("csrf", &csrf(&page))],
        );
        assert_eq!(page.status, 200, "{}", page.text());
        let text = page.text();
        let after = |name: &str| {
            let (_, rest) = text.split_once(&[name, "</span> = "].concat()).unwrap();
            rest.lines().next().unwrap().to_owned()
        };
        AwsKeys {
            id: after("aws_access_key_id"),
            secret: after("aws_secret_access_key"),
            token: Some(after("aws_session_token")),
        }
    }

    fn post(&self, browser: &mut Browser, target: &str, fields: &[(&str, &str)]) -> Response {
        browser.send(own_form(self.node.address, target, fields))
    }

    fn are_good(&self, keys: &AwsKeys) -> bool {
        self.node.who(keys).status == 200
    }

    /// What an honest provider 0 tells: that this session of the person is over.
    fn told(&self, sid: Option<&str>) -> Value {
        let mut claims = self.providers[0].claims(PERSON, PORTAL_CLIENT, self.node.now());
        claims["jti"] = format!("jti-{sid:?}").into();
        claims["events"] = json!({ EVENT: {} });
        if let Some(sid) = sid {
            claims["sid"] = sid.into();
        }
        claims
    }

    fn sign(&self, claims: &Value) -> String {
        sign_raw(&header("logout+jwt"), &claims.to_string(), &self.keys[0])
    }

    fn tell(&self, number: usize, token: &str) -> Response {
        let target = ["/oidc/backchannel-logout/", &connection(number)].concat();
        Request::post_form(self.node.address, &target, &[("logout_token", token)]).send()
    }

    fn is_taken(&self, claims: &Value) {
        let response = self.tell(0, &self.sign(claims));
        assert_eq!(response.status, 200, "{}", response.text());
        assert_eq!(response.header("cache-control"), Some("no-store"));
    }

    /// Asserts a refusal as the specification has it (section 2.8), and the check that the audit names.
    fn is_refused(&self, what: &str, response: &Response, check: &str) {
        assert_eq!(response.status, 400, "{what}: {}", response.text());
        assert_eq!(response.header("cache-control"), Some("no-store"), "{what}");
        assert_eq!(response.json()["error"], "invalid_request", "{what}");
        let told = response.json()["error_description"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(told.ends_with(check), "{what}: {told}");
        let lines = self.node.audit();
        let line = lines.iter().rfind(|line| line["eventName"] == "OidcLogout");
        let line = line.unwrap_or_else(|| panic!("{what}: no line"));
        let failed = &line["additionalEventData"]["checks"][0];
        assert_eq!(failed["name"], check, "{what}: {line}");
        assert_eq!(failed["outcome"], "failed", "{what}: {line}");
        self.node.clock.advance(1);
    }
}

fn header(kind: &str) -> String {
    json!({ "alg": "RS256", "kid": "main", "typ": kind }).to_string()
}

fn query(url: &Url, wanted: &str) -> Option<String> {
    let found = url.query_pairs().find(|(name, _)| name == wanted);
    found.map(|(_, value)| value.into_owned())
}

#[test]
fn the_session_that_a_provider_names_ends_with_its_keys_and_no_other() {
    for store in [Store::Memory, Store::Embedded] {
        let scene = Scene::with_store(store);
        let mut one = scene.signs_in(PERSON, Some("sid-1"));
        let mut two = scene.signs_in(PERSON, Some("sid-2"));
        let mut other = scene.signs_in("person-2", Some("sid-1"));
        assert!(scene.are_good(&one.keys));
        scene.is_taken(&scene.told(Some("sid-1")));
        assert!(!one.browser.is_signed_in());
        assert!(
            !scene.are_good(&one.keys),
            "the keys of the session that is over"
        );
        assert!(two.browser.is_signed_in());
        assert!(scene.are_good(&two.keys));
        assert!(
            other.browser.is_signed_in(),
            "another person's of the same name"
        );
        let lines = scene.node.audit();
        let line = lines.iter().rfind(|line| line["eventName"] == "OidcLogout");
        let line = line.unwrap();
        assert_eq!(line["additionalEventData"]["sessionsEnded"], 1, "{line}");
    }
}

#[test]
fn a_person_whom_a_provider_names_has_no_session_any_more() {
    let scene = Scene::new();
    let mut one = scene.signs_in(PERSON, Some("sid-1"));
    let mut two = scene.signs_in(PERSON, None);
    let mut other = scene.signs_in("person-2", Some("sid-2"));
    scene.is_taken(&scene.told(None));
    for ended in [&mut one, &mut two] {
        assert!(!ended.browser.is_signed_in());
        assert!(!scene.are_good(&ended.keys));
    }
    assert!(other.browser.is_signed_in());
    assert!(scene.are_good(&other.keys));
    // Nothing else is held against them: they sign in anew, a minute later.
    scene.node.clock.advance(61);
    let mut again = scene.signs_in(PERSON, Some("sid-3"));
    assert!(again.browser.is_signed_in());
    assert!(scene.are_good(&again.keys));
}

#[test]
fn a_session_is_found_by_its_name_alone() {
    for store in [Store::Memory, Store::Embedded] {
        let scene = Scene::with_store(store);
        let mut one = scene.signs_in(PERSON, Some("sid-1"));
        let mut two = scene.signs_in("person-2", Some("sid-2"));
        scene.is_taken(&changed_claims(
            scene.told(Some("sid-1")),
            &json!({ "sub": null }),
        ));
        assert!(!one.browser.is_signed_in());
        assert!(!scene.are_good(&one.keys));
        assert!(two.browser.is_signed_in());
    }
}

/// A session of which the provider never said what it came of: one too many ends rather than one too few.
#[test]
fn a_session_of_unknown_origin_ends_with_any_of_its_person() {
    let scene = Scene::new();
    let mut unknown = scene.signs_in(PERSON, None);
    let mut other = scene.signs_in("person-2", None);
    scene.is_taken(&scene.told(Some("sid-1")));
    assert!(!unknown.browser.is_signed_in());
    assert!(other.browser.is_signed_in());
}

/// Sessions are not known by such a name.
#[test]
fn a_name_that_is_too_long_means_all_sessions_of_the_person_beside_it() {
    let scene = Scene::new();
    let long = "s".repeat(256);
    let mut one = scene.signs_in(PERSON, Some(&long));
    let mut two = scene.signs_in(PERSON, Some("sid-2"));
    let mut other = scene.signs_in("person-2", Some(&long));
    scene.is_taken(&changed_claims(scene.told(None), &json!({ "sid": long })));
    for ended in [&mut one, &mut two] {
        assert!(!ended.browser.is_signed_in());
        assert!(!scene.are_good(&ended.keys));
    }
    assert!(other.browser.is_signed_in());
}

/// A provider that did not have the answer sends its token again: it does not lock itself out by that.
#[test]
fn a_token_that_comes_again_is_no_guess() {
    let rates = NO_RATES.replace(
        "failed_proof_per_second = \"off\"",
        "failed_proof_per_second = 1\nfailed_proof_burst = 3",
    );
    let scene = Scene::with_settings(
        Settings {
            toml: rates,
            ..Settings::default()
        },
        |provider| provider.url("/end-session").into(),
    );
    let token = scene.sign(&scene.told(Some("sid-1")));
    assert_eq!(scene.tell(0, &token).status, 200);
    for _ in 0..9 {
        assert_eq!(scene.tell(0, &token).status, 400);
    }
    for _ in 0..3 {
        assert_eq!(scene.tell(0, "logout").status, 400);
    }
    assert_eq!(scene.tell(0, "logout").status, 429);
}

#[test]
fn no_session_begins_with_one_that_is_over() {
    let scene = Scene::new();
    scene.is_taken(&scene.told(Some("sid-1")));
    let mut browser = scene.node.browser();
    let departure = browser.begin(&connection(0), "/roles");
    let mut claims = scene.providers[0].claims(PERSON, PORTAL_CLIENT, scene.node.now());
    claims["nonce"] = departure.nonce.clone().into();
    claims["sid"] = "sid-1".into();
    let answer = json!({
        "access_token": "a", "token_type": "Bearer", "id_token": sign_claims(&claims, &scene.keys[0]),
    });
    scene.providers[0].set(TOKEN, Answer::json(&answer));
    let issuer = scene.providers[0].issuer();
    let parameters = [("code", "c"), ("state", &departure.state), ("iss", &issuer)];
    let response = browser.come_back(&connection(0), &parameters);
    assert_eq!(response.status, 403, "{}", response.text());
    assert!(!browser.is_signed_in());
}

/// What is wrong, the claims that make it so, and the check that finds it.
fn wrong_claims(scene: &Scene) -> Vec<(&'static str, Value, &'static str)> {
    let now = scene.node.now();
    vec![
        ("another client's", json!({ "aud": "other" }), "audience"),
        ("one for STS", json!({ "aud": STS_CLIENT }), "audience"),
        ("no audience", json!({ "aud": null }), "claims"),
        (
            "issued to another client",
            json!({ "aud": [PORTAL_CLIENT, "other"], "azp": "other" }),
            "authorized party",
        ),
        (
            "another issuer's",
            json!({ "iss": scene.providers[1].issuer() }),
            "issuer",
        ),
        ("no issuer", json!({ "iss": null }), "claims"),
        ("a nonce", json!({ "nonce": "n" }), "nonce"),
        ("an empty nonce", json!({ "nonce": "" }), "nonce"),
        (
            "expired",
            json!({ "iat": now - 300, "exp": now - 60 }),
            "expiry",
        ),
        (
            "of tomorrow",
            json!({ "iat": now + 90, "exp": now + 300 }),
            "issued at",
        ),
        ("no expiry", json!({ "exp": null }), "claims"),
        ("no time of issue", json!({ "iat": null }), "claims"),
        (
            "good for a week",
            json!({ "exp": now + 604_800 }),
            "lifetime",
        ),
    ]
}

/// Likewise of what a token tells.
fn wrong_tellings() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("no events", json!({ "events": null }), "events"),
        (
            "events that are a list",
            json!({ "events": [EVENT] }),
            "events",
        ),
        (
            "events that are a text",
            json!({ "events": EVENT }),
            "events",
        ),
        (
            "another event",
            json!({ "events": { "https://example.com/e": {} } }),
            "events",
        ),
        (
            "an event in capitals",
            json!({ "events": { EVENT.to_uppercase(): {} } }),
            "events",
        ),
        (
            "an event that is no object",
            json!({ "events": { EVENT: true } }),
            "events",
        ),
        ("nobody", json!({ "sub": null, "sid": null }), "claims"),
        ("a person that is no text", json!({ "sub": 7 }), "claims"),
        ("an empty session", json!({ "sid": "" }), "claims"),
        (
            "a session that is too long",
            json!({ "sid": "s".repeat(256), "sub": null }),
            "claims",
        ),
        (
            "a session that is no text",
            json!({ "sid": ["sid-1"] }),
            "claims",
        ),
        ("no name of its own", json!({ "jti": null }), "claims"),
        ("an empty name", json!({ "jti": "" }), "claims"),
        (
            "a name that is too long",
            json!({ "jti": "j".repeat(513) }),
            "claims",
        ),
    ]
}

#[test]
fn nobody_is_signed_out_by_what_the_provider_did_not_say() {
    let scene = Scene::new();
    let mut signed_in = scene.signs_in(PERSON, Some("sid-1"));
    let wrong = wrong_claims(&scene).into_iter().chain(wrong_tellings());
    for (what, changed, check) in wrong {
        let claims = changed_claims(scene.told(Some("sid-1")), &changed);
        scene.is_refused(what, &scene.tell(0, &scene.sign(&claims)), check);
    }
    assert!(signed_in.browser.is_signed_in());
    assert!(scene.are_good(&signed_in.keys));
    scene.is_taken(&scene.told(Some("sid-1")));
    assert!(!signed_in.browser.is_signed_in());
}

/// What is not signed as it says, and the check that finds it.
fn forged(scene: &Scene, claims: &Value) -> Vec<(&'static str, String, &'static str)> {
    let (payload, good) = (claims.to_string(), scene.sign(claims));
    let (signed, _) = good.rsplit_once('.').unwrap();
    let none = json!({ "alg": "none", "typ": "logout+jwt" }).to_string();
    let hmac = json!({ "alg": "HS256", "kid": "main", "typ": "logout+jwt" }).to_string();
    let public = scene.keys[0].jwk()["n"].as_str().unwrap().to_owned();
    let jwk = json!({ "alg": "RS256", "kid": "main", "jwk": scene.keys[1].jwk() }).to_string();
    vec![
        (
            "alg none",
            [&signing_input(&none, &payload), ""].join("."),
            "algorithm",
        ),
        (
            "alg none with a signature",
            [&signing_input(&none, &payload), "AAAA"].join("."),
            "algorithm",
        ),
        (
            "a public key as a secret",
            sign_with_hmac(&hmac, &payload, public.as_bytes()),
            "algorithm",
        ),
        (
            "the other connection's key",
            sign_raw(&header("logout+jwt"), &payload, &scene.keys[1]),
            "signature",
        ),
        (
            "a key that it brings",
            sign_raw(&jwk, &payload, &scene.keys[1]),
            "header",
        ),
        ("no signature", [signed, ""].join("."), "signature"),
        (
            "a signature of nothing",
            [signed, &base64url(&[0; 256])].join("."),
            "signature",
        ),
        (
            "a key that nobody has",
            {
                let header = json!({ "alg": "RS256", "kid": "k9", "typ": "logout+jwt" });
                sign_raw(&header.to_string(), &payload, &scene.keys[0])
            },
            "key",
        ),
        (
            "another kind of token",
            sign_raw(&header("at+jwt"), &payload, &scene.keys[0]),
            "type",
        ),
        ("no token", "logout".to_owned(), "compact form"),
        ("an empty token", String::new(), "compact form"),
    ]
}

#[test]
fn nobody_is_signed_out_by_what_the_provider_did_not_sign() {
    let scene = Scene::new();
    let mut signed_in = scene.signs_in(PERSON, Some("sid-1"));
    let claims = scene.told(Some("sid-1"));
    for (what, token, check) in forged(&scene, &claims) {
        scene.is_refused(what, &scene.tell(0, &token), check);
    }
    assert!(signed_in.browser.is_signed_in());
    // An older provider says no more than that it is a token.
    let token = sign_raw(&header("JWT"), &claims.to_string(), &scene.keys[0]);
    assert_eq!(scene.tell(0, &token).status, 200);
    assert!(!signed_in.browser.is_signed_in());
}

#[test]
fn a_token_is_taken_once_and_at_its_own_connection() {
    let scene = Scene::new();
    let token = scene.sign(&scene.told(Some("sid-1")));
    scene.is_refused("the other connection", &scene.tell(1, &token), "issuer");
    let nowhere = Request::post_form(
        scene.node.address,
        "/oidc/backchannel-logout/nobody",
        &[("logout_token", &token)],
    );
    scene.is_refused("no connection", &nowhere.send(), "issuer");
    assert_eq!(scene.tell(0, &token).status, 200);
    let mut signed_in = scene.signs_in(PERSON, Some("sid-2"));
    scene.is_refused("again", &scene.tell(0, &token), "one-time use");
    // Another signature over another token of the same name.
    let again = changed_claims(
        scene.told(Some("sid-2")),
        &json!({ "jti": scene.told(Some("sid-1"))["jti"] }),
    );
    scene.is_refused(
        "the same name",
        &scene.tell(0, &scene.sign(&again)),
        "one-time use",
    );
    assert!(signed_in.browser.is_signed_in());
}

#[test]
fn an_id_token_signs_nobody_out_and_a_logout_token_nobody_in() {
    let scene = Scene::new();
    let mut signed_in = scene.signs_in(PERSON, Some("sid-1"));
    let mut claims = scene.providers[0].claims(PERSON, PORTAL_CLIENT, scene.node.now());
    claims["sid"] = "sid-1".into();
    claims["jti"] = "jti-1".into();
    let id_token = sign_claims(&claims, &scene.keys[0]);
    scene.is_refused("an id_token", &scene.tell(0, &id_token), "events");
    assert!(signed_in.browser.is_signed_in());

    // At STS, whatever it says of its kind; but for the events it would be good there.
    let mut told = scene.told(Some("sid-1"));
    told["aud"] = STS_CLIENT.into();
    for kind in ["logout+jwt", "JWT"] {
        let token = sign_raw(&header(kind), &told.to_string(), &scene.keys[0]);
        let answer = scene.node.assume(&role(0), &token);
        assert_eq!(answer.credentials, None, "{kind}");
        assert_eq!(
            answer.code.as_deref(),
            Some("InvalidIdentityToken"),
            "{kind}: {answer:?}"
        );
        let record = scene.node.audit_of(&answer.request_id);
        assert_eq!(record.failed_check(), Some("type"), "{kind}: {record:?}");
    }
    let plain = changed_claims(told, &json!({ "events": null }));
    let answer = scene
        .node
        .assume(&role(0), &sign_claims(&plain, &scene.keys[0]));
    assert!(answer.credentials.is_some(), "{answer:?}");

    // At the portal, with everything else that an id_token has.
    let mut browser = scene.node.browser();
    let departure = browser.begin(&connection(0), "/roles");
    let mut told = scene.told(Some("sid-9"));
    told["nonce"] = departure.nonce.clone().into();
    let answer = json!({
        "access_token": "a", "token_type": "Bearer", "id_token": sign_claims(&told, &scene.keys[0]),
    });
    scene.providers[0].set(TOKEN, Answer::json(&answer));
    let issuer = scene.providers[0].issuer();
    let parameters = [("code", "c"), ("state", &departure.state), ("iss", &issuer)];
    let response = browser.come_back(&connection(0), &parameters);
    assert_eq!(response.status, 403, "{}", response.text());
    assert!(!browser.is_signed_in());
}

#[test]
fn what_is_no_form_with_one_token_is_refused() {
    let scene = Scene::new();
    let target = ["/oidc/backchannel-logout/", &connection(0)].concat();
    let token = scene.sign(&scene.told(Some("sid-1")));
    let form =
        |fields: &[(&str, &str)]| Request::post_form(scene.node.address, &target, fields).send();
    for (what, response) in [
        ("no token", form(&[("token", &token)])),
        (
            "two tokens",
            form(&[("logout_token", &token), ("logout_token", &token)]),
        ),
        ("too long", form(&[("logout_token", &"a".repeat(30_000))])),
        (
            "JSON",
            Request::new(scene.node.address, "POST", &target)
                .with_header("content-type", "application/json")
                .with_body(json!({ "logout_token": token }).to_string())
                .send(),
        ),
    ] {
        assert_eq!(response.status, 400, "{what}: {}", response.text());
        assert_eq!(response.json()["error"], "invalid_request", "{what}");
        assert_eq!(response.header("cache-control"), Some("no-store"), "{what}");
    }
    let response = Request::get(scene.node.address, &target).send();
    assert!(matches!(response.status, 404 | 405), "{}", response.status);
    assert!(!scene.node.audit_text().contains(&token));
}

#[test]
fn a_person_who_signs_out_leaves_for_their_provider_and_comes_back() {
    let scene = Scene::new();
    let mut signed_in = scene.signs_in(PERSON, Some("sid-1"));
    let browser = &mut signed_in.browser;
    let token = csrf(&browser.get("/roles"));
    let page = scene.post(browser, "/sign-out", &[("csrf", &token)]);
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(!browser.is_signed_in());
    let text = page.text();
    let (_, link) = text.split_once("id=\"leave\" href=\"").unwrap();
    let (link, _) = link.split_once('"').unwrap();
    let url: Url = link
        .replace("&#38;", "&")
        .replace("&amp;", "&")
        .parse()
        .unwrap();
    assert!(
        url.as_str()
            .starts_with(&scene.providers[0].url("/end-session?tenant=a&")),
        "{url}"
    );
    assert_eq!(query(&url, "client_id").as_deref(), Some(PORTAL_CLIENT));
    assert_eq!(query(&url, "id_token_hint").unwrap().split('.').count(), 3);
    let back = [&scene.node.origin(), "/signed-out"].concat();
    assert_eq!(query(&url, "post_logout_redirect_uri"), Some(back));
    let state = query(&url, "state").unwrap();
    assert_eq!(state.len(), 43);

    let returned = ["/signed-out?state=", &state].concat();
    let mut stranger = scene.node.browser();
    for target in [
        "/signed-out",
        "/signed-out?state=",
        "/signed-out?state=x",
        &returned,
    ] {
        let response = stranger.get(target);
        assert_eq!(response.status, 303, "{target}");
        assert_eq!(response.header("location"), Some("/"), "{target}");
    }
    let response = browser.get(&returned);
    assert_eq!(response.status, 200);
    assert!(
        response.text().contains("You are signed out"),
        "{}",
        response.text()
    );
    // Once: the cookie is gone.
    assert_eq!(browser.get(&returned).status, 303);
    assert!(
        !scene
            .node
            .audit_text()
            .contains(&query(&url, "id_token_hint").unwrap())
    );
}

#[test]
fn a_return_that_comes_too_late_says_nothing() {
    let scene = Scene::new();
    let mut signed_in = scene.signs_in(PERSON, Some("sid-1"));
    let browser = &mut signed_in.browser;
    let token = csrf(&browser.get("/roles"));
    let page = scene.post(browser, "/sign-out", &[("csrf", &token)]).text();
    let (_, state) = page.split_once("state=").unwrap();
    let state: String = state.chars().take(43).collect();
    scene.node.advance(601);
    let response = browser.get(&["/signed-out?state=", &state].concat());
    assert_eq!(response.status, 303);
}

#[test]
fn a_provider_without_an_address_for_it_is_not_told_and_the_page_says_so() {
    for endpoint in [
        Value::Null,
        json!("javascript:alert(1)"),
        json!("http://127.0.0.1:1/x"),
        json!(7),
    ] {
        let scene = Scene::with(Store::Memory, |_| endpoint.clone());
        let mut signed_in = scene.signs_in(PERSON, Some("sid-1"));
        let browser = &mut signed_in.browser;
        let token = csrf(&browser.get("/roles"));
        let page = scene.post(browser, "/sign-out", &[("csrf", &token)]);
        assert_eq!(page.status, 200, "{endpoint}: {}", page.text());
        assert!(!page.text().contains("id=\"leave\""), "{endpoint}");
        assert!(
            page.text()
                .contains("still be signed in at your identity provider"),
            "{endpoint}"
        );
        assert!(!browser.is_signed_in());
    }
}

/// Keys that were taken before a session ended from elsewhere are over; those of a plain sign-out are not.
#[test]
fn a_person_s_own_sign_out_leaves_the_keys_to_their_end() {
    let scene = Scene::new();
    let mut signed_in = scene.signs_in(PERSON, Some("sid-1"));
    let token = csrf(&signed_in.browser.get("/roles"));
    scene.post(&mut signed_in.browser, "/sign-out", &[("csrf", &token)]);
    assert!(scene.are_good(&signed_in.keys));
}
