//! Marks for what may be used once.
//!
//! A mark that nobody knows whether it was set is set again: the same bytes under the name say that it
//! was us, and other bytes that it was not.

use async_trait::async_trait;
use redis::{Value, cmd};
use serde::{Deserialize, Serialize};

use super::calls::Call;
use super::directory::{script, value};
use super::failure::Failure;
use super::{RedisStore, SLACK_SECONDS, scripts};
use crate::domain::UnixTime;
use crate::store::sealed::RecordName;
use crate::store::{MAX_RECORD_BYTES, OneTimeUse, Redeemed, StoreError};

const TABLE: &str = "one_time_marks";

/// A record that others change meanwhile is judged and written so often.
pub(super) const ATTEMPTS: u32 = 8;

/// That something was used, and until when that is remembered.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Mark {
    keep_until: UnixTime,
}

#[async_trait]
impl OneTimeUse for RedisStore {
    async fn redeem(
        &self,
        what: &[u8; 32],
        keep_until: UnixTime,
        now: UnixTime,
    ) -> Result<Redeemed, StoreError> {
        let keep_until = keep_until.max(now);
        let stored = self
            .seal
            .seal_value(name(what), &Mark { keep_until }, MAX_RECORD_BYTES)?;
        let replacing = Replacing {
            key: self.keys.mark(what),
            stored: &stored,
            milliseconds: milliseconds(keep_until.since(now).saturating_add(1)),
        };
        let mut expected = Vec::new();
        let mut outcome = Redeemed::First;
        for _ in 0..ATTEMPTS {
            let found = match self.replace(&replacing, &expected).await? {
                Replaced::Done => return Ok(outcome),
                Replaced::Not(found) => found,
            };
            match self.judge(what, found.as_deref(), now) {
                Kept::Nothing => outcome = Redeemed::First,
                Kept::Until(kept) if kept < keep_until => outcome = Redeemed::Again,
                Kept::Until(_) | Kept::Damaged => return Ok(Redeemed::Again),
            }
            expected = found.unwrap_or_default();
        }
        Err(Failure::Contended.into())
    }

    async fn is_redeemed(&self, what: &[u8; 32], now: UnixTime) -> Result<bool, StoreError> {
        let mut read = cmd("GET");
        read.arg(self.keys.mark(what));
        let found: Option<Vec<u8>> = value(self.fast.ask(&read).await?)?;
        let kept = self.judge(what, found.as_deref(), now);
        Ok(!matches!(kept, Kept::Nothing))
    }
}

/// What stands under a mark's name.
pub(super) enum Kept {
    Nothing,
    Until(UnixTime),
    Damaged,
}

/// A value that is to stand under a key for a while.
struct Replacing<'a> {
    key: String,
    stored: &'a [u8],
    milliseconds: i64,
}

/// What became of a replacement.
pub(super) enum Replaced {
    Done,
    /// This, or nothing, is there.
    Not(Option<Vec<u8>>),
}

impl Replaced {
    pub(super) fn of(answer: Value) -> Result<Self, Failure> {
        match answer {
            Value::Int(1) => Ok(Self::Done),
            Value::BulkString(found) => Ok(Self::Not(Some(found))),
            Value::Nil => Ok(Self::Not(None)),
            _ => Err(Failure::Unexpected),
        }
    }
}

impl RedisStore {
    /// Replaces `expected`, which is empty for none, where replicas must have it.
    async fn replace(
        &self,
        replacing: &Replacing<'_>,
        expected: &[u8],
    ) -> Result<Replaced, Failure> {
        let mut command = script(scripts::REPLACE, &[&replacing.key]);
        command
            .arg(expected)
            .arg(replacing.stored)
            .arg(replacing.milliseconds);
        let key = replacing.key.clone();
        Replaced::of(self.durable.write(Call { key, command }).await?)
    }

    /// A damaged mark was made when something was used, and nobody knows until when it holds: it holds.
    pub(super) fn judge(&self, what: &[u8; 32], found: Option<&[u8]>, now: UnixTime) -> Kept {
        let Some(found) = found else {
            return Kept::Nothing;
        };
        match self
            .seal
            .open_value::<Mark>(name(what), found, MAX_RECORD_BYTES)
        {
            Ok(mark) if mark.keep_until < now => Kept::Nothing,
            Ok(mark) => Kept::Until(mark.keep_until),
            Err(damage) => {
                tracing::warn!(%damage, "a damaged one-time mark counts as used");
                Kept::Damaged
            }
        }
    }
}

/// How long a key lives whose record holds for so many seconds.
pub(super) const fn milliseconds(seconds: i64) -> i64 {
    let seconds = if seconds < 0 { 0 } else { seconds };
    seconds.saturating_add(SLACK_SECONDS).saturating_mul(1000)
}

const fn name(what: &[u8; 32]) -> RecordName<'_> {
    RecordName {
        table: TABLE,
        key: what,
    }
}
