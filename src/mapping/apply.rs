//! All rules together, applied to one person; and the rules' own tests, on the same path.

use std::collections::{BTreeMap, BTreeSet};

use super::MAX_ROLES;
use super::rule::{Rule, RuleTest};
use super::trace::{Because, Field, MAX_TRACED_VALUES, Note, Refused, RuleOutcome, RuleTrace};
use crate::domain::{
    ClaimSource, Claims, FederatedIdentity, InvalidValue, ProviderRef, RoleArn, RuleId,
    SessionDuration, SessionName, SessionTags, SourceIdentity, UnixTime,
};

/// Rules in their order: by [`Rule::order`], then by id.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleSet(Vec<(RuleId, Rule)>);

/// What the rules make of one person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapped {
    /// Each role once, in the order of the rules; at most [`MAX_ROLES`].
    pub grants: Vec<MappedRole>,
    /// What every rule did, in their order.
    pub trace: Vec<RuleTrace>,
}

/// A role that a rule gives, subject to the role's trust policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedRole {
    /// The role.
    pub role: RoleArn,
    /// The rule that gives it.
    pub rule: RuleId,
    /// What the session is to be called.
    pub session_name: SessionName,
    /// The session's tags.
    pub tags: SessionTags,
    /// Who stands behind the session.
    pub source_identity: Option<SourceIdentity>,
    /// The longest session that the rule allows; none where it sets no bound of its own.
    pub duration_cap: Option<SessionDuration>,
    /// What had to be repaired or left out, and who else gives the role.
    pub notes: Vec<Note>,
}

/// A test whose sample came out otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedTest {
    /// The rule that the test belongs to.
    pub rule: RuleId,
    /// Where it stands in the rule, e.g. `tests[0]`.
    pub path: String,
    /// Its name.
    pub name: String,
    /// The roles that it expects.
    pub expected: BTreeSet<RoleArn>,
    /// What happened instead.
    pub instead: Instead,
}

/// What a test did instead of giving the roles that it expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instead {
    /// The sample can't be a person: this is wrong with it.
    Nobody(InvalidValue),
    /// Other roles came out.
    Gave {
        /// The roles.
        given: BTreeSet<RoleArn>,
        /// Why: the one rule's trace.
        trace: Vec<RuleTrace>,
    },
}

impl RuleSet {
    /// Puts rules in order.
    pub fn new(mut rules: Vec<(RuleId, Rule)>) -> Self {
        rules.sort_by(|(id, rule), (other_id, other)| {
            (rule.order(), id).cmp(&(other.order(), other_id))
        });
        Self(rules)
    }

    /// Every rule, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&RuleId, &Rule)> {
        self.0.iter().map(|(id, rule)| (id, rule))
    }

    /// Runs every rule's tests, each against its own rule alone, on the path that sign-ins take. A
    /// rule that is switched off is tested as if it were on.
    pub fn run_tests(&self) -> Vec<FailedTest> {
        let mut failed = Vec::new();
        for (id, rule) in &self.0 {
            for (index, test) in rule.tests().iter().enumerate() {
                failed.extend(run_test(id, rule, test).map(|instead| FailedTest {
                    rule: id.clone(),
                    path: format!("tests[{index}]"),
                    name: test.name.clone(),
                    expected: test.roles.clone(),
                    instead,
                }));
            }
        }
        failed
    }
}

/// Applies every rule to the person. An account's own provider is never mapped.
pub fn apply(rules: &RuleSet, identity: &FederatedIdentity) -> Mapped {
    let mut mapped = Mapped::default();
    let mut given_at = BTreeMap::new();
    for (id, rule) in &rules.0 {
        let (given, outcome) = rule.run(id, identity);
        let outcome = mapped.take(given, outcome, &mut given_at);
        mapped.trace.push(RuleTrace {
            rule: id.clone(),
            description: rule.description().to_owned(),
            outcome,
        });
    }
    mapped
}

impl Mapped {
    /// Adds a rule's roles; a role that is there already gets a note instead.
    fn take(
        &mut self,
        roles: Vec<MappedRole>,
        mut outcome: RuleOutcome,
        given_at: &mut BTreeMap<RoleArn, usize>,
    ) -> RuleOutcome {
        for mapped in roles {
            let first = given_at.get(&mapped.role);
            if let Some(first) = first.and_then(|index| self.grants.get_mut(*index)) {
                first.note_other(mapped.rule);
            } else if self.grants.len() < MAX_ROLES {
                given_at.insert(mapped.role.clone(), self.grants.len());
                self.grants.push(mapped);
            } else {
                outcome.refuse(&mapped.role);
            }
        }
        outcome
    }
}

impl MappedRole {
    fn note_other(&mut self, rule: RuleId) {
        if self.notes.len() < MAX_NOTES {
            self.notes.push(Note::AlsoGivenBy(rule));
        }
    }
}

impl RuleOutcome {
    /// Takes back one role of a rule that matched.
    fn refuse(&mut self, role: &RoleArn) {
        let Self::Matched { given, refused } = self else {
            return;
        };
        *given = given.saturating_sub(1);
        if refused.len() < MAX_TRACED_VALUES {
            refused.push(Refused {
                role: role.to_string(),
                field: Field::Role,
                because: Because::TooManyRoles,
            });
        }
    }
}

/// A role carries at most this many notes.
const MAX_NOTES: usize = 100;

fn run_test(id: &RuleId, rule: &Rule, test: &RuleTest) -> Option<Instead> {
    let identity = match sample(test) {
        Ok(identity) => identity,
        Err(invalid) => return Some(Instead::Nobody(invalid)),
    };
    let rules = RuleSet(vec![(id.clone(), rule.switched_on())]);
    let Mapped { grants, trace } = apply(&rules, &identity);
    let given: BTreeSet<RoleArn> = grants.into_iter().map(|grant| grant.role).collect();
    (given != test.roles).then_some(Instead::Gave { given, trace })
}

/// The person of a sample. Without a `sub` the subject is `sample`.
fn sample(test: &RuleTest) -> Result<FederatedIdentity, InvalidValue> {
    let subject = test.claims.get("sub").and_then(serde_json::Value::as_str);
    Ok(FederatedIdentity {
        provider: ProviderRef::Connection(test.connection.clone()),
        issuer: "https://sample.invalid".parse()?,
        subject: subject.unwrap_or("sample").parse()?,
        audience: "sample".parse()?,
        claims: Claims::from_json(&test.claims, ClaimSource::IdToken),
        proved_at: UnixTime::EPOCH,
    })
}
