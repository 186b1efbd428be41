//! Rules as they are written, against people as providers describe them.

mod conditions;
mod giving;
mod loading;
mod properties;
mod traces;

use super::*;
use crate::domain::{ClaimSource, Claims, FederatedIdentity, ProviderRef, RuleId, UnixTime};

const READER: &str = "arn:aws:iam::482011739056:role/engineering/ReadOnly";

/// A rule of one role whose condition is `when`, in TOML's inline form.
fn when(when: &str) -> String {
    format!("connections = ['workforce']\nroles = ['{READER}']\nwhen = {when}\n")
}

/// A rule with one capture, `account`, in its role and whatever else is given.
fn capturing(more: &str) -> String {
    format!(
        "connections = ['workforce']
        roles = ['arn:aws:iam::{{account}}:role/engineering/ReadOnly']
        allowed_roles = ['arn:aws:iam::4820*:role/engineering/*']
        when = {{ claim = 'groups', regex = '^aws-(?P<account>.*)-readonly$' }}
        {more}"
    )
}

fn rule(toml: &str) -> Rule {
    Rule::from_toml(toml).unwrap_or_else(|error| panic!("{error}\n{toml}"))
}

fn id(text: &str) -> RuleId {
    text.parse().unwrap()
}

fn rules(tomls: &[&str]) -> RuleSet {
    let named = tomls.iter().enumerate();
    RuleSet::new(
        named
            .map(|(n, toml)| (id(&format!("r{n}")), rule(toml)))
            .collect(),
    )
}

fn person(claims: &str) -> FederatedIdentity {
    FederatedIdentity {
        provider: ProviderRef::Connection("workforce".parse().unwrap()),
        issuer: "https://idp.example".parse().unwrap(),
        subject: "ines".parse().unwrap(),
        audience: "portal".parse().unwrap(),
        claims: Claims::from_json(&serde_json::from_str(claims).unwrap(), ClaimSource::IdToken),
        proved_at: UnixTime::EPOCH,
    }
}

fn mapped(toml: &str, claims: &str) -> Mapped {
    apply(&rules(&[toml]), &person(claims))
}

fn role_names(mapped: &Mapped) -> Vec<&str> {
    mapped
        .grants
        .iter()
        .map(|grant| grant.role.as_str())
        .collect()
}

/// The one role that is given.
fn only(mapped: &Mapped) -> &MappedRole {
    assert_eq!(mapped.grants.len(), 1, "{:?}", mapped.trace);
    &mapped.grants[0]
}

/// Why the one rule, which matched, could not give its role.
fn refusal(mapped: &Mapped) -> (&Field, &Because) {
    assert_eq!(role_names(mapped), Vec::<&str>::new());
    match &mapped.trace[0].outcome {
        RuleOutcome::Matched { given: 0, refused } if refused.len() == 1 => {
            (&refused[0].field, &refused[0].because)
        }
        other => panic!("{other:?}"),
    }
}

fn failure(mapped: &Mapped) -> &Failure {
    match &mapped.trace[0].outcome {
        RuleOutcome::Failed(failure) => failure,
        other => panic!("{other:?}"),
    }
}
