//! The address for responses.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::scene::{ADMIN, OTHERS, PARTNERS, PERSON, Scene, begin, cross_site, sign};
use crate::support::http::Request;
use crate::support::node::LONGEST_ANSWER;

#[test]
fn s41_a_response_signs_in_once() {
    let scene = Scene::with("idp_initiated = true\n");
    let mut browser = scene.browser();
    let begun = begin(&mut browser);
    let mut copy = browser.clone();
    let answer = scene.answer(&begun);
    assert_eq!(
        scene.post(&mut browser, &answer, &begun.relay_state).status,
        303
    );
    assert!(browser.is_signed_in());
    let replayed = scene.post(&mut copy, &answer, &begun.relay_state);
    scene.refuses(&mut copy, &replayed, "state");
    let mut other = scene.browser();
    let unasked = sign(&PARTNERS, &scene.draft(&PARTNERS, None));
    assert_eq!(scene.post(&mut other, &unasked, "").status, 303);
    let mut stranger = scene.browser();
    let replayed = scene.post(&mut stranger, &unasked, "");
    scene.refuses(&mut stranger, &replayed, "one-time use");
}

#[test]
fn s42_a_response_answers_what_this_browser_asked() {
    let scene = Scene::new();
    let (mut one, mut other) = (scene.browser(), scene.browser());
    let (first, second) = (begin(&mut one), begin(&mut other));
    let answer = scene.answer(&first);
    let wrong_browser = scene.post(&mut other, &answer, &first.relay_state);
    scene.refuses(&mut other, &wrong_browser, "browser");
    let other_request = scene.post(&mut other, &answer, &second.relay_state);
    scene.refuses(&mut other, &other_request, "request");
    let mut fresh = scene.browser();
    let unasked = sign(&PARTNERS, &scene.draft(&PARTNERS, None));
    let not_allowed = scene.post(&mut fresh, &unasked, "");
    scene.refuses(&mut fresh, &not_allowed, "idp initiated");
    let unknown = sign(&PARTNERS, &scene.draft(&PARTNERS, Some("_unknown")));
    let begun = begin(&mut other);
    let unknown = scene.post(&mut other, &unknown, &begun.relay_state);
    scene.refuses(&mut other, &unknown, "request");
    let (mut third, absent) = (scene.browser(), scene.draft(&PARTNERS, None));
    let begun = begin(&mut third);
    let absent = scene.post(&mut third, &sign(&PARTNERS, &absent), &begun.relay_state);
    scene.refuses(&mut third, &absent, "request");
    assert_eq!(
        scene.post(&mut one, &answer, &first.relay_state).status,
        303
    );
}

/// Where a provider may begin, an answer is still none that it began: not by what the Response says, which
/// whoever carries it can take off, nor by what is signed.
#[test]
fn s42_an_answer_is_not_taken_for_what_a_provider_began() {
    let scene = Scene::with("idp_initiated = true\n");
    let mut asked = scene.browser();
    let begun = begin(&mut asked);
    let mut browser = scene.browser();
    let answer = scene.post(&mut browser, &scene.answer(&begun), "");
    scene.refuses(&mut browser, &answer, "browser");
    let names = format!(" InResponseTo=\"{}\"", begun.request);
    let taken_off = scene.answer(&begun).replacen(&names, "", 1);
    assert!(taken_off.contains(&names));
    let answer = scene.post(&mut browser, &taken_off, "");
    scene.refuses(&mut browser, &answer, "request");
}

/// What STS is not given, since it takes shorter texts.
#[test]
fn s52_no_document_takes_long_at_this_door_either() {
    let scene = Scene::new();
    let attributes: Vec<String> = (0..10_000).map(|n| format!(" a{n}=\"\"")).collect();
    let attributes = attributes.concat();
    let namespaces: Vec<String> = (0..3_000)
        .map(|n| format!("<a xmlns:n{n}=\"urn:{n}\">"))
        .collect();
    let namespaces = namespaces.concat();
    let references = "<ds:Reference URI=\"#_a\"></ds:Reference>".repeat(3_000);
    for (place, inserted, check) in [
        (
            "<samlp:Status>",
            "<a>".repeat(20_000) + &"</a>".repeat(20_000),
            "xml",
        ),
        ("<samlp:Status>", format!("<a{attributes}/>"), "xml"),
        ("<samlp:Status>", namespaces + &"</a>".repeat(3_000), "xml"),
        ("</saml:Issuer>", "x".repeat(150_000), "issuer"),
        ("</ds:SignedInfo>", references, "signature"),
    ] {
        let mut browser = scene.browser();
        let begun = begin(&mut browser);
        let good = scene.answer(&begun);
        let hostile = good.replacen(place, &[&*inserted, place].concat(), 1);
        assert_ne!(hostile, good);
        let started = Instant::now();
        let response = scene.post(&mut browser, &hostile, &begun.relay_state);
        assert!(started.elapsed() <= LONGEST_ANSWER, "{place} {check}");
        scene.refuses(&mut browser, &response, check);
    }
    let mut browser = scene.browser();
    let long = "x".repeat(4_000_000);
    assert_eq!(scene.post(&mut browser, &long, "").status, 413);
}

/// Anybody can have written a refusal that is not signed.
#[test]
fn s47_a_refusal_that_nobody_asked_for_is_not_told_in_its_own_words() {
    let scene = Scene::with("idp_initiated = true\n");
    let success = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>";
    let refused = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"/>\
                   <samlp:StatusMessage>Call 555 0100</samlp:StatusMessage>";
    let mut stranger = scene.browser();
    let unasked = scene.draft(&PARTNERS, None).replace(success, refused);
    let response = scene.post(&mut stranger, &unasked, "");
    assert!(!response.text().contains("555"), "{}", response.text());
    scene.refuses(&mut stranger, &response, "status");
    let mut browser = scene.browser();
    let begun = begin(&mut browser);
    let asked = scene.draft(&PARTNERS, Some(&begun.request));
    let response = scene.post(
        &mut browser,
        &asked.replace(success, refused),
        &begun.relay_state,
    );
    assert!(response.text().contains("Call 555 0100"));
}

/// Whoever carries an unsigned request can take out of it what it asks for.
#[test]
fn s42_what_a_connection_wants_of_an_authentication_is_looked_for_in_the_response() {
    let password = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
    let wanted = "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken";
    let scene = Scene::with(&format!(
        "force_authn = true\nrequested_authn_context = {{ classes = ['{wanted}'] }}\n"
    ));
    let instant = format!("AuthnInstant=\"{}\"", scene.time(-30));
    let old = format!("AuthnInstant=\"{}\"", scene.time(-864_000));
    for (class, instant_of, accepted) in [
        (password, &instant, false),
        (wanted, &old, false),
        (wanted, &instant, true),
    ] {
        let mut browser = scene.browser();
        let begun = begin(&mut browser);
        let draft = scene.draft(&PARTNERS, Some(&begun.request));
        let (start, rest) = draft.split_once("AuthnInstant=\"").unwrap();
        let rest = rest.split_once('"').unwrap().1;
        let answer = [start, instant_of, &rest.replace(password, class)].concat();
        let response = scene.post(&mut browser, &sign(&PARTNERS, &answer), &begun.relay_state);
        if accepted {
            assert_eq!(response.status, 303, "{}", response.text());
        } else {
            scene.refuses(&mut browser, &response, "authentication");
        }
    }
}

#[test]
fn s43_s44_a_response_is_for_us_and_for_now() {
    let scene = Scene::new();
    for (from, to, check) in [
        (
            scene.url("/saml/metadata"),
            scene.url("/saml/metadat"),
            "audience",
        ),
        (scene.url("/saml/acs"), scene.url("/saml/ACS"), "recipient"),
        (scene.time(240), scene.time(-60), "expiry"),
        (
            format!("IssueInstant=\"{}\"", scene.time(0)),
            format!("IssueInstant=\"{}\"", scene.time(-600)),
            "age",
        ),
    ] {
        let mut browser = scene.browser();
        let begun = begin(&mut browser);
        let draft = scene.draft(&PARTNERS, Some(&begun.request));
        let (now, changed) = (draft.clone(), draft.replace(&from, &to));
        // The clock may have moved on by a second.
        if now == changed {
            continue;
        }
        let response = scene.post(&mut browser, &sign(&PARTNERS, &changed), &begun.relay_state);
        scene.refuses(&mut browser, &response, check);
    }
}

#[test]
fn s48_s54_another_provider_answers_nothing_that_this_one_was_asked() {
    let scene = Scene::with("idp_initiated = true\n");
    let mut browser = scene.browser();
    let begun = begin(&mut browser);
    let others = sign(&OTHERS, &scene.draft(&OTHERS, Some(&begun.request)));
    let mixed = scene.post(&mut browser, &others, &begun.relay_state);
    scene.refuses(&mut browser, &mixed, "issuer");
    let mut browser = scene.browser();
    let begun = begin(&mut browser);
    let forged = sign(&OTHERS, &scene.draft(&PARTNERS, Some(&begun.request)));
    let forged = scene.post(&mut browser, &forged, &begun.relay_state);
    scene.refuses(&mut browser, &forged, "signature");
}

/// Makes a hostile response of a good one.
type Hostile = fn(&str) -> String;

/// An unsigned copy of a response's assertion, with another ID, about somebody else.
fn evil(good: &str) -> String {
    let start = good.find("<saml:Assertion ").unwrap();
    let end = good.find("</saml:Assertion>").unwrap() + "</saml:Assertion>".len();
    let copy = good.get(start..end).unwrap();
    unsigned(&copy.replace(PERSON, ADMIN).replace(" ID=\"_a", " ID=\"_e"))
}

fn unsigned(good: &str) -> String {
    let start = good.find("<ds:Signature ").unwrap();
    let end = good.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    [good.get(..start).unwrap(), good.get(end..).unwrap()].concat()
}

fn before(good: &str) -> String {
    let with = [&evil(good), "<saml:Assertion "].concat();
    good.replacen("<saml:Assertion ", &with, 1)
}

fn behind(good: &str) -> String {
    let with = [&evil(good), "</samlp:Response>"].concat();
    good.replace("</samlp:Response>", &with)
}

fn in_extensions(good: &str) -> String {
    let around = [
        "<samlp:Extensions>",
        &evil(good),
        "</samlp:Extensions><samlp:Status>",
    ];
    good.replacen("<samlp:Status>", &around.concat(), 1)
}

/// A few of the rows that STS is shown, at this door.
#[test]
fn s3_s7_s11_s12_wrapped_and_unsigned_assertions_sign_nobody_in() {
    let scene = Scene::new();
    let rows: [(Hostile, &str); 4] = [
        (before, "assertion"),
        (in_extensions, "assertion"),
        (behind, "assertion"),
        (unsigned, "signature"),
    ];
    for (hostile, check) in rows {
        let mut browser = scene.browser();
        let begun = begin(&mut browser);
        let response = hostile(&scene.answer(&begun));
        let response = scene.post(&mut browser, &response, &begun.relay_state);
        scene.refuses(&mut browser, &response, check);
    }
}

#[test]
fn s53_what_stands_beside_a_response_leads_nowhere() {
    let scene = Scene::with("idp_initiated = true\n");
    let long = "x".repeat(8192);
    for (number, relay_state) in [
        "//evil.example",
        "https:evil.example",
        "/\\evil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
        "a\r\nSet-Cookie: x=y",
        &long,
    ]
    .into_iter()
    .enumerate()
    {
        let mut browser = scene.browser();
        let draft = scene
            .draft(&PARTNERS, None)
            .replace("\"_anone\"", &format!("\"_a{number}\""));
        let response = scene.post(&mut browser, &sign(&PARTNERS, &draft), relay_state);
        assert_eq!(response.status, 303, "{}", response.text());
        assert_eq!(response.header("location"), Some("/"), "{relay_state}");
        assert!(browser.is_signed_in());
    }
}

/// A provider that begins may name a page of ours that changes nothing, and of a sign-in that was begun
/// here it may name none.
#[test]
fn s53_a_provider_that_begins_names_pages_of_ours() {
    let scene = Scene::with("idp_initiated = true\n");
    for (number, (relay_state, leads_to)) in [
        (
            "/go?account=482011739056&role=Reader",
            "/go?account=482011739056&role=Reader",
        ),
        ("/roles", "/roles"),
        ("/sign-out", "/"),
        ("/go/../credentials", "/"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut browser = scene.browser();
        let draft = scene
            .draft(&PARTNERS, None)
            .replace("\"_anone\"", &format!("\"_b{number}\""));
        let response = scene.post(&mut browser, &sign(&PARTNERS, &draft), relay_state);
        assert_eq!(response.header("location"), Some(leads_to), "{relay_state}");
        assert!(browser.is_signed_in());
    }
}

#[test]
fn what_is_no_form_with_one_response_is_refused() {
    let scene = Scene::new();
    let mut browser = scene.browser();
    let begun = begin(&mut browser);
    let answer = STANDARD.encode(scene.answer(&begun));
    let state = ("RelayState", &*begun.relay_state);
    for fields in [
        &[state][..],
        &[("SAMLResponse", &answer), ("SAMLResponse", &answer), state],
        &[("SAMLRequest", &answer), state],
        &[("SAMLResponse", "<xml/>"), state],
    ] {
        let request = cross_site(Request::post_form(scene.node.address, "/saml/acs", fields));
        let response = browser.send(request);
        assert_eq!(response.status, 400, "{fields:?}");
    }
    let json = Request::new(scene.node.address, "POST", "/saml/acs")
        .with_header("content-type", "application/json")
        .with_body("{}");
    assert_eq!(browser.send(json).status, 403);
    let huge = "A".repeat(600 * 1024);
    let request = Request::post_form(scene.node.address, "/saml/acs", &[("SAMLResponse", &huge)]);
    assert_eq!(browser.send(request).status, 413);
    assert_eq!(
        scene
            .post(&mut browser, &scene.answer(&begun), &begun.relay_state)
            .status,
        303
    );
}
