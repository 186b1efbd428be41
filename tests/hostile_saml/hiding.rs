//! S14 to S20: what a reader may pass over, or make of nothing.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::canary::Canary;
use crate::scene::{PERSON, Refusal, Scene, Signed, replaced};

/// The longest that a refusal of a bomb may take.
const AT_ONCE: Duration = Duration::from_millis(500);

fn scene() -> Scene {
    let scene = Scene::new();
    scene.accepts_good_ones();
    scene
}

#[test]
fn s14_a_comment_in_the_name_identifier() {
    let scene = scene();
    let evil = scene.signed_with(PERSON, "admin@example.com.evil.example");
    let comment = replaced(&evil, "admin@example.com", "admin@example.com<!---->");
    scene.refuses("after signing", &comment, &Refusal::xml());
    let commented = scene
        .good(Signed::Assertion)
        .replace(PERSON, "alice<!-- x -->@example.com");
    scene.refuses("in the middle", &commented, &Refusal::xml());
}

#[test]
fn s15_a_comment_in_what_decides() {
    let scene = scene();
    let audience = scene.audience();
    let entity = crate::scene::entity(0);
    let role = crate::scene::role(0);
    for text in [&*audience, &entity, &role] {
        let longer = [text, ".evil"].concat();
        let signed = scene.signed_with(text, &longer);
        let cut_off = replaced(&signed, &longer, &[text, "<!---->.evil"].concat());
        scene.refuses_for("a comment", &cut_off, &Refusal::xml());
    }
}

#[test]
fn s16_a_processing_instruction() {
    let scene = scene();
    let honest = "not-an-admin@example.com";
    for hidden in [
        "<?p not-an-?>admin@example.com",
        "<?not-an- ?>admin@example.com",
        "not-an-admin@example.com<?p x?>",
    ] {
        let response = replaced(&scene.signed_with(PERSON, honest), honest, hidden);
        scene.refuses_for("a processing instruction", &response, &Refusal::xml());
    }
}

#[test]
fn s17_a_cdata_section() {
    let scene = scene();
    let wrapped = ["<![CDATA[", PERSON, "]]>"].concat();
    let response = scene.good(Signed::Assertion).replace(PERSON, &wrapped);
    scene.refuses("around the same text", &response, &Refusal::xml());
}

#[test]
fn s18_a_document_type() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    for document_type in [
        "<!DOCTYPE r>",
        "<!DOCTYPE samlp:Response [<!ATTLIST saml:Assertion ID ID #IMPLIED>]>",
        "<!DOCTYPE samlp:Response [<!ATTLIST saml:Assertion xmlns CDATA 'urn:x'>]>",
        "<!DOCTYPE r [<!ENTITY e 'admin'>]>",
    ] {
        scene.refuses(
            document_type,
            &[document_type, &*good].concat(),
            &Refusal::xml(),
        );
    }
    let entity = replaced(&good, PERSON, "&e;@example.com");
    scene.refuses("an entity alone", &entity, &Refusal::xml());
}

#[test]
fn s19_an_external_entity_is_never_fetched() {
    let scene = scene();
    let canary = Canary::new();
    let url = ["http://127.0.0.1:", &*canary.port(), "/x"].concat();
    let entity = scene.good(Signed::Assertion).replace(PERSON, "&e;");
    for declaration in [
        format!("<!DOCTYPE r [<!ENTITY e SYSTEM '{url}'>]>"),
        "<!DOCTYPE r [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>".to_owned(),
        format!("<!DOCTYPE r SYSTEM '{url}'>"),
        format!("<!DOCTYPE r [<!ENTITY % p SYSTEM '{url}'> %p;]>"),
        format!("<!DOCTYPE r PUBLIC 'x' '{url}'>"),
    ] {
        let answer = scene.refuses(
            &declaration,
            &[&*declaration, &*entity].concat(),
            &Refusal::xml(),
        );
        assert!(!answer.body.contains("root:"), "{answer:?}");
    }
    let declaration = format!("<!DOCTYPE r [<!ENTITY e SYSTEM '{url}'>]>");
    let hidden = [
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?>",
        &*declaration,
        &*entity,
    ];
    let hidden = hidden.concat();
    for (mark, bytes) in [
        ([0xff, 0xfe], u16::to_le_bytes as fn(u16) -> [u8; 2]),
        ([0xfe, 0xff], u16::to_be_bytes),
    ] {
        let wide: Vec<u8> = hidden.encode_utf16().flat_map(bytes).collect();
        let text = STANDARD.encode([&mark, &*wide].concat());
        scene.refuses_text("in UTF-16", &text, &Refusal::xml());
    }
    assert!(!canary.was_touched());
}

#[test]
fn s20_entities_that_grow_are_refused_at_once() {
    let scene = scene();
    let levels: Vec<String> = (1..12)
        .map(|n| format!("<!ENTITY e{n} '{}'>", format!("&e{};", n - 1).repeat(10)))
        .collect();
    let levels = levels.concat();
    let good = scene.good(Signed::Assertion);
    let laughs = format!(
        "<!DOCTYPE r [<!ENTITY e0 'ha'>{levels}]>{}",
        good.replace(PERSON, "&e11;")
    );
    let long = "x".repeat(30_000);
    let quadratic = format!(
        "<!DOCTYPE r [<!ENTITY e '{long}'>]>{}",
        good.replace(PERSON, &"&e;".repeat(5000))
    );
    for bomb in [laughs, quadratic] {
        scene.refuses_within(AT_ONCE, &bomb, &Refusal::xml());
        // Before any entity is read, so that none takes room.
        scene.refuses_for("a document type declaration", &bomb, &Refusal::xml());
    }
}
