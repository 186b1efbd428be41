//! J15 and J24 to J28: what comes back to the redirect URI, and to whose browser.

use std::sync::Barrier;

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use serde_json::{Value, json};
use url::Url;

use crate::directory::{connection, start};
use crate::scene::patient;
use crate::support::audit::AuditRecord;
use crate::support::browser::{Browser, Departure};
use crate::support::directory::PORTAL_CLIENT;
use crate::support::http::{Request, Response};
use crate::support::keys::{SigningKey, base64url, changed_claims, sign_claims};
use crate::support::node::{Node, Settings, Store};
use crate::support::provider::{Answer, DISCOVERY, HostileProvider, TOKEN};

const ACCESS_TOKEN: &str = "access-token-1";
const CODE: &str = "code-1";

/// A node with two providers, each with a connection; both publish the same key, so that nothing but
/// the issuer tells them apart.
struct Portal {
    node: Node,
    key: SigningKey,
    providers: [HostileProvider; 2],
}

impl Portal {
    fn new() -> Self {
        Self::with_store(Store::Memory)
    }

    fn with_store(store: Store) -> Self {
        Self::with(store, |_| {})
    }

    /// With what is done to provider 0 before the node can read anything of it.
    fn with(store: Store, prepare: impl FnOnce(&HostileProvider)) -> Self {
        let providers = [HostileProvider::start(), HostileProvider::start()];
        let key = SigningKey::rsa("main");
        for provider in &providers {
            provider.publish(&[&key]);
        }
        prepare(&providers[0]);
        let settings = Settings { store, ..patient() };
        let node = start(&[&providers[0], &providers[1]], settings);
        Self {
            node,
            key,
            providers,
        }
    }

    /// The claims of an honest id_token that answers this departure to provider 0.
    fn claims(&self, departure: &Departure) -> Value {
        let mut claims = self.providers[0].claims("person-1", PORTAL_CLIENT, self.node.now());
        claims["nonce"] = departure.nonce.clone().into();
        claims["groups"] = json!(["readers"]);
        claims
    }

    /// From now on provider 0 gives this id_token for every code.
    fn give(&self, claims: &Value) {
        let answer = json!({
            "access_token": ACCESS_TOKEN,
            "token_type": "Bearer",
            "id_token": sign_claims(claims, &self.key),
        });
        self.providers[0].set(TOKEN, Answer::json(&answer));
    }

    fn begin(&self) -> (Browser, Departure) {
        let mut browser = self.node.browser();
        let departure = browser.begin(&connection(0), "/roles");
        (browser, departure)
    }

    /// Comes back from provider 0 with a code and this state.
    fn come_back(&self, browser: &mut Browser, state: &str) -> Response {
        let issuer = self.providers[0].issuer();
        let parameters = [("code", CODE), ("state", state), ("iss", issuer.as_str())];
        browser.come_back(&connection(0), &parameters)
    }

    /// An honest sign-in, which must succeed.
    fn signs_in(&self) {
        let (mut browser, departure) = self.begin();
        self.give(&self.claims(&departure));
        let response = self.come_back(&mut browser, &departure.state);
        assert_signed_in("an honest sign-in", &mut browser, &response);
    }

    /// Asserts that a sign-in was refused: a page with this status, no session, and this check and
    /// code in the audit.
    fn assert_refused(
        &self,
        what: &str,
        (browser, response): (&mut Browser, &Response),
        (status, check, code): (u16, &str, &str),
    ) -> AuditRecord {
        assert_eq!(response.status, status, "{what}: {}", response.text());
        assert_eq!(browser.session(), None, "{what}");
        assert!(!browser.is_signed_in(), "{what}");
        let lines = self.node.audit();
        let line = lines.iter().rfind(|line| line["eventName"] == "SignIn");
        let record = AuditRecord(line.unwrap().clone());
        let id = record.0["requestID"].as_str().unwrap();
        assert!(
            response.text().contains(id),
            "{what}: another request's record"
        );
        assert_eq!(record.failed_check(), Some(check), "{what}: {record:?}");
        assert_eq!(record.code(), Some(code), "{what}: {record:?}");
        record
    }
}

fn assert_signed_in(what: &str, browser: &mut Browser, response: &Response) {
    assert_eq!(response.status, 303, "{what}: {}", response.text());
    assert!(browser.is_signed_in(), "{what}");
}

/// The left half of a hash.
fn half(hash: &[u8]) -> String {
    base64url(&hash[..hash.len() / 2])
}

fn half_sha256(text: &str) -> String {
    half(digest(&SHA256, text.as_bytes()).as_ref())
}

/// What is wrong, the claims that make it so, and the check that finds it.
fn wrong_tokens(portal: &Portal, another: &Departure) -> Vec<(&'static str, Value, &'static str)> {
    let hash = half_sha256;
    let wrong_length = half(digest(&SHA512, ACCESS_TOKEN.as_bytes()).as_ref());
    let whole = base64url(digest(&SHA256, ACCESS_TOKEN.as_bytes()).as_ref());
    let now = portal.node.now();
    vec![
        ("no nonce", json!({ "nonce": null }), "claims"),
        ("an empty nonce", json!({ "nonce": "" }), "nonce"),
        (
            "a nonce that is no text",
            json!({ "nonce": ["x"] }),
            "claims",
        ),
        (
            "another session's nonce",
            json!({ "nonce": another.nonce }),
            "nonce",
        ),
        (
            "at_hash of another token",
            json!({ "at_hash": hash("other") }),
            "at_hash",
        ),
        (
            "at_hash of another algorithm",
            json!({ "at_hash": wrong_length }),
            "at_hash",
        ),
        (
            "at_hash of the whole hash",
            json!({ "at_hash": whole }),
            "at_hash",
        ),
        ("an empty at_hash", json!({ "at_hash": "" }), "at_hash"),
        ("at_hash that is no text", json!({ "at_hash": 7 }), "claims"),
        (
            "c_hash of another code",
            json!({ "c_hash": hash("other") }),
            "c_hash",
        ),
        (
            "c_hash of the access token",
            json!({ "c_hash": hash(ACCESS_TOKEN) }),
            "c_hash",
        ),
        ("another client's", json!({ "aud": "other" }), "audience"),
        ("one for STS", json!({ "aud": "sts-client" }), "audience"),
        (
            "another issuer's",
            json!({ "iss": portal.providers[1].issuer() }),
            "issuer",
        ),
        (
            "expired",
            json!({ "exp": now - 60, "iat": now - 300 }),
            "expiry",
        ),
    ]
}

#[test]
fn j15_an_id_token_answers_this_request_and_belongs_to_its_code_and_access_token() {
    let portal = Portal::new();
    portal.signs_in();
    let (_, another) = portal.begin();
    for (what, changed, check) in wrong_tokens(&portal, &another) {
        let (mut browser, departure) = portal.begin();
        portal.give(&changed_claims(portal.claims(&departure), &changed));
        let response = portal.come_back(&mut browser, &departure.state);
        portal.assert_refused(
            what,
            (&mut browser, &response),
            (403, check, "SignInRefused"),
        );
    }
    let (mut browser, departure) = portal.begin();
    let hashes = json!({ "at_hash": half_sha256(ACCESS_TOKEN), "c_hash": half_sha256(CODE) });
    portal.give(&changed_claims(portal.claims(&departure), &hashes));
    let response = portal.come_back(&mut browser, &departure.state);
    assert_signed_in("right hashes", &mut browser, &response);
    // The provider gives the same id_token once more, for a new code.
    let (mut browser, departure) = portal.begin();
    let response = portal.come_back(&mut browser, &departure.state);
    portal.assert_refused(
        "reused",
        (&mut browser, &response),
        (403, "nonce", "SignInRefused"),
    );
}

#[test]
fn j24_a_state_is_of_one_browser_once_for_ten_minutes() {
    let portal = Portal::new();
    portal.signs_in();
    let issuer = portal.providers[0].issuer();

    let (mut browser, departure) = portal.begin();
    portal.give(&portal.claims(&departure));
    for (what, parameters) in [
        ("no state", vec![("code", CODE)]),
        ("an empty state", vec![("code", CODE), ("state", "")]),
        (
            "two states",
            vec![("code", CODE), ("state", "a"), ("state", "b")],
        ),
        ("no code", vec![("state", "a")]),
        (
            "code and error",
            vec![("code", CODE), ("error", "x"), ("state", "a")],
        ),
    ] {
        let response = browser.come_back(&connection(0), &parameters);
        portal.assert_refused(
            what,
            (&mut browser, &response),
            (400, "answer", "UnreadableAnswer"),
        );
    }
    let other_browser = (403, "browser", "OtherBrowser");
    let shortened: String = departure.state.chars().skip(1).collect();
    for state in ["a", "../state", "' OR 1=1", &departure.nonce, &shortened] {
        let response = portal.come_back(&mut browser, state);
        portal.assert_refused(state, (&mut browser, &response), other_browser);
    }
    let response = portal.come_back(&mut browser, &departure.state);
    assert_signed_in("the right state", &mut browser, &response);

    let mut stranger = portal.node.browser();
    let response = portal.come_back(&mut stranger, &departure.state);
    portal.assert_refused(
        "reused elsewhere",
        (&mut stranger, &response),
        other_browser,
    );

    let form = [
        ("code", CODE),
        ("state", departure.state.as_str()),
        ("iss", issuer.as_str()),
    ];
    let request = Request::post_form(portal.node.address, "/oidc/callback/idp-0", &form);
    let response = stranger.send(request);
    portal.assert_refused(
        "reused, by form_post",
        (&mut stranger, &response),
        other_browser,
    );
}

/// Login CSRF: the victim's browser is sent to the callback of the attacker's sign-in.
#[test]
fn j24_another_browsers_state_signs_nobody_in() {
    let portal = Portal::new();
    portal.signs_in();
    let (mut attacker, theirs) = portal.begin();
    let (mut victim, _) = portal.begin();
    portal.give(&portal.claims(&theirs));
    let asked = portal.providers[0].fetches(TOKEN);
    let response = portal.come_back(&mut victim, &theirs.state);
    portal.assert_refused(
        "another's",
        (&mut victim, &response),
        (403, "browser", "OtherBrowser"),
    );
    assert_eq!(
        portal.providers[0].fetches(TOKEN),
        asked,
        "the code was redeemed"
    );
    let response = portal.come_back(&mut attacker, &theirs.state);
    // Nobody's sign-in is used up by a stranger who learned its state.
    assert_signed_in("its own browser", &mut attacker, &response);
}

#[test]
fn j24_a_state_is_good_for_ten_minutes() {
    let portal = Portal::new();
    let (mut browser, departure) = portal.begin();
    portal.node.advance(599);
    portal.give(&portal.claims(&departure));
    let response = portal.come_back(&mut browser, &departure.state);
    assert_signed_in("after 599 seconds", &mut browser, &response);

    let (mut browser, departure) = portal.begin();
    portal.node.advance(601);
    portal.give(&portal.claims(&departure));
    let response = portal.come_back(&mut browser, &departure.state);
    let no_attempt = (403, "state", "NoLoginAttempt");
    portal.assert_refused("after 601 seconds", (&mut browser, &response), no_attempt);
}

/// The code verifier of the last request to the token endpoint.
fn last_verifier(provider: &HostileProvider) -> String {
    let requests = provider.requests();
    let last = requests
        .iter()
        .rfind(|request| request.path == TOKEN)
        .unwrap();
    let mut pairs = form_urlencoded::parse(&last.body);
    pairs
        .find(|(name, _)| name == "code_verifier")
        .unwrap()
        .1
        .into_owned()
}

fn query(url: &Url, wanted: &str) -> Option<String> {
    let found = url.query_pairs().find(|(name, _)| name == wanted);
    found.map(|(_, value)| value.into_owned())
}

#[test]
fn j25_a_code_of_another_session_does_not_fit_and_s256_is_always_there() {
    let portal = Portal::new();
    let (mut browser, own) = portal.begin();
    let (_, victims) = portal.begin();
    let challenge =
        |departure: &Departure| query(&departure.authorization_url, "code_challenge").unwrap();
    for departure in [&own, &victims] {
        let method = query(&departure.authorization_url, "code_challenge_method");
        assert_eq!(method.as_deref(), Some("S256"));
        assert_eq!(challenge(departure).len(), 43);
    }
    // A provider that knows PKCE refuses: the verifier is that of the attacker's own attempt.
    let refusal = json!({ "error": "invalid_grant", "error_description": "PKCE" });
    let refusal = Answer {
        status: 400,
        ..Answer::json(&refusal)
    };
    portal.providers[0].set(TOKEN, refusal);
    let response = portal.come_back(&mut browser, &own.state);
    let record = portal.assert_refused(
        "refused",
        (&mut browser, &response),
        (403, "provider", "SignInRefused"),
    );
    assert!(
        record.reason().unwrap().contains("invalid_grant"),
        "{record:?}"
    );
    let verifier = last_verifier(&portal.providers[0]);
    let hash = base64url(digest(&SHA256, verifier.as_bytes()).as_ref());
    assert_eq!((verifier.len(), &hash), (43, &challenge(&own)));
    assert_ne!(hash, challenge(&victims));
    // A provider that doesn't gives the victim's token, which answers another request.
    let (mut browser, own) = portal.begin();
    portal.give(&portal.claims(&victims));
    let response = portal.come_back(&mut browser, &own.state);
    portal.assert_refused(
        "injected",
        (&mut browser, &response),
        (403, "nonce", "SignInRefused"),
    );
    portal.signs_in();
}

#[test]
fn j25_a_provider_without_s256_is_not_used() {
    for (methods, status) in [
        (json!(["plain"]), 502),
        (json!([]), 502),
        (json!(["s256"]), 502),
        (json!(["plain", "S256"]), 303),
        (Value::Null, 303),
    ] {
        let portal = Portal::with(Store::Memory, |provider| {
            let mut metadata = provider.discovery();
            if methods.is_null() {
                metadata
                    .as_object_mut()
                    .unwrap()
                    .remove("code_challenge_methods_supported");
            } else {
                metadata["code_challenge_methods_supported"] = methods.clone();
            }
            provider.set(DISCOVERY, Answer::json(&metadata));
        });
        let mut browser = portal.node.browser();
        let response = browser.post_sign_in(&connection(0), "/");
        assert_eq!(response.status, status, "{methods}: {}", response.text());
        if status == 502 {
            let what = methods.to_string();
            portal.assert_refused(
                &what,
                (&mut browser, &response),
                (502, "provider", "SignInRefused"),
            );
        } else {
            let location: Url = response.header("location").unwrap().parse().unwrap();
            assert_eq!(
                query(&location, "code_challenge_method").as_deref(),
                Some("S256")
            );
        }
    }
}

#[test]
fn j26_an_answer_comes_from_the_provider_that_was_asked() {
    let portal = Portal::new();
    portal.signs_in();
    let [first, second] = &portal.providers;
    let asked = first.fetches(TOKEN);
    let other = second.issuer();
    let slash = [&first.issuer(), "/"].concat();
    for (what, issuer) in [
        ("the other's issuer", Some(other.as_str())),
        ("no issuer from who always sends it", None),
        ("an empty issuer", Some("")),
        ("a slash more", Some(slash.as_str())),
    ] {
        let (mut browser, departure) = portal.begin();
        portal.give(&portal.claims(&departure));
        let mut parameters = vec![("code", CODE), ("state", departure.state.as_str())];
        parameters.extend(issuer.map(|issuer| ("iss", issuer)));
        let response = browser.come_back(&connection(0), &parameters);
        let record = portal.assert_refused(
            what,
            (&mut browser, &response),
            (403, "provider", "SignInRefused"),
        );
        assert!(
            record.reason().unwrap().contains("the answer is from "),
            "{record:?}"
        );
    }
    // The answer of the first provider at the redirect URI of the second, and of none.
    for (what, id, issuer) in [
        ("its own issuer", 1, first.issuer()),
        ("the other's", 1, other.clone()),
    ] {
        let (mut browser, departure) = portal.begin();
        let parameters = [
            ("code", CODE),
            ("state", departure.state.as_str()),
            ("iss", &issuer),
        ];
        let response = browser.come_back(&connection(id), &parameters);
        let record = portal.assert_refused(
            what,
            (&mut browser, &response),
            (403, "browser", "OtherBrowser"),
        );
        assert!(
            record.reason().unwrap().contains("at this connection"),
            "{record:?}"
        );
    }
    assert_eq!(first.fetches(TOKEN), asked, "the code was given away");
    assert_eq!(
        second.fetches(TOKEN),
        0,
        "the code was given to the other provider"
    );
}

#[test]
fn j26_a_provider_that_never_sends_its_issuer_may_leave_it_out() {
    let portal = Portal::new();
    let mut metadata = portal.providers[0].discovery();
    metadata["authorization_response_iss_parameter_supported"] = json!(false);
    portal.providers[0].set(DISCOVERY, Answer::json(&metadata));
    let (mut browser, departure) = portal.begin();
    portal.give(&portal.claims(&departure));
    let parameters = [("code", CODE), ("state", departure.state.as_str())];
    let response = browser.come_back(&connection(0), &parameters);
    assert_signed_in("no iss", &mut browser, &response);
}

#[test]
fn j27_the_redirect_uri_is_ours_whatever_the_request_says() {
    let portal = Portal::new();
    let own = [&portal.node.origin(), "/oidc/callback/idp-0"].concat();
    let (_, departure) = portal.begin();
    assert_eq!(departure.redirect_uri, own);
    let port = portal.node.address.port().to_string();
    let localhost = ["localhost:", &port].concat();
    for (name, value) in [
        ("host", localhost.as_str()),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "8443"),
        ("x-forwarded-prefix", "/evil"),
        ("forwarded", "host=evil.example;proto=https"),
        ("x-original-host", "evil.example"),
        ("referer", "https://evil.example/"),
    ] {
        let request = sign_in_form(&portal, "/").with_header(name, value);
        let response = request.send();
        assert_eq!(response.status, 303, "{name}: {}", response.text());
        let location: Url = response.header("location").unwrap().parse().unwrap();
        assert_eq!(
            query(&location, "redirect_uri"),
            Some(own.clone()),
            "{name}"
        );
    }
    let foreign = sign_in_form(&portal, "/")
        .with_header("host", "evil.example")
        .send();
    assert_eq!(foreign.status, 421, "{}", foreign.text());
    assert_eq!(foreign.header("location"), None);
}

fn sign_in_form(portal: &Portal, return_to: &str) -> Request {
    let fields = [("connection", "idp-0"), ("return_to", return_to)];
    Request::post_form(portal.node.address, "/sign-in", &fields)
        .with_header("origin", &portal.node.origin())
        .with_header("sec-fetch-site", "same-origin")
}

#[test]
fn j27_a_sign_in_leads_nowhere_but_into_the_portal() {
    let portal = Portal::new();
    let origin: Url = portal.node.origin().parse().unwrap();
    let long = ["/", &"x".repeat(8_192)].concat();
    for (return_to, leads_to) in [
        ("/roles?q=pay#x", "/roles?q=pay#x"),
        ("/%09/evil.example", "/%09/evil.example"),
        ("/.//evil.example", "/.//evil.example"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("https://evil.example", "/"),
        ("https:evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\/evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("\t//evil.example", "/"),
        ("/\r\nset-cookie: a=b", "/"),
        ("javascript:alert(1)", "/"),
        ("evil.example", "/"),
        ("", "/"),
        (&long, "/"),
    ] {
        let mut browser = portal.node.browser();
        let departure = browser.begin(&connection(0), return_to);
        portal.give(&portal.claims(&departure));
        let response = portal.come_back(&mut browser, &departure.state);
        assert_signed_in(return_to, &mut browser, &response);
        let location = response.header("location").unwrap();
        assert_eq!(location, leads_to, "{return_to}");
        let resolved = origin.join(location).unwrap();
        assert_eq!(resolved.origin(), origin.origin(), "{return_to}");
    }
}

/// The answers to so many requests of one kind, sent together.
fn sent_at_once(request: &Request, count: usize) -> Vec<Response> {
    let start = Barrier::new(count);
    let send = || {
        start.wait();
        request.send()
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(send)).collect();
        let answers = threads.into_iter().map(|thread| thread.join().unwrap());
        answers.collect()
    })
}

#[test]
fn j28_of_two_callbacks_with_one_code_one_wins() {
    const ROUNDS: usize = 10;
    const CALLBACKS: usize = 4;
    for store in [Store::Memory, Store::Embedded] {
        let portal = Portal::with_store(store);
        for _ in 0..ROUNDS {
            let (mut browser, departure) = portal.begin();
            portal.give(&portal.claims(&departure));
            let asked = portal.providers[0].fetches(TOKEN);
            let issuer = portal.providers[0].issuer();
            let parameters = [
                ("code", CODE),
                ("state", departure.state.as_str()),
                ("iss", issuer.as_str()),
            ];
            let request = browser.with_cookies(browser.coming_back(&connection(0), &parameters));
            let responses = sent_at_once(&request, CALLBACKS);
            let won = responses.iter().filter(|response| response.status == 303);
            assert_eq!(won.count(), 1, "{store:?}: {responses:?}");
            let lost: Vec<_> = responses
                .iter()
                .filter(|response| response.status == 403)
                .collect();
            assert_eq!(lost.len(), CALLBACKS - 1, "{store:?}: {responses:?}");
            for response in lost {
                let cookie = response.header("set-cookie").unwrap_or_default();
                assert!(!cookie.contains("session"), "{cookie}");
            }
            assert_eq!(portal.providers[0].fetches(TOKEN), asked + 1, "{store:?}");
            let late = portal.come_back(&mut browser, &departure.state);
            let no_attempt = (403, "state", "NoLoginAttempt");
            portal.assert_refused("later", (&mut browser, &late), no_attempt);
        }
    }
}
