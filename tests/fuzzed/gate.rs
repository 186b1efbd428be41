//! The reader, the canonical form and the gate.

use rolegate::federation::saml::c14n::{self, InclusivePrefixes};
use rolegate::federation::saml::signature::{Enveloped, gate, verify_message};
use rolegate::federation::saml::xml::{Document, Element, Event, Profile, XmlError, XmlFault};

use super::scene::PROVIDER;

/// Whatever is read has a canonical form that says the same and is its own canonical form. Nobody has
/// signed it.
pub fn run(bytes: &[u8]) {
    let _ends = Document::parse(bytes, Profile::METADATA);
    let Ok(document) = Document::parse(bytes, Profile::MESSAGE) else {
        return;
    };
    let root = document.root();
    check_canonical_form(root, &InclusivePrefixes::default());
    check_canonical_form(root, &InclusivePrefixes::parse("#default saml xs").unwrap());
    let _ends = gate::check_ids(root);
    let verified = verify_message(root, &PROVIDER.certificates);
    assert!(!matches!(verified, Ok(Some(_))));
    for element in root.descendants() {
        if let Ok(Some(signature)) = Enveloped::find(element) {
            assert!(signature.verify(&PROVIDER.certificates).is_err());
        }
    }
}

fn check_canonical_form(root: Element<'_>, inclusive: &InclusivePrefixes<'_>) {
    let Ok(canonical) = c14n::canonicalize(root, None, inclusive) else {
        return;
    };
    let again = match Document::parse(&canonical, Profile::CANONICAL) {
        // An element may need declarations that stand further out in the message.
        Err(XmlError {
            fault: XmlFault::TooManyAttributes,
            ..
        }) => return,
        again => again.unwrap(),
    };
    assert!(
        root.walk(None)
            .map(said)
            .eq(again.root().walk(None).map(said))
    );
    let twice = c14n::canonicalize(again.root(), None, inclusive).unwrap();
    assert_eq!(twice, canonical);
}

/// What a step of a walk says, however it is written.
fn said(event: Event<'_>) -> (Option<[&str; 2]>, Vec<[&str; 3]>, &str) {
    match event {
        Event::Start(element) => {
            let mut attributes: Vec<_> = element
                .attributes()
                .iter()
                .map(|it| [it.namespace(), it.local_name(), it.value()])
                .collect();
            attributes.sort_unstable();
            (
                Some([element.namespace(), element.local_name()]),
                attributes,
                "",
            )
        }
        Event::Text(text) => (None, Vec::new(), text),
        Event::End(_) => (None, Vec::new(), ""),
    }
}
