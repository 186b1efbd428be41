//! The gateway's own administration: apply and export the directory and look into its history, make and
//! remove accounts, rotate the node's keys, revoke, list sessions, back up, have the store written in a newer
//! format, look into decisions.
//!
//! ```text
//! Caller ── authorise(rolegate:*) ── record the intent ── change the directory ── record the outcome
//!           └ by the newest directory, which is the one that is changed
//! ```
//! Each action is one file; `authorise` is what they begin with. Where another change comes first it is a
//! conflict, and who tries again is asked again: it may have been the end of their session.
//!
//! Only the managing account may administer: a policy that allows everything in another account
//! allows nothing here.

mod access_role;
mod accounts;
mod apply;
mod authorise;
mod back_up;
mod check;
mod decisions;
mod error;
mod export;
mod history;
mod keys;
mod metadata;
mod revoke;
mod saml_keys;
mod sessions;
mod upgrade;
mod web_identity_keys;

use std::fmt;
use std::sync::Arc;

pub use accounts::{
    AccountQuery, Contents, ListedAccount, ListedAccounts, MAX_ACCOUNTS, PutAccount, PutMode,
    USUAL_ACCOUNTS,
};
pub use apply::{Applied, ApplyMode, Desired};
pub use back_up::{BackUp, BackUps, MAX_TIME as MAX_BACK_UP_TIME, write_archive};
pub use decisions::{Decision, Erased};
pub use error::AdminError;
pub use export::Exported;
pub use history::{
    Difference, LogQuery, LoggedGeneration, LoggedGenerations, MAX_GENERATIONS, MAX_REPLAYS,
    RollBack, USUAL_GENERATIONS,
};
pub use keys::{MAX_SEALING_KEYS, PreviousKeys, another_sealing_key};
pub use revoke::{MAX_REVOCATIONS, RevokeTarget, SessionId, everything};
pub use saml_keys::MAX_SAML_KEYS;
pub use sessions::{ListedSession, ListedSessions, MAX_LISTED, Person, SessionQuery, USUAL_LISTED};

use tokio::sync::Semaphore;

use super::authenticate::{Authenticator, Caller};
use super::issuers::FitIssuers;
use super::metadata::RefreshMetadata;
use super::portal::OwnRoles;
use super::record::{Outcome, Recorder, Subject};
use super::recorded_change::RecordedChange;
use super::request::RequestMeta;
use crate::causes::with_causes;
use crate::decisions::Decisions;
use crate::directory::{Change, LiveDirectory, Snapshot, told};
use crate::domain::{AccessKeyId, AccountId};
use crate::entropy::Entropy;
use crate::federation::saml::service_provider::Rotation;
use crate::federation::secret_file::SecretFolder;
use crate::store::{Generation, OneTimeUse, Stock};

/// What can be administered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminAction {
    /// `rolegate:ApplyDirectory`
    ApplyDirectory,
    /// `rolegate:ExportDirectory`
    ExportDirectory,
    /// `rolegate:RotateKeys`
    RotateKeys,
    /// `rolegate:RotateSamlKeys`
    RotateSamlKeys,
    /// `rolegate:RefreshMetadata`
    RefreshMetadata,
    /// `rolegate:RevokeSession`
    RevokeSession,
    /// `rolegate:RevokePerson`
    RevokePerson,
    /// `rolegate:RevokeConnection`
    RevokeConnection,
    /// `rolegate:RevokeRole`
    RevokeRole,
    /// `rolegate:RevokeUser`
    RevokeUser,
    /// `rolegate:RevokeService`
    RevokeService,
    /// `rolegate:RevokeRule`
    RevokeRule,
    /// `rolegate:RevokeEverything`
    RevokeEverything,
    /// `rolegate:BackUp`
    BackUp,
    /// `rolegate:UpgradeStore`
    UpgradeStore,
    /// `rolegate:ListSessions`
    ListSessions,
    /// `rolegate:ListDecisions`
    ListDecisions,
    /// `rolegate:GetDecision`
    GetDecision,
    /// `rolegate:EraseDecisions`
    EraseDecisions,
    /// `rolegate:RotateWebIdentityKeys`
    RotateWebIdentityKeys,
    /// `rolegate:ListAccounts`
    ListAccounts,
    /// `rolegate:PutAccount`
    PutAccount,
    /// `rolegate:RemoveAccount`
    RemoveAccount,
    /// `rolegate:ReadDirectoryLog`
    ReadDirectoryLog,
    /// `rolegate:RollBackDirectory`
    RollBackDirectory,
}

impl AdminAction {
    /// The action as policies name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApplyDirectory => "rolegate:ApplyDirectory",
            Self::ExportDirectory => "rolegate:ExportDirectory",
            Self::RotateKeys => "rolegate:RotateKeys",
            Self::RotateSamlKeys => "rolegate:RotateSamlKeys",
            Self::RefreshMetadata => "rolegate:RefreshMetadata",
            Self::RevokeSession => "rolegate:RevokeSession",
            Self::RevokePerson => "rolegate:RevokePerson",
            Self::RevokeConnection => "rolegate:RevokeConnection",
            Self::RevokeRole => "rolegate:RevokeRole",
            Self::RevokeUser => "rolegate:RevokeUser",
            Self::RevokeService => "rolegate:RevokeService",
            Self::RevokeRule => "rolegate:RevokeRule",
            Self::RevokeEverything => "rolegate:RevokeEverything",
            Self::BackUp => "rolegate:BackUp",
            Self::UpgradeStore => "rolegate:UpgradeStore",
            Self::ListSessions => "rolegate:ListSessions",
            Self::ListDecisions => "rolegate:ListDecisions",
            Self::GetDecision => "rolegate:GetDecision",
            Self::EraseDecisions => "rolegate:EraseDecisions",
            Self::RotateWebIdentityKeys => "rolegate:RotateWebIdentityKeys",
            Self::ListAccounts => "rolegate:ListAccounts",
            Self::PutAccount => "rolegate:PutAccount",
            Self::RemoveAccount => "rolegate:RemoveAccount",
            Self::ReadDirectoryLog => "rolegate:ReadDirectoryLog",
            Self::RollBackDirectory => "rolegate:RollBackDirectory",
        }
    }

    const fn resource(self) -> &'static str {
        match self {
            Self::ApplyDirectory
            | Self::ExportDirectory
            | Self::ReadDirectoryLog
            | Self::RollBackDirectory => "directory",
            Self::ListAccounts | Self::PutAccount | Self::RemoveAccount => "accounts",
            Self::RotateKeys => "key-ring",
            Self::RotateSamlKeys => "saml-keys",
            Self::RefreshMetadata => "connection-metadata",
            Self::RevokeSession
            | Self::RevokePerson
            | Self::RevokeConnection
            | Self::RevokeRole
            | Self::RevokeUser
            | Self::RevokeService
            | Self::RevokeRule
            | Self::RevokeEverything
            | Self::ListSessions => "sessions",
            Self::BackUp | Self::UpgradeStore => "store",
            Self::ListDecisions | Self::GetDecision | Self::EraseDecisions => "decisions",
            Self::RotateWebIdentityKeys => "web-identity-keys",
        }
    }
}

/// So many searches among decisions are under way at once; a further one is refused.
pub const MAX_SEARCHES: usize = 4;

/// How the node's keys as a SAML service provider are made.
#[derive(Debug, Clone)]
pub struct SamlKeySettings {
    /// What their certificates name: the host of the node's public URL.
    pub host: Arc<str>,
    /// How one follows another.
    pub rotation: Rotation,
}

/// Administers the gateway.
#[derive(Clone)]
pub struct Administration {
    /// Knows who is still who signed.
    pub authenticator: Authenticator,
    /// What is administered.
    pub directory: Arc<LiveDirectory>,
    /// Where intent and outcome are recorded.
    pub recorder: Arc<Recorder>,
    /// Draws unique ids and keys.
    pub entropy: Arc<dyn Entropy>,
    /// The account whose policies may allow it.
    pub account: AccountId,
    /// The key of the user whom the environment sets up: nobody of the directory may have it.
    pub first_key: Option<AccessKeyId>,
    /// Where connections' secrets may be.
    pub secrets: SecretFolder,
    /// What was used up: each signed request is taken once.
    pub marks: Arc<dyn OneTimeUse>,
    /// The issuers that may be providers.
    pub issuers: FitIssuers,
    /// How long every node needs to learn of a new key, in seconds; 0 with one node.
    pub key_propagation: i64,
    /// How the keys for SAML are made.
    pub saml_keys: SamlKeySettings,
    /// Reads the metadata of SAML connections.
    pub metadata: RefreshMetadata,
    /// What is kept for a while.
    pub stock: Arc<dyn Stock>,
    /// Where backups are made.
    pub back_ups: BackUps,
    /// Traces of decisions.
    pub decisions: Arc<Decisions>,
    /// What is kept of people's roles.
    pub own_roles: OwnRoles,
    /// Held by each search among them.
    pub searches: Arc<Semaphore>,
    /// Held while the directory is replayed as it was.
    pub replays: Arc<Semaphore>,
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
    /// The error, recorded; or that it can't be.
    async fn failed(&self, act: &Act<'_>, error: AdminError) -> AdminError {
        let outcome = match &error {
            AdminError::Denied { .. } => Outcome::Denied {
                why: error.to_string(),
            },
            AdminError::Ended => Outcome::Refused {
                check: "session token",
                code: error.code(),
                why: error.to_string(),
            },
            AdminError::Invalid(problems) => {
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                Outcome::NotCommitted {
                    why: problems.join("; "),
                }
            }
            other => Outcome::NotCommitted {
                why: with_causes(other),
            },
        };
        let subject = Subject::Caller(act.caller);
        let recorded = self.recorder.admin(act.meta, &subject, act.action, outcome);
        match recorded.await {
            Ok(()) => error,
            Err(unrecorded) => unrecorded.into(),
        }
    }

    /// Records the intent, changes the directory and records the outcome.
    async fn commit(
        &self,
        act: &Act<'_>,
        snapshot: &Snapshot,
        changes: Vec<Change>,
    ) -> Result<Generation, AdminError> {
        let before = snapshot.directory();
        let lines = changes.iter().flat_map(|change| told(change, before));
        let lines: Vec<String> = lines.collect();
        self.commit_told(act, snapshot.generation(), changes, &lines)
            .await
    }

    /// As [`Self::commit`], with these lines in the record.
    async fn commit_told(
        &self,
        act: &Act<'_>,
        base: Generation,
        changes: Vec<Change>,
        lines: &[String],
    ) -> Result<Generation, AdminError> {
        let change = RecordedChange {
            directory: &self.directory,
            recorder: &self.recorder,
            subject: Subject::Caller(act.caller),
            deed: act.action.into(),
            meta: act.meta,
            lines,
        };
        Ok(change.commit(base, changes).await?)
    }
}
