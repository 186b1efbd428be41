//! Records as they are kept: a version byte and the serialised value, sealed under the name of the
//! record.
//!
//! ```text
//! stored = seal(table | name, version (1) | value)
//! ```

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{StoreError, TooLarge};
use crate::entropy::{Entropy, EntropyError};
use crate::seal::{OVERHEAD, RootKey, SealingKey, key_id_of};

/// The version of the values, before the value in what is sealed. Another one is written only where a format
/// of the store is used that says so: nodes that don't know it count a record as damaged (decision 70).
const VALUE_VERSION: u8 = 1;

/// The purpose of the store's sealing key under the root key.
const PURPOSE: &str = "store";

/// The keys that records are sealed under: written under the current one, read under both.
#[derive(Clone)]
pub struct StoreSeal {
    current: SealingKey,
    previous: Option<SealingKey>,
    entropy: Arc<dyn Entropy>,
}

/// The name of a record: the table it is in, and its key there.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordName<'a> {
    pub(super) table: &'a str,
    pub(super) key: &'a [u8],
}

/// Why a record can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Damage {
    /// It is larger than any record of its kind that was written.
    #[error("it is too large")]
    TooLarge,
    /// It does not open here under either key.
    #[error("it does not open")]
    Unopened,
    /// Another version of the program wrote it.
    #[error("it is of another version")]
    OtherVersion,
    /// It opens and is no such value.
    #[error("it does not parse")]
    Malformed,
}

impl StoreSeal {
    /// Seals under `current`; `previous` still opens what was sealed under it (decision 4).
    pub fn new(current: &RootKey, previous: Option<&RootKey>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            current: current.sealing_key(PURPOSE),
            previous: previous.map(|key| key.sealing_key(PURPOSE)),
            entropy,
        }
    }

    /// Seals a value of at most `limit` bytes.
    pub(super) fn seal_value<T: Serialize>(
        &self,
        name: RecordName<'_>,
        value: &T,
        limit: usize,
    ) -> Result<Vec<u8>, StoreError> {
        self.seal_bytes(name, &serialised(value)?, limit)
    }

    /// Seals bytes that are a value already, at most `limit` of them.
    pub(super) fn seal_bytes(
        &self,
        name: RecordName<'_>,
        bytes: &[u8],
        limit: usize,
    ) -> Result<Vec<u8>, StoreError> {
        TooLarge::check(bytes.len(), limit).map_err(unavailable)?;
        let mut versioned = Vec::with_capacity(1 + bytes.len());
        versioned.push(VALUE_VERSION);
        versioned.extend_from_slice(bytes);
        self.seal(name, &versioned).map_err(unavailable)
    }

    /// Opens what [`Self::seal_value`] made under the same name.
    pub(super) fn open_value<T: DeserializeOwned>(
        &self,
        name: RecordName<'_>,
        stored: &[u8],
        limit: usize,
    ) -> Result<T, Damage> {
        let bytes = self.open_bytes(name, stored, limit)?;
        match postcard::take_from_bytes(&bytes) {
            Ok((value, [])) => Ok(value),
            Ok(_) | Err(_) => Err(Damage::Malformed),
        }
    }

    /// Opens what [`Self::seal_bytes`] made under the same name.
    pub(super) fn open_bytes(
        &self,
        name: RecordName<'_>,
        stored: &[u8],
        limit: usize,
    ) -> Result<Vec<u8>, Damage> {
        if stored.len() > limit.saturating_add(1 + OVERHEAD) {
            return Err(Damage::TooLarge);
        }
        let mut versioned = self.open(name, stored).ok_or(Damage::Unopened)?;
        if versioned.first() != Some(&VALUE_VERSION) {
            return Err(Damage::OtherVersion);
        }
        versioned.remove(0);
        Ok(versioned)
    }

    /// The record sealed anew under the current key; `None` where it is already, or opens under
    /// neither key.
    pub(super) fn reseal(
        &self,
        name: RecordName<'_>,
        stored: &[u8],
    ) -> Result<Option<Vec<u8>>, EntropyError> {
        if self.names_current_key(stored) {
            return Ok(None);
        }
        self.open(name, stored)
            .map(|plaintext| self.seal(name, &plaintext))
            .transpose()
    }

    /// Whether the record says that it is sealed under the current key.
    pub(super) fn names_current_key(&self, stored: &[u8]) -> bool {
        key_id_of(stored) == Some(self.current.id())
    }

    /// The bytes that a record begins with which is sealed under the current key.
    pub(super) const fn current_key_id(&self) -> [u8; 4] {
        self.current.id()
    }

    /// Whether records may be under a previous key.
    pub(super) const fn has_previous_key(&self) -> bool {
        self.previous.is_some()
    }

    fn seal(&self, name: RecordName<'_>, plaintext: &[u8]) -> Result<Vec<u8>, EntropyError> {
        self.current
            .seal(&name.context(), plaintext, &*self.entropy)
    }

    fn open(&self, name: RecordName<'_>, stored: &[u8]) -> Option<Vec<u8>> {
        std::iter::once(&self.current)
            .chain(&self.previous)
            .find_map(|key| key.plaintext(&name.context(), stored).ok())
    }
}

impl RecordName<'_> {
    const fn context(&self) -> [&[u8]; 2] {
        [self.table.as_bytes(), self.key]
    }
}

/// The value as it is kept, without its seal.
pub(super) fn serialised<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_stdvec(value).map_err(unavailable)
}

pub(super) fn unavailable(cause: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(Box::new(cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    const NAME: RecordName<'static> = RecordName {
        table: "sessions",
        key: b"a",
    };
    const LIMIT: usize = 64;

    fn seal(current: u8, previous: Option<u8>) -> StoreSeal {
        let previous = previous.map(|byte| RootKey::new([byte; 32]));
        StoreSeal::new(
            &RootKey::new([current; 32]),
            previous.as_ref(),
            Arc::new(SystemEntropy),
        )
    }

    #[test]
    fn a_value_opens_under_its_own_name_only() {
        let stored = seal(1, None).seal_value(NAME, &7_u64, LIMIT).unwrap();
        let open = |name| seal(1, None).open_value::<u64>(name, &stored, LIMIT);
        assert_eq!(open(NAME), Ok(7));
        assert_eq!(
            open(RecordName { key: b"b", ..NAME }),
            Err(Damage::Unopened)
        );
        let elsewhere = RecordName {
            table: "one_time_marks",
            ..NAME
        };
        assert_eq!(open(elsewhere), Err(Damage::Unopened));
    }

    #[test]
    fn the_previous_key_opens_and_never_seals() {
        let old = seal(1, None).seal_value(NAME, &7_u64, LIMIT).unwrap();
        let both = seal(2, Some(1));
        assert_eq!(both.open_value::<u64>(NAME, &old, LIMIT), Ok(7));
        let new = both.seal_value(NAME, &7_u64, LIMIT).unwrap();
        assert_eq!(
            seal(1, None).open_value::<u64>(NAME, &new, LIMIT),
            Err(Damage::Unopened)
        );
    }

    #[test]
    fn resealing_moves_a_record_to_the_current_key_once() {
        let old = seal(1, None).seal_value(NAME, &7_u64, LIMIT).unwrap();
        let new = seal(2, Some(1)).reseal(NAME, &old).unwrap().unwrap();
        assert_eq!(seal(2, None).open_value::<u64>(NAME, &new, LIMIT), Ok(7));
        assert_eq!(seal(2, Some(1)).reseal(NAME, &new), Ok(None));
        assert_eq!(seal(3, None).reseal(NAME, &old), Ok(None));
    }

    #[test]
    fn another_version_is_damage() {
        let stored = seal(1, None).seal(NAME, &[2, 7]).unwrap();
        assert_eq!(
            seal(1, None).open_value::<u64>(NAME, &stored, LIMIT),
            Err(Damage::OtherVersion)
        );
    }

    #[test]
    fn bytes_after_the_value_are_damage() {
        let stored = seal(1, None).seal_bytes(NAME, &[7, 0], LIMIT).unwrap();
        assert_eq!(
            seal(1, None).open_value::<u64>(NAME, &stored, LIMIT),
            Err(Damage::Malformed)
        );
    }

    #[test]
    fn size_is_bounded_both_ways() {
        let stored = seal(1, None).seal_bytes(NAME, &[7; LIMIT], LIMIT).unwrap();
        let open = |limit| seal(1, None).open_bytes(NAME, &stored, limit);
        assert_eq!(open(LIMIT), Ok(vec![7; LIMIT]));
        assert_eq!(open(LIMIT - 1), Err(Damage::TooLarge));
        assert!(matches!(
            seal(1, None).seal_bytes(NAME, &[7; LIMIT + 1], LIMIT),
            Err(StoreError::Unavailable(cause)) if cause.is::<TooLarge>()
        ));
    }
}
