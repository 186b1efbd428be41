//! Writing an archive.

use std::sync::Arc;

use super::{Contents, Frame, MAGIC, MAX_FRAME_BYTES, PURPOSE, Record};
use crate::domain::UnixTime;
use crate::entropy::{Entropy, EntropyError, draw};
use crate::seal::{RootKey, SealingKey};
use crate::store::sealed::{serialised, unavailable};
use crate::store::{StoreError, TooLarge};

/// The keys that archives are sealed under: written under the current one, read under both.
#[derive(Clone)]
pub struct ArchiveSeal {
    current: SealingKey,
    previous: Option<SealingKey>,
    entropy: Arc<dyn Entropy>,
}

impl std::fmt::Debug for ArchiveSeal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ArchiveSeal")
    }
}

impl ArchiveSeal {
    /// Seals under `current`; `previous` still opens what was sealed under it (decision 4).
    pub fn new(current: &RootKey, previous: Option<&RootKey>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            current: current.sealing_key(PURPOSE),
            previous: previous.map(|key| key.sealing_key(PURPOSE)),
            entropy,
        }
    }

    fn seal(&self, id: &[u8; 16], number: u64, frame: &Frame) -> Result<Vec<u8>, StoreError> {
        let frame = serialised(frame)?;
        TooLarge::check(frame.len(), MAX_FRAME_BYTES).map_err(unavailable)?;
        let number = number.to_be_bytes();
        let context = [PURPOSE.as_bytes(), id, &number];
        let sealed = self.current.seal(&context, &frame, &*self.entropy);
        sealed.map_err(unavailable)
    }

    /// What was sealed for this place.
    pub(super) fn open(&self, id: &[u8; 16], number: u64, sealed: &[u8]) -> Option<Vec<u8>> {
        let number = number.to_be_bytes();
        let context: [&[u8]; 3] = [PURPOSE.as_bytes(), id, &number];
        std::iter::once(&self.current)
            .chain(&self.previous)
            .find_map(|key| key.plaintext(&context, sealed).ok())
    }
}

/// An archive that is being written.
#[derive(Debug)]
pub struct ArchiveWriter {
    seal: ArchiveSeal,
    id: [u8; 16],
    next: u64,
    contents: Contents,
}

impl ArchiveWriter {
    /// A new archive.
    ///
    /// # Errors
    /// [`EntropyError`]
    pub fn new(seal: ArchiveSeal) -> Result<Self, EntropyError> {
        Ok(Self {
            id: draw(&*seal.entropy)?,
            seal,
            next: 0,
            contents: Contents::default(),
        })
    }

    /// The bytes that the archive begins with.
    pub fn head(&self) -> Vec<u8> {
        [MAGIC.as_slice(), &self.id].concat()
    }

    /// The bytes of a record, which come next.
    ///
    /// # Errors
    /// [`StoreError`] where it is larger than any record, or could not be sealed.
    pub fn frame(&mut self, record: Record) -> Result<Vec<u8>, StoreError> {
        self.contents.count(&record);
        self.sealed(&record.into())
    }

    /// The bytes that the archive ends with; it was begun at `begun_at`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn end(mut self, begun_at: UnixTime) -> Result<(Vec<u8>, Contents), StoreError> {
        let last = self.sealed(&Frame::End(begun_at, self.contents))?;
        Ok((last, self.contents))
    }

    fn sealed(&mut self, frame: &Frame) -> Result<Vec<u8>, StoreError> {
        let sealed = self.seal.seal(&self.id, self.next, frame)?;
        self.next += 1;
        let length = u32::try_from(sealed.len()).map_err(unavailable)?;
        Ok([length.to_be_bytes().as_slice(), &sealed].concat())
    }
}
