//! Headers of every answer, and headers that lie about where the node is.

use super::support::browser::{Departure, Session};
use super::support::http::{Request, Response};
use super::support::http_node::{HttpNode, ROLE};

/// Every route, and what is none.
const TARGETS: [&str; 27] = [
    "/",
    "/sign-in",
    "/roles",
    "/credentials",
    "/favourites",
    "/sign-out",
    "/settings",
    "/go",
    "/go?account=tests&role=Reader",
    "/why-not",
    "/why-not?account=tests&role=Admin",
    "/oidc/callback/idp",
    "/oidc/callback/idp?code=a&state=b",
    "/oidc/callback/%ff?code=a&state=b",
    "/static/portal.css",
    "/static/none",
    "/static/%ff",
    "/healthz",
    "/readyz",
    "/sts",
    "/sts/",
    "/?Action=a",
    "/admin/v1/directory",
    "/admin/v1/keys/rotate",
    "/none",
    "/%ff",
    "/..%2f",
];

/// A request and what it is called where it goes wrong.
type Named = (String, Request);

/// Every way to be answered that takes more than an address.
fn with_fields(node: &HttpNode, browser: &Session) -> Vec<Named> {
    let assume = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", ROLE),
        ("RoleSessionName", "a1"),
        ("WebIdentityToken", &node.id_token("ines")),
    ];
    let requests = [
        (
            "form",
            browser.form(node.address, "/credentials", &[("role", ROLE)]),
        ),
        ("no role", browser.form(node.address, "/credentials", &[])),
        ("sign-in", node.form("/sign-in", &[("connection", "idp")])),
        ("unknown", node.form("/sign-in", &[("connection", "x")])),
        (
            "other host",
            Request::get(node.address, "/").with_header("host", "evil.example"),
        ),
        ("assume", Request::post_form(node.address, "/", &assume)),
    ];
    requests
        .map(|(what, request)| (what.to_owned(), request))
        .into()
}

/// An address asked for by a stranger, asked for in a session, and posted to.
fn bare(node: &HttpNode, browser: &Session, target: &str) -> [Named; 3] {
    let get = Request::get(node.address, target);
    let own = Request::get(node.address, target).with_header("cookie", &browser.cookie);
    let post = Request::new(node.address, "POST", target);
    [
        (["GET ", target].concat(), get),
        (["GET with a session ", target].concat(), own),
        (["POST ", target].concat(), post),
    ]
}

/// The answers of every target, in every way to be answered.
fn walk(node: &HttpNode, browser: &Session) -> Vec<(String, Response)> {
    let mut requests = with_fields(node, browser);
    requests.extend(
        TARGETS
            .iter()
            .flat_map(|target| bare(node, browser, target)),
    );
    // Ends the session, so it comes last.
    requests.push((
        "sign-out".to_owned(),
        browser.form(node.address, "/sign-out", &[]),
    ));
    let sent = requests
        .into_iter()
        .map(|(what, request)| (what, request.send()));
    sent.collect()
}

#[test]
fn w2_w6_no_answer_may_be_framed_or_run_what_is_not_ours() {
    let node = HttpNode::start();
    let browser = node.sign_in("ines");
    let answers = walk(&node, &browser);
    for status in [200, 303, 400, 403, 404, 421] {
        assert!(
            answers.iter().any(|(_, answer)| answer.status == status),
            "none of {status}"
        );
    }
    for (what, answer) in answers {
        let policy = answer.header("content-security-policy").unwrap_or_default();
        let directives: Vec<&str> = policy.split(';').map(str::trim).collect();
        assert!(
            directives.contains(&"frame-ancestors 'none'"),
            "{what}: {answer:?}"
        );
        assert!(directives.contains(&"base-uri 'none'"), "{what}: {policy}");
        assert!(
            directives.contains(&"default-src 'none'"),
            "{what}: {policy}"
        );
        assert!(
            !policy.contains("unsafe") && !policy.contains('*'),
            "{what}: {policy}"
        );
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{what}");
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{what}"
        );
        assert_eq!(answer.header("server"), None, "{what}");
        assert!(answer.status < 500, "{what}: {answer:?}");
    }
}

#[test]
fn w7_only_static_files_may_be_kept() {
    let node = HttpNode::start();
    let browser = node.sign_in("ines");
    for (what, answer) in walk(&node, &browser) {
        let cache = answer.header("cache-control").unwrap_or_default();
        let is_file = what.ends_with("/static/portal.css") && answer.status == 200;
        assert_eq!(cache == "no-store", !is_file, "{what}: {answer:?}");
    }
}

#[test]
fn w7_credentials_are_in_no_address() {
    let node = HttpNode::start();
    let browser = node.sign_in("ines");
    let secret = browser.cookie.split_once('=').unwrap().1;
    for (what, answer) in walk(&node, &browser) {
        let location = answer.header("location").unwrap_or_default();
        for hidden in [secret, &browser.csrf, "ASIA", "client-secret"] {
            assert!(!location.contains(hidden), "{what}: {location}");
        }
        let text = answer.text();
        for attribute in ["href=\"", "src=\"", "action=\""] {
            for rest in text.split(attribute).skip(1) {
                let value = rest.split('"').next().unwrap();
                assert!(
                    !value.contains("ASIA") && !value.contains(secret),
                    "{what}: {value}"
                );
            }
        }
        let referrer = answer.header("referrer-policy");
        assert!(
            matches!(referrer, Some("same-origin" | "no-referrer")),
            "{what}: {referrer:?}"
        );
    }
}

#[test]
fn w12_headers_of_a_stranger_lead_nowhere() {
    let node = HttpNode::start();
    let evil = "evil.example";
    for (name, value) in [
        ("x-forwarded-host", evil),
        ("x-forwarded-server", evil),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "444"),
        ("x-host", evil),
        ("x-original-url", "/evil"),
        ("x-rewrite-url", "/evil"),
        ("x-forwarded-prefix", "/evil"),
        ("forwarded", "for=1.2.3.4;host=evil.example;proto=https"),
    ] {
        let begun = node
            .form("/sign-in", &[("connection", "idp")])
            .with_header(name, value)
            .send();
        let own = format!("http://{}/oidc/callback/idp", node.address);
        assert_eq!(Departure::read(begun).redirect_uri, own, "{name}");
        for target in ["/", "/roles", "/credentials", "/none"] {
            let answer = Request::get(node.address, target)
                .with_header(name, value)
                .send();
            let location = answer.header("location").unwrap_or("/");
            assert!(
                location.starts_with('/') && !location.starts_with("//"),
                "{location}"
            );
            assert!(
                !answer.text().contains("evil"),
                "{name} {target}: {}",
                answer.text()
            );
        }
    }
}

#[test]
fn w12_a_served_host_does_not_become_the_redirect_uri() {
    let node = HttpNode::with_settings(
        "public_url = \"https://keys.example.com\"\nhosts = [\"sts.example.com\"]\n",
    );
    let begun = Request::post_form(node.address, "/sign-in", &[("connection", "idp")])
        .with_header("host", "sts.example.com")
        .with_header("origin", "https://keys.example.com")
        .send();
    let begun = Departure::read(begun);
    let own = "https://keys.example.com/oidc/callback/idp";
    assert_eq!(begun.redirect_uri, own);
    let strict = begun.response.header("strict-transport-security").unwrap();
    assert!(strict.starts_with("max-age="), "{strict}");
}

#[test]
fn w12_a_sign_in_leads_back_into_the_portal_only() {
    let node = HttpNode::start();
    for evil in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%0d%0aSet-Cookie:a=b\r\n",
        "javascript:alert(1)",
        "/\u{2028}/evil.example",
        "/\t/evil.example",
    ] {
        let begun = node.begin_sign_in(evil);
        let response = node.finish_sign_in(&begun, "ines", None);
        assert_eq!(response.status, 303);
        assert_eq!(response.header("location"), Some("/"), "{evil:?}");
    }
    let begun = node.begin_sign_in("/roles?q=a");
    let response = node.finish_sign_in(&begun, "ines", None);
    assert_eq!(response.header("location"), Some("/roles?q=a"));
}
