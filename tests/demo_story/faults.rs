//! Every button that breaks something: the page's sentence, and the check in the trace.

use rolegate::demo::{Encryption, SamlOptions, Signed};

use crate::scene::{BOTH, OIDC, SAML, Scene, id_on, value_of};
use crate::support::http::{Request, Response};

/// A refusal that tells somebody what happened and what to do, and lets nobody in.
#[track_caller]
fn assert_refused(page: &Response, sentence: &str) {
    let html = page.text();
    assert_eq!(page.status, 403, "{html}");
    for told in [
        "You are not signed in",
        sentence,
        "No keys were given out",
        "Sign in again",
        "href=\"/\"",
    ] {
        assert!(html.contains(told), "no {told:?} in {html}");
    }
    assert_eq!(id_on(page).len(), 36);
}

/// Presses a button by either protocol, and looks at page and trace.
#[track_caller]
fn assert_broken(scene: &Scene, fault: &str, sentence: &str, checks: [&str; 2]) {
    for (connection, check) in BOTH.into_iter().zip(checks) {
        let page = scene.visit(connection, ("break", fault));
        assert_refused(&page, sentence);
        assert_eq!(scene.failed_check(&page), check, "{connection}");
    }
}

#[test]
fn an_answer_that_is_over_is_refused_with_its_times() {
    let scene = Scene::start();
    assert_broken(&scene, "expired", "It was good until", ["expiry", "expiry"]);
}

#[test]
fn a_clock_that_is_six_minutes_fast_is_named() {
    let scene = Scene::start();
    assert_broken(
        &scene,
        "fast-clock",
        "clock of your identity provider is ahead of ours",
        ["issued at", "age"],
    );
}

#[test]
fn an_answer_for_another_application_opens_nothing() {
    let scene = Scene::start();
    let sentence = "made for another application than this one";
    assert_broken(&scene, "other-audience", sentence, ["audience", "audience"]);
}

#[test]
fn a_public_key_is_no_secret() {
    let scene = Scene::start();
    let page = scene.visit(OIDC, ("break", "forged"));
    assert_refused(&page, "not signed with a key that is known here");
    assert_eq!(scene.failed_check(&page), "algorithm");
}

/// Whatever the provider signs and encrypts otherwise, the forgery is the same.
#[test]
fn a_copy_in_front_of_the_signed_assertion_is_not_read() {
    for (signed, encryption) in [
        (Signed::Both, Encryption::None),
        (Signed::Assertion, Encryption::Assertions),
    ] {
        let scene = Scene::with(SamlOptions {
            signed,
            encryption,
            sts: None,
        });
        let page = scene.visit(SAML, ("break", "forged"));
        assert_refused(&page, "does not say once, and in one place, who you are");
        let trace = scene.trace(&page);
        let refused = &trace["end"]["refused"];
        assert_eq!(refused["check"], "assertion");
        assert!(
            refused["message"]
                .as_str()
                .unwrap()
                .contains("2 assertions"),
            "{refused}"
        );
        assert_eq!(trace["person"], serde_json::Value::Null);
    }
}

/// The answer is the very one of the sign-in before, or that of a sign-in that nobody here began.
#[test]
fn an_answer_belongs_to_its_own_sign_in() {
    let scene = Scene::start();
    let sentence = "belongs to another sign-in";
    let checks = ["nonce", "request"];
    assert_broken(&scene, "replayed", sentence, checks);
    for connection in BOTH {
        let good = scene.visit(connection, ("person", "ines"));
        assert_eq!(good.status, 200, "{}", good.text());
    }
    assert_broken(&scene, "replayed", sentence, checks);
}

/// Where the provider began there is no request that could differ: the assertion itself counts once.
#[test]
fn an_answer_that_nobody_asked_for_counts_once() {
    let scene = Scene::start();
    let mut browser = scene.browser();
    let replay = ("break", "replayed");
    let nothing = scene.press(&mut browser, &scene.unasked(), replay);
    assert_refused(&nothing, "no such sign-in under way");
    let good = scene.press(&mut browser, &scene.unasked(), ("person", "ines"));
    assert_eq!(good.status, 200, "{}", good.text());
    let mut thief = scene.browser();
    let again = scene.press(&mut thief, &scene.unasked(), replay);
    assert_refused(&again, "was used already");
    assert_eq!(scene.failed_check(&again), "one-time use");
    assert!(!thief.is_signed_in());
}

#[test]
fn groups_that_differ_in_case_open_nothing_and_the_trace_names_the_near_miss() {
    let scene = Scene::start();
    for connection in BOTH {
        let page = scene.visit(connection, ("break", "renamed-groups"));
        let html = page.text();
        assert_eq!(page.status, 200, "{html}");
        for told in ["no role is yours yet", "Finance-Analysts", "Data-Readers"] {
            assert!(html.contains(told), "no {told:?} in {html}");
        }
        let trace = scene.last_sign_in("mrd-31850", connection);
        let rules = trace["rules"].to_string();
        for near in ["Finance-Analysts", "Data-Readers"] {
            let near = serde_json::json!({ "case": near }).to_string();
            assert!(rules.contains(&near), "no {near} in {rules}");
        }
    }
}

#[test]
fn a_new_key_counts_once_it_is_published() {
    let scene = Scene::start();
    let sentence = "not signed with a key that is known here";
    assert_broken(&scene, "unpublished-key", sentence, ["key", "signature"]);
    let page = scene.asked(&mut scene.browser(), OIDC).text();
    assert!(page.contains("action=\"/demo/publish-keys\""), "{page}");
    // Until then the old key goes on signing, and everybody gets in.
    for connection in BOTH {
        let page = scene.visit(connection, ("person", "ines"));
        assert_eq!(page.status, 200, "{}", page.text());
    }
    let published = Request::post_form(scene.provider_address(), "/demo/publish-keys", &[]).send();
    assert!(
        published.text().contains("The new key is published"),
        "{}",
        published.text()
    );
    let refreshed = scene.node.admin(
        "POST",
        "/admin/v1/connections/refresh-metadata",
        r#"{"connection":"workforce-saml","new_keys":"refuse"}"#,
    );
    assert_eq!(refreshed.status, 200, "{}", refreshed.text());
    // The gateway looks for a key that it does not know once in ten seconds.
    let give_up = std::time::Instant::now() + crate::support::http::PATIENCE;
    for connection in BOTH {
        while scene.visit(connection, ("person", "ines")).status != 200 {
            assert!(std::time::Instant::now() < give_up, "{connection}");
            std::thread::yield_now();
        }
    }
    let page = scene.asked(&mut scene.browser(), OIDC).text();
    assert!(!page.contains("publish-keys"), "{page}");
}

#[test]
fn groups_that_are_not_sent_open_nothing_and_the_page_says_why() {
    let scene = Scene::start();
    for connection in BOTH {
        let page = scene.visit(connection, ("break", "too-many-groups"));
        let html = page.text();
        assert_eq!(page.status, 200, "{html}");
        for told in ["no role is yours yet", "left out your groups"] {
            assert!(html.contains(told), "no {told:?} in {html}");
        }
        let trace = scene.last_sign_in("mrd-20417", connection);
        let claims = trace["claims"]["kept"].as_array().unwrap().iter();
        let mut groups = claims.filter(|claim| claim["name"] == "groups");
        assert_eq!(groups.next().unwrap()["unusable"], "Incomplete");
    }
}

#[test]
fn there_are_eight_buttons_and_each_says_what_it_does() {
    let scene = Scene::start();
    for (connection, titles) in [
        (OIDC, ["Expired token", "Algorithm confusion"]),
        (SAML, ["Expired assertion", "Signature wrapping"]),
    ] {
        let page = scene.asked(&mut scene.browser(), connection);
        assert_eq!(page.text().matches("name=\"break\"").count(), 8);
        for title in titles {
            assert!(value_of(&page, title).is_some(), "{title}");
        }
    }
}

/// A link to the provider that says so already breaks nothing: it takes the press of a button.
#[test]
fn a_link_presses_no_button() {
    let scene = Scene::start();
    let mut browser = scene.browser();
    let left = browser.post_sign_in(OIDC, "/");
    let url: url::Url = left.header("location").unwrap().parse().unwrap();
    let target = [url.path(), "?break=forged&", url.query().unwrap()].concat();
    let page = scene.at_provider(&target);
    let landed = scene.press(&mut browser, &page, ("person", "ines"));
    assert_eq!(landed.status, 200, "{}", landed.text());
}
