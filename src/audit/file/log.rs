//! The log's file: appending whole lines, rotation, and what is kept.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::{FileSettings, OpenError, Rotation, Sync};
use crate::domain::UnixTime;

const SECONDS_A_DAY: i64 = 86_400;

/// The file that is written now, and its place.
pub(super) struct LogFile {
    settings: FileSettings,
    // `None` after a failed write, until the file can be opened again.
    current: Option<Current>,
    looked_at: UnixTime,
    failing: bool,
}

/// An open file that ends in whole lines.
struct Current {
    file: File,
    length: u64,
    day: i64,
}

impl LogFile {
    /// Opens the file, or creates it.
    pub(super) fn open(settings: FileSettings, now: UnixTime) -> Result<Self, OpenError> {
        let path = settings.path.clone();
        let current = match Current::open(&path, now) {
            Ok(current) => Some(current),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(OpenError::InUse { path });
            }
            Err(source) => return Err(OpenError::Unwritable { path, source }),
        };
        Ok(Self {
            settings,
            current,
            looked_at: now,
            failing: false,
        })
    }

    /// Appends whole lines, all or none of them.
    ///
    /// After an error the file holds none of them, or a broken line that the next append ends; it
    /// is opened again then, so that the log recovers by itself.
    pub(super) fn append(&mut self, lines: &[u8], now: UnixTime) -> io::Result<()> {
        let outcome = self.try_append(lines, now);
        match (&outcome, self.failing) {
            (Err(error), false) => tracing::error!(%error, "the audit log can't be written"),
            (Ok(()), true) => tracing::info!("the audit log can be written again"),
            (Ok(()), false) | (Err(_), true) => {}
        }
        self.failing = outcome.is_err();
        outcome
    }

    fn try_append(&mut self, lines: &[u8], now: UnixTime) -> io::Result<()> {
        self.drop_moved_file(now);
        self.rotate_when_due(lines.len() as u64, now);
        let current = match &mut self.current {
            Some(current) => current,
            closed => closed.insert(Current::open(&self.settings.path, now)?),
        };
        let outcome = current.append(lines, self.settings.sync);
        if outcome.is_err() {
            current.cut_back();
            self.current = None;
        }
        outcome
    }

    /// Notices, once a second, that somebody else renamed or removed the file: events must not go
    /// where nobody finds them.
    fn drop_moved_file(&mut self, now: UnixTime) {
        if now == self.looked_at {
            return;
        }
        self.looked_at = now;
        let in_place = |current: &Current| {
            let open = current.file.metadata().ok()?;
            let named = fs::metadata(&self.settings.path).ok()?;
            Some((open.dev(), open.ino()) == (named.dev(), named.ino()))
        };
        if self.current.as_ref().and_then(in_place) == Some(false)
            || !fs::exists(&self.settings.path).unwrap_or(true)
        {
            self.current = None;
        }
    }

    /// Renames the file where it would grow too large or a day has begun. Where that fails the old
    /// file is written on: a large log is better than none.
    fn rotate_when_due(&mut self, more: u64, now: UnixTime) {
        let Some(rotation) = self.settings.rotation else {
            return;
        };
        let due = |current: &Current| {
            let too_large = current.length.saturating_add(more) > rotation.bytes;
            current.length > 0 && (too_large || current.day != day_of(now))
        };
        if !self.current.as_ref().is_some_and(due) {
            return;
        }
        match self.rename(now) {
            Ok(()) => {
                self.current = None;
                self.prune(rotation, now);
            }
            Err(error) => tracing::warn!(%error, "the audit log can't be renamed"),
        }
    }

    fn rename(&self, now: UnixTime) -> io::Result<()> {
        let target = (0..u32::MAX)
            .map(|number| self.renamed(now, number))
            .find(|target| !fs::exists(target).unwrap_or(true))
            .ok_or(io::ErrorKind::AlreadyExists)?;
        fs::rename(&self.settings.path, target)
    }

    /// `audit-YYYYMMDDThhmmssZ.jsonl`, or with a number before the ending.
    fn renamed(&self, now: UnixTime, number: u32) -> PathBuf {
        let mut name = self.stem();
        name.push(now.basic());
        if number > 0 {
            name.push(format!("-{number}"));
        }
        let renamed = self.settings.path.with_file_name(name);
        match self.settings.path.extension() {
            Some(extension) => renamed.with_added_extension(extension),
            None => renamed,
        }
    }

    /// `audit-`, with which every renamed file begins.
    fn stem(&self) -> OsString {
        let mut stem = self
            .settings
            .path
            .file_stem()
            .unwrap_or_default()
            .to_owned();
        stem.push("-");
        stem
    }

    /// Removes renamed files beyond the number and age that are kept.
    fn prune(&self, rotation: Rotation, now: UnixTime) {
        let mut renamed = self.renamed_files();
        renamed.sort_unstable();
        let beyond = renamed.len().saturating_sub(rotation.keep_files);
        let oldest = now.plus(-i64::from(rotation.keep_days) * SECONDS_A_DAY);
        let oldest = oldest.basic();
        for (index, (stamp, _, path)) in renamed.iter().enumerate() {
            if (index < beyond || *stamp < oldest)
                && let Err(error) = fs::remove_file(path)
            {
                tracing::warn!(%error, "an old audit log can't be removed");
            }
        }
    }

    /// Every renamed file: its time, its number and its path.
    fn renamed_files(&self) -> Vec<(String, u32, PathBuf)> {
        let folder = self
            .settings
            .path
            .parent()
            .filter(|path| *path != Path::new(""));
        let Ok(entries) = fs::read_dir(folder.unwrap_or(Path::new("."))) else {
            return Vec::new();
        };
        let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
        paths
            .filter(|path| path.extension() == self.settings.path.extension())
            .filter_map(|path| {
                let (stamp, number) = self.stamp_of(&path)?;
                Some((stamp, number, path))
            })
            .collect()
    }

    fn stamp_of(&self, path: &Path) -> Option<(String, u32)> {
        let stem = self.stem();
        let rest = path.file_stem()?.to_str()?.strip_prefix(stem.to_str()?)?;
        let (stamp, number) = rest.split_once('-').unwrap_or((rest, "0"));
        let is_stamp = stamp.len() == 16 && stamp.ends_with('Z') && stamp.contains('T');
        is_stamp.then_some((stamp.to_owned(), number.parse().ok()?))
    }
}

impl Current {
    /// Opens for appending, locks against other processes, and ends a line that a crash broke off.
    fn open(path: &Path, now: UnixTime) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let metadata = file.metadata()?;
        let mut length = metadata.len();
        if length == 0 {
            sync_folder(path);
        }
        if length > 0 && last_byte(&mut file)? != b'\n' {
            file.write_all(b"\n")?;
            length += 1;
        }
        let modified = metadata.modified().ok();
        let modified = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified = modified.and_then(|elapsed| i64::try_from(elapsed.as_secs()).ok());
        let written_at = modified.filter(|_| length > 0).map(UnixTime::from_seconds);
        Ok(Self {
            file,
            length,
            day: day_of(written_at.unwrap_or(now)),
        })
    }

    fn append(&mut self, lines: &[u8], sync: Sync) -> io::Result<()> {
        self.file.write_all(lines)?;
        if sync == Sync::Fdatasync {
            self.file.sync_data()?;
        }
        self.length += lines.len() as u64;
        Ok(())
    }

    /// Takes back what a failed append left. Where even that fails, the next opening ends the
    /// broken line. A file that somebody else made shorter meanwhile stays so.
    fn cut_back(&self) {
        let is_longer = |metadata: fs::Metadata| metadata.len() > self.length;
        if !self.file.metadata().is_ok_and(is_longer) {
            return;
        }
        if let Err(error) = self.file.set_len(self.length) {
            tracing::warn!(%error, "the audit log can't be cut back to its last whole line");
        }
    }
}

impl Drop for Current {
    /// A process that was just forked may hold the file until it runs its program; the lock must
    /// not outlive this end of it.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the audit log can't be unlocked");
        }
    }
}

/// Makes a new file's name outlive a crash. Some file systems can't; the file itself is still synced.
fn sync_folder(path: &Path) {
    let synced = File::open(folder_of(path)).and_then(|folder| folder.sync_all());
    if let Err(error) = synced {
        tracing::warn!(%error, "the audit log's folder can't be synced");
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn last_byte(file: &mut File) -> io::Result<u8> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last[0])
}

const fn day_of(time: UnixTime) -> i64 {
    time.seconds().div_euclid(SECONDS_A_DAY)
}
