//! `AssumeRoot`: somebody of the account that manages the others takes a session of another's root, for one
//! task.
//!
//! ```text
//! signed request ── authenticate, admit: a user, or a session of a role
//!   └ the organization gives such sessions; the account is one of its members
//!      └ policy::decide_root            sts:AssumeRoot on the member's root
//!         └ credentials::issue_root     within the task's policy
//!            └ recorder                 no record, no answer
//! ```

use std::fmt;
use std::sync::Arc;

use super::assume_role::lineage;
use super::assume_role_error::AssumeRoleError;
use super::authenticate::{AuthenticationError, Authenticator, Caller};
use super::caller_context::caller_context;
use super::own_policies::OwnPolicies;
use super::rates::admit_caller;
use super::reach::{RegionDisabled, reach};
use super::record::{CallerRecord, Recorder, Refusal};
use super::request::RequestMeta;
use super::signed_caller::signed_caller;
use super::unavailable::Unavailable;
use crate::audit::{AuditUnavailable, Parameter};
use crate::credentials::{self, IssueError, IssuedToUser, Mint};
use crate::directory::{DirectoryError, LiveDirectory, Organization, Snapshot};
use crate::domain::{AccountId, Partition, Principal, RootPrincipal, RootTask, SourceIdentity};
use crate::entropy::Entropy;
use crate::metrics::{Operation, Step};
use crate::policy::{self, Caller as PolicyCaller, RootAssumption, RootDenial, RootGrant};
use crate::sigv4::HttpRequest;
use crate::throttle::{Throttle, Throttled};

const OPERATION: Operation = Operation::AssumeRoot;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct RootRequest {
    /// Whose root.
    pub account: AccountId,
    /// What for.
    pub task: RootTask,
    /// How long, in seconds: at most 900.
    pub seconds: u32,
}

/// What is given.
#[derive(Debug)]
pub struct RootSession {
    /// The credentials and their session.
    pub issued: IssuedToUser,
    /// Who stands behind the session.
    pub source_identity: Option<SourceIdentity>,
}

/// Why nothing is given.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// Nobody was authenticated.
    #[error(transparent)]
    Authentication(#[from] AuthenticationError),
    /// The caller asks too often.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// There is no organization, or it gives no sessions of roots.
    #[error("no account gives sessions of others' roots")]
    NoRootSessions,
    /// There is no such account.
    #[error("there is no such account")]
    UnknownAccount,
    /// A session of a user's own, which may assume roles and nothing else.
    #[error("such a session may not assume a root")]
    Credentials,
    /// The caller, or a policy of theirs, was taken out of the directory meanwhile, or is reached through too
    /// many others.
    #[error(transparent)]
    Caller(Box<AssumeRoleError>),
    /// It is denied.
    #[error(transparent)]
    Denied(#[from] RootDenial),
    /// STS is not active for the account in this region.
    #[error(transparent)]
    RegionDisabled(#[from] RegionDisabled),
    /// This node can't answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl RootError {
    /// AWS's code, on the wire and in the audit.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Authentication(error) => error.code(),
            Self::Throttled(_) => "Throttling",
            Self::NoRootSessions
            | Self::UnknownAccount
            | Self::Credentials
            | Self::Caller(_)
            | Self::Denied(_) => "AccessDenied",
            Self::RegionDisabled(_) => "RegionDisabledException",
            Self::Unavailable(_) => "ServiceUnavailable",
        }
    }

    /// The check that failed, for the trace.
    pub const fn check(&self) -> &'static str {
        match self {
            Self::Authentication(error) => error.check(),
            Self::Throttled(_) => "rate",
            Self::NoRootSessions
            | Self::UnknownAccount
            | Self::Denied(RootDenial::OtherAccount | RootDenial::NoMember) => "organization",
            Self::Credentials | Self::Caller(_) | Self::Denied(RootDenial::Caller) => "caller",
            Self::Denied(RootDenial::Policies(_)) => "policies",
            Self::RegionDisabled(_) => "region",
            Self::Unavailable(_) => "availability",
        }
    }

    /// Whether the proof of identity itself did not hold: the caller may be guessing.
    pub const fn is_failed_proof(&self) -> bool {
        match self {
            Self::Authentication(error) => error.is_failed_proof(),
            _ => false,
        }
    }
}

impl From<DirectoryError> for RootError {
    fn from(error: DirectoryError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<AuditUnavailable> for RootError {
    fn from(error: AuditUnavailable) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<IssueError> for RootError {
    fn from(error: IssueError) -> Self {
        Self::Unavailable(error.into())
    }
}

/// The flow and what it needs.
#[derive(Clone)]
pub struct AssumeRoot {
    /// Finds out who signed.
    pub authenticator: Authenticator,
    /// The organization, policies, sealing keys.
    pub directory: Arc<LiveDirectory>,
    /// How often somebody may ask.
    pub throttle: Arc<Throttle>,
    /// Where it is recorded.
    pub recorder: Arc<Recorder>,
    /// Randomness for keys and tokens.
    pub entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for AssumeRoot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AssumeRoot")
    }
}

impl AssumeRoot {
    /// The partition of every ARN here.
    pub fn partition(&self) -> Partition {
        self.directory.partition()
    }

    /// Who asks; whoever is not known is told nothing else of the request.
    ///
    /// # Errors
    /// [`RootError::Authentication`], which is recorded.
    pub async fn caller(
        &self,
        request: &HttpRequest<'_>,
        meta: &RequestMeta,
    ) -> Result<Caller, RootError> {
        let by = (&self.authenticator, self.recorder.as_ref());
        Ok(signed_caller(by, OPERATION, request, meta).await?)
    }

    /// Runs the flow; the attempt is recorded before this answers.
    ///
    /// # Errors
    /// [`RootError`]; nothing was issued.
    pub async fn run(
        &self,
        request: RootRequest,
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<RootSession, RootError> {
        let _whole = self.recorder.metrics().time(OPERATION, Step::Whole);
        let result = self.assume(request, caller, meta);
        let target = request.account.to_string();
        let asked = [
            (Parameter::TargetPrincipal, target.as_str()),
            (Parameter::TaskPolicy, request.task.policy_name()),
        ];
        let record = match &result {
            Ok(session) => CallerRecord::IssuedFor(caller, &session.issued, &asked),
            Err(error) => CallerRecord::Denied(
                caller,
                Refusal {
                    code: error.code(),
                    check: error.check(),
                    why: error,
                    asked: &asked,
                },
            ),
        };
        self.recorder.signed_call(meta, OPERATION, record).await?;
        result
    }

    fn assume(
        &self,
        request: RootRequest,
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<RootSession, RootError> {
        if matches!(caller.principal, Principal::User(_)) && caller.session.is_some() {
            return Err(RootError::Credentials);
        }
        admit_caller(&self.throttle, caller)?;
        let snapshot = self.directory.snapshot(meta.now)?;
        if !self.authenticator.stands(caller, &snapshot) {
            return Err(AuthenticationError::InvalidToken.into());
        }
        let organization = snapshot.organization();
        let organization = organization.filter(|it| it.root_sessions);
        let organization = organization.ok_or(RootError::NoRootSessions)?;
        let grant = decide(request, caller, organization, &snapshot, meta)?;
        if snapshot.account(request.account).is_none() {
            return Err(RootError::UnknownAccount);
        }
        let token_version = reach(request.account, &snapshot, meta)?;
        let _issuing = self.recorder.metrics().time(OPERATION, Step::Issue);
        let mint = Mint {
            keys: snapshot.keys(),
            now: meta.now,
            entropy: self.entropy.as_ref(),
        };
        let session = caller.session.as_ref();
        Ok(RootSession {
            issued: credentials::issue_root(grant, token_version, mint)?,
            source_identity: session.and_then(|session| session.source_identity.clone()),
        })
    }
}

fn decide(
    request: RootRequest,
    caller: &Caller,
    organization: &Organization,
    snapshot: &Snapshot,
    meta: &RequestMeta,
) -> Result<RootGrant, RootError> {
    let gone = |error| RootError::Caller(Box::new(error));
    let own = OwnPolicies::of(caller, snapshot);
    let own = own.ok_or_else(|| gone(AssumeRoleError::CallerGone))?;
    // A service has no id, and no policies that could allow it.
    let by = caller.principal.unique_id();
    let by = by.ok_or(RootError::Credentials)?;
    let session = caller.session.as_ref();
    Ok(policy::decide_root(RootAssumption {
        caller: PolicyCaller::from(&caller.principal),
        authority: own.authority(),
        management_account: organization.management_account,
        partition: snapshot.partition(),
        context: caller_context(caller, snapshot, meta),
        principal: RootPrincipal {
            partition: snapshot.partition(),
            account: request.account,
            management_account: organization.management_account,
            by: by.clone(),
        },
        task: request.task,
        seconds: request.seconds,
        ends_by: session.map(|session| session.expires_at),
        source_identity: session.and_then(|session| session.source_identity.clone()),
        lineage: lineage(caller, snapshot).map_err(gone)?,
    })?)
}
