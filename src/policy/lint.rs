//! What a policy says that its author hardly meant. Nothing here refuses: a policy with warnings is
//! evaluated like any other.

use std::fmt;

use super::condition::Condition;
use super::context::Context;
use super::document::{Document, IdentityPolicy, ResourcePolicy, TrustPolicy};
use super::error::StatementName;
use super::principal::PrincipalPattern;
use super::statement::{Effect, Scope, Statement};
use super::verdict::Verdict;
use crate::domain::{Audience, IssuerTraits, KnownProvider};

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The statement.
    pub statement: StatementName,
    /// What is odd about it.
    pub lint: Lint,
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.statement, self.lint)
    }
}

/// What can be odd about a statement that allows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Lint {
    /// Tokens for every client that the provider lists are accepted.
    #[error(
        "no condition must hold on {key:?}, so that a token that the provider gave to any client in \
         client_ids is accepted; compare it by StringEquals"
    )]
    NoAudience {
        /// The key of the provider's audience.
        key: String,
    },
    /// Everybody whom the provider knows is let in.
    #[error(
        "no condition must hold on {key:?}, so that everybody whom the provider vouches for is let in; \
         compare it by StringEquals or StringLike"
    )]
    NoSubject {
        /// The key of the provider's subject.
        key: String,
    },
    /// Everybody in the world is let in.
    #[error(
        "the provider gives everybody a token for any audience, and no condition on {key:?} keeps \
         strangers out; compare it by StringEquals, or by StringLike beyond the name of the owner"
    )]
    Strangers {
        /// The key of the provider's subject.
        key: String,
    },
    /// The condition asks for the key alone.
    #[error("the condition on {key:?} compares with {value:?}, which every value is like")]
    LikeAnything {
        /// The condition key.
        key: String,
        /// What it is compared with.
        value: String,
    },
    /// The condition holds where the key is absent.
    #[error(
        "ForAllValues on {key:?} holds where the request has no such key; add \
         \"Null\": {{{key:?}: \"false\"}}"
    )]
    AbsentKeyHolds {
        /// The condition key.
        key: String,
    },
    /// Everybody is named, and no condition narrows it.
    #[error(
        "it lets in everybody, of every account and without one; name principals or add a condition"
    )]
    Everybody,
    /// What is made later is allowed, too.
    #[error("Not{element} beside Allow takes in all that is added later; list what is meant")]
    AllBut {
        /// `Action` or `Resource`.
        element: &'static str,
    },
}

/// The lints of every statement that allows, `more` among them.
fn of(document: &Document, more: impl Fn(&Statement) -> Vec<Lint>) -> Vec<Warning> {
    let statements = document.statements().iter();
    let allowing = statements.filter(|statement| statement.effect == Effect::Allow);
    let warnings = allowing.flat_map(|statement| {
        let mut lints = more(statement);
        lints.extend(statement.conditions.iter().filter_map(like_anything));
        lints.extend(absent_keys(statement));
        lints.extend(all_but(statement));
        lints.into_iter().map(|lint| Warning {
            statement: statement.name.clone(),
            lint,
        })
    });
    warnings.collect()
}

fn like_anything(condition: &Condition) -> Option<Lint> {
    let value = condition.matches_anything()?;
    Some(Lint::LikeAnything {
        key: condition.key().to_owned(),
        value: value.to_owned(),
    })
}

fn absent_keys(statement: &Statement) -> impl Iterator<Item = Lint> {
    let conditions = &statement.conditions;
    let about = |key: &str, wanted: fn(&Condition) -> bool| {
        let same = |it: &&Condition| it.key().eq_ignore_ascii_case(key);
        conditions.iter().filter(same).any(wanted)
    };
    let unsure = conditions.iter().filter(move |it| {
        it.holds_for_no_values()
            && !about(it.key(), Condition::wants_the_key)
            && !about(it.key(), Condition::demands)
    });
    unsure.map(|it| Lint::AbsentKeyHolds {
        key: it.key().to_owned(),
    })
}

fn all_but(statement: &Statement) -> impl Iterator<Item = Lint> {
    let action = matches!(statement.actions, Scope::AllBut(_)).then_some("Action");
    let resource = matches!(statement.resources, Some(Scope::AllBut(_))).then_some("Resource");
    let elements = action.into_iter().chain(resource);
    elements.map(|element| Lint::AllBut { element })
}

fn principals(statement: &Statement) -> &[PrincipalPattern] {
    match &statement.principals {
        Some(Scope::Only(list)) => list,
        Some(Scope::AllBut(_)) | None => &[],
    }
}

fn everybody(statement: &Statement) -> Vec<Lint> {
    let names_all = principals(statement).contains(&PrincipalPattern::Anyone);
    let is_open = names_all && statement.conditions.is_empty();
    is_open.then_some(Lint::Everybody).into_iter().collect()
}

/// A web identity must be narrowed to a client and to a subject. Where STS takes no token for that client, people
/// come by the portal alone, and a mapping rule says who.
fn web_identity(statement: &Statement, clients: &Clients<'_>) -> Vec<Lint> {
    let mut lints = everybody(statement);
    if !statement.covers_action("sts:assumerolewithwebidentity") {
        return lints;
    }
    let demands = |key: &str| {
        let mut conditions = statement.conditions.iter();
        conditions.any(|it| it.key().eq_ignore_ascii_case(key) && it.demands())
    };
    for issuer in principals(statement)
        .iter()
        .filter_map(PrincipalPattern::issuer)
    {
        let known = KnownProvider::named(issuer);
        let (app, person) = known.map_or(("aud", "sub"), |it| (it.app_key(), it.person_key()));
        let (audience, subject) = ([issuer, ":", app].concat(), [issuer, ":", person].concat());
        if !demands(&audience) {
            let key = audience.clone();
            lints.push(Lint::NoAudience { key });
        }
        if lets_strangers_in(statement, &subject, IssuerTraits::of(issuer)) {
            lints.push(Lint::Strangers { key: subject });
        } else if !demands(&subject) && !is_of_portal_alone(statement, &audience, clients(issuer)) {
            lints.push(Lint::NoSubject { key: subject });
        }
    }
    lints
}

/// Whether the conditions on the subject hold for somebody whom nobody meant.
fn lets_strangers_in(statement: &Statement, key: &str, traits: IssuerTraits) -> bool {
    let mut strangers = traits.strangers.iter();
    strangers.any(|subject| is_let_in(statement, key, subject))
}

/// Whether the conditions on this key hold for this value.
fn is_let_in(statement: &Statement, key: &str, value: &str) -> bool {
    let mut context = Context::new();
    context.set(key, value);
    let conditions = statement.conditions.iter();
    let mut about = conditions.filter(|it| it.key().eq_ignore_ascii_case(key));
    about.all(|it| it.judge(&context) == Verdict::Holds)
}

/// The clients whose tokens STS takes of an issuer (without its scheme), where that is known.
pub type Clients<'c> = dyn Fn(&str) -> Option<&'c [Audience]> + 'c;

/// Whether no token that STS takes has an audience for which the conditions hold.
fn is_of_portal_alone(statement: &Statement, key: &str, clients: Option<&[Audience]>) -> bool {
    let is_taken = |client: &Audience| is_let_in(statement, key, client.as_str());
    clients.is_some_and(|clients| !clients.iter().any(is_taken))
}

impl TrustPolicy {
    /// What is odd about it, in an account with these clients.
    pub fn lint(&self, clients: &Clients<'_>) -> Vec<Warning> {
        of(self.document(), |statement| {
            web_identity(statement, clients)
        })
    }
}

impl IdentityPolicy {
    /// What is odd about it.
    pub fn lint(&self) -> Vec<Warning> {
        of(self.document(), |_| Vec::new())
    }
}

impl ResourcePolicy {
    /// What is odd about it.
    pub fn lint(&self) -> Vec<Warning> {
        of(self.document(), everybody)
    }
}
