//! One rule: read, checked, and applied to one person.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::MAX_EXPANSIONS;
use super::apply::MappedRole;
use super::compile::{compile_rule, place};
use super::condition::{Condition, TooManyCombinations};
use super::error::{RuleError, RuleProblem};
use super::pattern::ArnPattern;
use super::raw::RawRule;
use super::repair::Repair;
use super::template::Template;
use super::trace::RuleOutcome;
use super::view::{Split, View};
use crate::domain::{
    ClaimName, ConnectionId, FederatedIdentity, ProviderRef, RoleArn, RuleId, SessionDuration,
    TagKey,
};

/// A mapping rule, parsed and compiled.
///
/// Serialises to the fields of its file; read it back from a self-describing format (TOML, JSON).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "RawRule", into = "RawRule")]
pub struct Rule {
    pub(super) raw: RawRule,
    pub(super) id: Option<RuleId>,
    pub(super) connections: Vec<ConnectionId>,
    pub(super) duration_cap: Option<SessionDuration>,
    pub(super) when: Condition,
    pub(super) split: BTreeMap<ClaimName, Split>,
    pub(super) roles: Vec<RoleTemplate>,
    pub(super) allowed: Vec<ArnPattern>,
    pub(super) session_name: Template,
    pub(super) session_name_repair: Repair,
    pub(super) source_identity: Option<Template>,
    pub(super) source_identity_repair: Repair,
    pub(super) tags: Vec<TagTemplate>,
    pub(super) tags_repair: Repair,
    pub(super) tests: Vec<RuleTest>,
}

#[derive(Debug, Clone)]
pub(super) struct RoleTemplate {
    pub(super) text: String,
    pub(super) template: Template,
}

#[derive(Debug, Clone)]
pub(super) struct TagTemplate {
    pub(super) key: TagKey,
    pub(super) template: Template,
    pub(super) optional: bool,
    pub(super) transitive: bool,
}

/// A sample of claims and the roles that the rule must make of it.
#[derive(Debug, Clone)]
pub(super) struct RuleTest {
    pub(super) name: String,
    pub(super) connection: ConnectionId,
    pub(super) claims: serde_json::Map<String, serde_json::Value>,
    pub(super) roles: BTreeSet<RoleArn>,
}

impl PartialEq for Rule {
    /// A rule is what is written; the rest follows from it.
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl TryFrom<RawRule> for Rule {
    type Error = RuleError;

    fn try_from(raw: RawRule) -> Result<Self, RuleError> {
        compile_rule(raw)
    }
}

impl From<Rule> for RawRule {
    fn from(rule: Rule) -> Self {
        rule.raw
    }
}

impl Rule {
    /// Reads a rule's file.
    ///
    /// # Errors
    /// The first thing that is wrong, with its path in the file.
    pub fn from_toml(text: &str) -> Result<Self, RuleError> {
        let raw: RawRule = toml::from_str(text).map_err(|error| {
            let problem = RuleProblem::Syntax(error.message().to_owned());
            let start = error.span().map_or(0, |span| span.start);
            RuleError::new(place(text, start), problem)
        })?;
        raw.try_into()
    }

    /// The id that the file gives; without one the file's name is the id.
    pub const fn id(&self) -> Option<&RuleId> {
        self.id.as_ref()
    }

    /// What the rule is for, in words.
    pub fn description(&self) -> &str {
        &self.raw.description
    }

    /// Whether the rule is looked at.
    pub const fn is_enabled(&self) -> bool {
        self.raw.enabled
    }

    /// Whom the rule is for; never empty.
    pub fn connections(&self) -> &[ConnectionId] {
        &self.connections
    }

    /// Its place among the rules: lower comes first.
    pub const fn order(&self) -> u32 {
        self.raw.order
    }

    /// The roles as the rule writes them, placeholders and all.
    pub fn roles(&self) -> impl ExactSizeIterator<Item = &str> {
        self.raw.roles.iter().map(String::as_str)
    }

    /// The rule as it would be if it were looked at.
    pub(super) fn switched_on(&self) -> Self {
        let mut rule = self.clone();
        rule.raw.enabled = true;
        rule
    }

    pub(super) fn tests(&self) -> &[RuleTest] {
        &self.tests
    }

    /// What the rule makes of this person: roles, each at most once, and what became of it.
    pub(super) fn run(
        &self,
        id: &RuleId,
        identity: &FederatedIdentity,
    ) -> (Vec<MappedRole>, RuleOutcome) {
        if !self.raw.enabled {
            return (Vec::new(), RuleOutcome::Disabled);
        }
        if !self.is_for(&identity.provider) {
            return (Vec::new(), RuleOutcome::OtherProvider);
        }
        let split = &self.split;
        let view = View { identity, split };
        if let Some(failure) = self.when.failure(&view, "when") {
            return (Vec::new(), RuleOutcome::Failed(failure));
        }
        match self.when.bindings(&view) {
            Ok(sets) if sets.len() * self.roles.len() <= MAX_EXPANSIONS => {
                self.give(id, &view, &sets)
            }
            Ok(_) | Err(TooManyCombinations) => (Vec::new(), RuleOutcome::TooManyCombinations),
        }
    }

    fn is_for(&self, provider: &ProviderRef) -> bool {
        match provider {
            ProviderRef::Connection(id) => self.connections.contains(id),
            ProviderRef::Account(_) | ProviderRef::Known(_) => false,
        }
    }
}
