//! From an accepted assertion to claims (decision 3).
//!
//! An attribute is the claim of its `Name`. What the assertion says outside attributes is there under
//! names that no attribute can take. An alias is a further name of an attribute, where an admin says
//! so; it never takes the place of an attribute that has that name itself.

use std::collections::{BTreeMap, BTreeSet};

use super::checks::AcceptedAssertion;
use super::settings::AttributeAlias;
use super::usual_names::usual_name;
use crate::domain::{AssertedAttribute, Claims};

/// The claim of the name identifier; `sub` is the same.
pub const NAME_ID: &str = "saml:name_id";
/// The claim of the name identifier's format, a URI.
pub const NAME_ID_FORMAT: &str = "saml:name_id_format";
/// The claim of the address of ours that the response was sent to.
pub const RECIPIENT: &str = "saml:recipient";
/// The claim of the class of how the person proved themselves, a URI.
pub const AUTHN_CONTEXT: &str = "saml:authn_context";
/// The claim of the provider's name of its session.
pub const SESSION_INDEX: &str = "saml:session_index";

/// Every claim that an assertion says, its aliases included.
pub(super) fn claims(assertion: &AcceptedAssertion, aliases: &BTreeSet<AttributeAlias>) -> Claims {
    let own = fixed(assertion);
    let own: Vec<_> = own.iter().map(Fixed::asserted).collect();
    let is_own = |name: &str| own.iter().any(|fixed| fixed.name == name);
    let by_name = || {
        attributes(assertion).filter_map(|named| {
            let is_free = !is_own(named.attribute.name);
            is_free.then_some(named.attribute)
        })
    };
    let taken: BTreeSet<&str> = own
        .iter()
        .copied()
        .chain(by_name())
        .map(|it| it.name)
        .collect();
    let mut all = own.clone();
    all.extend(by_name());
    all.extend(further(assertion, aliases, &taken));
    Claims::from_attributes(&all)
}

/// A claim that no attribute can take. Without a value it is there with none, so that no condition
/// finds it, and none finds that it is absent because an attribute of that name was passed over.
struct Fixed {
    name: &'static str,
    values: Vec<String>,
}

impl Fixed {
    fn asserted(&self) -> AssertedAttribute<'_> {
        AssertedAttribute {
            name: self.name,
            values: Some(&self.values),
        }
    }
}

fn fixed(assertion: &AcceptedAssertion) -> [Fixed; 6] {
    let name_id = assertion.name_id();
    let authentication = assertion.authentication();
    [
        ("sub", Some(&*name_id.value)),
        (NAME_ID, Some(&*name_id.value)),
        (NAME_ID_FORMAT, name_id.format.as_deref()),
        (RECIPIENT, Some(assertion.recipient())),
        (AUTHN_CONTEXT, authentication.context_class.as_deref()),
        (SESSION_INDEX, authentication.session_index.as_deref()),
    ]
    .map(|(name, value)| Fixed {
        name,
        values: value.into_iter().map(str::to_owned).collect(),
    })
}

/// An attribute and what people call it.
struct Named<'a> {
    attribute: AssertedAttribute<'a>,
    friendly_name: Option<&'a str>,
}

/// Every attribute, those that can't be read included.
fn attributes(assertion: &AcceptedAssertion) -> impl Iterator<Item = Named<'_>> {
    let read = assertion.attributes().iter().map(|attribute| Named {
        attribute: AssertedAttribute {
            name: &attribute.name,
            values: Some(&attribute.values),
        },
        friendly_name: attribute.friendly_name.as_deref(),
    });
    let dropped = assertion.dropped().iter().map(|attribute| Named {
        attribute: AssertedAttribute {
            name: &attribute.name,
            values: None,
        },
        friendly_name: attribute.friendly_name.as_deref(),
    });
    read.chain(dropped)
}

/// Whether a name is for people. What has a colon is a URI: the `Name` of some attribute, to which AWS
/// or a trust policy may give a meaning.
fn is_word(name: &str) -> bool {
    !(name.is_empty() || name.contains(':'))
}

/// The attributes once more under their further names, but for names that are taken. A name that
/// attributes of different names share could be any of them, so that it can't be used.
fn further<'a>(
    assertion: &'a AcceptedAssertion,
    aliases: &BTreeSet<AttributeAlias>,
    taken: &BTreeSet<&str>,
) -> Vec<AssertedAttribute<'a>> {
    let mut named: BTreeMap<&str, Vec<AssertedAttribute<'a>>> = BTreeMap::new();
    for Named {
        attribute,
        friendly_name,
    } in attributes(assertion)
    {
        let by_alias: BTreeSet<&str> = aliases
            .iter()
            .filter_map(|alias| match alias {
                AttributeAlias::FriendlyName => friendly_name,
                AttributeAlias::UsualName => usual_name(attribute.name),
            })
            .collect();
        for name in by_alias {
            if is_word(name) && !taken.contains(name) {
                named.entry(name).or_default().push(attribute);
            }
        }
    }
    let mut further = Vec::new();
    for (name, attributes) in named {
        let mut of_names = attributes.iter().map(|attribute| attribute.name);
        let first = of_names.next();
        let is_one = of_names.all(|other| Some(other) == first);
        further.extend(attributes.into_iter().map(|attribute| AssertedAttribute {
            name,
            values: attribute.values.filter(|_| is_one),
        }));
    }
    further
}

#[cfg(test)]
mod tests;
