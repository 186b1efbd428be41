//! Claims of a SAML assertion: attributes, which are lists of texts by name.

use super::{Claim, ClaimSource, Claims, MAX_NAME, OVERHEAD, Unusable};
use crate::domain::{AWS_ATTRIBUTES, SessionClaims};

/// What Microsoft Entra ID sends somebody who is in more than 150 groups, in place of all of them: the
/// address where they could be asked for.
const GROUPS_LINK: &str = "http://schemas.microsoft.com/claims/groups.link";
/// The names that the groups have otherwise: two of its own, and the one that most give them instead.
const GROUPS: [&str; 3] = [
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
    "http://schemas.microsoft.com/claims/groups",
    "groups",
];

/// An attribute as an assertion has it. Several may have one name: they are one claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssertedAttribute<'a> {
    /// The name.
    pub name: &'a str,
    /// The values; `None` where one is no text, so that the claim can't be used.
    pub values: Option<&'a [String]>,
}

impl Claims {
    /// Reads the attributes of an assertion.
    ///
    /// Nothing is nested in SAML, so that a name that begins with `/` is no pointer: what has one can't
    /// be used. `email` counts only beside an `email_verified` whose one value is `true`. A link to
    /// groups marks that they were left out.
    pub fn from_attributes(attributes: &[AssertedAttribute<'_>]) -> Self {
        let mut claims = Self {
            session: SessionClaims::of_attributes(attributes),
            ..Self::default()
        };
        for attribute in attributes {
            claims.assert(*attribute);
        }
        claims.mark_groups_behind_a_link();
        let verified = claims.kept.get("email_verified");
        if !verified.is_some_and(|it| it.unusable.is_none() && it.values == ["true"]) {
            claims.distrust_email();
        }
        claims
    }

    /// What an assertion asked for a session of AWS, read again from claims that were kept.
    pub fn session_of_attributes(&self) -> SessionClaims {
        let own = self
            .iter()
            .filter(|(name, claim)| {
                name.starts_with(AWS_ATTRIBUTES) && claim.source == ClaimSource::Assertion
            })
            .map(|(name, claim)| AssertedAttribute {
                name,
                values: claim.unusable.is_none().then_some(&*claim.values),
            });
        SessionClaims::of_attributes(&own.collect::<Vec<_>>())
    }

    /// Whoever is in too many groups gets an address instead, whatever else is sent.
    fn mark_groups_behind_a_link(&mut self) {
        if self.kept.contains_key(GROUPS_LINK) {
            for name in GROUPS {
                self.mark_incomplete(name, ClaimSource::Assertion);
            }
        }
    }

    fn assert(&mut self, attribute: AssertedAttribute<'_>) {
        let AssertedAttribute { name, values } = attribute;
        if name.chars().count() > MAX_NAME {
            return;
        }
        let texts = values.unwrap_or_default();
        let values_bytes: usize = texts.iter().map(|text| text.len() + OVERHEAD).sum();
        self.bytes += name.len() + OVERHEAD + values_bytes;
        if self.bytes > Self::MAX_BYTES {
            return;
        }
        let claim = self.kept.entry(name.into()).or_insert_with(|| Claim {
            values: Vec::new(),
            source: ClaimSource::Assertion,
            unusable: None,
        });
        claim.values.extend_from_slice(texts);
        if values.is_none() || name.starts_with('/') {
            claim.unusable = Some(Unusable::Incomplete);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Written<'a> = (&'a str, Option<&'a [&'a str]>);

    fn claims(attributes: &[Written<'_>]) -> Claims {
        let owned: Vec<(&str, Option<Vec<String>>)> = attributes
            .iter()
            .map(|(name, values)| {
                let texts = values.map(|values| values.iter().map(|it| (*it).to_owned()).collect());
                (*name, texts)
            })
            .collect();
        let asserted: Vec<_> = owned
            .iter()
            .map(|(name, values)| AssertedAttribute {
                name,
                values: values.as_deref(),
            })
            .collect();
        Claims::from_attributes(&asserted)
    }

    fn unusable(attributes: &[Written<'_>], name: &str) -> Option<Unusable> {
        let claims = claims(attributes);
        claims.get(name).unwrap().unusable
    }

    #[test]
    fn attributes_of_one_name_are_one_claim() {
        let claims = claims(&[
            ("groups", Some(&["a", "b,c"])),
            ("Groups", Some(&["x"])),
            ("groups", Some(&["a"])),
        ]);
        let groups = claims.get("groups").unwrap();
        assert_eq!(groups.values, ["a", "b,c", "a"]);
        assert_eq!(groups.source, ClaimSource::Assertion);
        assert_eq!(groups.unusable, None);
        assert_eq!(claims.get("Groups").unwrap().values, ["x"]);
        assert_eq!(claims.iter().len(), 2);
    }

    #[test]
    fn what_is_no_text_makes_the_whole_claim_unusable() {
        let (read, unread): (Written<'_>, Written<'_>) =
            (("groups", Some(&["a"])), ("groups", None));
        for attributes in [&[unread][..], &[read, unread], &[unread, read]] {
            assert_eq!(unusable(attributes, "groups"), Some(Unusable::Incomplete));
        }
    }

    #[test]
    fn groups_behind_a_link_are_incomplete_whether_they_are_sent_or_not() {
        let link: Written<'_> = (
            GROUPS_LINK,
            Some(&["https://graph.example/u/getMemberObjects"]),
        );
        for link in [link, (GROUPS_LINK, Some(&[])), (GROUPS_LINK, None)] {
            for name in GROUPS {
                let found = unusable(&[link], name);
                assert_eq!(found, Some(Unusable::Incomplete), "{name}");
                let sent = unusable(&[(name, Some(&["staff"])), link], name);
                assert_eq!(sent, Some(Unusable::Incomplete), "{name}");
            }
        }
        let other: Written<'_> = ("groups.link", Some(&["https://graph.example/"]));
        assert_eq!(claims(&[other]).get("groups"), None);
    }

    #[test]
    fn a_name_that_begins_like_a_pointer_is_there_and_never_usable() {
        let attributes: &[Written<'_>] = &[("/realm_access/roles", Some(&["admin"]))];
        let found = unusable(attributes, "/realm_access/roles");
        assert_eq!(found, Some(Unusable::Incomplete));
    }

    #[test]
    fn email_counts_only_when_the_assertion_says_that_it_is_verified() {
        let email: Written<'_> = ("email", Some(&["a@b"]));
        let with = |verified: Written<'_>| unusable(&[email, verified], "email");
        assert_eq!(with(("email_verified", Some(&["true"]))), None);
        for not in [
            ("email_verified", Some(&["True"] as &[&str])),
            ("email_verified", Some(&["false"])),
            ("email_verified", Some(&["true", "true"])),
            ("email_verified", Some(&[])),
            ("email_verified", None),
            ("Email_verified", Some(&["true"])),
        ] {
            assert_eq!(with(not), Some(Unusable::Unverified), "{not:?}");
        }
        let verified: Written<'_> = ("email_verified", Some(&["true"]));
        let unread = unusable(&[("email", None), verified], "email");
        assert_eq!(unread, Some(Unusable::Incomplete));
    }

    #[test]
    fn more_than_is_kept_is_too_large() {
        let long = "x".repeat(Claims::MAX_BYTES);
        assert!(claims(&[("a", Some(&[long.as_str()]))]).is_too_large());
        let many = vec!["x"; Claims::MAX_VALUES + 1];
        assert!(claims(&[("a", Some(&many))]).is_too_large());
        assert!(!claims(&[("a", Some(&["x"]))]).is_too_large());
    }

    #[test]
    fn what_no_rule_can_name_is_left_out() {
        let name = "n".repeat(256);
        assert_eq!(claims(&[(&name, Some(&["x"]))]).iter().len(), 0);
    }
}
