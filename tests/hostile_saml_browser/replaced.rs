//! What becomes of the session that a browser had, and of where a refused sign-out leads.

use crate::scene::{PARTNERS, Scene, sign};
use crate::support::browser::Browser;

const SESSION: &str = "__Host-rolegate-session";

/// W4: a form of another site comes without the session's cookie, which is `SameSite=Lax`.
#[test]
fn w4_a_sign_in_that_the_provider_begins_ends_the_session_of_before() {
    let scene = Scene::with("idp_initiated = true\n");
    let mut browser = scene.browser();
    scene.sign_in(&mut browser);
    let mut elsewhere = scene.browser();
    scene.sign_in(&mut elsewhere);
    let before = browser.cookies.remove(SESSION).unwrap();
    let unasked = sign(&PARTNERS, &scene.draft(&PARTNERS, None));
    assert_eq!(scene.post(&mut browser, &unasked, "").status, 303);
    assert!(browser.is_signed_in());
    let mut of_before = Browser::new(scene.node.address);
    of_before.cookies.insert(SESSION.to_owned(), before);
    assert!(!of_before.is_signed_in());
    assert!(elsewhere.is_signed_in(), "another browser keeps its own");
}

#[test]
fn a_refused_sign_out_leads_to_the_roles_only_where_somebody_is_signed_in() {
    let scene = Scene::new();
    let mut browser = scene.browser();
    scene.sign_in(&mut browser);
    let target = "/saml/slo?SAMLRequest=x";
    let signed_in = browser.get(target);
    assert_eq!(signed_in.status, 403);
    assert!(signed_in.text().contains("Go to my roles"));
    let nobody = scene.browser().get(target);
    assert_eq!(nobody.status, 403);
    assert!(!nobody.text().contains("Go to my roles"));
}
