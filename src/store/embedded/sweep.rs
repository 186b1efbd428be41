//! Removing what is over.
//!
//! Looking at every record needs no index that would have to be kept in step, and takes some
//! microseconds a record on a thread of its own; only the removals wait for the disk.

use redb::ReadableTable;

use super::EmbeddedStore;
use super::expiring::{Expiring, Found, Mark};
use crate::domain::UnixTime;
use crate::store::sealed::StoreSeal;
use crate::store::{BrowserSession, StoreError};

/// How many records one transaction removes, so that other writers wait for no more than that.
const REMOVALS_PER_COMMIT: usize = 500;

impl EmbeddedStore {
    /// Removes the sessions and one-time marks that are over at `now`, and the sessions that are
    /// damaged. Says how many records that were.
    ///
    /// A damaged one-time mark stays, because nobody knows until when it holds.
    pub async fn sweep(&self, now: UnixTime) -> Result<usize, StoreError> {
        Ok(self.sweep_table::<BrowserSession>(now).await? + self.sweep_table::<Mark>(now).await?)
    }

    async fn sweep_table<T: Swept>(&self, now: UnixTime) -> Result<usize, StoreError> {
        let due = self
            .read_blocking(move |transaction, seal| {
                due_in::<T>(&transaction.open_table(T::TABLE)?, seal, now)
            })
            .await?;
        let mut removed = 0;
        for keys in due.chunks(REMOVALS_PER_COMMIT) {
            let (seal, keys) = (self.seal.clone(), keys.to_vec());
            removed += self
                .writer
                .write(move |transaction| {
                    let mut table = transaction.open_table(T::TABLE)?;
                    remove_due::<T>(&mut table, &seal, &keys, now)
                })
                .await?;
        }
        Ok(removed)
    }
}

/// What a sweep removes.
trait Swept: Expiring {
    fn is_due(found: &Found<Self>, now: UnixTime) -> bool
    where
        Self: Sized,
    {
        match found {
            Found::Nothing => false,
            Found::Record(record) => record.is_over(now),
            Found::Damaged(_) => true,
        }
    }
}

impl Swept for BrowserSession {}

impl Swept for Mark {
    fn is_due(found: &Found<Self>, now: UnixTime) -> bool {
        match found {
            Found::Record(mark) => mark.is_over(now),
            Found::Nothing | Found::Damaged(_) => false,
        }
    }
}

fn due_in<T: Swept>(
    table: &impl ReadableTable<&'static [u8; 32], &'static [u8]>,
    seal: &StoreSeal,
    now: UnixTime,
) -> Result<Vec<[u8; 32]>, redb::Error> {
    let mut due = Vec::new();
    for record in table.iter()? {
        let (key, stored) = record?;
        let key = key.value();
        if T::is_due(&Found::judge(seal, key, stored.value()), now) {
            due.push(*key);
        }
    }
    Ok(due)
}

/// Looks again at each: a session may have been used since.
fn remove_due<T: Swept>(
    table: &mut redb::Table<'_, &'static [u8; 32], &'static [u8]>,
    seal: &StoreSeal,
    keys: &[[u8; 32]],
    now: UnixTime,
) -> Result<usize, redb::Error> {
    let mut removed = 0;
    for key in keys {
        if T::is_due(&Found::in_table(table, seal, key)?, now) {
            table.remove(key)?;
            removed += 1;
        }
    }
    Ok(removed)
}
