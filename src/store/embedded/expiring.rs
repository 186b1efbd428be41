//! Records with a 256-bit name that are over one day, and of these the one-time marks.

use async_trait::async_trait;
use redb::ReadableTable;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{EmbeddedStore, NamedTable, ONE_TIME_MARKS};
use crate::causes::with_causes;
use crate::domain::UnixTime;
use crate::store::sealed::{Damage, RecordName, StoreSeal};
use crate::store::{MAX_RECORD_BYTES, OneTimeUse, Redeemed, StoreError};

/// A record that is over at some time.
pub(super) trait Expiring: Serialize + DeserializeOwned + Send + Sync + 'static {
    const TABLE: NamedTable;
    const TABLE_NAME: &'static str;

    fn is_over(&self, now: UnixTime) -> bool;
}

/// That something was used, and until when that is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) keep_until: UnixTime,
}

impl Expiring for Mark {
    const TABLE: NamedTable = ONE_TIME_MARKS;
    const TABLE_NAME: &'static str = "one_time_marks";

    fn is_over(&self, now: UnixTime) -> bool {
        now > self.keep_until
    }
}

/// What stands under a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<T> {
    Nothing,
    Record(T),
    Damaged(Damage),
}

impl<T: Expiring> Found<T> {
    pub(super) fn judge(seal: &StoreSeal, key: &[u8; 32], stored: &[u8]) -> Self {
        match seal.open_value(name::<T>(key), stored, MAX_RECORD_BYTES) {
            Ok(record) => Self::Record(record),
            Err(damage) => Self::Damaged(damage),
        }
    }

    pub(super) fn in_table(
        table: &impl ReadableTable<&'static [u8; 32], &'static [u8]>,
        seal: &StoreSeal,
        key: &[u8; 32],
    ) -> Result<Self, redb::Error> {
        let stored = table.get(key)?;
        Ok(stored.map_or(Self::Nothing, |stored| {
            Self::judge(seal, key, stored.value())
        }))
    }

    pub(super) fn live(self, now: UnixTime) -> Option<T> {
        match self {
            Self::Record(record) if !record.is_over(now) => Some(record),
            Self::Record(_) | Self::Nothing | Self::Damaged(_) => None,
        }
    }
}

fn name<T: Expiring>(key: &[u8; 32]) -> RecordName<'_> {
    RecordName {
        table: T::TABLE_NAME,
        key,
    }
}

pub(super) fn seal_record<T: Expiring>(
    seal: &StoreSeal,
    key: &[u8; 32],
    record: &T,
) -> Result<Vec<u8>, StoreError> {
    seal.seal_value(name::<T>(key), record, MAX_RECORD_BYTES)
}

impl EmbeddedStore {
    pub(super) fn look<T: Expiring>(&self, key: &[u8; 32]) -> Result<Found<T>, StoreError> {
        self.read(|transaction| {
            Found::in_table(&transaction.open_table(T::TABLE)?, &self.seal, key)
        })
    }

    /// Takes the record out, whatever it is.
    pub(super) async fn remove<T: Expiring>(&self, key: [u8; 32]) -> Result<Found<T>, StoreError> {
        if let Found::Nothing = self.look::<T>(&key)? {
            return Ok(Found::Nothing);
        }
        let seal = self.seal.clone();
        self.writer
            .write(move |transaction| {
                let mut table = transaction.open_table(T::TABLE)?;
                let stored = table.remove(&key)?;
                Ok(stored.map_or(Found::Nothing, |stored| {
                    Found::judge(&seal, &key, stored.value())
                }))
            })
            .await
            .inspect(log_if_damaged)
    }

    /// Removes the record if it is still damaged. That it could not be removed fails no request.
    pub(super) async fn remove_damaged<T: Expiring>(&self, key: [u8; 32]) {
        let seal = self.seal.clone();
        let removed = self.writer.write(move |transaction| {
            let mut table = transaction.open_table(T::TABLE)?;
            let found = Found::<T>::in_table(&table, &seal, &key)?;
            if let Found::Damaged(_) = found {
                table.remove(&key)?;
            }
            Ok(found)
        });
        match removed.await {
            Ok(found) => log_if_damaged(&found),
            Err(error) => tracing::warn!(
                error = with_causes(&error),
                "a damaged record could not be removed"
            ),
        }
    }
}

fn log_if_damaged<T: Expiring>(found: &Found<T>) {
    if let Found::Damaged(damage) = found {
        tracing::warn!(table = T::TABLE_NAME, %damage, "removed a damaged record");
    }
}

#[async_trait]
impl OneTimeUse for EmbeddedStore {
    async fn redeem(
        &self,
        what: &[u8; 32],
        keep_until: UnixTime,
        now: UnixTime,
    ) -> Result<Redeemed, StoreError> {
        let mark = Mark {
            keep_until: keep_until.max(now),
        };
        if let Verdict::Used = verdict(&self.look(what)?, mark, now) {
            return Ok(Redeemed::Again);
        }
        let stored = seal_record(&self.seal, what, &mark)?;
        let (seal, what) = (self.seal.clone(), *what);
        self.writer
            .write(move |transaction| {
                let mut table = transaction.open_table(ONE_TIME_MARKS)?;
                let verdict = verdict(&Found::in_table(&table, &seal, &what)?, mark, now);
                if let Verdict::Unused | Verdict::UsedAndKeptLonger = verdict {
                    table.insert(&what, stored.as_slice())?;
                }
                Ok(verdict.into())
            })
            .await
    }

    async fn is_redeemed(&self, what: &[u8; 32], now: UnixTime) -> Result<bool, StoreError> {
        Ok(match self.look::<Mark>(what)? {
            Found::Nothing => false,
            Found::Record(mark) => !mark.is_over(now),
            Found::Damaged(_) => true,
        })
    }
}

/// What redeeming finds.
enum Verdict {
    Unused,
    Used,
    UsedAndKeptLonger,
}

/// A damaged mark was made when something was used, and nobody knows until when it holds: it holds.
fn verdict(found: &Found<Mark>, mark: Mark, now: UnixTime) -> Verdict {
    match found {
        Found::Record(kept) if !kept.is_over(now) => {
            if kept.keep_until < mark.keep_until {
                Verdict::UsedAndKeptLonger
            } else {
                Verdict::Used
            }
        }
        Found::Nothing | Found::Record(_) => Verdict::Unused,
        Found::Damaged(damage) => {
            tracing::warn!(%damage, "a damaged one-time mark counts as used");
            Verdict::Used
        }
    }
}

impl From<Verdict> for Redeemed {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Unused => Self::First,
            Verdict::Used | Verdict::UsedAndKeptLonger => Self::Again,
        }
    }
}
