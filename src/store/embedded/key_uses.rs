//! When keys were last used.

use async_trait::async_trait;

use super::expiring::{Expiring, Found, seal_record};
use super::{EmbeddedStore, KEY_USES, NamedTable};
use crate::domain::UnixTime;
use crate::store::{KeyUse, KeyUses, StoreError, UsedKey};

impl Expiring for KeyUse {
    const TABLE: NamedTable = KEY_USES;
    const TABLE_NAME: &'static str = "key_uses";

    fn is_over(&self, now: UnixTime) -> bool {
        self.is_over(now)
    }
}

#[async_trait]
impl KeyUses for EmbeddedStore {
    async fn note(&self, UsedKey(key): UsedKey, used: &KeyUse) -> Result<(), StoreError> {
        let (stored, at) = (seal_record(&self.seal, &key, used)?, used.at);
        let seal = self.seal.clone();
        self.writer
            .write(move |transaction| {
                let mut table = transaction.open_table(KEY_USES)?;
                let found = Found::<KeyUse>::in_table(&table, &seal, &key)?;
                if !matches!(found, Found::Record(known) if known.at >= at) {
                    table.insert(&key, stored.as_slice())?;
                }
                Ok(())
            })
            .await
    }

    async fn last_use(&self, UsedKey(key): UsedKey) -> Result<Option<KeyUse>, StoreError> {
        match self.look::<KeyUse>(&key)? {
            Found::Nothing => Ok(None),
            Found::Record(used) => Ok(Some(used)),
            Found::Damaged(damage) => {
                tracing::warn!(%damage, "a damaged record of a key's last use is passed over");
                Ok(None)
            }
        }
    }
}
