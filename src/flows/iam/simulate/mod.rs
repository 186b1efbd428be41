//! Trying policies out: what would be allowed, and what conditions ask for.
//!
//! Nothing here decides anything: what is simulated is decided by the same function that decides in earnest.

mod custom;
mod exclusion;
mod principal;
mod scenario;

pub use custom::{GetContextKeysForCustomPolicy, SimulateCustomPolicy};
pub use exclusion::{ExcludedType, Exclusion, Wildcards};
pub use principal::{GetContextKeysForPrincipalPolicy, Holder, SimulatePrincipalPolicy};
pub use scenario::{
    EvaluationResult, MatchedStatement, Setting, SimulatedCaller, Simulation, Source, SourceKind,
};

use super::{IamCode, Refusal};
use crate::policy::{IdentityPolicy, PolicyKind};

fn invalid(text: impl Into<String>) -> Refusal {
    Refusal::new(IamCode::InvalidInput, text)
}

/// The policies of a list, called by their places in it.
fn sources(list: &str, texts: &[String]) -> Result<Vec<Source>, Refusal> {
    let numbered = texts.iter().zip(1..);
    let sources = numbered.map(|(text, number)| {
        let id = format!("{list}.{number}");
        let policy = IdentityPolicy::parse(text).map_err(|error| {
            let why = error.iam_message(PolicyKind::IdentityBased);
            invalid(format!("{id}: {why}"))
        })?;
        Ok(Source {
            id,
            kind: SourceKind::None,
            policy,
        })
    });
    sources.collect()
}

/// The one policy of a list of at most one.
fn boundary(texts: &[String]) -> Result<Option<Source>, Refusal> {
    const LIST: &str = "PermissionsBoundaryPolicyInputList";
    if texts.len() > 1 {
        return Err(invalid(format!("{LIST}: at most one policy")));
    }
    Ok(sources(LIST, texts)?.pop())
}

/// The condition keys that policies ask for, each once.
fn context_keys<'p>(policies: impl Iterator<Item = &'p IdentityPolicy>) -> Vec<String> {
    scenario::each_once(policies.flat_map(IdentityPolicy::context_keys))
}
