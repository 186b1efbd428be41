//! Reading an archive.

use std::io::{self, Read};

use super::{ArchiveSeal, Contents, Frame, MAGIC, MAX_FRAME_BYTES, Record};
use crate::domain::UnixTime;
use crate::seal::OVERHEAD;
use crate::store::{LogEntry, ShortLived};

/// Why an archive can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file can't be read.
    #[error("it can't be read: {0}")]
    Io(#[source] io::Error),
    /// It is something else.
    #[error("it is no backup of this version of Rolegate")]
    NoArchive,
    /// It ends before its end.
    #[error("it is not whole: it ends before its last record")]
    Cut,
    /// A frame does not open in its place.
    #[error("record {number} does not open: the root key is another one, or the file was changed")]
    Unopened {
        /// Its number, from 0.
        number: u64,
    },
    /// A frame opens and is no record.
    #[error("record {number} can't be read: another version of Rolegate wrote it")]
    Malformed {
        /// Its number, from 0.
        number: u64,
    },
    /// There is more, or less, than it says.
    #[error("what is in it is not what its end says")]
    Disagrees,
}

/// An archive that is being read.
#[derive(Debug)]
pub struct ArchiveReader<R> {
    source: R,
    seal: ArchiveSeal,
    id: [u8; 16],
    next: u64,
    contents: Contents,
    ended: Option<UnixTime>,
}

impl<R: Read> ArchiveReader<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// [`ArchiveError`] where it is no archive.
    pub fn new(mut source: R, seal: ArchiveSeal) -> Result<Self, ArchiveError> {
        let (mut magic, mut id) = ([0; MAGIC.len()], [0; 16]);
        for part in [magic.as_mut_slice(), id.as_mut_slice()] {
            source
                .read_exact(part)
                .map_err(|error| match error.kind() {
                    io::ErrorKind::UnexpectedEof => ArchiveError::NoArchive,
                    _ => ArchiveError::Io(error),
                })?;
        }
        if magic != *MAGIC {
            return Err(ArchiveError::NoArchive);
        }
        Ok(Self {
            source,
            seal,
            id,
            next: 0,
            contents: Contents::default(),
            ended: None,
        })
    }

    /// The next record; `None` after the last, and only where that was reached.
    ///
    /// # Errors
    /// [`ArchiveError`]
    pub fn next_record(&mut self) -> Result<Option<Record>, ArchiveError> {
        if self.ended.is_some() {
            return Ok(None);
        }
        let number = self.next;
        let sealed = self.sealed()?;
        let opened = self.seal.open(&self.id, number, &sealed);
        let opened = opened.ok_or(ArchiveError::Unopened { number })?;
        self.next += 1;
        let Ok((frame, [])) = postcard::take_from_bytes(&opened) else {
            return Err(ArchiveError::Malformed { number });
        };
        match record(frame) {
            Ok(record) => {
                self.contents.count(&record);
                Ok(Some(record))
            }
            Err((begun_at, contents)) => self.end(begun_at, contents).map(|()| None),
        }
    }

    /// When the archive was begun, and what was in it; once its end was reached.
    pub fn contents(&self) -> Option<(UnixTime, Contents)> {
        self.ended.map(|begun_at| (begun_at, self.contents))
    }

    fn end(&mut self, begun_at: UnixTime, contents: Contents) -> Result<(), ArchiveError> {
        let mut more = [0];
        let is_at_end = self.source.read(&mut more).map_err(ArchiveError::Io)? == 0;
        if !is_at_end || contents != self.contents {
            return Err(ArchiveError::Disagrees);
        }
        self.ended = Some(begun_at);
        Ok(())
    }

    fn sealed(&mut self) -> Result<Vec<u8>, ArchiveError> {
        let mut length = [0; 4];
        self.exactly(&mut length)?;
        let length = u64::from(u32::from_be_bytes(length));
        if length > (MAX_FRAME_BYTES + OVERHEAD) as u64 {
            return Err(ArchiveError::Unopened { number: self.next });
        }
        // Grows as it is read: what a damaged length says costs nothing.
        let mut sealed = Vec::new();
        let mut part = (&mut self.source).take(length);
        part.read_to_end(&mut sealed).map_err(ArchiveError::Io)?;
        if (sealed.len() as u64) < length {
            return Err(ArchiveError::Cut);
        }
        Ok(sealed)
    }

    fn exactly(&mut self, bytes: &mut [u8]) -> Result<(), ArchiveError> {
        self.source
            .read_exact(bytes)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => ArchiveError::Cut,
                _ => ArchiveError::Io(error),
            })
    }
}

/// What the frame holds, or what the last one says.
fn record(frame: Frame) -> Result<Record, (UnixTime, Contents)> {
    Ok(match frame {
        Frame::Change(generation, change) => Record::Change(LogEntry { generation, change }),
        Frame::Checkpoint(generation, change) => {
            Record::Checkpoint(LogEntry { generation, change })
        }
        Frame::Mark(what, until) => Record::ShortLived(ShortLived::Mark(what, until)),
        Frame::Logout(person, logout) => Record::ShortLived(ShortLived::Logout(person, logout)),
        Frame::Session(key, session) => Record::ShortLived(ShortLived::Session(key, session)),
        Frame::End(begun_at, contents) => return Err((begun_at, contents)),
    })
}
