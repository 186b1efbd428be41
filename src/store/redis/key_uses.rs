//! When keys were last used. Nothing waits for replicas here, and nothing is compared: whichever node writes
//! last is right by a minute.

use async_trait::async_trait;
use redis::cmd;

use super::RedisStore;
use super::directory::value;
use super::one_time::milliseconds;
use crate::store::{KEY_USE_SECONDS, KeyUse, KeyUses, StoreError, UsedKey};

const TABLE: &str = "key_uses";

#[async_trait]
impl KeyUses for RedisStore {
    async fn note(&self, key: UsedKey, used: &KeyUse) -> Result<(), StoreError> {
        let known = self.last_use(key).await?;
        if known.is_some_and(|known| known.at >= used.at) {
            return Ok(());
        }
        let mut keep = cmd("SET");
        keep.arg(self.keys.key_use(&key.0))
            .arg(self.sealed(TABLE, &key.0, used)?)
            .arg("PX")
            .arg(milliseconds(KEY_USE_SECONDS));
        self.fast.ask(&keep).await?;
        Ok(())
    }

    async fn last_use(&self, key: UsedKey) -> Result<Option<KeyUse>, StoreError> {
        let mut read = cmd("GET");
        read.arg(self.keys.key_use(&key.0));
        let found: Option<Vec<u8>> = value(self.fast.ask(&read).await?)?;
        let opened = found.map(|found| {
            let opened = self.opened::<KeyUse>(TABLE, &key.0, &found);
            opened.inspect_err(|damage| {
                tracing::warn!(%damage, "a damaged record of a key's last use is passed over");
            })
        });
        Ok(opened.and_then(Result::ok))
    }
}
