//! The gateway's own administration: apply and export the directory, rotate the sealing keys.
//!
//! ```text
//! Caller ── authorise(rolegate:*) ── record the intent ── change the directory ── record the outcome
//! ```
//! Only the managing account may administer: a policy that allows everything in another account
//! allows nothing here.

use std::fmt;
use std::sync::Arc;

use super::authenticate::Caller;
use super::record::{Outcome, Recorder, Subject, chain};
use super::request::RequestMeta;
use crate::audit::AuditUnavailable;
use crate::credentials::OpenSession;
use crate::directory::{
    Change, ChangeSet, CommitError, Directory, DirectoryError, DirectoryFiles, LiveDirectory,
    PolicyName, Problem, Role, SealingKeyRecord, Snapshot, check, diff, read, write,
};
use crate::domain::{AccountId, Issuer, Principal, RoleArn, UnixTime};
use crate::entropy::{Entropy, EntropyError, draw};
use crate::federation::secret_file::SecretFolder;
use crate::policy::{
    Caller as PolicyCaller, Context, IdentityPolicy, NamedPolicy, Request, decide_identity,
};
use crate::store::Generation;

/// A key that was superseded so long ago opens nothing that is still good: the longest session, in
/// seconds, and an hour.
const SUPERSEDED_SECONDS: i64 = 36 * 3600 + 3600;

/// What can be administered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminAction {
    /// `rolegate:ApplyDirectory`
    ApplyDirectory,
    /// `rolegate:ExportDirectory`
    ExportDirectory,
    /// `rolegate:RotateKeys`
    RotateKeys,
}

impl AdminAction {
    /// The action as policies name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApplyDirectory => "rolegate:ApplyDirectory",
            Self::ExportDirectory => "rolegate:ExportDirectory",
            Self::RotateKeys => "rolegate:RotateKeys",
        }
    }

    const fn resource(self) -> &'static str {
        match self {
            Self::ApplyDirectory | Self::ExportDirectory => "directory",
            Self::RotateKeys => "key-ring",
        }
    }
}

/// Whether to change the directory or to say only what would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApplyMode {
    /// Change it.
    Apply,
    /// Say what would change.
    DryRun,
}

/// What becomes of the keys that sealed until now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PreviousKeys {
    /// They open until what they sealed has expired.
    Keep,
    /// They open nothing from now on: every session that they sealed ends.
    Drop,
}

/// What `apply` did or would do.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Applied {
    /// The directory's generation after it.
    pub generation: Generation,
    /// Every change, a line each.
    pub changes: Vec<String>,
}

/// What `export` gives.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Exported {
    /// The generation that it is.
    pub generation: Generation,
    /// Every file by its path.
    pub files: DirectoryFiles,
}

/// Why the administration did nothing.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The caller's policies don't allow it.
    #[error("{caller} is not authorized to perform: {action} on resource: {resource}")]
    Denied {
        /// The caller's ARN.
        caller: String,
        /// What was asked.
        action: &'static str,
        /// On what.
        resource: String,
    },
    /// The files are not a valid directory.
    #[error("the directory has problems and was not changed")]
    Invalid(Vec<Problem>),
    /// Somebody else changed it.
    #[error(
        "the directory was changed by somebody else at the same time (it is at generation {head} now); repeat"
    )]
    Conflict {
        /// The generation now.
        head: Generation,
    },
    /// Nothing can be recorded, so nothing is done.
    #[error("the audit log can't be written")]
    Audit(#[from] AuditUnavailable),
    /// The store can't be reached.
    #[error("the directory can't be read or written")]
    Directory(#[source] DirectoryError),
    /// No random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl AdminError {
    /// The code of this error on the wire and in the audit.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "AccessDenied",
            Self::Invalid(_) => "InvalidDirectory",
            Self::Conflict { .. } => "Conflict",
            Self::Audit(_) | Self::Directory(_) | Self::Entropy(_) => "ServiceUnavailable",
        }
    }
}

impl From<DirectoryError> for AdminError {
    fn from(error: DirectoryError) -> Self {
        Self::Directory(error)
    }
}

impl From<CommitError> for AdminError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict { head, .. } => Self::Conflict { head },
            CommitError::Invalid(problems) => Self::Invalid(problems),
            CommitError::Directory(error) => Self::Directory(error),
        }
    }
}

/// Which issuers may be plain http: those that the node lists.
pub type PlainHttpIssuers = Arc<[Issuer]>;

/// Administers the gateway.
#[derive(Clone)]
pub struct Administration {
    /// What is administered.
    pub directory: Arc<LiveDirectory>,
    /// Where intent and outcome are recorded.
    pub recorder: Arc<Recorder>,
    /// Draws unique ids and keys.
    pub entropy: Arc<dyn Entropy>,
    /// The account whose policies may allow it.
    pub account: AccountId,
    /// Where connections' secrets may be.
    pub secrets: SecretFolder,
    /// The issuers that may be plain http.
    pub plain_http: PlainHttpIssuers,
    /// How long every node needs to learn of a new key, in seconds; 0 with one node.
    pub key_propagation: i64,
}

impl fmt::Debug for Administration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Administration")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// Who does what, and when.
struct Act<'a> {
    caller: &'a Caller,
    action: AdminAction,
    meta: &'a RequestMeta,
}

impl Administration {
    /// Makes the directory what the files say, or says what that would change.
    ///
    /// # Errors
    /// [`AdminError`]; the directory is as it was.
    pub async fn apply(
        &self,
        caller: &Caller,
        files: &DirectoryFiles,
        mode: ApplyMode,
        meta: &RequestMeta,
    ) -> Result<Applied, AdminError> {
        let action = AdminAction::ApplyDirectory;
        let act = Act {
            caller,
            action,
            meta,
        };
        self.authorise(&act).await?;
        let snapshot = self.newest(&act).await?;
        let changes = match self.plan(files, snapshot.directory(), meta.now) {
            Ok(changes) => changes,
            Err(error) => return Err(self.failed(&act, error).await),
        };
        let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
        let base = snapshot.generation();
        let generation = if mode == ApplyMode::DryRun || changes.is_empty() {
            let subject = Subject::of(caller);
            self.recorder
                .admin(meta, &subject, action, Outcome::Unchanged { base })
                .await?;
            base
        } else {
            self.commit(&act, base, changes).await?
        };
        Ok(Applied {
            generation,
            changes: lines,
        })
    }

    /// The directory as files.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn export(
        &self,
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<Exported, AdminError> {
        let act = Act {
            caller,
            action: AdminAction::ExportDirectory,
            meta,
        };
        self.authorise(&act).await?;
        let snapshot = self.newest(&act).await?;
        let files = match write(snapshot.directory()) {
            Ok(files) => files,
            Err(problem) => {
                let error = AdminError::Invalid(vec![problem]);
                return Err(self.failed(&act, error).await);
            }
        };
        let subject = Subject::of(caller);
        self.recorder
            .admin(meta, &subject, AdminAction::ExportDirectory, Outcome::Done)
            .await?;
        Ok(Exported {
            generation: snapshot.generation(),
            files,
        })
    }

    /// Adds a sealing key, takes out those that open nothing any more (or all of them).
    ///
    /// # Errors
    /// [`AdminError`]; the key ring is as it was.
    pub async fn rotate_keys(
        &self,
        caller: &Caller,
        previous: PreviousKeys,
        meta: &RequestMeta,
    ) -> Result<Applied, AdminError> {
        let act = Act {
            caller,
            action: AdminAction::RotateKeys,
            meta,
        };
        self.authorise(&act).await?;
        let snapshot = self.newest(&act).await?;
        let changes = match self.rotation(snapshot.directory(), previous, meta.now) {
            Ok(changes) => changes,
            Err(error) => return Err(self.failed(&act, error.into()).await),
        };
        let lines = changes.iter().map(ToString::to_string).collect();
        let generation = self.commit(&act, snapshot.generation(), changes).await?;
        Ok(Applied {
            generation,
            changes: lines,
        })
    }

    fn rotation(
        &self,
        directory: &Directory,
        previous: PreviousKeys,
        now: UnixTime,
    ) -> Result<Vec<Change>, EntropyError> {
        let seals_from = match previous {
            PreviousKeys::Keep => now.plus(self.key_propagation),
            PreviousKeys::Drop => now,
        };
        let added = SealingKeyRecord::new(draw(self.entropy.as_ref())?, now, seals_from);
        let mut changes = vec![Change::AddSealingKey(added)];
        let outlived = superseded(&directory.sealing_keys, now);
        let dropped = directory
            .sealing_keys
            .iter()
            .filter(|record| match previous {
                PreviousKeys::Keep => outlived.contains(&record.id()),
                PreviousKeys::Drop => true,
            });
        changes.extend(dropped.map(|record| Change::RemoveSealingKey(record.id())));
        Ok(changes)
    }

    /// What has to change so that the directory is what the files say.
    fn plan(
        &self,
        files: &DirectoryFiles,
        current: &Directory,
        now: UnixTime,
    ) -> Result<Vec<Change>, AdminError> {
        let desired =
            read(files, current, now, self.entropy.as_ref()).map_err(AdminError::Invalid)?;
        self.check(&desired)?;
        Ok(diff(current, &desired))
    }

    /// The directory as it is in the store.
    async fn newest(&self, act: &Act<'_>) -> Result<Arc<Snapshot>, AdminError> {
        match self.directory.catch_up(act.meta.now).await {
            Ok(snapshot) => Ok(snapshot),
            Err(error) => Err(self.failed(act, error.into()).await),
        }
    }

    /// The error, recorded; or that it can't be.
    async fn failed(&self, act: &Act<'_>, error: AdminError) -> AdminError {
        let why = match &error {
            AdminError::Invalid(problems) => {
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                problems.join("; ")
            }
            other => chain(other),
        };
        let subject = Subject::of(act.caller);
        let outcome = Outcome::NotCommitted { why };
        let recorded = self.recorder.admin(act.meta, &subject, act.action, outcome);
        match recorded.await {
            Ok(()) => error,
            Err(unrecorded) => unrecorded.into(),
        }
    }

    /// What must hold beyond the directory itself: plain http only where this node lists it, secret
    /// files only where this node keeps them.
    fn check(&self, directory: &Directory) -> Result<(), AdminError> {
        let mut problems = check(directory, self.directory.partition());
        let accounts = directory.accounts.iter().flat_map(|(id, account)| {
            account
                .oidc_providers
                .keys()
                .map(move |issuer| (format!("accounts/{id}/oidc-providers"), issuer))
        });
        let connections = directory.connections.iter();
        let connections =
            connections.map(|(id, connection)| (format!("connections/{id}"), &connection.issuer));
        for (at, issuer) in accounts.chain(connections) {
            if issuer.is_plain_http() && !self.plain_http.contains(issuer) {
                problems.push(Problem::new(at, format!("{issuer} is plain http; use https, or list it in federation.allow_http_issuers if it is on loopback")));
            }
        }
        problems.extend(self.check_secrets(directory));
        if problems.is_empty() {
            Ok(())
        } else {
            Err(AdminError::Invalid(problems))
        }
    }

    /// A connection whose secret can't be read would fail at somebody's sign-in.
    fn check_secrets(&self, directory: &Directory) -> Vec<Problem> {
        let connections = directory.connections.iter();
        let problems = connections.filter_map(|(id, connection)| {
            let file = connection.client_auth.file()?;
            let error = self.secrets.read_now(file).err()?;
            Some(Problem::new(
                format!("connections/{id}"),
                format!("client_auth: {error}"),
            ))
        });
        problems.collect()
    }

    /// Records the intent, changes the directory and records the outcome.
    async fn commit(
        &self,
        act: &Act<'_>,
        base: Generation,
        changes: Vec<Change>,
    ) -> Result<Generation, AdminError> {
        let (subject, meta) = (Subject::of(act.caller), act.meta);
        let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
        let intent = Outcome::Intent {
            base,
            changes: &lines,
        };
        self.recorder
            .admin(meta, &subject, act.action, intent)
            .await?;
        let author = act.caller.principal.arn();
        let set = ChangeSet {
            author,
            at: meta.now,
            request: meta.id,
            changes,
        };
        let committed = self.directory.commit(base, set, meta.now).await;
        let outcome = match &committed {
            Ok(generation) => Outcome::Committed {
                generation: *generation,
            },
            Err(error) => Outcome::NotCommitted {
                why: error.to_string(),
            },
        };
        self.recorder
            .admin(meta, &subject, act.action, outcome)
            .await?;
        Ok(committed?)
    }

    async fn authorise(&self, act: &Act<'_>) -> Result<(), AdminError> {
        match self.is_allowed(act.caller, act.action, act.meta) {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) => return Err(self.failed(act, error.into()).await),
        }
        let denied = AdminError::Denied {
            caller: act.caller.principal.arn(),
            action: act.action.as_str(),
            resource: self.resource(act.action),
        };
        let (subject, why) = (Subject::of(act.caller), denied.to_string());
        self.recorder
            .admin(act.meta, &subject, act.action, Outcome::Denied { why })
            .await?;
        Err(denied)
    }

    fn is_allowed(
        &self,
        caller: &Caller,
        action: AdminAction,
        meta: &RequestMeta,
    ) -> Result<bool, DirectoryError> {
        if caller.principal.account() != self.account {
            return Ok(false);
        }
        let context = caller_context(caller, meta);
        let resource = self.resource(action);
        let request = Request {
            caller: PolicyCaller::Principal(&caller.principal),
            action: action.as_str(),
            resource: &resource,
            context: &context,
        };
        match (&caller.session, &caller.user) {
            (Some(session), _) => self.session_may(session, &request, meta),
            (None, Some(user)) => {
                let own = [NamedPolicy {
                    name: "AdministratorAccess",
                    policy: &user.policy,
                }];
                Ok(decide_identity(&own, &request).is_allowed())
            }
            (None, None) => Ok(false),
        }
    }

    /// A session may do what its role's policies allow, within its session policies.
    fn session_may(
        &self,
        session: &OpenSession,
        request: &Request<'_>,
        meta: &RequestMeta,
    ) -> Result<bool, DirectoryError> {
        let snapshot = self.directory.snapshot(meta.now)?;
        let Some(entry) = snapshot.role(&session.principal.role) else {
            return Ok(false);
        };
        let named = |(name, policy)| NamedPolicy {
            name: PolicyName::as_str(name),
            policy,
        };
        let own: Vec<NamedPolicy<'_>> = entry.role.policies.iter().map(named).collect();
        let within_session = session.session_policies.is_empty()
            || decide_identity(&session_policies(&session.session_policies), request).is_allowed();
        Ok(within_session && decide_identity(&own, request).is_allowed())
    }

    /// A role of the managing account whose sessions may do this too, if there is one.
    pub(super) fn another_admin(
        snapshot: &Snapshot,
        account: AccountId,
        action: AdminAction,
    ) -> Option<RoleArn> {
        let roles = &snapshot.account(account)?.roles;
        let resource = format!(
            "arn:{}:rolegate::{account}:{}",
            snapshot.partition(),
            action.resource()
        );
        let context = Context::new();
        let request = Request {
            caller: PolicyCaller::Anonymous,
            action: action.as_str(),
            resource: &resource,
            context: &context,
        };
        let allows = |role: &Role| {
            let named = |(name, policy)| NamedPolicy {
                name: PolicyName::as_str(name),
                policy,
            };
            let own: Vec<NamedPolicy<'_>> = role.policies.iter().map(named).collect();
            decide_identity(&own, &request).is_allowed()
        };
        let found = roles.iter().find(|(_, role)| allows(role));
        found.map(|(name, role)| role.arn(snapshot.partition(), account, name))
    }

    fn resource(&self, action: AdminAction) -> String {
        let partition = self.directory.partition();
        format!(
            "arn:{partition}:rolegate::{}:{}",
            self.account,
            action.resource()
        )
    }
}

fn session_policies(policies: &[IdentityPolicy]) -> Vec<NamedPolicy<'_>> {
    policies
        .iter()
        .map(|policy| NamedPolicy {
            name: "session policy",
            policy,
        })
        .collect()
}

/// The ids of the keys that stopped sealing too long ago to open anything that is still good.
fn superseded(records: &[SealingKeyRecord], now: UnixTime) -> Vec<String> {
    let ended = |record: &SealingKeyRecord| {
        let later = records
            .iter()
            .filter(|other| other.seals_from > record.seals_from);
        later.map(|other| other.seals_from).min()
    };
    let long_ago = |record: &&SealingKeyRecord| {
        ended(record).is_some_and(|ended| now.since(ended) > SUPERSEDED_SECONDS)
    };
    records
        .iter()
        .filter(long_ago)
        .map(SealingKeyRecord::id)
        .collect()
}

/// The condition keys that a signed call has.
fn caller_context<'a>(caller: &'a Caller, meta: &RequestMeta) -> Context<'a> {
    let mut context = Context::new();
    context.set("aws:CurrentTime", meta.now.to_string());
    context.set("aws:EpochTime", meta.now.seconds().to_string());
    context.set("aws:SourceIp", meta.source_ip.to_string());
    context.set("aws:SecureTransport", meta.is_secure.to_string());
    context.set("aws:UserAgent", meta.user_agent.clone());
    context.set("aws:RequestedRegion", caller.region.as_str());
    context.set(
        "aws:PrincipalAccount",
        caller.principal.account().to_string(),
    );
    context.set("aws:userid", caller.principal.user_id());
    match (&caller.principal, &caller.session) {
        (Principal::Session(session), Some(open)) => {
            context.set("aws:PrincipalArn", session.role.as_str());
            context.set("aws:PrincipalType", "AssumedRole");
            context.set("aws:TokenIssueTime", open.issued_at.to_string());
            context.set(
                "aws:MultiFactorAuthPresent",
                open.mfa_at.is_some().to_string(),
            );
            if let Some(source) = &open.source_identity {
                context.set("aws:SourceIdentity", source.as_str());
            }
            for (key, value, _) in open.tags.iter() {
                context.set(format!("aws:PrincipalTag/{key}"), value.as_str());
            }
        }
        (principal, _) => {
            context.set("aws:PrincipalArn", principal.arn());
            context.set("aws:PrincipalType", "User");
        }
    }
    context
}
