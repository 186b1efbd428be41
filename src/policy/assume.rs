//! Whether somebody may assume a role. The only maker of a [`Grant`].
//!
//! A federated caller, here:
//!
//! ```text
//! role known, provider of its account?   no ─> Deny
//!   └ trust policy: the assume action         deny or no allow ─> Deny
//!      └ tags asked for: sts:TagSession              "
//!         └ source identity: sts:SetSourceIdentity   "
//!            └ duration within the role's maximum?   no ─> Deny
//!               └ Permit(Grant)
//! ```
//!
//! Nobody who is federated has policies of their own, so the trust policy alone decides. A caller who
//! signs has some: see [`decide_signed`].

mod grant;
mod root;
mod signed;

use crate::domain::{
    Arn, Lineage, RoleArn, SessionDuration, SessionName, SessionPrincipal, SessionTags,
    SourceIdentity, TagKey, UniqueId, UnixTime,
};

use super::authority::PolicyKind;
use super::caller::Caller;
use super::context::{Context, Values};
use super::decide::{Request, StatementRef};
use super::document::TrustPolicy;
pub use grant::{Grant, GrantParts};
pub use root::{RootAssumption, RootDenial, RootGrant, RootGrantParts, decide_root};
#[cfg(test)]
pub(crate) use signed::would_permit_signed;
pub use signed::{Credentials, Signer, decide_signed};

/// By which action a role is assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssumeAction {
    /// `sts:AssumeRole`, by a caller who signs.
    AssumeRole,
    /// `sts:AssumeRoleWithWebIdentity`
    WithWebIdentity,
    /// `sts:AssumeRoleWithSAML`
    WithSaml,
}

/// An action that a trust policy was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StsAction {
    /// Assuming the role.
    Assume(AssumeAction),
    /// Passing session tags.
    TagSession,
    /// Passing a source identity.
    SetSourceIdentity,
}

impl StsAction {
    /// `sts:…`, as policies and audit records write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assume(AssumeAction::AssumeRole) => "sts:AssumeRole",
            Self::Assume(AssumeAction::WithWebIdentity) => "sts:AssumeRoleWithWebIdentity",
            Self::Assume(AssumeAction::WithSaml) => "sts:AssumeRoleWithSAML",
            Self::TagSession => "sts:TagSession",
            Self::SetSourceIdentity => "sts:SetSourceIdentity",
        }
    }
}

/// What a role says of being assumed.
#[derive(Debug, Clone, Copy)]
pub struct RoleTerms<'a> {
    /// The role.
    pub arn: &'a RoleArn,
    /// `AROA…`
    pub id: &'a UniqueId,
    /// Who may assume it.
    pub trust: &'a TrustPolicy,
    /// The longest session, 3,600 to 43,200 seconds.
    pub max_session: SessionDuration,
}

/// A session that somebody asks for.
#[derive(Debug, Clone)]
pub struct Assumption<'a> {
    /// How.
    pub action: AssumeAction,
    /// Who.
    pub caller: Caller<'a>,
    /// The condition keys of the request and of the proof of identity. Those of the session itself
    /// (its name, tags and source identity) are added here.
    pub context: Context<'a>,
    /// The session's name.
    pub session: SessionName,
    /// The session's tags.
    pub tags: SessionTags,
    /// The session's source identity.
    pub source_identity: Option<SourceIdentity>,
    /// How long it should last.
    pub duration: SessionDuration,
    /// When it ends at the latest, however long it should last.
    pub ends_by: Option<UnixTime>,
    /// Where it comes from.
    pub lineage: Lineage,
}

/// The answer.
#[derive(Debug)]
pub enum Decision {
    /// No.
    Deny(Denial),
    /// Yes; the grant is what credentials are made of.
    Permit(Grant),
}

/// The answer that leads nowhere: for showing what could be assumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preview {
    /// It would be denied.
    WouldDeny(Denial),
    /// It would be permitted by these statements.
    WouldPermit(Vec<StatementRef>),
}

/// Why a session was denied. For the audit; callers must not be able to tell a [`Because`] from
/// another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// This action isn't allowed.
    #[error("{} is refused: {because}", action.as_str())]
    Refused {
        /// The first action that was refused.
        action: StsAction,
        /// Why.
        because: Because,
    },
    /// All is allowed, but not for so long. STS answers ValidationError, and only to a caller who
    /// may assume the role.
    #[error("the role's sessions last at most {max}")]
    DurationExceedsRoleMaximum {
        /// The longest session of the role.
        max: SessionDuration,
    },
    /// All is allowed, but not for so long by a caller whose own credentials are temporary. STS
    /// answers ValidationError, and only to a caller who may assume the role.
    #[error("a role that is assumed from a session lasts at most {max}")]
    DurationExceedsChained {
        /// The longest session of a chained role.
        max: SessionDuration,
    },
    /// The account itself calls. STS tells it so, whichever role it asked for.
    #[error("a role can't be assumed by the account itself")]
    RootCaller,
    /// The caller's session has this tag and passes it on, so that nobody can set another. STS
    /// answers InvalidParameterValue; it is about the caller's own session.
    #[error("the tag {} is passed on by the calling session and can't be set", key.as_str())]
    TagIsInherited {
        /// The key, as it was asked for.
        key: TagKey,
    },
    /// More tags than a session can have, those that are passed on counted in.
    #[error("a session has at most {} tags", SessionTags::MAX)]
    TooManyTags,
}

impl Denial {
    /// AWS's code, on the wire and in the audit.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } | Self::RootCaller => "AccessDenied",
            Self::TagIsInherited { .. } => "InvalidParameterValue",
            Self::DurationExceedsRoleMaximum { .. }
            | Self::DurationExceedsChained { .. }
            | Self::TooManyTags => "ValidationError",
        }
    }
}

/// Why an action is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Because {
    /// This statement denies it.
    #[error("{0} denies it")]
    ExplicitDeny(StatementRef),
    /// No statement of the role's trust policy allows it.
    #[error("no statement allows it")]
    NoAllow,
    /// The role would let the caller in, and a policy on the caller's side would have to allow it.
    #[error("no {0} of the caller allows it")]
    CallerNotAllowed(PolicyKind),
    /// The caller's session has another source identity, which stays the same for good.
    #[error("the calling session has another source identity")]
    SourceIdentityIsSet,
    /// `sts:AssumeRole` is for a caller who signs, and the others for one who doesn't.
    #[error("the action is not for such a caller")]
    WrongAction,
    /// The caller is a service, and its operator has not let it act in the role's account.
    #[error("the service is not registered for the role's account")]
    OutOfReach,
    /// There is no such role.
    #[error("there is no such role")]
    UnknownRole,
    /// The caller isn't federated, or the provider belongs to another account than the role: who
    /// runs one account must not vouch for people of another, whatever a trust policy says.
    #[error("the caller has no provider of the role's account")]
    ForeignProvider,
}

/// Decides whether a federated caller is permitted a session of a role; `role` is `None` where there is
/// no such role.
pub fn decide(assumption: Assumption<'_>, role: Option<RoleTerms<'_>>) -> Decision {
    match weigh(&assumption, role) {
        Err(denial) => Decision::Deny(denial),
        Ok((role, allowed_by)) => Decision::Permit(grant(assumption, role, allowed_by)),
    }
}

fn grant(assumption: Assumption<'_>, role: RoleTerms<'_>, allowed_by: Vec<StatementRef>) -> Grant {
    Grant::new(GrantParts {
        principal: SessionPrincipal {
            role: role.arn.clone(),
            role_id: role.id.clone(),
            session: assumption.session,
        },
        duration: assumption.duration,
        ends_by: assumption.ends_by,
        tags: assumption.tags,
        source_identity: assumption.source_identity,
        lineage: assumption.lineage,
        allowed_by,
    })
}

/// What [`decide`] would answer, without a grant.
pub fn would_permit(assumption: &Assumption<'_>, role: Option<RoleTerms<'_>>) -> Preview {
    match weigh(assumption, role) {
        Err(denial) => Preview::WouldDeny(denial),
        Ok((_, allowed_by)) => Preview::WouldPermit(allowed_by),
    }
}

fn weigh<'r>(
    assumption: &Assumption<'_>,
    role: Option<RoleTerms<'r>>,
) -> Result<(RoleTerms<'r>, Vec<StatementRef>), Denial> {
    let assume = StsAction::Assume(assumption.action);
    let refused = |because| Denial::Refused {
        action: assume,
        because,
    };
    if assumption.action == AssumeAction::AssumeRole {
        return Err(refused(Because::WrongAction));
    }
    let role = role.ok_or_else(|| refused(Because::UnknownRole))?;
    if !may_vouch(assumption.caller, role.arn) {
        return Err(refused(Because::ForeignProvider));
    }
    let mut context = Context::over(&assumption.context);
    describe_session(&mut context, assumption, role);
    let mut allowed_by = Vec::new();
    for action in needed_actions(assumption) {
        add(
            &mut allowed_by,
            ask(role, action, assumption.caller, &context)?,
        );
    }
    if assumption.duration > role.max_session {
        return Err(Denial::DurationExceedsRoleMaximum {
            max: role.max_session,
        });
    }
    Ok((role, allowed_by))
}

/// Adds those that are not there yet.
fn add(all: &mut Vec<StatementRef>, statements: Vec<StatementRef>) {
    for statement in statements {
        if !all.contains(&statement) {
            all.push(statement);
        }
    }
}

/// Whether the caller is somebody whom a provider of the role's account, or one that every account
/// knows, vouches for.
fn may_vouch(caller: Caller<'_>, role: &RoleArn) -> bool {
    match caller {
        Caller::Federated { provider } => match Arn::parse(provider) {
            Ok(arn) => {
                arn.account.parse() == Ok(role.account())
                    && arn.partition == role.partition().as_str()
            }
            Err(_) => !provider.starts_with("arn:"),
        },
        Caller::Root { .. }
        | Caller::User { .. }
        | Caller::Session(_)
        | Caller::FederatedUser { .. }
        | Caller::Service { .. }
        | Caller::Anonymous => false,
    }
}

pub(super) fn needed_actions(assumption: &Assumption<'_>) -> impl Iterator<Item = StsAction> {
    let tags = (!assumption.tags.is_empty()).then_some(StsAction::TagSession);
    let source_identity = assumption
        .source_identity
        .as_ref()
        .map(|_| StsAction::SetSourceIdentity);
    std::iter::once(StsAction::Assume(assumption.action))
        .chain(tags)
        .chain(source_identity)
}

/// Sets the keys that say whose the role is and what the session will be; all actions are judged by the
/// same keys.
pub(super) fn describe_session<'a>(
    context: &mut Context<'a>,
    assumption: &'a Assumption<'_>,
    role: RoleTerms<'_>,
) {
    context.set_account("aws:ResourceAccount", role.arn.account());
    context.set("sts:RoleSessionName", assumption.session.as_str());
    match &assumption.source_identity {
        Some(source_identity) => context.set("sts:SourceIdentity", source_identity.as_str()),
        None => context.clear("sts:SourceIdentity"),
    };
    for (key, value, _) in assumption.tags.iter() {
        let name = ["aws:RequestTag/", key.as_str()].concat();
        context.set(name, value.as_str());
    }
    let tags = || assumption.tags.iter();
    let keys: Values<'_> = tags().map(|(key, ..)| key.as_str()).collect();
    let transitive: Values<'_> = tags()
        .filter(|(.., transitive)| *transitive)
        .map(|(key, ..)| key.as_str())
        .collect();
    context.set("aws:TagKeys", keys);
    context.set("sts:TransitiveTagKeys", transitive);
}

/// The statements that allow an action.
fn ask(
    role: RoleTerms<'_>,
    action: StsAction,
    caller: Caller<'_>,
    context: &Context<'_>,
) -> Result<Vec<StatementRef>, Denial> {
    let arn = role.arn.as_str();
    let request = Request {
        caller,
        action: action.as_str(),
        resource: arn,
        context,
    };
    let evaluation = role.trust.evaluate(arn, &request);
    let because = match evaluation.explicit_denies.into_iter().next() {
        Some(statement) => Because::ExplicitDeny(statement),
        None if evaluation.allows.is_empty() => Because::NoAllow,
        None => return Ok(evaluation.allows),
    };
    Err(Denial::Refused { action, because })
}
