//! What SAML providers are told of us, and what browsers are given.

use crate::scene::{PARTNERS, Scene, begin};
use crate::support::http::Request;

#[test]
fn the_metadata_is_served_with_its_own_type_and_a_certificate_for_each_use() {
    let scene = Scene::new();
    let response = scene.browser().get("/saml/metadata");
    assert_eq!(response.status, 200);
    assert_eq!(
        response.header("content-type"),
        Some("application/samlmetadata+xml")
    );
    assert_eq!(
        response.header("cache-control"),
        Some("public, max-age=3600")
    );
    let text = response.text();
    for part in [
        format!("entityID=\"{}\"", scene.url("/saml/metadata")),
        format!("Location=\"{}\"", scene.url("/saml/acs")),
        format!("Location=\"{}\"", scene.url("/saml/slo")),
        "use=\"signing\"".to_owned(),
        "use=\"encryption\"".to_owned(),
    ] {
        assert!(text.contains(&part), "{part}: {text}");
    }
}

#[test]
fn w12_the_host_that_a_request_names_is_in_no_address_of_ours() {
    let scene = Scene::new();
    let evil = |request: Request| {
        let request = request.with_header("x-forwarded-host", "evil.example");
        request.with_header("x-forwarded-proto", "https").send()
    };
    let address = scene.node.address;
    let metadata = evil(Request::get(address, "/saml/metadata"));
    assert_eq!(metadata.status, 200);
    assert!(!metadata.text().contains("evil.example"));
    let mut browser = scene.browser();
    let begun = begin(&mut browser);
    assert_ne!(begun.request, begin(&mut browser).request);
}

#[test]
fn w3_the_cookie_of_a_sign_in_is_sent_with_a_form_of_the_provider_s() {
    let scene = Scene::new();
    let response = scene.browser().post_sign_in("partners", "/roles");
    let cookie = response.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-rolegate-login-"), "{cookie}");
    for part in [
        "Secure",
        "HttpOnly",
        "SameSite=None",
        "Path=/",
        "Max-Age=600",
    ] {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
    assert!(!cookie.contains("Domain") && cookie.len() < 4096);
}

#[test]
fn a_form_is_posted_by_a_script_of_ours_or_by_a_button_to_the_provider_alone() {
    let scene = Scene::with("request_binding = 'post'\nsign_requests = 'always'\n");
    let mut browser = scene.browser();
    let first = browser.get("/sign-in");
    let policy = first.header("content-security-policy").unwrap();
    assert!(
        policy.contains(&format!("form-action 'self' {}", PARTNERS.entity))
            || policy.contains(PARTNERS.entity),
        "{policy}"
    );
    let page = browser.post_sign_in("partners", "/roles");
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.contains("form-action 'self' https://idp.example.com;"),
        "{policy}"
    );
    assert!(
        policy.contains("script-src 'self'") && !policy.contains("unsafe-inline"),
        "{policy}"
    );
    let html = page.text();
    for part in [
        "action=\"https://idp.example.com/there\"",
        "name=\"SAMLRequest\"",
        "name=\"RelayState\"",
        "<button",
        "/static/leave.js?v=",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let script = html
        .split("src=\"/static/leave.js")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    assert_eq!(
        browser.get(&["/static/leave.js", script].concat()).status,
        200
    );
}
