//! Whether a federated caller may assume a role. The only maker of a [`Grant`].
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
//! Nobody who is federated has policies of their own, so the trust policy alone decides.

use crate::domain::{
    Arn, Lineage, RoleArn, SessionDuration, SessionName, SessionPrincipal, SessionTags,
    SourceIdentity, UniqueId, UnixTime,
};

use super::context::{Caller, Context, Values};
use super::decide::{Request, StatementRef};
use super::document::TrustPolicy;

/// By which action a role is assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssumeAction {
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
    /// Who; only a federated caller can be permitted.
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
}

/// Why an action is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Because {
    /// This statement denies it.
    #[error("{0} denies it")]
    ExplicitDeny(StatementRef),
    /// No statement allows it.
    #[error("no statement allows it")]
    NoAllow,
    /// There is no such role.
    #[error("there is no such role")]
    UnknownRole,
    /// The caller isn't federated, or the provider belongs to another account than the role: who
    /// runs one account must not vouch for people of another, whatever a trust policy says.
    #[error("the caller has no provider of the role's account")]
    ForeignProvider,
}

/// Permission for one session of a role. Used up by whoever issues its credentials.
#[derive(Debug)]
#[must_use]
pub struct Grant(Box<GrantParts>);

/// What a [`Grant`] was made of.
#[derive(Debug)]
pub struct GrantParts {
    /// The session.
    pub principal: SessionPrincipal,
    /// How long it lasts.
    pub duration: SessionDuration,
    /// When it ends at the latest.
    pub ends_by: Option<UnixTime>,
    /// Its tags.
    pub tags: SessionTags,
    /// Its source identity.
    pub source_identity: Option<SourceIdentity>,
    /// Where it comes from.
    pub lineage: Lineage,
    /// The statements that allowed it, each once.
    pub allowed_by: Vec<StatementRef>,
}

impl Grant {
    /// The session.
    pub const fn principal(&self) -> &SessionPrincipal {
        &self.0.principal
    }

    /// How long the session lasts.
    pub const fn duration(&self) -> SessionDuration {
        self.0.duration
    }

    /// The session's tags.
    pub const fn tags(&self) -> &SessionTags {
        &self.0.tags
    }

    /// The session's source identity.
    pub const fn source_identity(&self) -> Option<&SourceIdentity> {
        self.0.source_identity.as_ref()
    }

    /// Where the session comes from.
    pub const fn lineage(&self) -> &Lineage {
        &self.0.lineage
    }

    /// The statements that allowed it, each once.
    pub fn allowed_by(&self) -> &[StatementRef] {
        &self.0.allowed_by
    }

    /// Uses the grant up.
    pub fn into_parts(self) -> GrantParts {
        *self.0
    }
}

/// Decides whether a session of a role is permitted; `role` is `None` where there is no such role.
pub fn decide(assumption: Assumption<'_>, role: Option<RoleTerms<'_>>) -> Decision {
    match weigh(&assumption, role) {
        Err(denial) => Decision::Deny(denial),
        Ok((role, allowed_by)) => Decision::Permit(Grant(Box::new(GrantParts {
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
        }))),
    }
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
    let role = role.ok_or_else(|| refused(Because::UnknownRole))?;
    if !may_vouch(assumption.caller, role.arn) {
        return Err(refused(Because::ForeignProvider));
    }
    let mut context = Context::over(&assumption.context);
    describe_session(&mut context, assumption);
    let mut allowed_by = Vec::new();
    for action in needed_actions(assumption) {
        for statement in ask(role, action, assumption.caller, &context)? {
            if !allowed_by.contains(&statement) {
                allowed_by.push(statement);
            }
        }
    }
    if assumption.duration > role.max_session {
        return Err(Denial::DurationExceedsRoleMaximum {
            max: role.max_session,
        });
    }
    Ok((role, allowed_by))
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
        Caller::Principal(_) | Caller::Anonymous => false,
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

/// Sets the keys that say what the session will be; all actions are judged by the same keys.
pub(super) fn describe_session<'a>(context: &mut Context<'a>, assumption: &'a Assumption<'_>) {
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
