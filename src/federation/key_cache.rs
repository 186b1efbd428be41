//! The keys of every issuer, kept apart from each other: one issuer that hangs holds nobody else up.
//!
//! ```text
//! key_for ── known key, set fresh ────────────────────────────────> key   (one look at a snapshot)
//!    └─ else one caller asks the provider, the others wait for it or use what is there
//!         ├─ answer ────────────────────────────────────────────> new snapshot
//!         └─ none: what is there stays usable for a day; nobody asks again for thirty seconds
//! ```
//!
//! Time is what the caller says it is. A key that its provider withdrew is refused once the set has
//! been read anew, [`MAX_FRESH`] later at most while the provider can be reached. The same holds for
//! a key that was replaced under the same `kid`; a new `kid` is looked for at once.

mod snapshot;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, OwnedMutexGuard};

use self::snapshot::{Answer, Need, Published, Snapshot};
use super::Algorithm;
use super::discovery::{MetadataError, ProviderMetadata};
use super::jwks::{Key, KeySet, NotAKeySet, RefusedKey};
use super::outgoing::{FetchError, Outgoing};
use crate::domain::{Issuer, UnixTime};

/// A set is read anew after this many seconds at the earliest, whatever its `max-age`.
pub const MIN_FRESH: i64 = 5 * 60;
/// A set is read anew after this many seconds at the latest; so is the metadata.
pub const MAX_FRESH: i64 = 60 * 60;
/// A set that can't be read anew is used for this many seconds after it was read.
pub const MAX_STALE: i64 = 24 * 60 * 60;
/// After a look for an unknown `kid`, none is looked for at that provider for this many seconds.
pub const COOLDOWN: i64 = 10;
/// After a failure, a provider is left alone for this many seconds: several times as long as the
/// longest wait for an answer, so that a provider that hangs makes few callers wait.
pub const FAILURE_COOLDOWN: i64 = 30;
/// How long before a set ceases to be fresh [`KeyCache::refresh_due`] reads it anew, in seconds.
const REFRESH_AHEAD: i64 = 60;

/// Why a provider's metadata or keys could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// No answer, or one that is unusable.
    #[error("{what} could not be fetched")]
    Fetch {
        /// `the metadata` or `the key set`.
        what: &'static str,
        /// Why not.
        #[source]
        source: FetchError,
    },
    /// The metadata is wrong.
    #[error("the metadata is wrong")]
    Metadata(#[from] MetadataError),
    /// The key set is wrong.
    #[error("the key set is wrong")]
    KeySet(#[from] NotAKeySet),
    /// Metadata and keys together took too long, or the look was broken off.
    #[error("the provider did not answer in time")]
    TimedOut,
    /// The issuer is no URL that metadata could be found under.
    #[error("the issuer has no place for metadata")]
    NoMetadataLocation,
}

/// Why there is no key.
#[derive(Debug, Clone, thiserror::Error)]
pub enum KeyError {
    /// The provider gave no keys: it is to blame, and a later try may succeed.
    #[error("the provider's keys could not be read")]
    ProviderUnreachable(#[source] Arc<ProviderError>),
    /// The provider answered, and has no such key: the token is to blame.
    #[error("the provider has no such key")]
    UnknownKey,
    /// The provider has the key, but not for this algorithm: the token is to blame.
    #[error("the key is not for this algorithm")]
    OtherAlgorithm,
    /// More than one key fits: the provider must name its keys.
    #[error("more than one key fits")]
    Ambiguous,
}

impl KeyError {
    /// A look that left nothing behind, not even its failure.
    fn no_answer() -> Self {
        Self::ProviderUnreachable(Arc::new(ProviderError::TimedOut))
    }
}

/// What is known about one issuer's keys, for an admin.
#[derive(Debug, Clone)]
pub struct KeyStatus {
    /// When the keys were last read.
    pub read_at: Option<UnixTime>,
    /// The keys in use: their ids.
    pub keys: Vec<Option<String>>,
    /// The published keys that are not used.
    pub refused: Vec<RefusedKey>,
    /// When and why the last look failed; `None` where it succeeded.
    pub failure: Option<(UnixTime, Arc<ProviderError>)>,
}

/// The keys of every issuer.
#[derive(Debug)]
pub struct KeyCache {
    outgoing: Arc<Outgoing>,
    issuers: ArcSwap<HashMap<Issuer, Arc<Entry>>>,
}

impl KeyCache {
    /// A cache that knows nothing yet.
    pub fn new(outgoing: Arc<Outgoing>) -> Self {
        Self {
            outgoing,
            issuers: ArcSwap::default(),
        }
    }

    /// Gives the keys of an issuer of our own: they are used as they are and never fetched.
    pub fn serve_own(&self, issuer: &Issuer, keys: KeySet) {
        let own = Snapshot::of_our_own(Arc::new(keys));
        self.entry(issuer).snapshot.store(Arc::new(own));
    }

    /// The key that `key_id` and `algorithm` name among the keys of a registered issuer.
    ///
    /// Whoever asks must have found `issuer` among the registered ones: it is what is fetched.
    pub async fn key_for(
        &self,
        issuer: &Issuer,
        key_id: Option<&str>,
        algorithm: Algorithm,
        now: UnixTime,
    ) -> Result<Arc<Key>, KeyError> {
        let entry = self.entry(issuer);
        let need = entry.snapshot.load().need(key_id, algorithm, now);
        if need != Need::Nothing {
            let still = |snapshot: &Snapshot| snapshot.need(key_id, algorithm, now);
            entry.refresh(&self.outgoing, still, now).await;
        }
        entry.snapshot.load().find(key_id, algorithm, now)
    }

    /// The metadata of a registered issuer as far as it is known already; asks nobody.
    pub fn known_metadata(&self, issuer: &Issuer, now: UnixTime) -> Option<Arc<ProviderMetadata>> {
        let entry = self.issuers.load().get(issuer).cloned()?;
        entry.snapshot.load().metadata_within(MAX_STALE, now)
    }

    /// The metadata of a registered issuer, at most [`MAX_STALE`] old.
    pub async fn metadata(
        &self,
        issuer: &Issuer,
        now: UnixTime,
    ) -> Result<Arc<ProviderMetadata>, KeyError> {
        let entry = self.entry(issuer);
        let need = entry.snapshot.load().need_of_metadata(now);
        if need != Need::Nothing {
            let still = |snapshot: &Snapshot| snapshot.need_of_metadata(now);
            entry.refresh(&self.outgoing, still, now).await;
        }
        let snapshot = entry.snapshot.load();
        snapshot
            .metadata_within(MAX_STALE, now)
            .ok_or_else(|| snapshot.failure_or(KeyError::no_answer()))
    }

    /// Reads the sets anew that will soon cease to be fresh, so that no caller has to wait for it.
    pub async fn refresh_due(&self, now: UnixTime) {
        let entries: Vec<_> = self.issuers.load().values().cloned().collect();
        let soon = now.plus(REFRESH_AHEAD);
        let still = |snapshot: &Snapshot| snapshot.need_of_refresh(soon, now);
        let looks = entries
            .iter()
            .filter(|entry| still(&entry.snapshot.load()) != Need::Nothing)
            .map(|entry| entry.refresh(&self.outgoing, still, now));
        futures_util::future::join_all(looks).await;
    }

    /// Forgets the issuers that are no longer registered.
    pub fn retain(&self, is_registered: impl Fn(&Issuer) -> bool) {
        self.issuers.rcu(|issuers| {
            let mut issuers = HashMap::clone(issuers);
            issuers.retain(|issuer, _| is_registered(issuer));
            issuers
        });
    }

    /// What is known about an issuer; `None` where nobody has asked for its keys yet.
    pub fn status(&self, issuer: &Issuer) -> Option<KeyStatus> {
        let entry = self.issuers.load().get(issuer).cloned()?;
        let snapshot = entry.snapshot.load();
        let published = snapshot.published.as_ref();
        let keys = published.map(|published| &published.keys);
        Some(KeyStatus {
            read_at: published.map(|published| published.read_at),
            keys: keys.map_or_else(Vec::new, |set| {
                let ids = set.keys().iter().map(|key| key.id().map(str::to_owned));
                ids.collect()
            }),
            refused: keys.map_or_else(Vec::new, |set| set.refused().to_vec()),
            failure: snapshot
                .failure
                .as_ref()
                .map(|failure| (failure.at, failure.why.clone())),
        })
    }

    fn entry(&self, issuer: &Issuer) -> Arc<Entry> {
        if let Some(entry) = self.issuers.load().get(issuer) {
            return entry.clone();
        }
        let new = Arc::new(Entry::new(issuer.clone()));
        self.issuers.rcu(|issuers| {
            let mut issuers = HashMap::clone(issuers);
            issuers.entry(issuer.clone()).or_insert_with(|| new.clone());
            issuers
        });
        self.issuers.load().get(issuer).cloned().unwrap_or(new)
    }
}

/// One issuer.
#[derive(Debug)]
struct Entry {
    issuer: Issuer,
    snapshot: ArcSwap<Snapshot>,
    asking: Arc<Mutex<()>>,
}

impl Entry {
    fn new(issuer: Issuer) -> Self {
        Self {
            issuer,
            snapshot: ArcSwap::default(),
            asking: Arc::default(),
        }
    }

    /// Asks the provider, unless somebody else is just doing so or has just done it.
    ///
    /// The look goes on where its caller is dropped, so that nobody can ask again and again by
    /// breaking off.
    async fn refresh(
        self: &Arc<Self>,
        outgoing: &Arc<Outgoing>,
        still: impl Fn(&Snapshot) -> Need,
        now: UnixTime,
    ) {
        let Some(turn) = self.turn(&still).await else {
            return;
        };
        let need = still(&self.snapshot.load());
        if need == Need::Nothing {
            return;
        }
        let look = Look {
            entry: self.clone(),
            outgoing: outgoing.clone(),
            need,
            now,
        };
        // A task that panics or is shut down leaves the snapshot as it was.
        let _ = tokio::spawn(look.run(turn)).await;
    }

    /// The right to ask, which one caller at a time has. Whoever can go on with what is there, and
    /// whoever knows the provider to be failing, doesn't wait for it.
    async fn turn(&self, still: impl Fn(&Snapshot) -> Need) -> Option<OwnedMutexGuard<()>> {
        let can_wait = {
            let snapshot = self.snapshot.load();
            still(&snapshot) != Need::Fresher && snapshot.failure.is_none()
        };
        if can_wait {
            Some(self.asking.clone().lock_owned().await)
        } else {
            self.asking.clone().try_lock_owned().ok()
        }
    }
}

/// One look at a provider.
struct Look {
    entry: Arc<Entry>,
    outgoing: Arc<Outgoing>,
    need: Need,
    now: UnixTime,
}

impl Look {
    async fn run(self, turn: OwnedMutexGuard<()>) {
        let before = self.entry.snapshot.load_full();
        let began = tokio::time::Instant::now();
        let answer = tokio::time::timeout(self.outgoing.timeout(), self.ask(&before)).await;
        let answer = answer.unwrap_or(Err(ProviderError::TimedOut));
        if let Err(error) = &answer {
            let issuer = self.entry.issuer.as_str();
            tracing::warn!(issuer, error = error as &dyn std::error::Error, "no keys");
        }
        // Counted from its end: a look that hangs may take longer than a cooldown.
        let waited = i64::try_from(began.elapsed().as_secs()).unwrap_or(i64::MAX);
        let after = before.after(answer, self.need, self.now.plus(waited));
        self.entry.snapshot.store(Arc::new(after));
        drop(turn);
    }

    async fn ask(&self, before: &Snapshot) -> Result<Answer, ProviderError> {
        // After a failure the keys may have moved, so the metadata is read again as well.
        let known = match before.failure {
            None => before.metadata_within(MAX_FRESH, self.now),
            Some(_) => None,
        };
        let (metadata, metadata_at) = match known.zip(before.metadata.as_ref()) {
            Some((metadata, (_, at))) => (metadata, *at),
            None => (Arc::new(self.discover().await?), self.now),
        };
        let answer = self.outgoing.get_json(&metadata.jwks_uri).await;
        let answer = answer.map_err(|source| ProviderError::Fetch {
            what: "the key set",
            source,
        })?;
        let keys = Arc::new(KeySet::read(&answer.members)?);
        let fresh_for = answer.max_age.map_or(MAX_FRESH, i64::from);
        let published = Published {
            keys,
            read_at: self.now,
            fresh_until: self.now.plus(fresh_for.clamp(MIN_FRESH, MAX_FRESH)),
        };
        Ok(Answer {
            metadata: (metadata, metadata_at),
            published,
        })
    }

    async fn discover(&self) -> Result<ProviderMetadata, ProviderError> {
        let issuer = &self.entry.issuer;
        let url = ProviderMetadata::location(issuer).ok_or(ProviderError::NoMetadataLocation)?;
        let answer = self.outgoing.get_json(&url).await;
        let answer = answer.map_err(|source| ProviderError::Fetch {
            what: "the metadata",
            source,
        })?;
        Ok(ProviderMetadata::read(issuer, &answer.members)?)
    }
}
