//! Which keys the signatures of a document need.

use libxml::parser::{Parser, ParserOptions};
use libxml::tree::{Document, Node};

use super::Refusal;
use crate::federation::saml::certificate::{Certificate, KeyKind};

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
    let mut methods = Vec::new();
    collect_methods(&root, &mut methods);
    let mut types = methods.iter().map(|algorithm| {
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

/// The algorithms of all `SignatureMethod` elements.
fn collect_methods(node: &Node, methods: &mut Vec<String>) {
    if is(node, SIGNATURE, "SignatureMethod") {
        methods.push(node.get_attribute("Algorithm").unwrap_or_default());
    }
    for child in node.get_child_elements() {
        collect_methods(&child, methods);
    }
}
