//! Which users' keys, and by their sessions' keys which roles, were used a moment ago.
//!
//! ```text
//! a signature was verified ─ the key or role was noted this minute? ─ yes ─ nothing
//!                             └ no: it waits ─ once a second ─> store
//! ```
//! What is looked at for each request is one number that threads share and none waits for. For a key or
//! role a lock is taken once a minute.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::causes::with_causes;
use crate::domain::{AccessKeyId, Region, UniqueId, UnixTime};
use crate::store::{KeyUse, KeyUses, UsedKey};

/// A use is written so often for one key or role by one node, in seconds.
pub const NOTED_SECONDS: i64 = 60;
/// So many keys and roles may wait to be written; what would be more is not.
pub const MAX_WAITING: usize = 10_000;
/// Keys share as many places; two that share one are written somewhat more often.
const PLACES: usize = 4096;

/// Which keys and roles were used.
pub struct UsedKeys {
    /// Each the minute, and what was noted in it.
    places: Box<[AtomicU64]>,
    waiting: Mutex<HashMap<UsedKey, KeyUse>>,
}

/// What was used.
#[derive(Debug, Clone, Copy, Hash)]
pub(super) enum Used<'a> {
    /// A user's own key.
    Key(&'a AccessKeyId),
    /// A role, by a key of one of its sessions.
    Role(&'a UniqueId),
}

impl From<Used<'_>> for UsedKey {
    fn from(used: Used<'_>) -> Self {
        match used {
            Used::Key(id) => Self::of(id),
            Used::Role(id) => Self::of_role(id),
        }
    }
}

impl Default for UsedKeys {
    fn default() -> Self {
        Self {
            places: (0..PLACES).map(|_| AtomicU64::new(0)).collect(),
            waiting: Mutex::default(),
        }
    }
}

impl fmt::Debug for UsedKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("UsedKeys")
    }
}

impl UsedKeys {
    /// Notes that a request to `service` was signed so.
    pub(super) fn note(&self, used: Used<'_>, (service, region): (&str, &Region), now: UnixTime) {
        let (place, mark) = self.place(used, now);
        if place.is_none_or(|place| place.load(Ordering::Relaxed) == mark) {
            return;
        }
        if let Some(place) = place {
            place.store(mark, Ordering::Relaxed);
        }
        let key = UsedKey::from(used);
        let mut waiting = self.waiting();
        if waiting.len() < MAX_WAITING || waiting.contains_key(&key) {
            let used = KeyUse {
                at: now,
                service: service.into(),
                region: region.clone(),
            };
            waiting.insert(key, used);
        }
    }

    /// Where it stands that this was noted, and what stands there then.
    fn place(&self, used: Used<'_>, now: UnixTime) -> (Option<&AtomicU64>, u64) {
        let mut hasher = DefaultHasher::new();
        used.hash(&mut hasher);
        let hash = hasher.finish();
        let minute = now.seconds().div_euclid(NOTED_SECONDS);
        let mark = (hash & !0xffff_ffff) | (minute.unsigned_abs() & 0xffff_ffff);
        let number = usize::try_from(hash & 0xffff).unwrap_or_default() % PLACES;
        (self.places.get(number), mark)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<UsedKey, KeyUse>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes which keys were used.
#[derive(Clone)]
pub struct WriteUsedKeys {
    /// Which.
    pub used: Arc<UsedKeys>,
    /// Where to.
    pub store: Arc<dyn KeyUses>,
}

impl fmt::Debug for WriteUsedKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WriteUsedKeys")
    }
}

impl WriteUsedKeys {
    /// Writes what waits. What can't be written is lost: it decides nothing.
    pub async fn write(&self) {
        let waiting = std::mem::take(&mut *self.used.waiting());
        for (key, used) in waiting {
            if let Err(error) = self.store.note(key, &used).await {
                tracing::warn!(
                    error = with_causes(&error),
                    "it could not be noted when keys and roles were last used"
                );
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;

    fn key(text: &str) -> AccessKeyId {
        text.parse().unwrap()
    }

    fn noted(used: &UsedKeys) -> usize {
        used.waiting().len()
    }

    #[tokio::test]
    async fn a_key_is_written_once_a_minute() {
        let store: Arc<dyn KeyUses> = Arc::new(MemoryStore::default());
        let used = Arc::new(UsedKeys::default());
        let write = WriteUsedKeys {
            used: Arc::clone(&used),
            store: Arc::clone(&store),
        };
        let (ana, bob) = (key("AKIAAAAAAAAAAAAAAAAA"), key("AKIABBBBBBBBBBBBBBBB"));
        let region = Region::us_east_1();
        let start = UnixTime::from_seconds(1_795_254_060);
        used.note(Used::Key(&ana), ("sts", &region), start);
        assert_eq!(noted(&used), 1);
        write.write().await;
        used.note(Used::Key(&ana), ("iam", &region), start.plus(59));
        assert_eq!(noted(&used), 0);
        used.note(Used::Key(&bob), ("iam", &region), start.plus(59));
        used.note(Used::Key(&ana), ("iam", &region), start.plus(60));
        assert_eq!(noted(&used), 2);
        write.write().await;
        let expected = KeyUse {
            at: start.plus(60),
            service: "iam".into(),
            region,
        };
        let found = store.last_use(UsedKey::of(&ana)).await.unwrap();
        assert_eq!(found, Some(expected));
    }

    #[tokio::test]
    async fn a_role_and_a_key_of_the_same_id_are_told_apart() {
        let store: Arc<dyn KeyUses> = Arc::new(MemoryStore::default());
        let write = WriteUsedKeys {
            used: Arc::default(),
            store: Arc::clone(&store),
        };
        let (id, region) = ("AROAAAAAAAAAAAAAAAAAA", Region::us_east_1());
        let role: UniqueId = id.parse().unwrap();
        let at = UnixTime::from_seconds(1_795_254_060);
        write.used.note(Used::Role(&role), ("sts", &region), at);
        write.used.note(Used::Role(&role), ("sts", &region), at);
        assert_eq!(noted(&write.used), 1);
        write.write().await;
        let of_role = store.last_use(UsedKey::of_role(&role)).await.unwrap();
        assert_eq!(of_role.map(|used| used.at), Some(at));
        assert_eq!(store.last_use(UsedKey::of(&key(id))).await.unwrap(), None);
    }
}
