//! Every cookie that is set.

use super::support::browser::Session;
use super::support::http::Response;
use super::support::http_node::HttpNode;

/// The attributes of every cookie that an answer sets, in lower case, after its `name=value`.
fn set(response: &Response) -> Vec<(String, Vec<String>)> {
    let lines = response
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    lines
        .map(|(_, line)| {
            assert!(line.len() < 4096, "{line}");
            let mut parts = line.split(';').map(str::trim);
            let pair = parts.next().unwrap().to_owned();
            (pair, parts.map(str::to_ascii_lowercase).collect())
        })
        .collect()
}

#[track_caller]
fn assert_bound(cookie: &(String, Vec<String>), same_site: &str) {
    let (pair, attributes) = cookie;
    assert!(pair.starts_with("__Host-"), "{pair}");
    for wanted in ["secure", "httponly", "path=/", same_site] {
        assert!(
            attributes.iter().any(|given| given == wanted),
            "{wanted}: {cookie:?}"
        );
    }
    assert!(
        !attributes.iter().any(|given| given.starts_with("domain")),
        "{cookie:?}"
    );
    let known = ["secure", "httponly", "path=/", same_site];
    let other = attributes
        .iter()
        .filter(|given| !known.contains(&given.as_str()));
    assert!(
        other.clone().all(|given| given.starts_with("max-age=")),
        "{cookie:?}"
    );
}

#[test]
fn w3_the_cookie_of_an_attempt_lives_ten_minutes() {
    let node = HttpNode::start();
    let begun = node.begin_sign_in("/roles");
    let cookies = set(&begun.response);
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    assert_bound(&cookies[0], "samesite=none");
    assert!(
        cookies[0].1.contains(&"max-age=600".to_owned()),
        "{cookies:?}"
    );
    node.advance(600);
    let late = node.finish_sign_in(&begun, "ines", None);
    assert_eq!(late.status, 403, "the attempt itself is over, too");
}

#[test]
fn w3_the_session_cookie_is_bound_to_its_host() {
    let node = HttpNode::start();
    let begun = node.begin_sign_in("/roles");
    let response = node.finish_sign_in(&begun, "ines", None);
    let cookies = set(&response);
    assert_eq!(cookies.len(), 4, "{cookies:?}");
    let (session, name, attempt) = (&cookies[0], &cookies[1], &cookies[3]);
    let connection = &cookies[2];
    assert_bound(connection, "samesite=lax");
    assert_eq!(connection.0, "__Host-rolegate-connection=idp");
    assert_bound(session, "samesite=lax");
    assert!(
        !session.1.iter().any(|given| given.starts_with("max-age")),
        "{session:?}"
    );
    assert_eq!(
        session.0.split_once('=').unwrap().1.len(),
        64,
        "a place and 256 bits in base64url"
    );
    assert_bound(name, "samesite=none");
    let secret = session.0.split_once('=').unwrap().1;
    assert!(!name.0.contains(secret), "{name:?}");
    assert_bound(attempt, "samesite=none");
    assert!(attempt.1.contains(&"max-age=0".to_owned()), "{attempt:?}");
}

#[test]
fn w3_signing_out_removes_the_cookie_and_what_was_kept() {
    let node = HttpNode::start();
    let browser: Session = node.sign_in("ines");
    let response = browser.form(node.address, "/sign-out", &[]).send();
    let cookies = set(&response);
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    assert_bound(&cookies[0], "samesite=lax");
    assert_bound(&cookies[1], "samesite=none");
    for cookie in &cookies {
        assert!(cookie.0.ends_with('='), "{cookie:?}");
        assert!(cookie.1.contains(&"max-age=0".to_owned()), "{cookie:?}");
    }
    let cleared = response.header("clear-site-data").unwrap();
    assert_eq!(cleared, "\"cache\", \"storage\"");
}
