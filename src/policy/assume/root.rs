//! Whether a session of another account's root may be had: `sts:AssumeRoot`.
//!
//! ```text
//! a user, or a session of a role, of the managing account?   no ─> none
//!  └ another account than that                               no ─> none
//!     └ authorise sts:AssumeRoot on that account's root      no ─> none
//!        └ RootGrant
//! ```
//! The member's account has no say: there is no policy of its own that could be asked.

use crate::domain::{
    AccountId, Lineage, Partition, RootPrincipal, RootTask, SourceIdentity, UnixTime,
};
use crate::policy::authorise::{Authorisation, Refusal, authorise};
use crate::policy::authority::{Authority, Target};
use crate::policy::caller::Caller;
use crate::policy::context::Context;
use crate::policy::decide::{Request, StatementRef};

const ACTION: &str = "sts:AssumeRoot";

/// A session of a root that somebody asks for.
#[derive(Debug)]
pub struct RootAssumption<'a> {
    /// Who.
    pub caller: Caller<'a>,
    /// Their policies.
    pub authority: Authority<'a>,
    /// The account that manages the others.
    pub management_account: AccountId,
    /// The partition of all of them.
    pub partition: Partition,
    /// The condition keys of the request. That of the task is added here.
    pub context: Context<'a>,
    /// Whose root, and by whom it would be assumed.
    pub principal: RootPrincipal,
    /// What for.
    pub task: RootTask,
    /// How long it should last, in seconds: at most 900.
    pub seconds: u32,
    /// When it ends at the latest, however long it should last.
    pub ends_by: Option<UnixTime>,
    /// Who stands behind the caller.
    pub source_identity: Option<SourceIdentity>,
    /// Where it comes from.
    pub lineage: Lineage,
}

/// Permission for one session of a root, for one task. Used up by whoever issues its credentials.
#[derive(Debug)]
#[must_use]
pub struct RootGrant(RootGrantParts);

/// What a [`RootGrant`] was made of.
#[derive(Debug)]
pub struct RootGrantParts {
    /// The session.
    pub principal: RootPrincipal,
    /// What it stays within.
    pub task: RootTask,
    /// How long it lasts, in seconds.
    pub seconds: u32,
    /// When it ends at the latest, however long it should last.
    pub ends_by: Option<UnixTime>,
    /// Its source identity.
    pub source_identity: Option<SourceIdentity>,
    /// Where it comes from.
    pub lineage: Lineage,
    /// The statements that allowed it.
    pub allowed_by: Vec<StatementRef>,
}

impl RootGrant {
    /// Uses the grant up.
    pub fn into_parts(self) -> RootGrantParts {
        self.0
    }
}

/// Why a session of a root was denied. For the audit; callers are told the same of all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootDenial {
    /// Neither a user nor a session of a role.
    #[error("only a user or a session of a role may assume a root")]
    Caller,
    /// Of another account than the managing one.
    #[error("the caller is not of the account that manages the others")]
    OtherAccount,
    /// The managing account's own root, or one of another partition.
    #[error("the account is none of those that are managed")]
    NoMember,
    /// The caller's policies are against it.
    #[error("the caller's policies don't allow it")]
    Policies(Refusal),
}

/// Decides whether a caller who signs is permitted a session of an account's root.
///
/// # Errors
/// [`RootDenial`]
pub fn decide_root(assumption: RootAssumption<'_>) -> Result<RootGrant, RootDenial> {
    let home = match assumption.caller {
        Caller::User { .. } | Caller::Session(_) => assumption.caller.home(),
        Caller::Federated { .. }
        | Caller::Root { .. }
        | Caller::FederatedUser { .. }
        | Caller::Service { .. }
        | Caller::Anonymous => return Err(RootDenial::Caller),
    };
    let managing = (assumption.partition, assumption.management_account);
    if home != Some(managing) {
        return Err(RootDenial::OtherAccount);
    }
    let member = &assumption.principal;
    if member.partition != assumption.partition || member.account == assumption.management_account {
        return Err(RootDenial::NoMember);
    }
    let mut context = Context::over(&assumption.context);
    let task = assumption.task.arn(assumption.partition);
    context.set("sts:TaskPolicyArn", task.as_str());
    context.set_account("aws:ResourceAccount", member.account);
    let resource = member.arn();
    let request = Request {
        caller: assumption.caller,
        action: ACTION,
        resource: &resource,
        context: &context,
    };
    let target = Target::without_policy(assumption.partition, assumption.management_account);
    match authorise(&request, &assumption.authority, &target) {
        Authorisation::Deny(refusal) => Err(RootDenial::Policies(refusal)),
        Authorisation::Allow { by } => Ok(RootGrant(RootGrantParts {
            principal: assumption.principal,
            task: assumption.task,
            seconds: assumption.seconds,
            ends_by: assumption.ends_by,
            source_identity: assumption.source_identity,
            lineage: assumption.lineage,
            allowed_by: by,
        })),
    }
}
