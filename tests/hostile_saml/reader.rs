//! S52: documents that are made to take time or room.

use std::time::Duration;

use crate::crypto::signed_info_with;
use crate::scene::{Refusal, Scene, Signed, cut, replaced};
use crate::support::http::Request;

/// The longest that a refusal may take.
const QUICKLY: Duration = Duration::from_secs(1);

#[test]
fn s52_no_document_takes_long() {
    let scene = Scene::new();
    scene.accepts_good_ones();
    let good = scene.good(Signed::Assertion);
    let deep = ["<a>".repeat(20_000), "</a>".repeat(1_000)].concat();
    let attributes: Vec<String> = (0..5_000).map(|n| format!(" a{n}=\"\"")).collect();
    let attributes = attributes.concat();
    let namespaces: Vec<String> = (0..2_000)
        .map(|n| format!("<a xmlns:n{n}=\"urn:{n}\">"))
        .collect();
    let namespaces = namespaces.concat();
    let elements = "<a/>".repeat(16_000);
    for inserted in [deep, format!("<a{attributes}/>"), namespaces, elements] {
        let response = replaced(
            &good,
            "<samlp:Status>",
            &[&*inserted, "<samlp:Status>"].concat(),
        );
        scene.refuses_within(QUICKLY, &response, &Refusal::xml());
    }
    let reference = cut(&good, "<ds:Reference", "</ds:Reference>");
    let many = signed_info_with(&good, reference, &reference.repeat(100));
    scene.refuses_within(QUICKLY, &many, &Refusal::signature());
}

/// What is longer than the model allows is refused before it is decoded, and what is longer than a body
/// may be before it is read.
#[test]
fn s52_too_long_a_response_is_not_decoded() {
    let scene = Scene::new();
    let answer = scene.ask(&"A".repeat(100_001));
    assert_eq!(
        answer.code.as_deref(),
        Some("ValidationError"),
        "{answer:?}"
    );
    let told = "1 validation error detected: Value at 'sAMLAssertion' failed to satisfy constraint: Member must have length less than or equal to 100000";
    assert_eq!(answer.message.as_deref(), Some(told));
    let longer = "A".repeat(300_000);
    let body = [
        ("Action", "AssumeRoleWithSAML"),
        ("SAMLAssertion", &*longer),
    ];
    let response = Request::post_form(scene.node.address, "/", &body).send();
    assert_eq!(response.status, 413, "{response:?}");
}
