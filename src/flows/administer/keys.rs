//! The rotation of the sealing keys.

use super::{Act, AdminAction, AdminError, Administration, Applied};
use crate::directory::{Change, Directory, PolicyWarnings, SealingKeyRecord, Snapshot};
use crate::domain::UnixTime;
use crate::entropy::draw;
use crate::flows::authenticate::Caller;
use crate::flows::request::RequestMeta;

/// A key that was superseded so long ago opens nothing that is still good: the longest session, in
/// seconds, and an hour.
const SUPERSEDED_SECONDS: i64 = 36 * 3600 + 3600;

/// The key ring never has more keys: every request with a session token looks through it.
pub const MAX_SEALING_KEYS: usize = 32;

/// What becomes of the keys that sealed until now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PreviousKeys {
    /// They open until what they sealed has expired.
    Keep,
    /// They open nothing from now on: every session that they sealed ends.
    Drop,
}

impl Administration {
    /// Adds a sealing key, takes out those that open nothing any more (or all of them).
    ///
    /// # Errors
    /// [`AdminError`]; the key ring is as it was.
    pub async fn rotate_keys(
        &self,
        caller: &Caller,
        previous: PreviousKeys,
        meta: &RequestMeta,
    ) -> Result<Applied, AdminError> {
        let act = Act {
            caller,
            action: AdminAction::RotateKeys,
            meta,
        };
        let snapshot = self.authorise(&act).await?;
        let rotation = self.rotation(snapshot.directory(), previous, meta.now);
        self.rotate(&act, &snapshot, rotation).await
    }

    /// Makes the changes of a rotation, or records why there is none.
    pub(super) async fn rotate(
        &self,
        act: &Act<'_>,
        snapshot: &Snapshot,
        rotation: Result<Vec<Change>, AdminError>,
    ) -> Result<Applied, AdminError> {
        let changes = match rotation {
            Ok(changes) => changes,
            Err(error) => return Err(self.failed(act, error).await),
        };
        let lines = changes.iter().map(ToString::to_string).collect();
        let generation = self.commit(act, snapshot, changes).await?;
        Ok(Applied {
            generation,
            changes: lines,
            notes: Vec::new(),
            warnings: PolicyWarnings::default(),
        })
    }

    fn rotation(
        &self,
        directory: &Directory,
        previous: PreviousKeys,
        now: UnixTime,
    ) -> Result<Vec<Change>, AdminError> {
        let (drawn, records) = (draw(self.entropy.as_ref())?, &directory.sealing_keys);
        match previous {
            PreviousKeys::Drop => Ok(another_sealing_key(records, drawn, now)),
            PreviousKeys::Keep => self.one_more(records, drawn, now),
        }
    }

    fn one_more(
        &self,
        records: &[SealingKeyRecord],
        drawn: [u8; 32],
        now: UnixTime,
    ) -> Result<Vec<Change>, AdminError> {
        let added = SealingKeyRecord::new(drawn, now, now.plus(self.key_propagation));
        let outlived = superseded(records, now);
        if records.len() - outlived.len() >= MAX_SEALING_KEYS {
            return Err(AdminError::TooManyKeys);
        }
        let mut changes = vec![Change::AddSealingKey(added)];
        changes.extend(outlived.into_iter().map(Change::RemoveSealingKey));
        Ok(changes)
    }
}

/// A key of these bytes in the place of all that are there: what they sealed opens nowhere any more.
pub fn another_sealing_key(
    records: &[SealingKeyRecord],
    drawn: [u8; 32],
    now: UnixTime,
) -> Vec<Change> {
    let added = Change::AddSealingKey(SealingKeyRecord::new(drawn, now, now));
    let dropped = records
        .iter()
        .map(|record| Change::RemoveSealingKey(record.id()));
    std::iter::once(added).chain(dropped).collect()
}

/// The ids of the keys that stopped sealing too long ago to open anything that is still good.
fn superseded(records: &[SealingKeyRecord], now: UnixTime) -> Vec<String> {
    let ended = |record: &SealingKeyRecord| {
        let later = records
            .iter()
            .filter(|other| other.seals_from > record.seals_from);
        later.map(|other| other.seals_from).min()
    };
    let long_ago = |record: &&SealingKeyRecord| {
        ended(record).is_some_and(|ended| now.since(ended) > SUPERSEDED_SECONDS)
    };
    records
        .iter()
        .filter(long_ago)
        .map(SealingKeyRecord::id)
        .collect()
}
