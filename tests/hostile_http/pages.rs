//! Hostile text from a provider and from a directory, on the pages that show it.

use rolegate::directory::DirectoryFiles;
use serde_json::{Value, json};

use super::support::browser::{Departure, Session};
use super::support::directory::{PORTAL_CLIENT, in_account};
use super::support::http::{Request, Response};
use super::support::http_node::{HttpNode, ROLE};
use super::support::keys::sign_claims;
use super::support::provider::{Answer, TOKEN};

/// Text that is markup, or a link, or turns around what stands beside it. Every field of every page meets
/// more of them, and is looked at more closely, where the pages are tested by themselves.
const PAYLOADS: [&str; 8] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' autofocus onfocus='alert(1)",
    "</textarea></title><script>alert(1)</script>",
    "<form action=//evil.example><button name=role value=other>",
    "javascript:alert(1)",
    "{{ 787 * 787 }}${787*787}",
    "\u{202e}nimda\u{2066}<b>",
];

/// The directory, with what it says to people replaced.
fn directory_saying(node: &HttpNode, payload: &str) -> DirectoryFiles {
    let mut files = node.directory();
    for (file, member) in [
        (in_account("roles/Reader.toml"), "description"),
        ("connections/idp.toml".to_owned(), "display_name"),
        ("connections/idp.toml".to_owned(), "description"),
    ] {
        let mut settings: toml::Table = files[&file].parse().unwrap();
        settings.insert(member.to_owned(), payload.into());
        files.insert(file, settings.to_string());
    }
    files
}

/// What the provider says of somebody: the payload, wherever it can.
fn claims_saying(node: &HttpNode, begun: &Departure, payload: &str, groups: &Value) -> Value {
    // A subject of anything but ASCII is refused.
    let subject = if payload.is_ascii() { payload } else { "ines" };
    let mut claims = node.provider.claims(subject, PORTAL_CLIENT, node.now());
    for name in [
        "name",
        "preferred_username",
        "department",
        "roles",
        "hasgroups",
    ] {
        claims[name] = payload.into();
    }
    claims["email"] = "ines@meridale.example".into();
    claims["email_verified"] = true.into();
    claims["groups"] = groups.clone();
    claims["nonce"] = begun.nonce.clone().into();
    claims
}

fn sign_in_as(node: &HttpNode, payload: &str, groups: &Value) -> Session {
    let begun = node.begin_sign_in("/roles");
    let claims = claims_saying(node, &begun, payload, groups);
    node.provider.set(
        TOKEN,
        Answer::json(&json!({
            "access_token": "a",
            "token_type": "Bearer",
            "id_token": sign_claims(&claims, &node.key),
        })),
    );
    let back = Request::get(node.address, &begun.callback()).with_header("cookie", &begun.cookie);
    Session::read(node.address, &back.send())
}

/// The page shows the payload, and nothing of it as markup: what its special characters stand for is all
/// that is left of them.
#[track_caller]
fn assert_shown(page: &Response, payload: &str, what: &str) {
    let html = page.text();
    let marker = ["alert(1)", "evil.example", "787 * 787", "nimda"];
    let marker = marker.into_iter().find(|marker| payload.contains(marker));
    assert!(html.contains(marker.unwrap()), "{what} hides {payload:?}");
    if payload.contains(['<', '"', '\'', '\u{202e}']) {
        assert!(!html.contains(payload), "{what}: {payload:?}");
    }
    let links = ["href=\"javascript:", "action=\"javascript:", "=\"//evil"];
    for alive in links.into_iter().chain(["619369", "\u{202e}"]) {
        assert!(
            !html.contains(alive),
            "{what}: {payload:?} became {alive:?}"
        );
    }
}

#[test]
fn w8_hostile_text_is_shown_as_text() {
    let node = HttpNode::start();
    for payload in PAYLOADS {
        node.apply(&directory_saying(&node, payload));
        let door = Request::get(node.address, "/").send();
        assert_shown(&door, payload, "the sign-in page");
        let staff = sign_in_as(&node, payload, &json!(["staff", payload]));
        assert_shown(&staff.get(node.address, "/roles"), payload, "roles");
        let take = [("role", ROLE), ("duration", "900")];
        let keys = staff.form(node.address, "/credentials", &take).send();
        assert_eq!(keys.status, 200, "{}", keys.text());
        assert_shown(&keys, payload, "credentials");
        let nobody = sign_in_as(&node, payload, &json!([payload]));
        assert_shown(&nobody.get(node.address, "/roles"), payload, "no roles");
        let said = form_urlencoded::byte_serialize(payload.as_bytes()).collect::<String>();
        let search = staff.get(node.address, &["/roles?q=", &said].concat());
        assert_shown(&search, payload, "a search");
    }
}

/// What the provider says of its refusal is shown, too.
#[test]
fn w8_what_a_provider_says_is_shown_as_text() {
    let node = HttpNode::start();
    for payload in PAYLOADS {
        let begun = node.begin_sign_in("/roles");
        let callback = begun.callback();
        let (path, query) = callback.split_once('?').unwrap();
        let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "code");
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept)
            .append_pair("error", "access_denied")
            .append_pair("error_description", payload)
            .finish();
        let back = Request::get(node.address, &[path, "?", &query].concat());
        let page = back.with_header("cookie", &begun.cookie).send();
        assert_eq!(page.status, 403, "{}", page.text());
        assert_shown(&page, payload, "a refusal");
    }
}
