//! When keys were last used, in memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::MemoryStore;
use crate::domain::UnixTime;
use crate::store::{KeyUse, KeyUses, StoreError, UsedKey};

/// Apart from everything else, so that nothing waits for them.
#[derive(Debug, Default)]
pub(super) struct Uses(Mutex<HashMap<UsedKey, KeyUse>>);

impl Uses {
    /// Removes what is over; how many records that were.
    pub(super) fn sweep(&self, now: UnixTime) -> usize {
        let mut uses = self.all();
        let before = uses.len();
        uses.retain(|_, used| !used.is_over(now));
        before - uses.len()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<UsedKey, KeyUse>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl KeyUses for MemoryStore {
    async fn note(&self, key: UsedKey, used: &KeyUse) -> Result<(), StoreError> {
        let mut all = self.key_uses.all();
        let all = &mut *all;
        self.make_room(all, &key, |known| known.is_over(used.at))?;
        let known = all.entry(key).or_insert_with(|| used.clone());
        if known.at < used.at {
            *known = used.clone();
        }
        Ok(())
    }

    async fn last_use(&self, key: UsedKey) -> Result<Option<KeyUse>, StoreError> {
        Ok(self.key_uses.all().get(&key).cloned())
    }
}
