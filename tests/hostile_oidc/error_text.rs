//! J32: what a provider says of an error is shown as text, cut, and logged without its controls.

use serde_json::json;

use crate::directory::{connection, start};
use crate::scene::patient;
use crate::support::browser::Browser;
use crate::support::http::Request;
use crate::support::keys::SigningKey;
use crate::support::node::Node;
use crate::support::provider::{Answer, HostileProvider, TOKEN};

const MARKUP: &str = "<script>alert(1)</script><img src=x onerror=alert(1)>&lt;\"'";
const SHOWN_CHARACTERS: usize = 200;

struct Portal {
    node: Node,
    provider: HostileProvider,
}

impl Portal {
    fn new() -> Self {
        let provider = HostileProvider::start();
        provider.publish(&[&SigningKey::ec_p256("main")]);
        let node = start(&[&provider], patient());
        Self { node, provider }
    }

    /// A sign-in that the provider turned away with this error; the page.
    fn turned_away(&self, error: &str, description: &str) -> String {
        let mut browser: Browser = self.node.browser();
        let departure = browser.begin(&connection(0), "/");
        let issuer = self.provider.issuer();
        let response = browser.come_back(
            &connection(0),
            &[
                ("error", error),
                ("error_description", description),
                ("state", &departure.state),
                ("iss", &issuer),
            ],
        );
        assert_eq!(response.status, 403, "{}", response.text());
        assert_eq!(
            response.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(browser.session(), None);
        assert!(
            response
                .headers
                .iter()
                .all(|(name, _)| name != "x-injected")
        );
        response.text()
    }

    /// The reason in the last record.
    fn last_reason(&self) -> String {
        let lines = self.node.audit();
        let last = lines.last().unwrap();
        assert_eq!(last["errorCode"], "SignInRefused");
        assert_eq!(last["additionalEventData"]["checks"][0]["name"], "provider");
        last["errorMessage"].as_str().unwrap().to_owned()
    }
}

#[test]
fn j32_markup_is_shown_as_text() {
    let portal = Portal::new();
    let page = portal.turned_away("access_denied", "The account is closed");
    assert!(
        page.contains("It said: “\u{2068}The account is closed\u{2069}”."),
        "{page}"
    );
    for (error, description) in [("access_denied", MARKUP), (MARKUP, "")] {
        let page = portal.turned_away(error, description);
        assert!(
            !page.contains("<script>alert") && !page.contains("<img"),
            "{page}"
        );
        assert!(
            page.contains("script") && page.contains("alert(1)"),
            "{page}"
        );
        assert!(
            page.contains("&#60;script&#62;") || page.contains("&lt;script&gt;"),
            "{page}"
        );
    }
}

#[test]
fn j32_controls_are_in_no_header_no_page_and_no_log() {
    let portal = Portal::new();
    let hostile =
        "a\r\nx-injected: 1\r\n\r\n{\"eventName\":\"Forged\"}\u{1b}[2J\u{202e}\u{2028}b\0";
    let page = portal.turned_away("access\r\n_denied", hostile);
    for control in ['\r', '\u{1b}', '\u{202e}', '\u{2028}', '\0'] {
        assert!(!page.contains(control), "{control:?}");
    }
    let reason = portal.last_reason();
    assert!(reason.contains("access_denied"), "{reason:?}");
    assert!(
        !reason.contains(|c: char| c.is_control() || c == '\u{202e}' || c == '\u{2028}'),
        "{reason:?}"
    );
    let lines = portal.node.audit();
    assert!(lines.iter().all(|line| line["eventName"] != "Forged"));
    let log = portal.node.audit_text();
    assert!(!log.contains(|c: char| c.is_control() && c != '\n'));
}

#[test]
fn j32_long_text_is_cut() {
    let portal = Portal::new();
    let long = "x".repeat(9_000);
    let page = portal.turned_away("access_denied", &long);
    assert!(page.contains(&"x".repeat(SHOWN_CHARACTERS)), "{page}");
    assert!(!page.contains(&"x".repeat(SHOWN_CHARACTERS + 1)), "{page}");
    assert!(portal.last_reason().len() < 2 * SHOWN_CHARACTERS);

    let huge = "x".repeat(100_000);
    let mut browser = portal.node.browser();
    let departure = browser.begin(&connection(0), "/");
    let fields = [
        ("error", "x"),
        ("error_description", &huge),
        ("state", &departure.state),
    ];
    let request = Request::post_form(portal.node.address, "/oidc/callback/idp-0", &fields);
    let response = browser.send(request);
    assert_eq!(response.status, 413, "{}", response.text());
    assert!(!response.text().contains(&"x".repeat(SHOWN_CHARACTERS)));
    assert!(portal.node.audit_text().len() < huge.len());
}

#[test]
fn j32_the_token_endpoints_words_are_for_the_administrator_only() {
    let portal = Portal::new();
    let description = [MARKUP, "\r\n", &"y".repeat(5_000)].concat();
    let refusal = json!({ "error": "invalid_grant", "error_description": description });
    let refusal = Answer {
        status: 400,
        ..Answer::json(&refusal)
    };
    portal.provider.set(TOKEN, refusal);
    let mut browser = portal.node.browser();
    let departure = browser.begin(&connection(0), "/");
    let issuer = portal.provider.issuer();
    let parameters = [
        ("code", "c"),
        ("state", departure.state.as_str()),
        ("iss", issuer.as_str()),
    ];
    let response = browser.come_back(&connection(0), &parameters);
    assert_eq!(response.status, 403, "{}", response.text());
    let page = response.text();
    assert!(
        !page.contains("alert(1)") && !page.contains("yyyy"),
        "{page}"
    );
    let reason = portal.last_reason();
    assert!(reason.contains("invalid_grant: <script>"), "{reason}");
    assert!(
        !reason.contains('\r') && reason.len() < 2 * SHOWN_CHARACTERS,
        "{reason}"
    );
}
