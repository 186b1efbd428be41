//! S1 to S13, S21 to S23, S26, S28, S30 to S33: signed parts moved, copied, wrapped and left out.

use rolegate::federation::saml::signing::PLACEHOLDER;

use crate::crypto::{EXCLUSIVE, signed_info_with};
use crate::scene::{
    ADMIN, PERSON, PROVIDERS, Refusal, STRANGER, Scene, Signed, assertion_of, cut, evil, replaced,
    signature_of, without_signature,
};

/// Leaves the attributes out of what is hashed.
const XPATH: &str = "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\">\
     <ds:XPath xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">not(ancestor-or-self::saml:AttributeStatement)</ds:XPath></ds:Transform>";

fn scene() -> Scene {
    let scene = Scene::new();
    scene.accepts_good_ones();
    scene
}

/// The text before what ends with it.
fn before(text: &str, end: &str, inserted: &str) -> String {
    replaced(text, end, &[inserted, end].concat())
}

#[test]
fn s01_the_signed_response_in_the_signature_of_an_evil_one() {
    let scene = scene();
    let signed = scene.good(Signed::Response);
    let object = format!(
        "<ds:Object>{}</ds:Object></ds:Signature>",
        without_signature(&signed)
    );
    let holding = replaced(signature_of(&signed), "</ds:Signature>", &object);
    let wrapped = before(&evil(&signed), "<samlp:Status>", &holding);
    scene.refuses("XSW1", &wrapped, &Refusal::two_assertions());
}

#[test]
fn s02_the_signed_response_before_the_signature_of_an_evil_one() {
    let scene = scene();
    let signed = scene.good(Signed::Response);
    let inserted = [&*without_signature(&signed), signature_of(&signed)].concat();
    let wrapped = before(&evil(&signed), "<samlp:Status>", &inserted);
    scene.refuses("XSW2", &wrapped, &Refusal::two_assertions());
}

#[test]
fn s03_an_unsigned_assertion_before_the_signed_one() {
    let scene = scene();
    for signed in Signed::BY_SOMEBODY {
        let good = scene.good(signed);
        let genuine = assertion_of(&good);
        let evil = evil(genuine);
        for both in [[&evil, genuine].concat(), [genuine, &evil].concat()] {
            let response = replaced(&good, genuine, &both);
            scene.refuses("XSW3", &response, &Refusal::two_assertions());
        }
    }
}

#[test]
fn s04_the_signed_assertion_as_a_child_of_an_evil_one() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    let genuine = assertion_of(&good);
    let around = before(&evil(genuine), "</saml:Assertion>", genuine);
    let response = replaced(&good, genuine, &around);
    scene.refuses("XSW4", &response, &Refusal::two_assertions());
}

#[test]
fn s05_an_evil_assertion_with_the_signature_and_the_original_at_the_end() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    let genuine = assertion_of(&good);
    let evil = genuine.replace(PERSON, ADMIN);
    let response = replaced(&good, genuine, &[evil, without_signature(genuine)].concat());
    scene.refuses("XSW5", &response, &Refusal::two_assertions());
}

#[test]
fn s06_an_evil_assertion_with_the_original_inside_its_signature() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    let genuine = assertion_of(&good);
    let evil = genuine.replace(PERSON, ADMIN);
    let inside = before(&evil, "</ds:Signature>", &without_signature(genuine));
    let response = replaced(&good, genuine, &inside);
    scene.refuses("XSW6", &response, &Refusal::two_assertions());
}

#[test]
fn s07_an_evil_assertion_in_the_extensions() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    let genuine = assertion_of(&good);
    let extensions = format!("<samlp:Extensions>{}</samlp:Extensions>", evil(genuine));
    let response = before(&good, "<samlp:Status>", &extensions);
    scene.refuses("XSW7", &response, &Refusal::two_assertions());
}

#[test]
fn s08_the_original_in_an_object_of_the_evil_ones_signature() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    let genuine = assertion_of(&good);
    let object = format!("<ds:Object>{}</ds:Object>", without_signature(genuine));
    let evil = before(&genuine.replace(PERSON, ADMIN), "</ds:Signature>", &object);
    let response = replaced(&good, genuine, &evil);
    scene.refuses("XSW8", &response, &Refusal::two_assertions());
}

#[test]
fn s09_the_signed_assertion_in_hiding_places() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    let genuine = assertion_of(&good);
    let evil = evil(genuine);
    let advice = format!("<saml:Advice>{genuine}</saml:Advice>");
    let value = format!("<saml:AttributeValue>{genuine}</saml:AttributeValue>");
    for hiding in [
        before(&evil, "<saml:AuthnStatement", &advice),
        evil.replacen(
            "</saml:Attribute>",
            &[&value, "</saml:Attribute>"].concat(),
            1,
        ),
    ] {
        let response = replaced(&good, genuine, &hiding);
        scene.refuses("inside", &response, &Refusal::two_assertions());
    }
    let alone = replaced(&good, genuine, "");
    let detail = format!("<samlp:StatusDetail>{genuine}</samlp:StatusDetail>");
    let hidden = before(&alone, "</samlp:Status>", &detail);
    let misplaced = Refusal::assertion("An assertion stands in StatusDetail.");
    scene.refuses("StatusDetail", &hidden, &misplaced);
    let both = before(&hidden, "</samlp:Response>", &evil);
    scene.refuses(
        "StatusDetail and an evil one",
        &both,
        &Refusal::two_assertions(),
    );
}

#[test]
fn s10_a_signature_that_was_moved() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    let signature = signature_of(&good).to_owned();
    let unsigned = without_signature(&good);
    for place in [
        "<samlp:Status>",
        "</samlp:Status>",
        "</saml:Subject>",
        "</saml:AttributeStatement>",
    ] {
        let moved = before(&unsigned, place, &signature);
        scene.refuses(place, &moved, &Refusal::signature());
    }
    let genuine = assertion_of(&good);
    let evil_with_it = before(&evil(genuine), "<saml:Subject>", &signature);
    let response = replaced(
        &good,
        genuine,
        &[evil_with_it, without_signature(genuine)].concat(),
    );
    scene.refuses("to an evil sibling", &response, &Refusal::two_assertions());
}

#[test]
fn s11_no_signature() {
    let scene = scene();
    scene.refuses(
        "never signed",
        &scene.good(Signed::Nothing),
        &Refusal::signature(),
    );
    for signed in [Signed::Assertion, Signed::Response] {
        let good = scene.good(signed);
        scene.refuses("removed", &without_signature(&good), &Refusal::signature());
        let part = |start, end| cut(&good, start, end).to_owned();
        for part in [
            part("<ds:SignedInfo", "</ds:SignedInfo>"),
            part("<ds:Reference", "</ds:Reference>"),
            part("<ds:SignatureValue>", "</ds:SignatureValue>"),
        ] {
            let less = replaced(&good, &part, "");
            scene.refuses("a part is missing", &less, &Refusal::signature());
        }
        let value = part("<ds:SignatureValue>", "</ds:SignatureValue>");
        let empty = replaced(&good, &value, "<ds:SignatureValue></ds:SignatureValue>");
        scene.refuses("an empty value", &empty, &Refusal::signature());
    }
}

#[test]
fn s12_an_unsigned_assertion_in_a_signed_response() {
    let scene = scene();
    let good = scene.good(Signed::Response);
    let response = before(&good, "</samlp:Response>", &evil(assertion_of(&good)));
    scene.refuses("appended", &response, &Refusal::two_assertions());
    let swapped = good.replace(PERSON, ADMIN);
    scene.refuses("in its place", &swapped, &Refusal::signature());
}

#[test]
fn s13_a_response_that_is_signed_alone_is_good_and_where_both_are_both_must_be() {
    let scene = scene();
    let answer = scene.accepts("response alone", &scene.good(Signed::Response));
    assert!(answer.body.contains(PERSON));
    let draft = scene.draft(Signed::Both);
    let (known, unknown) = (&PROVIDERS[0], &*STRANGER);
    for (inner, outer) in [(unknown, known), (known, unknown)] {
        let response = outer.sign(&inner.sign(&draft, &["_a1"]), &["_r1"]);
        scene.refuses("one of both", &response, &Refusal::signature());
    }
}

#[test]
fn s21_an_id_that_is_there_twice() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    let genuine = assertion_of(&good);
    let same_id = evil(genuine).replace("\"_a2\"", "\"_a1\"");
    for both in [[&same_id, genuine].concat(), [genuine, &same_id].concat()] {
        let response = replaced(&good, genuine, &both);
        scene.refuses("an evil twin", &response, &Refusal::two_assertions());
    }
    let twice = replaced(&good, "ID=\"_r1\"", "ID=\"_a1\"");
    scene.refuses("on the response", &twice, &Refusal::signature());
}

#[test]
fn s22_an_id_in_another_spelling() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    let genuine = assertion_of(&good);
    let evil = before(&evil(genuine), "<saml:Subject>", signature_of(&good));
    let original = format!(
        "<ds:Object>{}</ds:Object></ds:Signature>",
        without_signature(genuine)
    );
    for spelling in [
        "ID",
        "Id",
        "id",
        "xml:id",
        "samlp:ID",
        "AssertionID",
        "foreign:ID",
    ] {
        let named = format!(" xmlns:foreign=\"urn:foreign\" {spelling}=\"_a1\"");
        let status = format!("<samlp:Status{named}>");
        let response = replaced(&good, "<samlp:Status>", &status);
        scene.refuses(spelling, &response, &Refusal::signature());
        if spelling == "ID" {
            // The evil assertion has an ID of its own, and no attribute is there twice.
            continue;
        }
        // The signed ID on the evil assertion, which holds the signature: with the original in it, and alone.
        let polluted = replaced(
            &evil,
            "<saml:Assertion",
            &["<saml:Assertion", &*named].concat(),
        );
        let alone = replaced(&good, genuine, &polluted);
        scene.refuses(spelling, &alone, &Refusal::signature());
        let around = replaced(&alone, "</ds:Signature>", &original);
        scene.refuses(spelling, &around, &Refusal::two_assertions());
    }
}

#[test]
fn s23_a_namespace_that_only_looks_right() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    let genuine = assertion_of(&good);
    let lookalike = evil(genuine).replace("SAML:2.0:assertion\"", "SAML:2.0:assertion/\"");
    let first = replaced(&good, genuine, &[&lookalike, genuine].concat());
    scene.refuses("an assertion first", &first, &Refusal::two_assertions());
    let alone = replaced(&good, genuine, &lookalike);
    let misplaced = Refusal::assertion("An assertion stands in Response.");
    scene.refuses("an assertion alone", &alone, &misplaced);
    let other = replaced(
        &good,
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"",
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig\"",
    );
    scene.refuses("a signature", &other, &Refusal::signature());
    let defaulted =
        format!("<!DOCTYPE r [<!ATTLIST samlp:Response xmlns:saml CDATA \"urn:x\">]>{good}");
    scene.refuses("by ATTLIST", &defaulted, &Refusal::xml());
}

#[test]
fn s26_two_signatures_of_which_one_is_the_attackers() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    let theirs = STRANGER.sign(&scene.draft(Signed::Assertion), &["_a1"]);
    let (ours, theirs) = (signature_of(&good), signature_of(&theirs));
    for both in [[ours, theirs], [theirs, ours], [ours, ours]] {
        let response = replaced(&good, ours, &both.concat());
        scene.refuses("two", &response, &Refusal::signature());
    }
    for document_type in [
        "<!DOCTYPE r [<!NOTATION n SYSTEM '\"'>]>",
        "<!DOCTYPE r SYSTEM \"'>\">",
    ] {
        let response = [document_type, &*good].concat();
        scene.refuses(document_type, &response, &Refusal::xml());
    }
}

#[test]
fn s28_two_signed_infos() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    let info = |of: &str| cut(of, "<ds:SignedInfo", "</ds:SignedInfo>").to_owned();
    let value = |of: &str| cut(of, "<ds:SignatureValue>", "</ds:SignatureValue>").to_owned();
    // The forged one has the digest of the evil assertion, and the value is of the genuine one.
    let evil = scene.draft(Signed::Assertion).replace(PERSON, ADMIN);
    let evil = STRANGER.sign(&evil, &["_a1"]);
    let evil = replaced(&evil, &value(&evil), &value(&good));
    let (genuine, forged) = (info(&good), info(&evil));
    assert_ne!(genuine, forged);
    for infos in [
        [&*forged, &*genuine].concat(),
        [&*genuine, &*forged].concat(),
        forged.clone(),
        genuine.clone(),
    ] {
        let response = replaced(&evil, &forged, &infos);
        scene.refuses("two", &response, &Refusal::signature());
    }
    let object = format!("<ds:Object>{genuine}</ds:Object></ds:Signature>");
    let in_object = replaced(&evil, "</ds:Signature>", &object);
    scene.refuses("in an object", &in_object, &Refusal::signature());
}

#[test]
fn s30_a_genuine_response_in_an_evil_one() {
    let scene = scene();
    for signed in Signed::BY_SOMEBODY {
        let good = scene.good(signed);
        let evil = evil(&scene.draft(Signed::Nothing));
        let extensions = format!("<samlp:Extensions>{good}</samlp:Extensions>");
        let wrapped = before(&evil, "<samlp:Status>", &extensions);
        scene.refuses(
            "with an evil assertion",
            &wrapped,
            &Refusal::two_assertions(),
        );
        let alone = replaced(&wrapped, assertion_of(&evil), "");
        let misplaced = Refusal::assertion("An assertion stands in Response.");
        scene.refuses("alone", &alone, &misplaced);
    }
}

#[test]
fn s31_another_message_around_a_captured_assertion() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    for message in [
        "LogoutRequest",
        "LogoutResponse",
        "AuthnRequest",
        "ArtifactResponse",
    ] {
        let other = good.replace("samlp:Response", &["samlp:", message].concat());
        let told = format!("The message is {message} instead of Response.");
        scene.refuses(message, &other, &Refusal::invalid("message", &told));
    }
}

#[test]
fn s32_a_signature_that_is_not_bound_to_its_parent() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    let genuine = assertion_of(&good);
    let signature = signature_of(&good);
    let evil = before(&evil(genuine), "<saml:Subject>", signature);
    let response = replaced(&good, genuine, &evil);
    scene.refuses("in another assertion", &response, &Refusal::signature());
    let injected = before(&response, "</samlp:Response>", genuine);
    scene.refuses("with a second one", &injected, &Refusal::two_assertions());
}

#[test]
fn s33_a_signature_of_a_part() {
    let scene = scene();
    let good = scene.good(Signed::Assertion);
    // The provider has signed the subject, and nothing of what surrounds it.
    let subject = format!("<saml:Subject ID=\"_s\">{PLACEHOLDER}");
    let draft = replaced(&scene.draft(Signed::Nothing), "<saml:Subject>", &subject);
    let partial = PROVIDERS[0].sign(&draft, &["_s"]);
    scene.refuses("of the subject", &partial, &Refusal::signature());
    let signature = signature_of(&partial).to_owned();
    let moved = before(&without_signature(&partial), "<saml:Subject ", &signature);
    scene.refuses("of its child", &moved, &Refusal::signature());
    // The provider has signed an assertion without attributes, which an XPath makes of this one.
    let attributes = cut(
        &draft,
        "<saml:AttributeStatement>",
        "</saml:AttributeStatement>",
    );
    let bare = replaced(&scene.draft(Signed::Assertion), attributes, "");
    let bare = PROVIDERS[0].sign(&bare, &["_a1"]);
    let filtered = signed_info_with(&bare, EXCLUSIVE, &[XPATH, EXCLUSIVE].concat());
    let filtered = before(&filtered, "</saml:Assertion>", attributes);
    scene.refuses_for(
        "Transforms does not hold exactly",
        &filtered,
        &Refusal::signature(),
    );
    let reference = cut(&good, "<ds:Reference", "</ds:Reference>");
    let twice = replaced(&good, reference, &reference.repeat(2));
    scene.refuses("two references", &twice, &Refusal::signature());
}
