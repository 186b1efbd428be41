//! Requests that another site makes a browser send, and what ends a session.

use super::support::browser::{Session, cookie};
use super::support::http::{Request, Response};
use super::support::http_node::{HttpNode, ROLE};

/// The forms of somebody who is signed in.
const SIGNED_IN: [&str; 6] = [
    "/credentials",
    "/favourites",
    "/sessions/end",
    "/sessions/end-others",
    "/sessions/end-all",
    "/sign-out",
];

fn take(csrf: &str) -> Vec<(&str, &str)> {
    vec![("role", ROLE), ("duration", "900"), ("csrf", csrf)]
}

fn post(node: &HttpNode, browser: &Session, target: &str) -> Request {
    Request::post_form(node.address, target, &take(&browser.csrf))
        .with_header("cookie", &browser.cookie)
}

fn own_origin(node: &HttpNode) -> String {
    ["http://", &node.address.to_string()].concat()
}

fn issued(node: &HttpNode) -> usize {
    let lines = node.audit();
    let issued = lines.iter().filter(|line| {
        line["eventName"] == "TakeRoleCredentials" && line.get("errorCode").is_none()
    });
    issued.count()
}

#[track_caller]
fn assert_forbidden(node: &HttpNode, browser: &Session, response: &Response) {
    assert_eq!(response.status, 403, "{}", response.text());
    assert_eq!(response.header("set-cookie"), None);
    assert_eq!(issued(node), 0, "keys were given out");
    assert!(browser.is_signed_in(node.address), "the session was ended");
}

#[test]
fn w1_a_form_of_ones_own_page_is_taken() {
    let node = HttpNode::start();
    let browser = node.sign_in("ines");
    let response = browser
        .form(
            node.address,
            "/credentials",
            &[("role", ROLE), ("duration", "900")],
        )
        .send();
    assert_eq!(response.status, 200, "{}", response.text());
    assert_eq!(issued(&node), 1);
}

#[test]
fn w1_a_form_of_another_site_is_refused() {
    let node = HttpNode::start();
    let browser = node.sign_in("ines");
    let own = own_origin(&node);
    for target in [&SIGNED_IN[..], &["/sign-in"]].concat() {
        for headers in [
            vec![
                ("origin", "https://evil.example"),
                ("sec-fetch-site", "cross-site"),
            ],
            vec![("origin", "https://evil.example")],
            vec![("sec-fetch-site", "cross-site")],
            vec![("sec-fetch-site", "same-site"), ("origin", &own)],
            vec![("sec-fetch-site", "none"), ("origin", &own)],
            vec![("origin", "null")],
            vec![("origin", "null"), ("sec-fetch-site", "same-origin")],
            vec![("origin", ""), ("sec-fetch-site", "same-origin")],
            vec![("origin", &own), ("origin", "https://evil.example")],
        ] {
            let request = post(&node, &browser, target);
            let request = headers.iter().fold(request, |request, (name, value)| {
                request.with_header(name, value)
            });
            assert_forbidden(&node, &browser, &request.send());
        }
    }
}

#[test]
fn w1_a_form_without_the_sessions_own_token_is_refused() {
    let node = HttpNode::start();
    let (browser, other) = (node.sign_in("ines"), node.sign_in("lukas"));
    let mut shorter = browser.csrf.clone();
    shorter.pop();
    let longer = [&browser.csrf, "A"].concat();
    let secret = browser.cookie.split_once('=').unwrap().1;
    for target in SIGNED_IN {
        for token in ["", "null", &other.csrf, &shorter, &longer, secret] {
            let response = node
                .form(target, &take(token))
                .with_header("cookie", &browser.cookie)
                .send();
            assert_forbidden(&node, &browser, &response);
        }
        let twice = [take(&browser.csrf), take(&other.csrf)].concat();
        let response = node
            .form(target, &twice)
            .with_header("cookie", &browser.cookie)
            .send();
        assert_forbidden(&node, &browser, &response);
        let without = node
            .form(target, &[("role", ROLE)])
            .with_header("cookie", &browser.cookie)
            .send();
        assert_forbidden(&node, &browser, &without);
    }
}

#[test]
fn w1_a_body_that_is_no_form_is_refused() {
    let node = HttpNode::start();
    let browser = node.sign_in("ines");
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(take(&browser.csrf))
        .finish();
    let json = serde_json::json!({ "role": ROLE, "csrf": browser.csrf }).to_string();
    for (media, body) in [
        ("text/plain", form.as_str()),
        ("text/plain", json.as_str()),
        ("application/json", json.as_str()),
        ("multipart/form-data; boundary=x", form.as_str()),
        ("", form.as_str()),
    ] {
        for target in [&SIGNED_IN[..], &["/sign-in"]].concat() {
            let response = Request::new(node.address, "POST", target)
                .with_header("content-type", media)
                .with_header("origin", &own_origin(&node))
                .with_header("cookie", &browser.cookie)
                .with_body(body)
                .send();
            assert_forbidden(&node, &browser, &response);
        }
    }
}

#[test]
fn w1_a_get_changes_nothing() {
    let node = HttpNode::start();
    let browser = node.sign_in("ines");
    let before = node.audit().len();
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(take(&browser.csrf))
        .finish();
    for path in [
        "/",
        "/roles",
        "/credentials",
        "/sign-out",
        "/sign-in",
        "/admin/v1/keys/rotate",
    ] {
        for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"] {
            let target = [path, "?", &query, "&connection=idp"].concat();
            let response = Request::new(node.address, method, &target)
                .with_header("cookie", &browser.cookie)
                .send_head();
            assert!(
                response.status != 200 || matches!(path, "/" | "/roles" | "/sign-in"),
                "{method} {path}: {response:?}"
            );
            assert_eq!(response.header("set-cookie"), None, "{method} {path}");
        }
    }
    assert_eq!(node.audit().len(), before, "something was recorded");
    assert!(browser.is_signed_in(node.address));
}

#[test]
fn w1_a_method_is_what_the_request_line_says() {
    let node = HttpNode::start();
    let browser = node.sign_in("ines");
    for target in [
        "/sign-out",
        "/sign-out?_method=POST",
        "/credentials?_method=POST",
    ] {
        for name in [
            "x-http-method-override",
            "x-http-method",
            "x-method-override",
        ] {
            let response = browser_get(&node, &browser, target, name);
            assert!(response.status != 200, "{target}: {response:?}");
            assert!(browser.is_signed_in(node.address));
        }
    }
    assert_eq!(issued(&node), 0);
}

fn browser_get(node: &HttpNode, browser: &Session, target: &str, name: &str) -> Response {
    Request::get(node.address, target)
        .with_header("cookie", &browser.cookie)
        .with_header(name, "POST")
        .send()
}

#[test]
fn w1_a_session_cookie_is_no_credential_for_apis() {
    let node = HttpNode::start();
    let browser = node.sign_in("ines");
    let admin = Request::new(node.address, "POST", "/admin/v1/keys/rotate")
        .with_header("cookie", &browser.cookie)
        .with_header("content-type", "application/json")
        .with_body("{\"previous\":\"drop\"}")
        .send();
    assert_eq!(admin.status, 403);
    assert_eq!(admin.json()["error"]["code"], "MissingAuthenticationToken");
}

#[test]
fn w4_a_planted_session_is_not_taken_over() {
    let node = HttpNode::start();
    let planted = "__Host-rolegate-session=planted-by-somebody-else-aaaaaaaaaaaaaaaaaaa";
    let begun = node.begin_sign_in("/roles");
    let response = node.finish_sign_in(&begun, "ines", Some(planted));
    let browser = Session::read(node.address, &response);
    assert_ne!(browser.cookie, planted);
    let attacker = Session {
        cookie: planted.to_owned(),
        ..browser
    };
    assert!(!attacker.is_signed_in(node.address));
}

#[test]
fn w4_each_sign_in_has_a_new_session_and_ends_the_one_before() {
    let node = HttpNode::start();
    let first = node.sign_in("ines");
    let begun = node.begin_sign_in("/roles");
    let response = node.finish_sign_in(&begun, "ines", Some(&first.cookie));
    let second = Session::read(node.address, &response);
    assert_ne!(first.cookie, second.cookie);
    assert!(!first.is_signed_in(node.address));
    assert!(second.is_signed_in(node.address));
}

#[test]
fn w4_the_cookie_of_an_attempt_opens_no_session() {
    let node = HttpNode::start();
    let begun = node.begin_sign_in("/roles");
    let secret = begun.cookie.split_once('=').unwrap().1;
    for cookie in [
        begun.cookie.clone(),
        ["__Host-rolegate-session=", secret].concat(),
    ] {
        let browser = Session {
            cookie,
            csrf: String::new(),
        };
        assert!(!browser.is_signed_in(node.address));
    }
}

#[test]
fn w4_an_attempt_is_finished_by_the_browser_that_began_it_only() {
    let node = HttpNode::start();
    let (begun, other) = (node.begin_sign_in("/roles"), node.begin_sign_in("/roles"));
    let swapped = super::support::browser::Departure {
        cookie: other.cookie,
        ..begun
    };
    let response = node.finish_sign_in(&swapped, "ines", None);
    assert_eq!(response.status, 403);
    assert_eq!(cookie(&response, "__Host-rolegate-session"), None);
}

#[test]
fn w5_a_session_ends_with_its_sign_out() {
    let node = HttpNode::start();
    let browser = node.sign_in("ines");
    let other = node.sign_in("ines");
    let response = browser.form(node.address, "/sign-out", &[]).send();
    assert_eq!(response.status, 200, "{}", response.text());
    assert!(!browser.is_signed_in(node.address));
    let again = browser
        .form(node.address, "/credentials", &[("role", ROLE)])
        .send();
    assert_eq!((again.status, again.header("location")), (303, Some("/")));
    assert_eq!(issued(&node), 0);
    assert!(
        other.is_signed_in(node.address),
        "another session of the same person goes on"
    );
}

#[test]
fn w5_a_session_ends_after_half_an_hour_without_use() {
    let node = HttpNode::start();
    let browser = node.sign_in("ines");
    for _ in 0..3 {
        node.advance(1799);
        assert!(browser.is_signed_in(node.address));
    }
    node.advance(1800);
    assert!(!browser.is_signed_in(node.address));
}

#[test]
fn w5_a_session_ends_after_twelve_hours_in_any_case() {
    let node = HttpNode::start();
    let browser = node.sign_in("ines");
    for _ in 0..29 {
        node.advance(1480);
        assert!(browser.is_signed_in(node.address));
    }
    node.advance(43_199 - 29 * 1480);
    assert!(browser.is_signed_in(node.address));
    node.advance(1);
    assert!(!browser.is_signed_in(node.address));
}

#[test]
fn w5_a_session_gives_nothing_once_its_connection_or_rule_is_gone() {
    let node = HttpNode::start();
    let browser = node.sign_in("ines");
    let mut files = node.directory();
    files.remove("rules/idp.toml");
    node.apply(&files);
    let response = browser
        .form(node.address, "/credentials", &[("role", ROLE)])
        .send();
    assert_eq!(response.status, 403, "{}", response.text());
    assert_eq!(issued(&node), 0);
}

/// A link to a search outlives the sign-in that it needs; what it leads back to is of this site.
#[test]
fn a_link_to_the_roles_leads_back_there_after_the_sign_in() {
    let node = HttpNode::start();
    for (link, sign_in) in [
        ("/roles", "/"),
        ("/roles?q=pay", "/?return_to=%2Froles%3Fq%3Dpay"),
        (
            "/roles?q=a&return_to=//evil.example",
            "/?return_to=%2Froles%3Fq%3Da%26return_to%3D%2F%2Fevil.example",
        ),
    ] {
        let answer = Request::get(node.address, link).send();
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, Some(sign_in)),
            "{link}"
        );
    }
    let long = ["/roles?q=", &"a".repeat(600)].concat();
    let answer = Request::get(node.address, &long).send();
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));

    let page = Request::get(node.address, "/?return_to=%2Froles%3Fq%3Dpay").send();
    let field = r#"name="return_to" value="/roles?q=pay""#;
    assert!(page.text().contains(field), "{}", page.text());
}

#[test]
fn pages_say_whose_gateway_it_is_and_are_not_broken_by_it() {
    let name = "Example <b>&amp;";
    let node = HttpNode::with_settings(&format!("[portal]\norganisation = \"{name}\"\n"));
    let page = Request::get(node.address, "/").send().text();
    let shown = r#"<bdi class="brand-org">Example &#60;b&#62;&#38;amp;</bdi>"#;
    assert!(page.contains(shown), "{page}");
    let nameless = HttpNode::start();
    let page = Request::get(nameless.address, "/").send().text();
    assert!(!page.contains("brand-org"), "{page}");
}
