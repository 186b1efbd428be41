//! What must hold over the whole directory.

mod holders;
mod providers;
mod services;
mod touched;

pub use touched::check_touched;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::principals::unknown_principal;
use super::providers::OidcProvider;
use super::state::{Account, Directory, Link, Role};
use crate::domain::{
    AccountId, ConnectionId, HostName, IssuerName, Partition, ProviderArn, RoleArn, RoleName,
    RuleId, SamlProviderArn,
};
use crate::federation::connection::{ConnectionSettings, Protocol, SamlConnection};
use crate::federation::saml::metadata::IdpMetadata;
use crate::federation::saml::settings::MetadataSource;
use crate::mapping::{FailedTest, Instead, Rule, RuleSet};
use crate::policy::{PolicyError, PolicyKind};

/// The shortest maximum that a role can have, in seconds (`roleMaxSessionDurationType`).
const MIN_ROLE_MAXIMUM: u32 = 3600;
/// A description has at most this many characters (`roleDescriptionType`).
const MAX_DESCRIPTION: usize = 1000;

/// Something in the directory, or in its files, that must be mended first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Where: a file of `apply`, or the thing itself.
    pub at: String,
    /// What is wrong and what to do.
    pub text: String,
    /// What IAM says, where it is a policy that is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iam_message: Option<String>,
}

impl Problem {
    /// The place of a problem with a change as a whole.
    pub const WHOLE_CHANGE: &str = "change";

    /// A problem at this place.
    pub fn new(at: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            text: text.into(),
            iam_message: None,
        }
    }

    /// A policy of this kind that is refused.
    pub fn of_policy(at: &str, error: &PolicyError, kind: PolicyKind) -> Self {
        Self {
            at: at.to_owned(),
            text: error.to_string(),
            iam_message: Some(error.iam_message(kind)),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.at, self.text)?;
        match &self.iam_message {
            Some(message) => write!(formatter, " (IAM: {message})"),
            None => Ok(()),
        }
    }
}

/// Every problem of the directory; empty where it is valid.
pub fn check(directory: &Directory, partition: Partition) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (id, account) in &directory.accounts {
        check_account(*id, account, &mut problems);
        for (name, role) in &account.roles {
            check_principals((directory, partition), *id, (name, role), &mut problems);
        }
    }
    check_organization(directory, &mut problems);
    holders::check(directory, partition, &mut problems);
    services::check(directory, &mut problems);
    for (id, link) in &directory.links {
        check_link(
            directory,
            partition,
            link,
            &format!("links/{id}"),
            &mut problems,
        );
    }
    for (id, connection) in &directory.connections {
        check_metadata(directory, id, connection.saml(), &mut problems);
    }
    check_domains(directory, &mut problems);
    check_rules(directory, &mut problems);
    problems
}

fn check_organization(directory: &Directory, problems: &mut Vec<Problem>) {
    let Some(organization) = &directory.organization else {
        return;
    };
    let account = organization.management_account;
    if !directory.accounts.contains_key(&account) {
        let text = format!("management_account: there is no account {account}");
        problems.push(Problem::new("organization", text));
    }
}

/// An e-mail address leads to one connection.
fn check_domains(directory: &Directory, problems: &mut Vec<Problem>) {
    let mut claimed: BTreeMap<&HostName, &ConnectionId> = BTreeMap::new();
    for (id, connection) in &directory.connections {
        for domain in connection.domains.iter() {
            let Some(other) = claimed.insert(domain, id) else {
                continue;
            };
            let text = format!(
                "domains: {domain} is a domain of the connection {other} already; take it out of one",
                domain = domain.as_str()
            );
            problems.push(Problem::new(format!("connections/{id}"), text));
        }
    }
}

/// What is known of a connection's provider is about this provider, and tells where to send people.
fn check_metadata(
    directory: &Directory,
    id: &ConnectionId,
    saml: Option<SamlConnection<'_>>,
    problems: &mut Vec<Problem>,
) {
    let at = format!("connections/{id}");
    let metadata = directory.connection_metadata.get(id);
    let text = match (saml, metadata.map(|metadata| metadata.provider())) {
        (None, Some(_)) => "there is SAML metadata, but the connection does not speak SAML".into(),
        (Some(saml), None) if saml.settings.metadata == MetadataSource::Upload => {
            format!("there is no {at}.metadata.xml; saml.metadata = \"upload\" asks for it")
        }
        // Nothing is to be known, or nothing was fetched yet.
        (None | Some(_), None) => return,
        (Some(saml), Some(provider)) => match unfit_metadata(saml, provider) {
            Some(text) => text,
            None => return,
        },
    };
    problems.push(Problem::new(at, text));
}

/// Why what is known of a provider does not fit what the connection to it says.
pub fn unfit_metadata(saml: SamlConnection<'_>, provider: &IdpMetadata) -> Option<String> {
    let (wanted, binding) = (&saml.settings.entity_id, saml.settings.request_binding);
    if provider.entity_id != *wanted {
        return Some(format!(
            "the metadata is about {}, the connection asks for {wanted}",
            provider.entity_id
        ));
    }
    let missing = provider.sign_on_at(binding).is_none();
    missing.then(|| {
        format!(
            "the metadata has no SingleSignOnService with the binding {}; set saml.request_binding to the other one",
            binding.as_uri()
        )
    })
}

fn check_account(id: AccountId, account: &Account, problems: &mut Vec<Problem>) {
    let mut names = BTreeSet::new();
    for (name, role) in &account.roles {
        let at = format!("accounts/{id}/roles/{name}");
        if !names.insert(name.as_str().to_ascii_lowercase()) {
            problems.push(Problem::new(
                &at,
                "another role of the account differs in upper and lower case only; rename one",
            ));
        }
        check_role(&at, role, problems);
    }
    providers::check(id, account, problems);
}

/// A trust policy that has been bound names nobody by ARN any more.
fn check_principals(
    (directory, partition): (&Directory, Partition),
    id: AccountId,
    (name, role): (&RoleName, &Role),
    problems: &mut Vec<Problem>,
) {
    if let Some(unknown) = unknown_principal(directory, partition, &role.trust) {
        let text = format!(
            "Principal: there is no {}; make that user or role first, or name its account",
            unknown.0
        );
        problems.push(Problem {
            at: format!("accounts/{id}/roles/{name}.trust.json"),
            text,
            iam_message: Some(unknown.to_string()),
        });
    }
}

fn check_role(at: &str, role: &Role, problems: &mut Vec<Problem>) {
    if role.max_session_duration.seconds() < MIN_ROLE_MAXIMUM {
        problems.push(Problem::new(
            at,
            "max_session_duration must be 3600 to 43200 seconds",
        ));
    }
    if role.description.chars().count() > MAX_DESCRIPTION {
        problems.push(Problem::new(
            at,
            "description must have at most 1000 characters",
        ));
    }
}

/// A link under check.
struct LinkCheck<'a> {
    directory: &'a Directory,
    partition: Partition,
    connection: &'a ConnectionSettings,
}

fn check_link(
    directory: &Directory,
    partition: Partition,
    link: &Link,
    at: &str,
    problems: &mut Vec<Problem>,
) {
    let Some(connection) = directory.connections.get(&link.connection) else {
        problems.push(Problem::new(
            at,
            format!("there is no connection {}", link.connection),
        ));
        return;
    };
    let mut accounts: BTreeSet<AccountId> = BTreeSet::new();
    for arn in &link.providers {
        if !accounts.insert(arn.account()) {
            problems.push(Problem::new(
                at,
                format!(
                    "account {} is named twice; a connection speaks as one provider in an account",
                    arn.account()
                ),
            ));
        }
        let check = LinkCheck {
            directory,
            partition,
            connection,
        };
        problems.extend(check.provider(arn).map(|text| Problem::new(at, text)));
    }
}

impl LinkCheck<'_> {
    /// What is wrong with a provider of the link.
    fn provider(&self, arn: &ProviderArn) -> Option<String> {
        let Some(issuer) = self.issuer_of(arn) else {
            return Some(format!(
                "there is no provider {arn}; make it in that account first"
            ));
        };
        match (arn, &self.connection.protocol) {
            (ProviderArn::Oidc(_), Protocol::Oidc(_))
            | (ProviderArn::Saml(_), Protocol::Saml(_)) => {}
            (ProviderArn::Oidc(_), Protocol::Saml(_))
            | (ProviderArn::Saml(_), Protocol::Oidc(_)) => {
                return Some(format!(
                    "{arn} speaks another protocol than the connection {}",
                    self.connection.id
                ));
            }
        }
        (!self.connection.is_of(&issuer)).then(|| {
            format!(
                "{arn} has the issuer {issuer}, the connection {} has {}; they must be the same",
                self.connection.id,
                self.connection.issuer()
            )
        })
    }

    fn issuer_of(&self, arn: &ProviderArn) -> Option<IssuerName> {
        let account = self.directory.accounts.get(&arn.account())?;
        match arn {
            ProviderArn::Oidc(arn) => {
                let mut providers = account.oidc_providers_called(arn.name());
                let is_it = |provider: &&Arc<OidcProvider>| {
                    provider.arn(self.partition, arn.account()) == *arn
                };
                Some(providers.find(is_it)?.url.clone().into())
            }
            ProviderArn::Saml(arn) => {
                let provider = account.saml_providers.get(arn.name())?;
                let (account, name) = (arn.account(), arn.name().clone());
                let own = SamlProviderArn::new(self.partition, account, name);
                (own == *arn).then(|| provider.entity_id().clone().into())
            }
        }
    }
}

fn check_rules(directory: &Directory, problems: &mut Vec<Problem>) {
    let known = |id: &RuleId| format!("rules/{id}");
    for (id, rule) in &directory.rules {
        for connection in rule.connections() {
            if !directory.connections.contains_key(connection) {
                problems.push(Problem::new(
                    known(id),
                    format!("connections: there is no connection {connection}"),
                ));
            }
        }
    }
    let rules = directory
        .rules
        .iter()
        .map(|(id, rule)| (id.clone(), Rule::clone(rule)))
        .collect();
    for failed in RuleSet::new(rules).run_tests() {
        problems.push(Problem::new(known(&failed.rule), failed_test(&failed)));
    }
}

/// A rule's test that failed, with what it expected and what it got.
fn failed_test(failed: &FailedTest) -> String {
    let list = |roles: &BTreeSet<RoleArn>| {
        let roles: Vec<&str> = roles.iter().map(RoleArn::as_str).collect();
        if roles.is_empty() {
            "no role".to_owned()
        } else {
            roles.join(", ")
        }
    };
    let (path, name, expected) = (&failed.path, &failed.name, list(&failed.expected));
    match &failed.instead {
        Instead::Nobody(invalid) => {
            format!("{path} ({name}): the sample can't be a person: {invalid}")
        }
        Instead::Gave { given, .. } => {
            format!(
                "{path} ({name}): expected {expected}, but the rule gives {}",
                list(given)
            )
        }
    }
}
