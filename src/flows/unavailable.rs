//! Why this node can't answer, whoever asks.

use super::node_keys::NodeKeysError;
use crate::audit::AuditUnavailable;
use crate::credentials::IssueError;
use crate::directory::{CommitError, DirectoryError, UnusableKey, UnusableWebIdentityKey};
use crate::entropy::EntropyError;
use crate::federation::saml::prove::SamlProofError;
use crate::store::StoreError;

/// Nobody outside is to blame: the same request may succeed later.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// The directory is stale or can't be read.
    #[error("the directory can't be read")]
    Directory(#[from] DirectoryError),
    /// Something that may be used once can't be looked up.
    #[error("the store can't be reached")]
    Store(#[from] StoreError),
    /// What happens can't be recorded, so it doesn't happen.
    #[error("the audit log can't be written")]
    Audit(#[from] AuditUnavailable),
    /// No key to seal with.
    #[error("no credentials can be issued")]
    Issue(#[from] IssueError),
    /// Too many sign-ins of a connection are being finished.
    #[error("too many sign-ins of the connection are being finished at this moment")]
    Busy,
    /// The second verifier of SAML responses can't be asked.
    #[error("the second SAML verifier can't be asked")]
    SecondOpinion(#[source] Box<SamlProofError>),
    /// The node's own SAML keys can't be used.
    #[error(transparent)]
    ServiceProviderKeys(#[from] UnusableKey),
    /// The node's own keys for tokens of accounts can't be used.
    #[error(transparent)]
    WebIdentityKeys(#[from] UnusableWebIdentityKey),
    /// The first of these keys can't be made.
    #[error("no key could be made to sign tokens with")]
    NodeKeys(#[source] Box<NodeKeysError>),
    /// None of these keys signs.
    #[error("no key signs tokens")]
    NoWebIdentityKey,
    /// It can't be said that keys are over.
    #[error("what was taken in a session could not be revoked")]
    NotRevoked(#[source] Box<CommitError>),
    /// There are too many revocations to add another.
    #[error("there are too many revocations: what was taken in a session goes on until it ends")]
    NoRoomToRevoke,
    /// The store has too many sessions to look through.
    #[error("the sessions could not be looked through in time")]
    NotLookedThrough,
    /// No random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}
