//! The keys that nodes make for themselves: those that an empty directory lacks, and the removal of
//! those whose time is over.
//!
//! ```text
//! what the directory lacks ── make it ── append, if the head is still there ── done
//!          └ another node was faster: look again
//! ```

use std::fmt;
use std::sync::Arc;

use crate::directory::{
    Change, ChangeSet, CommitError, Directory, LiveDirectory, SealingKeyRecord,
    ServiceProviderKeyRecord, WebIdentityKeyRecord,
};
use crate::domain::{RequestId, UnixTime};
use crate::entropy::{Entropy, EntropyError, draw};
use crate::federation::outbound::{WebIdentityKey, WebIdentityKeyError};
use crate::federation::saml::service_provider::{KeyError, Schedule, ServiceProviderKey};
use crate::store::Generation;

/// Who changes the directory where nobody asked for it.
pub(super) const AUTHOR: &str = "rolegate";
/// How often another node may be faster: it leaves less to do each time.
const TRIES: usize = 8;

/// Keeps the keys of all nodes over one directory.
#[derive(Clone)]
pub struct NodeKeys {
    /// Where they are kept.
    pub directory: Arc<LiveDirectory>,
    /// Draws them.
    pub entropy: Arc<dyn Entropy>,
    /// What their certificates name: the host of the node's public URL.
    pub host: Arc<str>,
}

/// Why a node has no keys.
#[derive(Debug, thiserror::Error)]
pub enum NodeKeysError {
    /// They can't be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// No random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// No key for accounts' tokens could be made.
    #[error("tokens of accounts: {0}")]
    WebIdentity(#[from] WebIdentityKeyError),
    /// No key for SAML could be made.
    #[error("SAML: {0}")]
    Saml(#[from] KeyError),
}

impl NodeKeys {
    /// Makes the keys that the directory lacks: the first sealing key, and the first key as a SAML
    /// service provider, which administrators need before there is any connection. Of several nodes
    /// that begin at once one is first, and the others take its keys.
    ///
    /// # Errors
    /// [`NodeKeysError`]; the directory is as it was.
    pub async fn make_first(&self, now: UnixTime) -> Result<(), NodeKeysError> {
        self.make(now, async |directory| self.missing(directory, now).await)
            .await
    }

    /// Makes the first key that accounts' tokens are signed with, where the directory has none.
    ///
    /// # Errors
    /// [`NodeKeysError`]; the directory is as it was.
    pub async fn make_web_identity_key(&self, now: UnixTime) -> Result<(), NodeKeysError> {
        self.make(now, async |directory| {
            if !directory.web_identity_keys.is_empty() {
                return Ok(Vec::new());
            }
            let first = Schedule {
                created_at: now,
                signs_from: now,
                retires_at: None,
            };
            let key = generate_web_identity_key().await?;
            let record = WebIdentityKeyRecord::of(&key, first);
            Ok(vec![Change::AddWebIdentityKey(Box::new(record))])
        })
        .await
    }

    /// Commits what is missing, however often another node was faster.
    async fn make(
        &self,
        now: UnixTime,
        missing: impl AsyncFn(&Directory) -> Result<Vec<Change>, NodeKeysError>,
    ) -> Result<(), NodeKeysError> {
        let mut conflict = None;
        for _ in 0..TRIES {
            let snapshot = self.directory.catch_up(now).await;
            let snapshot = snapshot.map_err(CommitError::from)?;
            let missing = missing(snapshot.directory()).await?;
            if missing.is_empty() {
                return Ok(());
            }
            let is_first = snapshot.generation() == 0;
            match self.commit(snapshot.generation(), missing, now).await {
                Ok(()) if is_first => {
                    tracing::info!(
                        "the store was empty, and has a new directory now; where it should not have been, stop every node, empty it and restore a backup"
                    );
                    return Ok(());
                }
                Err(NodeKeysError::Commit(error @ CommitError::Conflict { .. })) => {
                    conflict = Some(error);
                }
                outcome => return outcome,
            }
        }
        conflict.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Takes out the keys for SAML and for accounts' tokens that are gone by their schedule.
    ///
    /// # Errors
    /// [`NodeKeysError`]; they are taken out another time, and nobody uses them until then.
    pub async fn remove_retired(&self, now: UnixTime) -> Result<(), NodeKeysError> {
        let snapshot = self.directory.snapshot(now).map_err(CommitError::from)?;
        let records = snapshot.directory().service_provider_keys.iter();
        let retired = records.filter(|record| !record.schedule().is_live(now));
        let retired = retired.map(|record| Change::RemoveServiceProviderKey(record.id()));
        let web_identity = snapshot.directory().web_identity_keys.iter();
        let web_identity = web_identity.filter(|record| !record.schedule().is_live(now));
        let web_identity =
            web_identity.map(|record| Change::RemoveWebIdentityKey(record.id().into()));
        let changes: Vec<Change> = retired.chain(web_identity).collect();
        if changes.is_empty() {
            return Ok(());
        }
        tracing::info!(count = changes.len(), "keys of the node have retired");
        match self.commit(snapshot.generation(), changes, now).await {
            // Somebody else changed the directory; there is time.
            Err(NodeKeysError::Commit(CommitError::Conflict { .. })) => Ok(()),
            outcome => outcome,
        }
    }

    async fn missing(
        &self,
        directory: &Directory,
        now: UnixTime,
    ) -> Result<Vec<Change>, NodeKeysError> {
        let mut changes = Vec::new();
        if directory.sealing_keys.is_empty() {
            let key = SealingKeyRecord::new(draw(self.entropy.as_ref())?, now, now);
            changes.push(Change::AddSealingKey(key));
        }
        if directory.service_provider_keys.is_empty() {
            let first = Schedule {
                created_at: now,
                signs_from: now,
                retires_at: None,
            };
            let key = generate(&self.host, now).await?;
            let record = Box::new(ServiceProviderKeyRecord::of(&key, first));
            changes.push(Change::AddServiceProviderKey(record));
        }
        Ok(changes)
    }

    async fn commit(
        &self,
        base: Generation,
        changes: Vec<Change>,
        now: UnixTime,
    ) -> Result<(), NodeKeysError> {
        let set = ChangeSet {
            author: AUTHOR.to_owned(),
            at: now,
            request: RequestId::from_random(draw(self.entropy.as_ref())?),
            changes,
        };
        self.directory.commit(base, set, now).await?;
        Ok(())
    }
}

impl fmt::Debug for NodeKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NodeKeys")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// Makes a key where it holds nobody up: it takes some tenths of a second.
pub(super) async fn generate(
    host: &Arc<str>,
    now: UnixTime,
) -> Result<ServiceProviderKey, KeyError> {
    let host = Arc::clone(host);
    let made = tokio::task::spawn_blocking(move || ServiceProviderKey::generate(&host, now));
    made.await.unwrap_or(Err(KeyError::Generation))
}

/// As [`generate`], for accounts' tokens.
pub(super) async fn generate_web_identity_key() -> Result<WebIdentityKey, WebIdentityKeyError> {
    let made = tokio::task::spawn_blocking(WebIdentityKey::generate);
    made.await.unwrap_or(Err(WebIdentityKeyError::Generation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::testing::{self, NOW, change_set};
    use crate::entropy::SystemEntropy;
    use crate::store::memory::MemoryStore;

    async fn node(store: &Arc<MemoryStore>) -> NodeKeys {
        NodeKeys {
            directory: Arc::new(testing::open(store).await),
            entropy: Arc::new(SystemEntropy),
            host: "sso.example.com".into(),
        }
    }

    #[tokio::test]
    async fn two_nodes_that_begin_at_once_have_the_same_first_keys() {
        let store = Arc::default();
        let (one, other) = (node(&store).await, node(&store).await);
        let (first, second) = tokio::join!(one.make_first(NOW), other.make_first(NOW));
        first.unwrap();
        second.unwrap();
        let (one, other) = (
            one.directory.catch_up(NOW).await.unwrap(),
            other.directory.catch_up(NOW).await.unwrap(),
        );
        assert_eq!(one.directory().sealing_keys.len(), 1);
        assert_eq!(one.directory().service_provider_keys.len(), 1);
        assert_eq!(one.directory(), other.directory());
    }

    #[tokio::test]
    async fn two_nodes_that_need_a_key_at_once_make_one() {
        let store = Arc::default();
        let (one, other) = (node(&store).await, node(&store).await);
        let (first, second) = tokio::join!(
            one.make_web_identity_key(NOW),
            other.make_web_identity_key(NOW)
        );
        first.unwrap();
        second.unwrap();
        let (one, other) = (
            one.directory.catch_up(NOW).await.unwrap(),
            other.directory.catch_up(NOW).await.unwrap(),
        );
        assert_eq!(one.directory().web_identity_keys.len(), 1);
        assert_eq!(one.directory(), other.directory());
    }

    #[tokio::test]
    async fn a_node_that_starts_again_makes_no_key() {
        let store = Arc::default();
        let node = node(&store).await;
        node.make_first(NOW).await.unwrap();
        let before = node.directory.catch_up(NOW).await.unwrap();
        node.make_first(NOW.plus(60)).await.unwrap();
        let after = node.directory.catch_up(NOW.plus(60)).await.unwrap();
        assert_eq!(after.generation(), before.generation());
    }

    #[tokio::test]
    async fn the_first_service_provider_key_signs_at_once_and_names_the_host() {
        let node = node(&Arc::default()).await;
        node.make_first(NOW).await.unwrap();
        let snapshot = node.directory.snapshot(NOW).unwrap();
        let keys = snapshot.service_provider_keys().unwrap();
        let certificate = keys.signing(NOW).unwrap().certificate();
        assert_eq!(certificate.subject().as_str(), "CN=sso.example.com");
        assert_eq!(keys.published(NOW).count(), 1);
    }

    #[tokio::test]
    async fn a_key_is_taken_out_when_its_grace_is_over_and_not_before() {
        let node = node(&Arc::default()).await;
        node.make_first(NOW).await.unwrap();
        let snapshot = node.directory.snapshot(NOW).unwrap();
        let [first] = &snapshot.directory().service_provider_keys[..] else {
            panic!("one key");
        };
        let retiring = first.at(Schedule {
            retires_at: Some(NOW.plus(60)),
            ..first.schedule()
        });
        let change = Change::AddServiceProviderKey(Box::new(retiring));
        let set = change_set(vec![change]);
        let commit = node.directory.commit(snapshot.generation(), set, NOW);
        commit.await.unwrap();
        for (seconds, left) in [(59, 1), (60, 0)] {
            let now = NOW.plus(seconds);
            node.directory.catch_up(now).await.unwrap();
            node.remove_retired(now).await.unwrap();
            let snapshot = node.directory.snapshot(now).unwrap();
            assert_eq!(snapshot.directory().service_provider_keys.len(), left);
        }
    }
}
