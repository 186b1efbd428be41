//! The directory's log: a hash with a field for each generation, and its head beside them.
//!
//! The head is sealed and holds the digest of the last change, so a log that lost its end is found out,
//! and so is one whose end is another than a node has seen.

use async_trait::async_trait;
use redis::{Cmd, FromRedisValue, Value, cmd};

use super::calls::Call;
use super::failure::Failure;
use super::{RedisStore, scripts};
use crate::store::sealed::RecordName;
use crate::store::{
    Appended, DirectoryLog, Generation, LogEntry, MAX_CHANGE_BYTES, MAX_CHECKPOINT_BYTES, Position,
    StoreError,
};

/// The record that holds the end of the log.
pub(super) const HEAD: RecordName<'static> = RecordName {
    table: "meta",
    key: b"head",
};
pub(super) const HEAD_FIELD: &str = "head";
/// A serialised position has at most 10 bytes for its number and 32 for its digest.
pub(super) const HEAD_BYTES: usize = 42;

pub(super) const LOG_TABLE: &str = "directory_log";
pub(super) const CHECKPOINT_TABLE: &str = "directory_checkpoint";

/// Changes are read until they have so many bytes together, or one alone has more.
const READ_BYTES: usize = 32 << 20;
/// So many changes are read at a time at most.
const READ_ENTRIES: usize = 256;

/// The head as it is kept; empty where there is none.
struct KeptHead {
    stored: Vec<u8>,
    position: Position,
}

#[async_trait]
impl DirectoryLog for RedisStore {
    async fn head(&self) -> Result<Position, StoreError> {
        Ok(self.kept_head().await?.position)
    }

    async fn append(&self, base: Position, change: &[u8]) -> Result<Appended, StoreError> {
        let generation = base
            .generation
            .checked_add(1)
            .ok_or_else(|| damaged("directory head".to_owned()))?;
        let key = generation.to_be_bytes();
        let written = Position::after(generation, change);
        let entry = self
            .seal
            .seal_bytes(name(LOG_TABLE, &key), change, MAX_CHANGE_BYTES)?;
        let head = self.seal.seal_value(HEAD, &written, HEAD_BYTES)?;
        // Only resealing changes the head's bytes under the same position.
        for _ in 0..ATTEMPTS {
            let kept = self.kept_head().await?;
            if kept.position != base {
                return Ok(Appended::Conflict {
                    head: kept.position,
                });
            }
            let append = Append {
                expected: &kept.stored,
                head: &head,
                generation,
                entry: &entry,
            };
            if self.run_append(&append).await? {
                return Ok(Appended::Written(written));
            }
        }
        Err(Failure::Contended.into())
    }

    async fn read_after(
        &self,
        after: Generation,
        limit: usize,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let head = self.head().await?.generation;
        let wanted: Vec<Generation> = (after..head)
            .take(limit.min(READ_ENTRIES))
            .map(|before| before + 1)
            .collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let (wanted, bytes) = self.that_fit(&wanted).await?;
        let mut read = cmd("HMGET");
        read.arg(self.keys.log()).arg(&wanted);
        let stored = self.directory.ask_at_length(&read, bytes).await?;
        let stored: Vec<Option<Vec<u8>>> = value(stored)?;
        wanted
            .iter()
            .zip(stored)
            .map(|(generation, stored)| self.open_entry(*generation, stored))
            .collect()
    }

    async fn save_checkpoint(
        &self,
        generation: Generation,
        directory: &[u8],
    ) -> Result<(), StoreError> {
        let key = generation.to_be_bytes();
        let name = name(CHECKPOINT_TABLE, &key);
        let stored = self
            .seal
            .seal_bytes(name, directory, MAX_CHECKPOINT_BYTES)?;
        let key = self.keys.checkpoint();
        let mut keep = script(scripts::KEEP_CHECKPOINT, &[&key]);
        keep.arg(generation).arg(&stored);
        self.directory.ask_at_length(&keep, stored.len()).await?;
        Ok(())
    }

    async fn checkpoint(&self) -> Result<Option<LogEntry>, StoreError> {
        let key = self.keys.checkpoint();
        let mut size = cmd("HSTRLEN");
        size.arg(&key).arg("directory");
        let size: usize = value(self.directory.ask(&size).await?)?;
        let mut read = cmd("HMGET");
        read.arg(&key).arg("generation").arg("directory");
        let read = self.directory.ask_at_length(&read, size).await?;
        let (generation, stored): (Option<Generation>, Option<Vec<u8>>) = value(read)?;
        let (Some(generation), Some(stored)) = (generation, stored) else {
            return Ok(None);
        };
        let key = generation.to_be_bytes();
        let name = name(CHECKPOINT_TABLE, &key);
        match self.seal.open_bytes(name, &stored, MAX_CHECKPOINT_BYTES) {
            Ok(change) => Ok(Some(LogEntry { generation, change })),
            Err(damage) => {
                tracing::warn!(%damage, generation, "ignored a damaged checkpoint");
                Ok(None)
            }
        }
    }

    async fn changed(&self) {
        self.notice.changed().await;
    }
}

/// The head is read and replaced so often before an append gives up.
const ATTEMPTS: u32 = 4;

/// What an append writes.
struct Append<'a> {
    expected: &'a [u8],
    head: &'a [u8],
    generation: Generation,
    entry: &'a [u8],
}

impl RedisStore {
    async fn kept_head(&self) -> Result<KeptHead, StoreError> {
        let mut read = cmd("HGET");
        read.arg(self.keys.log()).arg(HEAD_FIELD);
        let stored: Option<Vec<u8>> = value(self.directory.ask(&read).await?)?;
        let Some(stored) = stored else {
            return Ok(KeptHead {
                stored: Vec::new(),
                position: Position::START,
            });
        };
        let position = self
            .seal
            .open_value(HEAD, &stored, HEAD_BYTES)
            .map_err(|_| damaged("directory head".to_owned()))?;
        Ok(KeptHead { stored, position })
    }

    /// Whether the append was made. Where nobody answers whether it was, it is looked for once.
    async fn run_append(&self, append: &Append<'_>) -> Result<bool, StoreError> {
        let key = self.keys.log();
        let mut command = script(scripts::APPEND, &[&key]);
        command
            .arg(append.expected)
            .arg(append.head)
            .arg(append.generation)
            .arg(append.entry)
            .arg(self.keys.channel());
        let call = Call { key, command };
        let bytes = append.entry.len();
        match self.directory.write_at_length(call, bytes).await {
            Ok(answer) => Ok(answer == Value::Int(1)),
            Err(failure @ (Failure::TimedOut(_) | Failure::Redis(_))) => {
                if self.is_appended(append).await {
                    Ok(true)
                } else {
                    Err(failure.into())
                }
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Whether the change stands where it belongs, on as many replicas as must have it.
    async fn is_appended(&self, append: &Append<'_>) -> bool {
        let key = self.keys.log();
        let mut command = script(scripts::CONFIRM_FIELD, &[&key]);
        command.arg(append.generation).arg(append.entry);
        let call = Call { key, command };
        let kept = self.directory.write_at_length(call, append.entry.len());
        matches!(kept.await, Ok(Value::Int(1)))
    }

    /// As many of the first as may be read at once, and the bytes that they have.
    async fn that_fit(
        &self,
        wanted: &[Generation],
    ) -> Result<(Vec<Generation>, usize), StoreError> {
        let key = self.keys.log();
        let calls: Vec<Call> = wanted
            .iter()
            .map(|generation| {
                let mut command = cmd("HSTRLEN");
                command.arg(&key).arg(*generation);
                let key = key.clone();
                Call { key, command }
            })
            .collect();
        let sizes = self.directory.in_order(calls).await?;
        let (mut fit, mut bytes) = (Vec::new(), 0_usize);
        for (generation, size) in wanted.iter().zip(sizes) {
            bytes = bytes.saturating_add(value(size)?);
            if bytes > READ_BYTES && !fit.is_empty() {
                break;
            }
            fit.push(*generation);
        }
        Ok((fit, bytes))
    }

    fn open_entry(
        &self,
        generation: Generation,
        stored: Option<Vec<u8>>,
    ) -> Result<LogEntry, StoreError> {
        let key = generation.to_be_bytes();
        let name = name(LOG_TABLE, &key);
        let change =
            stored.and_then(|stored| self.seal.open_bytes(name, &stored, MAX_CHANGE_BYTES).ok());
        match change {
            Some(change) => Ok(LogEntry { generation, change }),
            None => Err(damaged(format!("directory log {generation}"))),
        }
    }
}

/// A script with its keys; arguments follow.
pub(super) fn script(text: &str, keys: &[&str]) -> Cmd {
    let mut command = cmd("EVAL");
    command.arg(text).arg(keys.len()).arg(keys);
    command
}

/// An answer as what it must be.
pub(super) fn value<T: FromRedisValue>(answer: Value) -> Result<T, Failure> {
    T::from_redis_value(answer).map_err(|_| Failure::Unexpected)
}

pub(super) const fn name<'a>(table: &'static str, key: &'a [u8; 8]) -> RecordName<'a> {
    RecordName { table, key }
}

const fn damaged(record: String) -> StoreError {
    StoreError::Damaged { record }
}
