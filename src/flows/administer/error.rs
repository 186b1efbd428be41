//! Why the administration did nothing.

use super::MAX_SEARCHES;
use super::history::MAX_GENERATIONS;
use super::keys::MAX_SEALING_KEYS;
use super::revoke::MAX_REVOCATIONS;
use super::saml_keys::MAX_SAML_KEYS;
use super::sessions::MAX_LISTED;
use crate::audit::AuditUnavailable;
use crate::causes::with_causes;
use crate::decisions::NotWritten;
use crate::directory::{CommitError, DirectoryError, Format, NotUsedYet, Problem};
use crate::domain::{AccountId, RequestId, UnixTime};
use crate::entropy::EntropyError;
use crate::federation::outbound::WebIdentityKeyError;
use crate::federation::saml::service_provider::{KeyError, RotationError};
use crate::flows::metadata::RefreshError;
use crate::flows::recorded_change::RecordedChangeError;
use crate::store::{Generation, StoreError};

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
    /// The caller's key or session was ended meanwhile.
    #[error("the security token is not valid any more; sign in again")]
    Ended,
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
    /// The same signed request came before.
    #[error("this signed request was made before and is taken once; sign it again to repeat it")]
    Replayed,
    /// It was signed before everything was ended, and marks of what was taken by then may be lost.
    #[error(
        "this request was signed before everything was revoked at {0}, by a restore or by an administrator, and is not taken any more; sign it again"
    )]
    SignedBefore(UnixTime),
    /// The key ring is full.
    #[error(
        "the key ring has {MAX_SEALING_KEYS} keys already; wait until the oldest have expired, or drop the previous keys"
    )]
    TooManyKeys,
    /// There are as many keys for SAML as there may be.
    #[error(
        "there are {MAX_SAML_KEYS} SAML keys already; wait until the oldest have retired, or drop the previous keys"
    )]
    TooManySamlKeys,
    /// A rotation of these keys is not over.
    #[error("{0}; wait until then, or drop the previous keys")]
    RotationUnderWay(#[from] RotationError),
    /// No key for SAML could be made.
    #[error("no SAML key could be made: {0}")]
    SamlKey(#[from] KeyError),
    /// No key for accounts' tokens could be made.
    #[error("no web identity key could be made: {0}")]
    WebIdentityKey(#[from] WebIdentityKeyError),
    /// A provider's metadata was not taken.
    #[error("the metadata was not taken: {}", with_causes(.0))]
    Metadata(RefreshError),
    /// What is to be revoked is not in the directory.
    #[error("there is no {what} {name}")]
    NotThere {
        /// What it would be.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// There are as many revocations as there may be.
    #[error("{MAX_REVOCATIONS} revocations still hold; revoke everything, which takes them all in")]
    TooManyRevocations,
    /// So many can't be listed.
    #[error("limit must be 1 to {MAX_LISTED}")]
    Limit,
    /// So many generations can't be listed.
    #[error("limit must be 1 to {MAX_GENERATIONS}")]
    LogLimit,
    /// The account is there already.
    #[error("there is an account {0} already; `rolegate accounts rename` calls it otherwise")]
    AccountThere(AccountId),
    /// A new account needs a short name.
    #[error("a new account needs an alias")]
    NoAlias,
    /// The account is there already, or manages the others.
    #[error(
        "an access role is made with a new account, and none is in the account that manages; make a role there by the IAM API or by files"
    )]
    NoAccessRole,
    /// The account still has something.
    #[error(
        "account {0} still has users, roles, policies or providers; remove them first, or say that they are to go with it (--with-contents)"
    )]
    AccountNotEmpty(AccountId),
    /// What is written needs a newer format of the store.
    #[error(transparent)]
    NotUsedYet(#[from] NotUsedYet),
    /// The store is written in the newest format that there is.
    #[error(
        "the store is written in format {0} already, the newest that this version knows; nothing was changed"
    )]
    NewestFormat(Format),
    /// Nobody could open a backup.
    #[error(
        "the store is memory:, whose root key nobody has, so nothing could be restored from it"
    )]
    NoBackUp,
    /// The store is not whole.
    #[error(
        "the store is being filled from a backup or another store, or that broke off: there is nothing whole to back up"
    )]
    Barred,
    /// Another backup is being made.
    #[error("another backup is being made by this node; wait until it is done")]
    BackUpUnderWay,
    /// No decision is kept under this id.
    #[error(
        "no decision is kept under {0}: it is older than decisions.keep_days or was pushed out, its person was erased, or it was one of many refusals that are only counted; the audit log may have it"
    )]
    NoDecision(RequestId),
    /// Decisions are not kept.
    #[error("this node keeps no decisions; set decisions.keep_days and decisions.max_bytes")]
    DecisionsOff,
    /// As many searches are under way as may be.
    #[error("{MAX_SEARCHES} searches among decisions are under way already; try again")]
    Searching,
    /// The store can't be reached.
    #[error("decisions can't be read or written")]
    Decisions(#[from] NotWritten),
    /// Nothing can be recorded, so nothing is done.
    #[error("the audit log can't be written")]
    Audit(#[from] AuditUnavailable),
    /// The store can't be reached.
    #[error("the directory can't be read or written")]
    Directory(#[source] DirectoryError),
    /// Nobody can say whether the signed request came before.
    #[error("the store can't be reached; nothing was changed, repeat")]
    Store(#[source] StoreError),
    /// No random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl AdminError {
    /// The code of this error on the wire and in the audit.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "AccessDenied",
            Self::Ended => "InvalidClientTokenId",
            Self::Invalid(_) => "InvalidDirectory",
            Self::Conflict { .. } => "Conflict",
            Self::Replayed => "RequestReplayed",
            Self::SignedBefore(_) => "RequestExpired",
            Self::TooManyKeys | Self::TooManySamlKeys | Self::TooManyRevocations => "LimitExceeded",
            Self::NotThere { .. } => "NoSuchEntity",
            Self::RotationUnderWay(_) => "RotationUnderWay",
            Self::Limit | Self::LogLimit | Self::NoAlias | Self::NoAccessRole => "MalformedInput",
            Self::AccountThere(_) => "EntityAlreadyExists",
            Self::AccountNotEmpty(_) => "DeleteConflict",
            Self::NotUsedYet(_) => "StoreNotUpgraded",
            Self::NewestFormat(_) => "StoreUpgradedAlready",
            Self::NoBackUp => "NoBackup",
            Self::BackUpUnderWay => "BackupUnderWay",
            Self::Barred => "StoreBarred",
            Self::Metadata(RefreshError::NoSuchConnection(_)) => "NoSuchConnection",
            Self::Metadata(error) if error.is_refusal() => "MetadataRefused",
            Self::Metadata(_) => "MetadataUnavailable",
            Self::NoDecision(_) => "NoSuchDecision",
            Self::DecisionsOff => "DecisionsNotKept",
            Self::Audit(_)
            | Self::Directory(_)
            | Self::Store(_)
            | Self::Entropy(_)
            | Self::SamlKey(_)
            | Self::WebIdentityKey(_)
            | Self::Searching
            | Self::Decisions(_) => "ServiceUnavailable",
        }
    }
}

impl From<DirectoryError> for AdminError {
    fn from(error: DirectoryError) -> Self {
        Self::Directory(error)
    }
}

impl From<RecordedChangeError> for AdminError {
    fn from(error: RecordedChangeError) -> Self {
        match error {
            RecordedChangeError::Audit(error) => error.into(),
            RecordedChangeError::Commit(error) => error.into(),
        }
    }
}

impl From<RefreshError> for AdminError {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Commit(error) => error.into(),
            RefreshError::Audit(error) => error.into(),
            RefreshError::Entropy(error) => error.into(),
            RefreshError::NoSuchConnection(_)
            | RefreshError::Source(_)
            | RefreshError::Unfit(_)
            | RefreshError::Refused(_) => Self::Metadata(error),
        }
    }
}

impl From<CommitError> for AdminError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict { head, .. } => Self::Conflict { head },
            CommitError::NotUsedYet(error) => error.into(),
            CommitError::Invalid(problems) => Self::Invalid(problems),
            CommitError::Directory(error) => Self::Directory(error),
        }
    }
}
