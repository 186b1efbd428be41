//! What a verifier read out of a document, and how two of them are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::domain::UnixTime;
use crate::federation::Quoted;
use crate::federation::saml::claims;
use crate::federation::saml::response::AuthenticatedResponse;

/// What was read out of an assertion that was signed: whatever is decided by. Text is as it stands
/// there, white space included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// `Assertion/@ID`.
    pub assertion_id: String,
    /// `Assertion/@IssueInstant`.
    pub issued_at: UnixTime,
    /// `Assertion/Issuer`.
    pub issuer: String,
    /// `Assertion/Subject/NameID`.
    pub subject: Subject,
    /// The bearer confirmations, in the order of the document.
    pub bearers: Vec<Bearer>,
    /// `Conditions/@NotBefore`.
    pub not_before: Option<UnixTime>,
    /// `Conditions/@NotOnOrAfter`.
    pub not_on_or_after: Option<UnixTime>,
    /// The audiences of each `AudienceRestriction`.
    pub audiences: Vec<Vec<String>>,
    /// Whether the conditions hold a `OneTimeUse`.
    pub is_for_one_use: bool,
    /// Each `AuthnStatement`.
    pub authentications: Vec<Authentication>,
    /// The attributes of every `AttributeStatement`, in the order of the document. One with a value
    /// that holds elements is left out.
    pub attributes: Vec<Attribute>,
}

/// Whom an assertion is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The text of `NameID`.
    pub name_id: String,
    /// `NameID/@Format`.
    pub format: Option<String>,
    /// `NameID/@NameQualifier`.
    pub name_qualifier: Option<String>,
    /// `NameID/@SPNameQualifier`.
    pub sp_name_qualifier: Option<String>,
}

/// How and when somebody proved themselves: one `AuthnStatement`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authentication {
    /// `@AuthnInstant`.
    pub at: Option<UnixTime>,
    /// `@SessionIndex`.
    pub session_index: Option<String>,
    /// `@SessionNotOnOrAfter`.
    pub session_ends_at: Option<UnixTime>,
    /// `AuthnContext/AuthnContextClassRef`.
    pub context_class: Option<String>,
}

/// Who may present an assertion, where and until when: one `SubjectConfirmation` of the bearer
/// method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// `SubjectConfirmationData/@Recipient`.
    pub recipient: Option<String>,
    /// `SubjectConfirmationData/@InResponseTo`.
    pub in_response_to: Option<String>,
    /// `SubjectConfirmationData/@NotOnOrAfter`.
    pub not_on_or_after: Option<UnixTime>,
}

/// One `Attribute`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// `@Name`.
    pub name: String,
    /// The text of each `AttributeValue`.
    pub values: Vec<String>,
}

/// The two verifiers read different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement(Vec<Difference>);

/// What the two read differently. Names only: the values are not to be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// Another assertion.
    AssertionId,
    /// Another time of issue.
    IssuedAt,
    /// Another issuer.
    Issuer,
    /// Another subject, or another format or qualifier of its name.
    Subject,
    /// Others may present it, elsewhere or for another time.
    Bearers,
    /// Another begin or end of the assertion, or for one use in one reading only.
    Conditions,
    /// Other audiences, or in other restrictions.
    Audiences,
    /// Another time or class of authentication, another session, or another end of it.
    Authentication,
    /// Other values of an attribute of this name, or in another order, or none.
    Attribute(Quoted),
}

impl Opinion {
    /// Whether both read the same.
    pub fn agree(&self, ours: &Self) -> Result<(), Disagreement> {
        let same = [
            (
                self.assertion_id == ours.assertion_id,
                Difference::AssertionId,
            ),
            (self.issued_at == ours.issued_at, Difference::IssuedAt),
            (self.issuer == ours.issuer, Difference::Issuer),
            (self.subject == ours.subject, Difference::Subject),
            (self.bearers == ours.bearers, Difference::Bearers),
            (self.validity() == ours.validity(), Difference::Conditions),
            (self.audiences == ours.audiences, Difference::Audiences),
            (
                self.authentications == ours.authentications,
                Difference::Authentication,
            ),
        ];
        let differing = same.into_iter().filter(|(is_same, _)| !is_same);
        let mut differences: Vec<_> = differing.map(|(_, difference)| difference).collect();
        differences.extend(self.differing_attributes(ours));
        if differences.is_empty() {
            Ok(())
        } else {
            Err(Disagreement(differences))
        }
    }

    const fn validity(&self) -> (Option<UnixTime>, Option<UnixTime>, bool) {
        (self.not_before, self.not_on_or_after, self.is_for_one_use)
    }

    fn differing_attributes(&self, ours: &Self) -> Vec<Difference> {
        let (theirs, own) = (self.values_by_name(), ours.values_by_name());
        let names: BTreeSet<_> = theirs.keys().chain(own.keys()).collect();
        names
            .into_iter()
            .filter(|name| theirs.get(*name) != own.get(*name))
            .map(|name| Difference::Attribute(Quoted::new(name)))
            .collect()
    }

    /// Attributes of the same name are one, as claims are.
    fn values_by_name(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for attribute in &self.attributes {
            let values = attribute.values.iter().map(String::as_str);
            by_name.entry(&attribute.name).or_default().extend(values);
        }
        by_name
    }
}

/// What our own verifier read.
impl From<&AuthenticatedResponse<'_>> for Opinion {
    fn from(response: &AuthenticatedResponse<'_>) -> Self {
        let ours = &response.assertion;
        let bearer = |bearer: &claims::Bearer| Bearer {
            recipient: Some(bearer.recipient.clone()),
            in_response_to: bearer.in_response_to.clone(),
            not_on_or_after: Some(bearer.not_on_or_after),
        };
        let authentication = |authentication: &claims::Authentication| Authentication {
            at: Some(authentication.at),
            session_index: authentication.session_index.clone(),
            session_ends_at: authentication.session_ends_at,
            context_class: authentication.context_class.clone(),
        };
        let attribute = |attribute: &claims::Attribute| Attribute {
            name: attribute.name.clone(),
            values: attribute.values.clone(),
        };
        Self {
            assertion_id: ours.id.clone(),
            issued_at: ours.issued_at,
            issuer: ours.issuer.clone(),
            subject: Subject {
                name_id: ours.name_id.value.clone(),
                format: ours.name_id.format.clone(),
                name_qualifier: ours.name_id.name_qualifier.clone(),
                sp_name_qualifier: ours.name_id.sp_name_qualifier.clone(),
            },
            bearers: ours.bearers.iter().map(bearer).collect(),
            not_before: ours.conditions.not_before,
            not_on_or_after: Some(ours.conditions.not_on_or_after),
            audiences: ours.conditions.restrictions.clone(),
            is_for_one_use: ours.conditions.is_for_one_use,
            authentications: ours.authentications.iter().map(authentication).collect(),
            attributes: ours.attributes.iter().map(attribute).collect(),
        }
    }
}

impl Disagreement {
    /// What differs; at least one thing.
    pub fn differences(&self) -> &[Difference] {
        &self.0
    }
}

impl std::error::Error for Disagreement {}

impl fmt::Display for Disagreement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the two verifiers read different things:")?;
        for (place, difference) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(formatter, "{comma} {difference}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AssertionId => formatter.write_str("assertion id"),
            Self::IssuedAt => formatter.write_str("time of issue"),
            Self::Issuer => formatter.write_str("issuer"),
            Self::Subject => formatter.write_str("subject"),
            Self::Bearers => formatter.write_str("confirmation"),
            Self::Conditions => formatter.write_str("validity"),
            Self::Audiences => formatter.write_str("audiences"),
            Self::Authentication => formatter.write_str("authentication"),
            Self::Attribute(name) => write!(formatter, "attribute {:?}", name.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: UnixTime = UnixTime::from_seconds(1_795_262_400);

    fn opinion() -> Opinion {
        Opinion {
            assertion_id: "_a".to_owned(),
            issued_at: NOON,
            issuer: "https://idp.example".to_owned(),
            subject: Subject {
                name_id: "ines".to_owned(),
                format: Some("persistent".to_owned()),
                name_qualifier: Some("https://idp.example".to_owned()),
                sp_name_qualifier: Some("https://sp.example".to_owned()),
            },
            bearers: vec![Bearer {
                recipient: Some("https://sp.example/acs".to_owned()),
                in_response_to: Some("_request".to_owned()),
                not_on_or_after: Some(NOON.plus(300)),
            }],
            not_before: Some(NOON),
            not_on_or_after: Some(NOON.plus(600)),
            audiences: vec![vec!["https://sp.example".to_owned()]],
            is_for_one_use: true,
            authentications: vec![Authentication {
                at: Some(NOON),
                session_index: Some("_session".to_owned()),
                session_ends_at: Some(NOON.plus(3600)),
                context_class: Some("urn:class".to_owned()),
            }],
            attributes: vec![attribute("groups", &["a", "b"])],
        }
    }

    fn attribute(name: &str, values: &[&str]) -> Attribute {
        Attribute {
            name: name.to_owned(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        }
    }

    fn differences(change: impl FnOnce(&mut Opinion)) -> Vec<Difference> {
        let mut changed = opinion();
        change(&mut changed);
        let told = changed.agree(&opinion()).unwrap_err();
        assert_eq!(opinion().agree(&changed).unwrap_err(), told, "either way");
        told.differences().to_vec()
    }

    #[test]
    fn the_same_reading_agrees() {
        assert_eq!(opinion().agree(&opinion()), Ok(()));
    }

    #[test]
    fn every_other_reading_is_named() {
        type Change = fn(&mut Opinion);
        let changes: [(Change, Difference); 20] = [
            (|it| it.assertion_id.push('x'), Difference::AssertionId),
            (|it| it.issued_at = NOON.plus(1), Difference::IssuedAt),
            (|it| it.issuer.push('/'), Difference::Issuer),
            (|it| it.subject.name_id.push(' '), Difference::Subject),
            (|it| it.subject.format = None, Difference::Subject),
            (|it| it.bearers.clear(), Difference::Bearers),
            (|it| it.bearers[0].recipient = None, Difference::Bearers),
            (
                |it| it.bearers[0].in_response_to = None,
                Difference::Bearers,
            ),
            (
                |it| it.bearers[0].not_on_or_after = None,
                Difference::Bearers,
            ),
            (|it| it.not_before = None, Difference::Conditions),
            (|it| it.not_on_or_after = None, Difference::Conditions),
            (|it| it.audiences.push(Vec::new()), Difference::Audiences),
            (|it| it.subject.name_qualifier = None, Difference::Subject),
            (
                |it| it.subject.sp_name_qualifier = None,
                Difference::Subject,
            ),
            (|it| it.is_for_one_use = false, Difference::Conditions),
            (|it| it.authentications.clear(), Difference::Authentication),
            (
                |it| it.authentications[0].at = Some(NOON.plus(1)),
                Difference::Authentication,
            ),
            (
                |it| it.authentications[0].session_index = None,
                Difference::Authentication,
            ),
            (
                |it| it.authentications[0].session_ends_at = None,
                Difference::Authentication,
            ),
            (
                |it| it.authentications[0].context_class = None,
                Difference::Authentication,
            ),
        ];
        for (change, difference) in changes {
            assert_eq!(differences(change), [difference]);
        }
    }

    #[test]
    fn an_attribute_that_only_one_reads_or_in_another_order_is_named() {
        let groups = || Difference::Attribute(Quoted::new("groups"));
        assert_eq!(differences(|other| other.attributes.clear()), [groups()]);
        assert_eq!(
            differences(|other| other.attributes.push(attribute("role", &[]))),
            [Difference::Attribute(Quoted::new("role"))]
        );
        assert_eq!(
            differences(|other| other.attributes = vec![attribute("groups", &["b", "a"])]),
            [groups()]
        );
        assert_eq!(
            differences(|other| other.attributes = vec![attribute("groups", &["a, b"])]),
            [groups()]
        );
    }

    #[test]
    fn attributes_of_one_name_are_one() {
        let mut split = opinion();
        split.attributes = vec![attribute("groups", &["a"]), attribute("groups", &["b"])];
        assert_eq!(split.agree(&opinion()), Ok(()));
    }

    #[test]
    fn a_disagreement_names_what_differs_and_quotes_no_value() {
        let mut other = opinion();
        other.issuer = "https://evil.example".to_owned();
        other.attributes = vec![attribute("groups", &["admin"])];
        assert_eq!(
            other.agree(&opinion()).unwrap_err().to_string(),
            "the two verifiers read different things: issuer, attribute \"groups\""
        );
    }
}
