//! What a signed document must look like before anything in it is hashed.

use std::collections::HashSet;

use super::SignatureError;
use crate::federation::Quoted;
use crate::federation::saml::c14n::InclusivePrefixes;
use crate::federation::saml::xml::Element;
use crate::federation::saml::xml::namespace::{EXCLUSIVE_C14N, SIGNATURE};

/// The longest ID, in bytes.
const MAX_ID: usize = 256;
/// The names of attributes that some reader takes for an ID, in lower case, whatever their namespace.
const ID_NAMES: [&str; 4] = ["id", "assertionid", "requestid", "responseid"];

/// The parts of a `Signature` that are looked at.
pub(super) struct SignatureParts<'d> {
    pub(super) signed_info: Element<'d>,
    pub(super) value: Element<'d>,
}

/// Whether a text can be an ID that a signature refers to: what every reader takes for the bare name
/// of an element and none for a pointer into the document. It is of the type that an ID has (an NCName,
/// Namespaces in XML 1.0), in ASCII.
pub fn is_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    begins && text.len() <= MAX_ID && text.bytes().all(is_plain)
}

/// Checks that no ID is there twice in a document, however the attribute is spelled, and that what is
/// spelled as SAML's is one, wherever it stands: readers that know of IDs refuse the document otherwise.
pub fn check_ids(root: Element<'_>) -> Result<(), SignatureError> {
    let mut seen = HashSet::new();
    for element in std::iter::once(root).chain(root.descendants()) {
        for attribute in element.attributes() {
            let name = attribute.local_name();
            if name == "ID" && !is_id(attribute.value()) {
                return Err(SignatureError::Id {
                    element: Quoted::new(element.local_name()),
                    id: Quoted::new(attribute.value()),
                });
            }
            let is_an_id = ID_NAMES.iter().any(|id| name.eq_ignore_ascii_case(id));
            if is_an_id && !seen.insert(attribute.value()) {
                return Err(SignatureError::RepeatedId {
                    id: Quoted::new(attribute.value()),
                });
            }
        }
    }
    Ok(())
}

/// Checks that every signature in a document is a child of an element that `may_be_signed`. What is
/// only called a signature counts as one.
pub fn check_places(
    root: Element<'_>,
    may_be_signed: impl Fn(Element<'_>) -> bool,
) -> Result<(), SignatureError> {
    for element in std::iter::once(root).chain(root.descendants()) {
        if element.local_name() != "Signature" {
            continue;
        }
        let parent = element.parent();
        let is_in_place = element.namespace() == SIGNATURE && parent.is_some_and(&may_be_signed);
        if !is_in_place {
            return Err(SignatureError::Misplaced {
                parent: parent
                    .map(|parent| Quoted::new(parent.local_name()))
                    .unwrap_or_default(),
            });
        }
    }
    Ok(())
}

/// The parts of a `Signature`, which holds nothing else.
pub(super) fn signature_parts(
    signature: Element<'_>,
) -> Result<SignatureParts<'_>, SignatureError> {
    const EXPECTED: &str = "SignedInfo, SignatureValue and at most one KeyInfo";
    let has_key_info = signature
        .children()
        .any(|child| child.is(SIGNATURE, "KeyInfo"));
    let (signed_info, value) = if has_key_info {
        let names = ["SignedInfo", "SignatureValue", "KeyInfo"];
        let [signed_info, value, _] = exactly(signature, names, EXPECTED)?;
        (signed_info, value)
    } else {
        let [signed_info, value] = exactly(signature, ["SignedInfo", "SignatureValue"], EXPECTED)?;
        (signed_info, value)
    };
    Ok(SignatureParts { signed_info, value })
}

/// The children of an element of a signature: exactly those of `names`, in their order, without text
/// between them.
pub(super) fn exactly<'d, const COUNT: usize>(
    element: Element<'d>,
    names: [&'static str; COUNT],
    expected: &'static str,
) -> Result<[Element<'d>; COUNT], SignatureError> {
    let children: Vec<_> = element.children().collect();
    let children = <[Element<'d>; COUNT]>::try_from(children).ok();
    let fitting = children.filter(|children| {
        let mut pairs = children.iter().zip(names);
        pairs.all(|(child, name)| child.is(SIGNATURE, name)) && !element.has_words()
    });
    fitting.ok_or(SignatureError::Structure {
        element: name_of(element),
        expected,
    })
}

/// The algorithm that an element without content names.
pub(super) fn algorithm<T>(
    element: Element<'_>,
    purpose: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, SignatureError> {
    let found = named_algorithm(element, purpose, read)?;
    if element.children().next().is_some() || element.has_words() {
        return Err(SignatureError::Structure {
            element: name_of(element),
            expected: "nothing",
        });
    }
    Ok(found)
}

/// The inclusive prefixes of an element that names exclusive canonicalization without comments.
pub(super) fn exclusive<'d>(
    element: Element<'d>,
    purpose: &'static str,
) -> Result<InclusivePrefixes<'d>, SignatureError> {
    named_algorithm(element, purpose, |uri| {
        (uri == EXCLUSIVE_C14N).then_some(())
    })?;
    let mut children = element.children();
    let prefixes = match (children.next(), children.next()) {
        (None, _) => return Ok(InclusivePrefixes::default()),
        (Some(child), None) if child.is(EXCLUSIVE_C14N, "InclusiveNamespaces") => {
            child.required_attribute("PrefixList")?
        }
        _ => {
            return Err(SignatureError::Structure {
                element: name_of(element),
                expected: "at most one InclusiveNamespaces",
            });
        }
    };
    Ok(InclusivePrefixes::parse(prefixes)?)
}

fn named_algorithm<T>(
    element: Element<'_>,
    purpose: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, SignatureError> {
    let uri = element.required_attribute("Algorithm")?;
    read(uri).ok_or_else(|| SignatureError::Algorithm {
        purpose,
        found: Quoted::new(uri),
    })
}

/// The name of an element of a signature, for errors.
fn name_of(element: Element<'_>) -> &'static str {
    const NAMES: [&str; 8] = [
        "Signature",
        "SignedInfo",
        "CanonicalizationMethod",
        "SignatureMethod",
        "Reference",
        "Transforms",
        "Transform",
        "DigestMethod",
    ];
    let mut names = NAMES.into_iter();
    names
        .find(|name| *name == element.local_name())
        .unwrap_or("an element of the signature")
}
