//! Removing what is over.
//!
//! Looking at every record needs no index that would have to be kept in step, and takes some
//! microseconds a record on a thread of its own; only the removals wait for the disk.

use redb::{ReadableTable, WriteTransaction};

use super::expiring::{Expiring, Found, Mark};
use super::sessions::session_of;
use super::{EmbeddedStore, SESSIONS, SESSIONS_OF_PEOPLE};
use crate::domain::UnixTime;
use crate::store::sealed::StoreSeal;
use crate::store::{
    BrowserSession, Ending, KeyUse, Logout, RefreshFamily, RolesOfPerson, StoreError,
};

/// How many records one transaction removes, so that other writers wait for no more than that.
const REMOVALS_PER_COMMIT: usize = 500;

impl EmbeddedStore {
    /// Removes the sessions, logouts, one-time marks, families of refresh tokens, their endings, uses of keys
    /// and people's own roles that are over at `now`, and whatever of these is damaged. Says how many records that were.
    ///
    /// A damaged one-time mark or ending stays, because nobody knows until when it holds.
    pub async fn sweep(&self, now: UnixTime) -> Result<usize, StoreError> {
        let sessions = self.sweep_table::<BrowserSession>(now).await?;
        self.sweep_people().await?;
        let logouts = self.sweep_table::<Logout>(now).await?;
        let families = self.sweep_table::<RefreshFamily>(now).await?;
        let endings = self.sweep_table::<Ending>(now).await?;
        let uses = self.sweep_table::<KeyUse>(now).await?;
        let roles = self.sweep_table::<RolesOfPerson>(now).await?;
        let marks = self.sweep_table::<Mark>(now).await?;
        Ok(sessions + logouts + families + endings + uses + roles + marks)
    }

    /// Removes what says whose session is which, where the session is gone. A session is never made
    /// anew under an old name, so that none can be there again when the entry is removed.
    async fn sweep_people(&self) -> Result<(), StoreError> {
        let orphans = self
            .read_blocking(|transaction, _| {
                orphans_in(
                    &transaction.open_table(SESSIONS_OF_PEOPLE)?,
                    &transaction.open_table(SESSIONS)?,
                )
            })
            .await?;
        for entries in orphans.chunks(REMOVALS_PER_COMMIT) {
            let entries = entries.to_vec();
            self.writer
                .write(move |transaction| remove_entries(transaction, &entries))
                .await?;
        }
        Ok(())
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

impl Swept for Logout {}

impl Swept for RefreshFamily {}

impl Swept for KeyUse {}

impl Swept for RolesOfPerson {}

impl Swept for Mark {
    fn is_due(found: &Found<Self>, now: UnixTime) -> bool {
        is_known_to_be_over(found, now)
    }
}

impl Swept for Ending {
    fn is_due(found: &Found<Self>, now: UnixTime) -> bool {
        is_known_to_be_over(found, now)
    }
}

fn is_known_to_be_over<T: Expiring>(found: &Found<T>, now: UnixTime) -> bool {
    match found {
        Found::Record(record) => record.is_over(now),
        Found::Nothing | Found::Damaged(_) => false,
    }
}

fn orphans_in(
    of_people: &impl ReadableTable<&'static [u8; 64], ()>,
    sessions: &impl ReadableTable<&'static [u8; 32], &'static [u8]>,
) -> Result<Vec<[u8; 64]>, redb::Error> {
    let mut orphans = Vec::new();
    for entry in of_people.iter()? {
        let (entry, _) = entry?;
        if sessions.get(&session_of(entry.value()))?.is_none() {
            orphans.push(*entry.value());
        }
    }
    Ok(orphans)
}

fn remove_entries(transaction: &WriteTransaction, entries: &[[u8; 64]]) -> Result<(), redb::Error> {
    let mut of_people = transaction.open_table(SESSIONS_OF_PEOPLE)?;
    for entry in entries {
        of_people.remove(entry)?;
    }
    Ok(())
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
