//! Whether a caller who signs may assume a role: `sts:AssumeRole`.
//!
//! ```text
//! the account itself?                                   ─> Deny
//!  └ tags and source identity that the calling session passes on; nothing sets another
//!     └ authorise sts:AssumeRole                   trust policy and the caller's side
//!        └ any tag: authorise sts:TagSession                 "
//!           └ a source identity: authorise sts:SetSourceIdentity
//!              └ duration: 1 hour from a session, the role's maximum
//!                 └ Permit(Grant)
//! ```

use crate::domain::{SessionDuration, SessionTags, SourceIdentity, TagKey, TagValue, TagsError};

use super::{
    AssumeAction, Assumption, Because, Decision, Denial, RoleTerms, StsAction, add,
    describe_session, grant,
};
use crate::policy::authorise::{Authorisation, Need, Refusal, Sides, authorise_both};
use crate::policy::authority::{Authority, PolicyKind, Target};
use crate::policy::caller::Caller;
use crate::policy::context::Context;
use crate::policy::decide::{Request, StatementRef};

/// A role that is assumed from a session lasts at most an hour, whatever its maximum
/// (`AssumeRole`, STS API reference).
const LONGEST_CHAINED: SessionDuration = SessionDuration::DEFAULT;

/// What is known of a caller who signs, beside who they are.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    /// Their policies. A service has [`Authority::NONE`].
    pub authority: Authority<'a>,
    /// What they sign with.
    pub credentials: Credentials,
    /// The tags of the calling session; the transitive ones are passed on.
    pub tags: &'a SessionTags,
    /// The source identity of the calling session, which is passed on.
    pub source_identity: Option<&'a SourceIdentity>,
}

/// What a caller signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// A user's access key, or what a service has.
    LongTerm,
    /// Those of a session, from whatever operation: to assume a role with them is role chaining.
    Temporary,
}

/// Decides whether a caller who signs is permitted a session of a role; `role` is `None` where there
/// is no such role.
///
/// `assumption` has what was asked for: its tags and source identity are those of the request. The
/// grant has those that the calling session passes on as well.
pub fn decide_signed(
    mut assumption: Assumption<'_>,
    signer: &Signer<'_>,
    role: Option<RoleTerms<'_>>,
) -> Decision {
    let inheritance = match inherit(&assumption, signer) {
        Ok(inheritance) => inheritance,
        Err(denial) => return Decision::Deny(denial),
    };
    match weigh(&assumption, signer, &inheritance, role) {
        Err(denial) => Decision::Deny(denial),
        Ok((role, allowed_by)) => {
            assumption.tags = inheritance.tags;
            assumption.source_identity = inheritance.source_identity;
            Decision::Permit(grant(assumption, role, allowed_by))
        }
    }
}

/// What [`decide_signed`] would answer, without a grant.
#[cfg(test)]
pub(crate) fn would_permit_signed(
    assumption: &Assumption<'_>,
    signer: &Signer<'_>,
    role: Option<RoleTerms<'_>>,
) -> super::Preview {
    let inheritance = inherit(assumption, signer);
    match inheritance.and_then(|inheritance| weigh(assumption, signer, &inheritance, role)) {
        Err(denial) => super::Preview::WouldDeny(denial),
        Ok((_, allowed_by)) => super::Preview::WouldPermit(allowed_by),
    }
}

/// What the new session will have.
struct Inheritance {
    tags: SessionTags,
    source_identity: Option<SourceIdentity>,
}

const fn refused(action: StsAction, because: Because) -> Denial {
    Denial::Refused { action, because }
}

/// Adds what the calling session passes on to what was asked for.
fn inherit(assumption: &Assumption<'_>, signer: &Signer<'_>) -> Result<Inheritance, Denial> {
    let assume = StsAction::Assume(assumption.action);
    match (assumption.caller, assumption.action) {
        (Caller::Root { .. }, AssumeAction::AssumeRole) => return Err(Denial::RootCaller),
        (
            Caller::User { .. }
            | Caller::Session(_)
            | Caller::FederatedUser { .. }
            | Caller::Service { .. },
            AssumeAction::AssumeRole,
        ) => {}
        _ => return Err(refused(assume, Because::WrongAction)),
    }
    let mut tags = SessionTags::none();
    for (key, value) in passed_on(signer) {
        let added = tags.add(key.clone(), value.clone(), true);
        added.map_err(|_| Denial::TooManyTags)?;
    }
    for (key, value, transitive) in assumption.tags.iter() {
        let added = tags.add(key.clone(), value.clone(), transitive);
        added.map_err(|error| match error {
            TagsError::DuplicateKey => Denial::TagIsInherited { key: key.clone() },
            TagsError::TooMany => Denial::TooManyTags,
        })?;
    }
    let source_identity = match (signer.source_identity, &assumption.source_identity) {
        (Some(set), Some(asked)) if set != asked => {
            let because = Because::SourceIdentityIsSet;
            return Err(refused(StsAction::SetSourceIdentity, because));
        }
        (set, asked) => set.or(asked.as_ref()).cloned(),
    };
    Ok(Inheritance {
        tags,
        source_identity,
    })
}

fn passed_on<'s>(signer: &Signer<'s>) -> impl Iterator<Item = (&'s TagKey, &'s TagValue)> {
    let transitive = signer.tags.iter().filter(|(.., transitive)| *transitive);
    transitive.map(|(key, value, _)| (key, value))
}

fn weigh<'r>(
    assumption: &Assumption<'_>,
    signer: &Signer<'_>,
    inheritance: &Inheritance,
    role: Option<RoleTerms<'r>>,
) -> Result<(RoleTerms<'r>, Vec<StatementRef>), Denial> {
    let assume = StsAction::Assume(assumption.action);
    let role = role.ok_or_else(|| refused(assume, Because::UnknownRole))?;
    let mut context = Context::over(&assumption.context);
    describe_session(&mut context, assumption, role);
    if let Some(source_identity) = &inheritance.source_identity {
        context.set("sts:SourceIdentity", source_identity.as_str());
    }
    let mut trust_context = Context::over(&context);
    retag(&mut trust_context, signer);
    let asked = Asked {
        caller: assumption.caller,
        signer,
        role,
        context: &context,
        trust_context: &trust_context,
    };
    let tags = (!inheritance.tags.is_empty()).then_some(StsAction::TagSession);
    let source = inheritance.source_identity.as_ref();
    let source = source.map(|_| StsAction::SetSourceIdentity);
    let mut allowed_by = Vec::new();
    for action in std::iter::once(assume).chain(tags).chain(source) {
        add(&mut allowed_by, asked.ask(action)?);
    }
    check_duration(assumption.duration, signer.credentials, role)?;
    Ok((role, allowed_by))
}

/// To the trust policy, tags that are passed on stand for the role's own of the same key ("Passing
/// session tags in AWS STS", chaining roles).
fn retag(context: &mut Context<'_>, signer: &Signer<'_>) {
    for (key, value) in passed_on(signer) {
        for prefix in ["aws:ResourceTag/", "iam:ResourceTag/"] {
            let name = [prefix, key.as_str()].concat();
            context.set(name, value.as_str().to_owned());
        }
    }
}

fn check_duration(
    duration: SessionDuration,
    credentials: Credentials,
    role: RoleTerms<'_>,
) -> Result<(), Denial> {
    if credentials == Credentials::Temporary && duration > LONGEST_CHAINED {
        return Err(Denial::DurationExceedsChained {
            max: LONGEST_CHAINED,
        });
    }
    if duration > role.max_session {
        return Err(Denial::DurationExceedsRoleMaximum {
            max: role.max_session,
        });
    }
    Ok(())
}

/// All that is the same for every action that is needed.
struct Asked<'a> {
    caller: Caller<'a>,
    signer: &'a Signer<'a>,
    role: RoleTerms<'a>,
    /// The keys as the caller's policies see them.
    context: &'a Context<'a>,
    /// And as the trust policy does.
    trust_context: &'a Context<'a>,
}

impl Asked<'_> {
    /// The statements that allow an action.
    fn ask(&self, action: StsAction) -> Result<Vec<StatementRef>, Denial> {
        let request = |context| Request {
            caller: self.caller,
            action: action.as_str(),
            resource: self.role.arn.as_str(),
            context,
        };
        let sides = Sides {
            own: &request(self.context),
            theirs: &request(self.trust_context),
            need: self.need(action),
        };
        let target = Target::role(self.role.arn, self.role.trust);
        let because = match authorise_both(&sides, &self.signer.authority, &target) {
            Authorisation::Allow { by } => return Ok(by),
            Authorisation::Deny(Refusal::Explicit { by, .. }) => Because::ExplicitDeny(by),
            Authorisation::Deny(Refusal::Silent(PolicyKind::RoleTrust)) => Because::NoAllow,
            Authorisation::Deny(Refusal::Silent(kind)) => Because::CallerNotAllowed(kind),
        };
        Err(refused(action, because))
    }

    /// A session that goes on to another role needs permission for its source identity on both sides,
    /// whoever the trust policy names ("Monitor and control actions taken with assumed roles").
    const fn need(&self, action: StsAction) -> Need {
        match (action, self.caller) {
            (StsAction::SetSourceIdentity, Caller::Session(_)) => Need::Both,
            _ => Need::AsNamed,
        }
    }
}
