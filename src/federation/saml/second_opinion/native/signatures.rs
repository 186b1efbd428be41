//! Which keys the signatures of a document need.

use libxml::parser::{Parser, ParserOptions};
use libxml::tree::{Document, Node};

use super::Refusal;
use crate::federation::saml::certificate::{Certificate, KeyKind};

const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
const RSA: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-";
const ECDSA: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-";

/// What libxmlsec1 tells keys apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyType {
    Rsa,
    EllipticCurve,
}

impl KeyType {
    pub(super) fn of(certificate: &Certificate) -> Self {
        match certificate.key().kind() {
            KeyKind::Rsa => Self::Rsa,
            KeyKind::EcP256 | KeyKind::EcP384 | KeyKind::EcP521 => Self::EllipticCurve,
        }
    }
}

/// The one type of key that all signatures of the document need.
pub(super) fn key_type(document: &str) -> Result<KeyType, Refusal> {
    let document = parse(document)?;
    let root = document.get_root_element().ok_or(Refusal::NotWellFormed)?;
    let mut types = methods(&root).map(|algorithm| {
        if algorithm.starts_with(RSA) {
            Ok(KeyType::Rsa)
        } else if algorithm.starts_with(ECDSA) {
            Ok(KeyType::EllipticCurve)
        } else {
            Err(Refusal::Algorithm)
        }
    });
    let first = types.next().ok_or(Refusal::NoSignature)??;
    for other in types {
        if other? != first {
            return Err(Refusal::MixedKeyTypes);
        }
    }
    Ok(first)
}

/// Reads a document with libxml2, which mends nothing and fetches nothing.
pub(super) fn parse(document: &str) -> Result<Document, Refusal> {
    let options = ParserOptions {
        recover: false,
        no_net: true,
        ..ParserOptions::default()
    };
    Parser::default()
        .parse_string_with_options(document, options)
        .map_err(|_| Refusal::NotWellFormed)
}

pub(super) fn is(node: &Node, namespace: &str, name: &str) -> bool {
    node.get_name() == name
        && node
            .get_namespace()
            .is_some_and(|of| of.get_href() == namespace)
}

/// The algorithms of the signatures of a Response and of its Assertion. What is called a
/// `SignatureMethod` anywhere else, such as in a `KeyInfo` that nobody signs, is none.
fn methods(root: &Node) -> impl Iterator<Item = String> {
    let assertions = children(root, ASSERTION, "Assertion");
    std::iter::once(root.clone())
        .chain(assertions)
        .flat_map(|signed| children(&signed, SIGNATURE, "Signature"))
        .flat_map(|signature| children(&signature, SIGNATURE, "SignedInfo"))
        .flat_map(|info| children(&info, SIGNATURE, "SignatureMethod"))
        .map(|method| method.get_attribute("Algorithm").unwrap_or_default())
}

fn children(parent: &Node, namespace: &str, name: &str) -> Vec<Node> {
    let mut children = parent.get_child_elements();
    children.retain(|child| is(child, namespace, name));
    children
}
