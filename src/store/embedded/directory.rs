//! The directory's log: one record a generation, and the head beside it.
//!
//! The head is a record of its own, so that a log that lost its end is found out.

use std::sync::PoisonError;

use async_trait::async_trait;
use redb::{ReadableTable, WriteTransaction};

use super::{DIRECTORY_CHECKPOINT, DIRECTORY_LOG, EmbeddedStore, META};
use crate::store::sealed::{RecordName, StoreSeal};
use crate::store::{
    Appended, DirectoryLog, Generation, LogEntry, MAX_CHANGE_BYTES, MAX_CHECKPOINT_BYTES, Position,
    StoreError,
};

/// The record that holds the newest generation.
pub(super) const HEAD: RecordName<'static> = RecordName {
    table: "meta",
    key: b"head",
};
pub(super) const HEAD_KEY: &str = "head";
/// A serialised `u64` has at most 10 bytes.
pub(super) const HEAD_BYTES: usize = 10;

/// Changes are read until they have so many bytes together, or one alone has more.
const READ_BYTES: usize = 32 << 20;

const LOG_TABLE: &str = "directory_log";
const CHECKPOINT_TABLE: &str = "directory_checkpoint";

/// An inner error is about a record; an outer one about the file.
type Outcome<T> = Result<Result<T, StoreError>, redb::Error>;

#[async_trait]
impl DirectoryLog for EmbeddedStore {
    async fn head(&self) -> Result<Position, StoreError> {
        let generation = self.generation()?;
        let known = *self.head.lock().unwrap_or_else(PoisonError::into_inner);
        if known.generation == generation {
            return Ok(known);
        }
        if generation == 0 {
            // The first was appended between the two looks.
            return Ok(Position::START);
        }
        let newest = self.read_after(generation.saturating_sub(1), 1).await?;
        let newest = newest
            .first()
            .filter(|entry| entry.generation == generation);
        let position = newest
            .ok_or_else(|| damaged(format!("directory log {generation}")))?
            .position();
        self.know(position);
        Ok(position)
    }

    async fn append(&self, base: Position, change: &[u8]) -> Result<Appended, StoreError> {
        let head = self.head().await?;
        if head != base {
            return Ok(Appended::Conflict { head });
        }
        let append = Append::prepare(&self.seal, base.generation, change)?;
        let seal = self.seal.clone();
        let written = self
            .writer
            .write(move |transaction| append.run(transaction, &seal))
            .await??;
        if !written {
            let head = self.head().await?;
            return Ok(Appended::Conflict { head });
        }
        let position = Position::after(base.generation + 1, change);
        self.know(position);
        Ok(Appended::Written(position))
    }

    async fn read_after(
        &self,
        after: Generation,
        limit: usize,
    ) -> Result<Vec<LogEntry>, StoreError> {
        self.read_blocking(move |transaction, seal| {
            let head = match head_in(&transaction.open_table(META)?, seal)? {
                Ok(head) => head,
                Err(damaged) => return Ok(Err(damaged)),
            };
            entries_in(
                &transaction.open_table(DIRECTORY_LOG)?,
                seal,
                after..head,
                limit,
            )
        })
        .await?
    }

    async fn save_checkpoint(
        &self,
        generation: Generation,
        directory: &[u8],
    ) -> Result<(), StoreError> {
        let key = generation.to_be_bytes();
        let name = record(CHECKPOINT_TABLE, &key);
        let stored = self
            .seal
            .seal_bytes(name, directory, MAX_CHECKPOINT_BYTES)?;
        self.writer
            .write(move |transaction| {
                let mut table = transaction.open_table(DIRECTORY_CHECKPOINT)?;
                let newest = table.last()?.map_or(0, |(newest, _)| newest.value());
                if generation >= newest {
                    table.retain(|_, _| false)?;
                    table.insert(generation, stored.as_slice())?;
                }
                Ok(())
            })
            .await
    }

    async fn checkpoint(&self) -> Result<Option<LogEntry>, StoreError> {
        self.read_blocking(|transaction, seal| {
            let table = transaction.open_table(DIRECTORY_CHECKPOINT)?;
            let Some((generation, stored)) = table.last()? else {
                return Ok(None);
            };
            let generation = generation.value();
            let key = generation.to_be_bytes();
            let name = record(CHECKPOINT_TABLE, &key);
            match seal.open_bytes(name, stored.value(), MAX_CHECKPOINT_BYTES) {
                Ok(change) => Ok(Some(LogEntry { generation, change })),
                Err(damage) => {
                    tracing::warn!(%damage, generation, "ignored a damaged checkpoint");
                    Ok(None)
                }
            }
        })
        .await
    }
}

impl EmbeddedStore {
    fn generation(&self) -> Result<Generation, StoreError> {
        self.read(|transaction| head_in(&transaction.open_table(META)?, &self.seal))?
    }

    /// Remembers the head, so that whoever asks need not read the last change. One process has the
    /// file, so the log only grows.
    fn know(&self, position: Position) {
        let mut known = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        if position.generation > known.generation {
            *known = position;
        }
    }
}

/// An append, sealed before it is queued.
struct Append {
    base: Generation,
    next: Generation,
    entry: Vec<u8>,
    head: Vec<u8>,
}

impl Append {
    fn prepare(seal: &StoreSeal, base: Generation, change: &[u8]) -> Result<Self, StoreError> {
        let next = base
            .checked_add(1)
            .ok_or_else(|| damaged("directory head".to_owned()))?;
        let key = next.to_be_bytes();
        Ok(Self {
            base,
            next,
            entry: seal.seal_bytes(record(LOG_TABLE, &key), change, MAX_CHANGE_BYTES)?,
            head: seal.seal_value(HEAD, &next, HEAD_BYTES)?,
        })
    }

    /// Whether the head was still the base, and the change is written.
    fn run(self, transaction: &WriteTransaction, seal: &StoreSeal) -> Outcome<bool> {
        let mut meta = transaction.open_table(META)?;
        let head = match head_in(&meta, seal)? {
            Ok(head) => head,
            Err(damaged) => return Ok(Err(damaged)),
        };
        if head != self.base {
            return Ok(Ok(false));
        }
        let mut log = transaction.open_table(DIRECTORY_LOG)?;
        log.insert(self.next, self.entry.as_slice())?;
        meta.insert(HEAD_KEY, self.head.as_slice())?;
        Ok(Ok(true))
    }
}

fn head_in(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
    seal: &StoreSeal,
) -> Outcome<Generation> {
    let stored = meta.get(HEAD_KEY)?;
    let head = stored.and_then(|stored| seal.open_value(HEAD, stored.value(), HEAD_BYTES).ok());
    Ok(head.ok_or_else(|| damaged("directory head".to_owned())))
}

/// The entries after `range.start` up to `range.end`, which must all be there.
fn entries_in(
    log: &impl ReadableTable<Generation, &'static [u8]>,
    seal: &StoreSeal,
    range: std::ops::Range<Generation>,
    limit: usize,
) -> Outcome<Vec<LogEntry>> {
    let (mut entries, mut bytes) = (Vec::new(), 0_usize);
    for generation in range.take(limit).map(|before| before + 1) {
        let stored = log.get(generation)?;
        let size = stored.as_ref().map_or(0, |stored| stored.value().len());
        bytes = bytes.saturating_add(size);
        if bytes > READ_BYTES && !entries.is_empty() {
            break;
        }
        let key = generation.to_be_bytes();
        let name = record(LOG_TABLE, &key);
        let change =
            stored.and_then(|stored| seal.open_bytes(name, stored.value(), MAX_CHANGE_BYTES).ok());
        match change {
            Some(change) => entries.push(LogEntry { generation, change }),
            None => return Ok(Err(damaged(format!("directory log {generation}")))),
        }
    }
    Ok(Ok(entries))
}

const fn record<'a>(table: &'static str, key: &'a [u8; 8]) -> RecordName<'a> {
    RecordName { table, key }
}

const fn damaged(record: String) -> StoreError {
    StoreError::Damaged { record }
}
