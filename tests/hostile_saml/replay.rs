//! S41 at STS: how often a response may be used.

use crate::scene::{PROVIDERS, Refusal, Scene, Signed, replaced};

const USED: &str = "The token was used already and can't be used again";

#[test]
fn s41_a_response_is_good_until_it_ends_and_once_where_the_provider_says_so() {
    let reusable = Scene::new();
    let response = reusable.good(Signed::Assertion);
    reusable.accepts("first", &response);
    reusable.accepts("again", &response);
    reusable.node.clock.advance(301);
    let old = Refusal::expired("age", "Token must be redeemed within 5 minutes of issuance");
    reusable.refuses("too old", &response, &old);

    let once = Scene::with("replay = 'once'\n");
    let used = Refusal::invalid("one-time use", USED);
    let response = once.good(Signed::Assertion);
    once.accepts("first", &response);
    once.refuses("again", &response, &used);
    // Another response around the same assertion, or another signature of it, is no other assertion.
    let around = response.replace("ID=\"_r1\"", "ID=\"_r2\"");
    once.refuses("around it", &around, &used);
    let draft = once.draft(Signed::Response);
    once.refuses(
        "signed otherwise",
        &PROVIDERS[0].sign(&draft, &["_r1"]),
        &used,
    );
    let other = once.draft(Signed::Assertion).replace("\"_a1\"", "\"_a9\"");
    once.accepts("another assertion", &PROVIDERS[0].sign(&other, &["_a9"]));
}

#[test]
fn s41_the_one_time_use_condition_counts_whatever_the_provider_says() {
    let scene = Scene::new();
    let restriction = "</saml:AudienceRestriction>";
    let draft = scene.draft(Signed::Assertion);
    let draft = replaced(
        &draft,
        restriction,
        &[restriction, "<saml:OneTimeUse/>"].concat(),
    );
    let response = PROVIDERS[0].sign(&draft, &["_a1"]);
    scene.accepts("first", &response);
    scene.refuses("again", &response, &Refusal::invalid("one-time use", USED));
}
