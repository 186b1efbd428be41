//! `AssumeRole`: somebody who signs takes a session of a role.
//!
//! ```text
//! signed request ── authenticate, admit
//!   └ a code of their device, where one is shown
//!      └ policy::decide_signed          the role's trust policy and the caller's own policies
//!         └ credentials::issue          within what the request narrows it to
//!            └ recorder                 no record, no answer
//! ```

use std::fmt;
use std::sync::Arc;

use super::assume_role_error::AssumeRoleError;
use super::assume_role_with_web_identity::terms;
use super::authenticate::{AuthenticationError, Authenticator, Caller};
use super::caller_context::CallerKeys;
use super::even_time::EvenTime;
use super::mfa::{self, DevicesOf, ShownCode};
use super::narrowing::Narrowing;
use super::own_policies::OwnPolicies;
use super::rates::admit_caller;
use super::reach::reach;
use super::record::{AssumeRecord, Recorder};
use super::request::RequestMeta;
use super::signed_caller::signed_caller;
use crate::audit::EventSource;
use crate::credentials::{self, Extent, Issued, Mint};
use crate::decisions::Beside;
use crate::directory::{LiveDirectory, RoleEntry, Snapshot};
use crate::domain::{
    Lineage, Origin, Passed, Principal, RoleArn, SessionDuration, SessionName, SessionTags,
    SourceIdentity, UnixTime,
};
use crate::entropy::Entropy;
use crate::metrics::{Operation, Step};
use crate::policy::{
    self, AssumeAction, Assumption, Because, Caller as PolicyCaller, Context, Credentials,
    Decision, Denial, Grant, Signer, StsAction,
};
use crate::sigv4::HttpRequest;
use crate::store::OneTimeUse;
use crate::throttle::Throttle;

const OPERATION: Operation = Operation::AssumeRole;

/// What is asked for. It may hold a code, so it has no `Debug`.
#[derive(Clone)]
pub struct RoleRequest<'a> {
    /// The role.
    pub role: RoleArn,
    /// What the session shall be called.
    pub session: SessionName,
    /// How long it shall last.
    pub duration: SessionDuration,
    /// What it stays within.
    pub narrowing: Narrowing,
    /// Its tags.
    pub tags: SessionTags,
    /// Its source identity.
    pub source_identity: Option<SourceIdentity>,
    /// `sts:ExternalId`
    pub external_id: Option<&'a str>,
    /// A second factor.
    pub shown: ShownCode<'a>,
}

/// What is given.
#[derive(Debug)]
pub struct RoleSession {
    /// The credentials and their session.
    pub issued: Issued,
    /// Who stands behind the session.
    pub source_identity: Option<SourceIdentity>,
}

/// The flow and what it needs.
#[derive(Clone)]
pub struct AssumeRole {
    /// Finds out who signed.
    pub authenticator: Authenticator,
    /// Roles, policies, sealing keys.
    pub directory: Arc<LiveDirectory>,
    /// The codes that were used.
    pub marks: Arc<dyn OneTimeUse>,
    /// How often somebody may ask.
    pub throttle: Arc<Throttle>,
    /// Where it is recorded.
    pub recorder: Arc<Recorder>,
    /// Randomness for keys and tokens.
    pub entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for AssumeRole {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AssumeRole")
    }
}

impl AssumeRole {
    /// Who asks; whoever is not known is told nothing else of the request.
    ///
    /// # Errors
    /// [`AssumeRoleError::Authentication`], which is recorded.
    pub async fn caller(
        &self,
        request: &HttpRequest<'_>,
        meta: &RequestMeta,
    ) -> Result<Caller, AssumeRoleError> {
        let by = (&self.authenticator, self.recorder.as_ref());
        Ok(signed_caller(by, OPERATION, request, meta).await?)
    }

    /// Runs the flow; the attempt is recorded before this answers.
    ///
    /// # Errors
    /// [`AssumeRoleError`]; nothing was issued.
    pub async fn run(
        &self,
        request: RoleRequest<'_>,
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<RoleSession, AssumeRoleError> {
        let time = EvenTime::begin();
        let whole = self.recorder.metrics().time(OPERATION, Step::Whole);
        let result = self.assume(&request, caller, meta).await;
        let record = AssumeRecord {
            source: EventSource::Sts,
            role: &request.role,
            session: Some(&request.session),
            duration: request.duration,
            caller: Some(caller),
            person: None,
            lineage: result.as_ref().ok().map(|session| &session.issued.lineage),
            rules: &[],
            saml: None,
            result: result.as_ref().map(|session| &session.issued),
            beside: Beside::default(),
        };
        self.recorder.assumption(meta, OPERATION, &record).await?;
        drop(whole);
        time.hold(&result).await;
        result
    }

    /// Decides by the snapshot at hand, and once more where that refuses and a newer one is there.
    async fn assume(
        &self,
        request: &RoleRequest<'_>,
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<RoleSession, AssumeRoleError> {
        admit_caller(&self.throttle, caller)?;
        let snapshot = self.directory.snapshot(meta.now)?;
        let mfa_at = self.second_factor(request.shown, caller, &snapshot, meta);
        let mfa_at = mfa_at.await?;
        let first = self.assume_by(&snapshot, request, (caller, mfa_at), meta);
        if !first.as_ref().is_err_and(AssumeRoleError::may_have_changed) {
            return first;
        }
        match self.directory.newer_than(&snapshot, meta.now).await? {
            Some(newer) => self.assume_by(&newer, request, (caller, mfa_at), meta),
            None => first,
        }
    }

    async fn second_factor(
        &self,
        shown: ShownCode<'_>,
        caller: &Caller,
        snapshot: &Snapshot,
        meta: &RequestMeta,
    ) -> Result<Option<UnixTime>, AssumeRoleError> {
        let devices = match &caller.principal {
            Principal::User(user) => snapshot.user(user).map(|found| DevicesOf {
                user: found,
                partition: user.partition,
                account: user.account,
            }),
            Principal::Session(_)
            | Principal::FederatedUser(_)
            | Principal::Service(_)
            | Principal::Root(_) => None,
        };
        Ok(mfa::take(shown, devices, &self.marks, meta).await?)
    }

    fn assume_by(
        &self,
        snapshot: &Snapshot,
        request: &RoleRequest<'_>,
        (caller, mfa_at): (&Caller, Option<UnixTime>),
        meta: &RequestMeta,
    ) -> Result<RoleSession, AssumeRoleError> {
        let _issuing = self.recorder.metrics().time(OPERATION, Step::Issue);
        if !self.authenticator.stands(caller, snapshot) {
            return Err(AuthenticationError::InvalidToken.into());
        }
        let grant = decide(request, (caller, mfa_at), snapshot, meta)?;
        let source_identity = grant.source_identity().cloned();
        let extent = request.narrowing.extent(request.role.account(), snapshot)?;
        let extent = Extent {
            mfa_at,
            token_version: reach(request.role.account(), snapshot, meta)?,
            ..extent
        };
        let mint = Mint {
            keys: snapshot.keys(),
            now: meta.now,
            entropy: self.entropy.as_ref(),
        };
        Ok(RoleSession {
            issued: credentials::issue(grant, extent, mint)?,
            source_identity,
        })
    }
}

fn decide(
    request: &RoleRequest<'_>,
    (caller, mfa_at): (&Caller, Option<UnixTime>),
    snapshot: &Snapshot,
    meta: &RequestMeta,
) -> Result<Grant, AssumeRoleError> {
    if matches!(caller.principal, Principal::FederatedUser(_)) {
        // Such sessions may ask STS who they are, and nothing else (GetFederationToken, STS API reference).
        return Err(AssumeRoleError::Denied(Denial::Refused {
            action: StsAction::Assume(AssumeAction::AssumeRole),
            because: Because::WrongAction,
        }));
    }
    if let Principal::Service(name) = &caller.principal {
        let service = snapshot.service(name).ok_or(AssumeRoleError::CallerGone)?;
        if !service.reach.has(request.role.account()) {
            return Err(AssumeRoleError::Denied(Denial::Refused {
                action: StsAction::Assume(AssumeAction::AssumeRole),
                because: Because::OutOfReach,
            }));
        }
    }
    let own = OwnPolicies::of(caller, snapshot).ok_or(AssumeRoleError::CallerGone)?;
    let none = SessionTags::none();
    let session = caller.session.as_ref();
    let signer = Signer {
        authority: own.authority(),
        credentials: match session {
            Some(_) => Credentials::Temporary,
            None => Credentials::LongTerm,
        },
        tags: session.map_or(&none, |session| &session.tags),
        source_identity: session.and_then(|session| session.source_identity.as_ref()),
    };
    let entry = snapshot.role(&request.role);
    let about_caller = CallerKeys::of(caller, snapshot, meta);
    let mut context = Context::over_late(&about_caller);
    describe(&mut context, request, entry, mfa_at);
    let assumption = Assumption {
        action: AssumeAction::AssumeRole,
        caller: PolicyCaller::from(&caller.principal),
        context,
        session: request.session.clone(),
        tags: request.tags.clone(),
        source_identity: request.source_identity.clone(),
        duration: request.duration,
        ends_by: ends_by(caller),
        lineage: lineage(caller, snapshot)?,
    };
    match policy::decide_signed(assumption, &signer, entry.map(terms)) {
        Decision::Permit(grant) => Ok(grant),
        Decision::Deny(denial) => Err(AssumeRoleError::Denied(denial)),
    }
}

/// What only this request says: the external id, the role's own tags, and that a code was shown with it.
fn describe<'a>(
    context: &mut Context<'a>,
    request: &RoleRequest<'a>,
    entry: Option<RoleEntry<'a>>,
    mfa_at: Option<UnixTime>,
) {
    if let Some(external_id) = request.external_id {
        context.set("sts:ExternalId", external_id);
    }
    if mfa_at.is_some() {
        context.set("aws:MultiFactorAuthPresent", "true");
        context.set("aws:MultiFactorAuthAge", "0");
    }
    for (key, value) in entry.into_iter().flat_map(|entry| entry.role.tags.iter()) {
        for prefix in ["aws:ResourceTag/", "iam:ResourceTag/"] {
            context.set([prefix, key.as_str()].concat(), value.as_str());
        }
    }
}

/// What came of a sign-in in a browser ends with it at the latest (decision 32).
fn ends_by(caller: &Caller) -> Option<UnixTime> {
    let session = caller.session.as_ref()?;
    session.lineage.sign_in.map(|_| session.expires_at)
}

/// Where the new session comes from: from whoever stands at the beginning of the caller's own.
pub(super) fn lineage(caller: &Caller, snapshot: &Snapshot) -> Result<Lineage, AssumeRoleError> {
    let generation = snapshot.generation();
    let Some(session) = &caller.session else {
        return Ok(Lineage {
            origin: match &caller.principal {
                Principal::User(user) => Origin::User(user.clone()),
                Principal::Service(name) => Origin::Service(name.clone()),
                Principal::Session(_) | Principal::FederatedUser(_) | Principal::Root(_) => {
                    return Err(AssumeRoleError::CallerGone);
                }
            },
            rule: None,
            generation,
            sign_in: None,
            through: Vec::new(),
        });
    };
    if session.lineage.through.len() >= Lineage::MAX_PASSED {
        return Err(AssumeRoleError::ChainTooLong);
    }
    let principal = &caller.principal;
    let (Some(account), Some(unique_id)) = (principal.account(), principal.unique_id()) else {
        return Err(AssumeRoleError::CallerGone);
    };
    let mut lineage = Lineage {
        generation,
        ..session.lineage.clone()
    };
    lineage.through.push(Passed {
        key: caller.access_key_id.clone(),
        account,
        unique_id: unique_id.clone(),
    });
    Ok(lineage)
}
