//! Everything that expires, to be looked through or taken to another store.

use async_trait::async_trait;
use redb::ReadableTable as _;
use tokio::sync::mpsc::Sender;

use super::EmbeddedStore;
use super::expiring::{Expiring, Found, Mark};
use crate::domain::UnixTime;
use crate::store::sealed::StoreSeal;
use crate::store::{
    BrowserSession, DAMAGED_MARK_SECONDS, Kind, Logout, PersonKey, SessionKey, ShortLived, Stock,
    StoreError,
};

#[async_trait]
impl Stock for EmbeddedStore {
    async fn take_stock(
        &self,
        kind: Kind,
        now: UnixTime,
        into: Sender<ShortLived>,
    ) -> Result<(), StoreError> {
        self.read_blocking(move |transaction, seal| match kind {
            Kind::Mark => send::<Mark>(transaction, seal, now, &into),
            Kind::Logout => send::<Logout>(transaction, seal, now, &into),
            Kind::Session => send::<BrowserSession>(transaction, seal, now, &into),
        })
        .await
    }
}

/// A kind of record that is taken along.
trait Taken: Expiring {
    fn take(self, key: [u8; 32]) -> ShortLived;

    /// What stands for a damaged one.
    fn of_damaged(_key: [u8; 32], _now: UnixTime) -> Option<ShortLived> {
        None
    }
}

impl Taken for Mark {
    fn take(self, key: [u8; 32]) -> ShortLived {
        ShortLived::Mark(key, self.keep_until)
    }

    fn of_damaged(key: [u8; 32], now: UnixTime) -> Option<ShortLived> {
        Some(ShortLived::Mark(key, now.plus(DAMAGED_MARK_SECONDS)))
    }
}

impl Taken for Logout {
    fn take(self, key: [u8; 32]) -> ShortLived {
        ShortLived::Logout(PersonKey(key), self)
    }
}

impl Taken for BrowserSession {
    fn take(self, key: [u8; 32]) -> ShortLived {
        ShortLived::Session(SessionKey(key), Box::new(self))
    }
}

/// Sends for as long as somebody listens.
fn send<T: Taken>(
    transaction: &redb::ReadTransaction,
    seal: &StoreSeal,
    now: UnixTime,
    into: &Sender<ShortLived>,
) -> Result<(), redb::Error> {
    for record in transaction.open_table(T::TABLE)?.iter()? {
        let (key, stored) = record?;
        let key = *key.value();
        let taken = match Found::<T>::judge(seal, &key, stored.value()) {
            Found::Record(record) if !record.is_over(now) => Some(record.take(key)),
            Found::Record(_) | Found::Nothing => None,
            Found::Damaged(_) => T::of_damaged(key, now),
        };
        if taken.is_some_and(|taken| into.blocking_send(taken).is_err()) {
            break;
        }
    }
    Ok(())
}
