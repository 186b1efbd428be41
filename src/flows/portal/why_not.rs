//! Why a role is not offered: what the person is told, and what is kept for their administrator.
//!
//! ```text
//! session ── mapping::apply ─┬─ offered ───────> it is yours
//!                            ├─ given by a rule ─> the role does not take you
//!                            └─ neither ────────> no rule gives it to you
//!                                 └ recorded: every rule, what it wanted, what the person has
//! ```
//! The person hears of their own sign-in: what came, what did not, what nearly fits. They hear the same of
//! a role that is not theirs and of one that is not there, so that asking tells nobody which there are.

use std::collections::BTreeSet;

use super::choice::Choice;
use super::wanted::WantedRole;
use super::{OfferedRole, Offers, OpenBrowserSession, Portal, verdicts};
use crate::audit::CheckOutcome;
use crate::causes::with_causes;
use crate::decisions::{Beside, TracedCheck};
use crate::domain::{ClaimName, Claims, ProviderRef, RoleArn, Unusable};
use crate::flows::record::{PortalRecord, Refused};
use crate::flows::request::RequestMeta;
use crate::flows::unavailable::Unavailable;
use crate::mapping::{Comparison, Failure, MappedRole, NearMiss, RuleOutcome, RuleTrace, Seen};
use crate::metrics::Operation;

/// So many things are told of a sign-in.
const MAX_FINDINGS: usize = 10;

/// What a person is told about a role, or about having none.
#[derive(Debug)]
pub struct WhyNot {
    /// How it stands.
    pub standing: RoleStanding,
    /// What stands out in their own sign-in; at most ten things.
    pub findings: Vec<Finding>,
    /// What they may take.
    pub offers: Offers,
}

/// How a role stands to a person.
#[derive(Debug, Clone)]
pub enum RoleStanding {
    /// They may take it.
    Offered(OfferedRole),
    /// A rule gives it to them, and it may not be taken by them as they signed in.
    NotTaken,
    /// No rule gives it to them. Whether there is such a role is not told.
    NotGiven,
}

/// Something in a person's own sign-in that may be why. It names claims and the person's own values; of a
/// rule it has nothing but that it looks for the claim.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// The provider left values out, because there were too many.
    LeftOut(ClaimName),
    /// A value nearly fits.
    Near(ClaimName, NearMiss),
    /// The provider has not verified it, so that it does not count.
    Unverified(ClaimName),
    /// Rules look for it, and the provider did not send it.
    Missing(ClaimName),
    /// A rule fits, and what it makes of the person's values can't be used.
    Unfit,
}

/// Why nothing is offered, as an administrator finds it.
struct Refusal {
    check: &'static str,
    code: &'static str,
    why: String,
}

impl Portal {
    /// Why the person may not take a role; without one, why they may take none. What is refused is
    /// recorded, with what became of every rule.
    ///
    /// # Errors
    /// [`Unavailable`] where the directory can't be vouched for, or nothing can be recorded.
    pub async fn why_not(
        &self,
        open: &OpenBrowserSession,
        wanted: Option<&WantedRole>,
        meta: &RequestMeta,
    ) -> Result<WhyNot, Unavailable> {
        let (offers, given) = self.mapped_offers(open, meta)?;
        let findings = findings(&offers.trace, &open.session.identity.claims);
        let offered = wanted.and_then(|wanted| offers.meant_by(wanted).first().copied().cloned());
        if let Some(offered) = offered {
            return Ok(WhyNot {
                standing: RoleStanding::Offered(offered),
                findings,
                offers,
            });
        }
        let meant = |role: &&MappedRole| {
            wanted.is_none_or(|wanted| wanted.means(&role.role, &offers.snapshot))
        };
        let given: Vec<MappedRole> = given.iter().filter(meant).cloned().collect();
        let looked_at = LookedAt {
            open,
            wanted,
            given: &given,
            offers: &offers,
        };
        self.record_look(&looked_at, meta).await?;
        Ok(WhyNot {
            standing: if given.is_empty() {
                RoleStanding::NotGiven
            } else {
                RoleStanding::NotTaken
            },
            findings,
            offers,
        })
    }

    async fn record_look(
        &self,
        looked_at: &LookedAt<'_>,
        meta: &RequestMeta,
    ) -> Result<(), Unavailable> {
        let session = &looked_at.open.session;
        let identity = &session.identity;
        let snapshot = &looked_at.offers.snapshot;
        let refusal = looked_at.refusal(meta);
        let role = looked_at.role();
        let roles = verdicts(session, looked_at.given, snapshot, meta);
        let ProviderRef::Connection(connection) = &identity.provider else {
            // No session is of any other.
            return Ok(());
        };
        let record = PortalRecord {
            operation: Operation::ExplainRole,
            connection: Some(connection.as_str()),
            registered: None,
            person: Some(identity.into()),
            refused: Some(Refused {
                check: refusal.check,
                code: refusal.code,
                why: refusal.why,
                is_alarm: false,
            }),
            rules: &looked_at.offers.trace,
            sessions_ended: None,
            beside: Beside {
                provider: Some(&identity.provider),
                claims: Some(&identity.claims),
                sign_in: Some(session.sign_in),
                generation: Some(snapshot.generation()),
                role: role.as_ref(),
                roles: &roles,
                checks: &looked_at.checks(role.as_ref()),
                ..Beside::default()
            },
        };
        Ok(self.recorder.portal(meta, &record).await?)
    }
}

/// What was looked at for a person.
struct LookedAt<'a> {
    open: &'a OpenBrowserSession,
    wanted: Option<&'a WantedRole>,
    /// What rules give of it.
    given: &'a [MappedRole],
    offers: &'a Offers,
}

impl LookedAt<'_> {
    /// The role that is meant: as a rule gives it, or as the directory has it.
    fn role(&self) -> Option<RoleArn> {
        let wanted = self.wanted?;
        let given = self.given.first().map(|given| given.role.clone());
        given.or_else(|| wanted.known_in(&self.offers.snapshot))
    }

    fn refusal(&self, meta: &RequestMeta) -> Refusal {
        let Some(mapped) = self.given.first() else {
            return Refusal {
                check: "mapping rules",
                code: "AccessDenied",
                why: ["no mapping rule gives ", &self.asked()].concat(),
            };
        };
        let choice = Choice {
            session: &self.open.session,
            mapped,
            snapshot: &self.offers.snapshot,
            meta,
        };
        match choice.choosing() {
            Err(error) => Refusal {
                check: error.check(),
                code: error.code(),
                why: with_causes(&error),
            },
            Ok(_) => Refusal {
                check: "trust policy",
                code: "AccessDenied",
                why: ["the trust policy does not permit ", &self.asked()].concat(),
            },
        }
    }

    /// What was asked for, in words.
    fn asked(&self) -> String {
        let Some(wanted) = self.wanted else {
            return "any role".to_owned();
        };
        match wanted.account() {
            None => format!("the role {}", wanted.role()),
            Some(account) => format!("the role {} of the account {account}", wanted.role()),
        }
    }

    /// Whether there is such a role.
    fn checks(&self, role: Option<&RoleArn>) -> Vec<TracedCheck<'static>> {
        let is_there = role.is_some_and(|role| self.offers.snapshot.role(role).is_some());
        let (outcome, found) = if is_there {
            (CheckOutcome::Passed, "it is there")
        } else {
            (
                CheckOutcome::Failed,
                "there is none, or no account was named",
            )
        };
        let check = self.wanted.map(|_| TracedCheck {
            name: "role".into(),
            outcome,
            expected: Some(self.asked().into()),
            found: Some(found.into()),
        });
        check.into_iter().collect()
    }
}

/// What stands out in a sign-in, each thing once: what was left out, what nearly fits, what is missing.
fn findings(rules: &[RuleTrace], claims: &Claims) -> Vec<Finding> {
    let cut_short = claims
        .iter()
        .filter(|(name, claim)| {
            // Members of objects are named by pointers; the whole is named once by itself.
            !name.starts_with('/') && claim.unusable == Some(Unusable::Incomplete)
        })
        .filter_map(|(name, _)| name.parse().ok().map(Finding::LeftOut));
    let of_rules = rules.iter().filter_map(|rule| of_rule(&rule.outcome));
    let all: BTreeSet<Finding> = cut_short.chain(of_rules).collect();
    all.into_iter().take(MAX_FINDINGS).collect()
}

fn of_rule(outcome: &RuleOutcome) -> Option<Finding> {
    match outcome {
        RuleOutcome::Failed(failure) => of_failure(failure),
        RuleOutcome::Matched { refused, .. } if !refused.is_empty() => Some(Finding::Unfit),
        RuleOutcome::TooManyCombinations => Some(Finding::Unfit),
        RuleOutcome::Matched { .. } | RuleOutcome::Disabled | RuleOutcome::OtherProvider => None,
    }
}

/// A rule that asks for a claim to be absent lacks nothing.
fn of_failure(failure: &Failure) -> Option<Finding> {
    let claim = failure.claim.clone();
    if let Some(near) = &failure.near_miss {
        return Some(Finding::Near(claim, near.clone()));
    }
    match failure.seen {
        Seen::Unusable(Unusable::Incomplete) => Some(Finding::LeftOut(claim)),
        Seen::Unusable(Unusable::Unverified) => Some(Finding::Unverified(claim)),
        Seen::Absent | Seen::NoValues | Seen::Object
            if failure.comparison != Comparison::Absent =>
        {
            Some(Finding::Missing(claim))
        }
        Seen::Absent | Seen::NoValues | Seen::Object | Seen::Values { .. } => None,
    }
}
