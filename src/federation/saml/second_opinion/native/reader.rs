//! Reads what was signed, with libxml2.
//!
//! samael has types for this, too. They are not used: they know no namespaces, take the white space
//! around a value away, and fail at an attribute value that holds an element
//! (`eduPersonTargetedID`), which would be a disagreement each time.

use libxml::tree::{Node, NodeType};

use super::Refusal;
use super::signatures::{is, parse};
use crate::domain::UnixTime;
use crate::federation::saml::second_opinion::{
    Attribute, Authentication, Bearer, Opinion, Subject,
};

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/// Reads the canonical bytes of a Response or an Assertion.
pub(super) fn read(signed: &str) -> Result<Opinion, Refusal> {
    let document = parse(signed)?;
    let root = document.get_root_element().ok_or(Refusal::NotWellFormed)?;
    if is(&root, ASSERTION, "Assertion") {
        read_assertion(&root)
    } else if is(&root, PROTOCOL, "Response") {
        read_assertion(&only_child(&root, "Assertion")?)
    } else {
        Err(Refusal::SignedElement)
    }
}

fn read_assertion(assertion: &Node) -> Result<Opinion, Refusal> {
    let subject = only_child(assertion, "Subject")?;
    let name_id = only_child(&subject, "NameID")?;
    let conditions = only_child(assertion, "Conditions")?;
    Ok(Opinion {
        assertion_id: attribute(assertion, "ID").ok_or(Refusal::Claims("ID"))?,
        issued_at: time(assertion, "IssueInstant")?.ok_or(Refusal::Claims("IssueInstant"))?,
        issuer: only_text(assertion, "Issuer")?,
        subject: Subject {
            name_id: text(&name_id).ok_or(Refusal::Claims("NameID"))?,
            format: attribute(&name_id, "Format"),
            name_qualifier: attribute(&name_id, "NameQualifier"),
            sp_name_qualifier: attribute(&name_id, "SPNameQualifier"),
        },
        bearers: children(&subject, "SubjectConfirmation")
            .iter()
            .filter(|confirmation| attribute(confirmation, "Method").as_deref() == Some(BEARER))
            .map(bearer)
            .collect::<Result<_, _>>()?,
        not_before: time(&conditions, "NotBefore")?,
        not_on_or_after: time(&conditions, "NotOnOrAfter")?,
        audiences: children(&conditions, "AudienceRestriction")
            .iter()
            .map(audiences)
            .collect::<Result<_, _>>()?,
        is_for_one_use: !children(&conditions, "OneTimeUse").is_empty(),
        authentications: children(assertion, "AuthnStatement")
            .iter()
            .map(authentication)
            .collect::<Result<_, _>>()?,
        attributes: children(assertion, "AttributeStatement")
            .iter()
            .flat_map(|statement| children(statement, "Attribute"))
            .map(|attribute| read_attribute(&attribute))
            .filter_map(Result::transpose)
            .collect::<Result<_, _>>()?,
    })
}

fn bearer(confirmation: &Node) -> Result<Bearer, Refusal> {
    let data = only_child(confirmation, "SubjectConfirmationData")?;
    Ok(Bearer {
        recipient: attribute(&data, "Recipient"),
        in_response_to: attribute(&data, "InResponseTo"),
        not_on_or_after: time(&data, "NotOnOrAfter")?,
    })
}

fn authentication(statement: &Node) -> Result<Authentication, Refusal> {
    const CLASS: &str = "AuthnContextClassRef";
    let context = only_child(statement, "AuthnContext")?;
    let context_class = match children(&context, CLASS)[..] {
        [] => None,
        [_, ..] => Some(only_text(&context, CLASS)?),
    };
    Ok(Authentication {
        at: time(statement, "AuthnInstant")?,
        session_index: attribute(statement, "SessionIndex"),
        session_ends_at: time(statement, "SessionNotOnOrAfter")?,
        context_class,
    })
}

fn audiences(restriction: &Node) -> Result<Vec<String>, Refusal> {
    children(restriction, "Audience")
        .iter()
        .map(|audience| text(audience).ok_or(Refusal::Claims("Audience")))
        .collect()
}

/// Nothing for an attribute with a value that is not text.
fn read_attribute(element: &Node) -> Result<Option<Attribute>, Refusal> {
    let name = attribute(element, "Name").ok_or(Refusal::Claims("Name"))?;
    let values: Option<Vec<String>> = children(element, "AttributeValue")
        .iter()
        .map(text)
        .collect();
    Ok(values.map(|values| Attribute { name, values }))
}

/// The children of that name in SAML's namespace.
fn children(parent: &Node, name: &str) -> Vec<Node> {
    let mut children = parent.get_child_elements();
    children.retain(|child| is(child, ASSERTION, name));
    children
}

fn only_child(parent: &Node, name: &'static str) -> Result<Node, Refusal> {
    let mut children = children(parent, name);
    let child = children.pop().ok_or(Refusal::Claims(name))?;
    if children.is_empty() {
        Ok(child)
    } else {
        Err(Refusal::Claims(name))
    }
}

fn only_text(parent: &Node, name: &'static str) -> Result<String, Refusal> {
    text(&only_child(parent, name)?).ok_or(Refusal::Claims(name))
}

fn time(element: &Node, name: &'static str) -> Result<Option<UnixTime>, Refusal> {
    let time = attribute(element, name).map(|text| text.parse());
    time.transpose().map_err(|_| Refusal::Claims(name))
}

/// The attribute of that name and without a namespace. libxml2 finds the first of the name in any
/// namespace; in canonical bytes those without one come first (Canonical XML 1.0, section 2.2).
fn attribute(element: &Node, name: &str) -> Option<String> {
    let attribute = element.get_attribute_node(name)?;
    attribute
        .get_namespace()
        .is_none()
        .then(|| attribute.get_content())
}

/// The text of an element that holds nothing else.
fn text(element: &Node) -> Option<String> {
    let is_text = |node: &Node| node.get_type() == Some(NodeType::TextNode);
    element
        .get_child_nodes()
        .iter()
        .all(is_text)
        .then(|| element.get_content())
}
