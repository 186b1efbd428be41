use aws_lc_rs::digest::{SHA256, digest};

use super::*;
use crate::federation::saml::xml::{Document, Profile, namespace};

/// What libxml2 and xmlsec make of a thousand documents; `generate.py` beside it says how.
const CORPUS: &str = include_str!("../../../../tests/data/c14n/corpus.jsonl");

fn canonical(text: &str, prefixes: &str) -> String {
    let document = Document::parse(text.as_bytes(), Profile::MESSAGE).unwrap();
    let mut all = std::iter::once(document.root()).chain(document.root().descendants());
    let apex = all.find(|element| element.attribute("ID") == Some("a"));
    let apex = apex.unwrap_or(document.root());
    let mut inside = apex.descendants();
    let excluded = inside.find(|element| element.is(namespace::SIGNATURE, "Signature"));
    let prefixes = InclusivePrefixes::parse(prefixes).unwrap();
    String::from_utf8(canonicalize(apex, excluded, &prefixes).unwrap()).unwrap()
}

#[test]
fn a_thousand_documents_are_as_libxml2_writes_them() {
    let mut count = 0;
    for line in CORPUS.lines() {
        let [text, prefixes, expected]: [String; 3] = serde_json::from_str(line).unwrap();
        let canonical = canonical(&text, &prefixes);
        let hash = digest(&SHA256, canonical.as_bytes());
        let found = data_encoding::HEXLOWER.encode(hash.as_ref());
        assert_eq!(
            found, expected,
            "{text:?} with {prefixes:?} is {canonical:?}"
        );
        count += 1;
    }
    assert_eq!(count, 1000);
}

#[test]
fn a_namespace_is_written_where_it_is_used_and_once() {
    assert_eq!(
        canonical(
            "<a xmlns='urn:1' xmlns:p='urn:p' xmlns:q='urn:q'><p:b><p:c/></p:b><p:d q:e=''/></a>",
            ""
        ),
        "<a xmlns=\"urn:1\"><p:b xmlns:p=\"urn:p\"><p:c></p:c></p:b>\
         <p:d xmlns:p=\"urn:p\" xmlns:q=\"urn:q\" q:e=\"\"></p:d></a>"
    );
}

#[test]
fn the_prefix_xml_is_never_declared() {
    let text = "<xml:a xml:b=\"c\"></xml:a>";
    assert_eq!(canonical(text, ""), text);
    assert_eq!(canonical(text, "xml"), text);
}

#[test]
fn the_default_namespace_is_taken_back_only_where_it_was_written() {
    assert_eq!(
        canonical("<a xmlns='urn:1'><b xmlns=''/></a>", ""),
        "<a xmlns=\"urn:1\"><b xmlns=\"\"></b></a>"
    );
    assert_eq!(
        canonical("<p:a xmlns:p='urn:p' xmlns='urn:1'><b xmlns=''/></p:a>", ""),
        "<p:a xmlns:p=\"urn:p\"><b></b></p:a>"
    );
    assert_eq!(
        canonical(
            "<p:a xmlns:p='urn:p' xmlns='urn:1'><b xmlns=''/></p:a>",
            "#default"
        ),
        "<p:a xmlns=\"urn:1\" xmlns:p=\"urn:p\"><b xmlns=\"\"></b></p:a>"
    );
}

#[test]
fn an_inclusive_prefix_is_written_wherever_it_is_in_scope() {
    let text = "<r xmlns:xs='urn:xs'><a ID='a'><b xmlns:xs='urn:2'/><c xmlns:xs='urn:xs'/></a></r>";
    assert_eq!(
        canonical(text, "xs none"),
        "<a xmlns:xs=\"urn:xs\" ID=\"a\"><b xmlns:xs=\"urn:2\"></b><c></c></a>"
    );
    assert_eq!(canonical(text, ""), "<a ID=\"a\"><b></b><c></c></a>");
}

#[test]
fn attributes_stand_in_the_order_of_their_namespaces_and_names() {
    assert_eq!(
        canonical(
            "<a xmlns:p='urn:2' xmlns:q='urn:1' p:a='' q:b='' b='' a='' xml:lang='en'/>",
            ""
        ),
        "<a xmlns:p=\"urn:2\" xmlns:q=\"urn:1\" a=\"\" b=\"\" xml:lang=\"en\" q:b=\"\" p:a=\"\"></a>"
    );
}

#[test]
fn what_must_be_is_escaped_and_nothing_else() {
    assert_eq!(
        canonical(
            "<a b='&amp;&lt;>&quot;&apos;&#9;&#10;&#13;é'>&amp;&lt;&gt;&quot;'&#9;&#10;&#13;é</a>",
            ""
        ),
        "<a b=\"&amp;&lt;>&quot;'&#x9;&#xA;&#xD;é\">&amp;&lt;&gt;\"'\t\n&#xD;é</a>"
    );
}

#[test]
fn what_was_written_reads_back_the_same() {
    for line in CORPUS.lines().take(200) {
        let [text, prefixes, _]: [String; 3] = serde_json::from_str(line).unwrap();
        let once = canonical(&text, &prefixes);
        assert_eq!(canonical(&once, &prefixes), once);
    }
}

#[test]
fn s24_a_canonical_form_is_never_too_long() {
    let uri = ["urn:", &"x".repeat(200)].concat();
    let children = "<p:c/>".repeat(8000);
    let text = format!("<r xmlns:p='{uri}'>{children}</r>");
    let document = Document::parse(text.as_bytes(), Profile::MESSAGE).unwrap();
    let none = InclusivePrefixes::default();
    assert_eq!(
        canonicalize(document.root(), None, &none),
        Err(C14nError::TooLong)
    );
}

#[test]
fn a_list_of_inclusive_prefixes_has_an_end() {
    let list = |length: usize| vec!["p"; length].join(" ");
    assert!(InclusivePrefixes::parse(&list(MAX_PREFIXES)).is_ok());
    assert_eq!(
        InclusivePrefixes::parse(&list(MAX_PREFIXES + 1)),
        Err(C14nError::TooManyPrefixes)
    );
}
