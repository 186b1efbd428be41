//! What a person's provider sent of them, as their own pages show it to them.

use super::pages::{ClaimSeen, Found, Nearness};
use crate::domain::{ClaimName, Claims};
use crate::flows::Finding;
use crate::mapping::NearMiss;

/// Claims that rules usually look at.
const SHOWN_CLAIMS: [&str; 6] = ["groups", "roles", "department", "email", "sub", "hasgroups"];
/// So many values of a claim are shown.
const SHOWN_VALUES: usize = 50;

/// The claims that rules usually look at, and those that something was found about, as they came.
pub(super) fn received(claims: &Claims, findings: &[Finding]) -> Vec<ClaimSeen> {
    let usual = SHOWN_CLAIMS.iter().copied();
    let others = findings.iter().filter_map(of).map(ClaimName::as_str);
    let mut names: Vec<&str> = Vec::new();
    for name in usual.chain(others) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let seen = names.iter().filter_map(|name| seen(claims, name));
    seen.collect()
}

/// The claim that something was found about.
const fn of(finding: &Finding) -> Option<&ClaimName> {
    match finding {
        Finding::LeftOut(claim)
        | Finding::Near(claim, _)
        | Finding::Unverified(claim)
        | Finding::Missing(claim) => Some(claim),
        Finding::Unfit => None,
    }
}

fn seen(claims: &Claims, name: &str) -> Option<ClaimSeen> {
    let claim = claims.get(name)?;
    let values = claim.values.iter().take(SHOWN_VALUES);
    Some(ClaimSeen {
        name: name.into(),
        values: values.map(|value| value.as_str().into()).collect(),
        more: claim.values.len().saturating_sub(SHOWN_VALUES),
    })
}

/// What was found, as a page says it.
pub(super) fn found(finding: &Finding) -> Found {
    match finding {
        Finding::LeftOut(claim) => Found::LeftOut(claim.as_str().into()),
        Finding::Unverified(claim) => Found::Unverified(claim.as_str().into()),
        Finding::Missing(claim) => Found::Missing(claim.as_str().into()),
        Finding::Unfit => Found::Unfit,
        Finding::Near(claim, near) => {
            let (how, value) = match near {
                NearMiss::Case(value) => (Nearness::Case, value),
                NearMiss::Whitespace(value) => (Nearness::Space, value),
                NearMiss::JoinedString(value) => (Nearness::Joined, value),
                NearMiss::DistinguishedName(value) => (Nearness::CommonName, value),
            };
            Found::Near {
                claim: claim.as_str().into(),
                how,
                value: value.as_str().into(),
            }
        }
    }
}
