//! The directory as it runs: the log's newest generation, compiled and swapped in whole.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, MutexGuard, OwnedMutexGuard};

use super::bar::unbarred;
use super::change::ChangeSet;
use super::check::Problem;
use super::format::{Format, NewerFormat, NotUsedYet};
use super::planned::{Planned, plan};
use super::replay::{READ_LIMIT, Reader, Replayed};
use super::size::{checkpoint_every, elsewhere, is_large};
use super::snapshot::Snapshot;
use super::state::Directory;
use super::touched::Touched;
use crate::domain::{Partition, UnixTime};
use crate::store::{Appended, DirectoryLog, Generation, LogEntry, Position, StoreError};

/// So many changes are made in less than a millisecond.
const FEW_CHANGES: usize = 64;
/// So many bytes of the log are read in less than a millisecond.
const FEW_BYTES: usize = 64 * 1024;
/// A confirmation may be so many seconds ahead of whoever asks: a caller may have asked the clock long
/// before it looks. One that is further ahead comes from a clock that was put back since.
const MAX_AHEAD_SECONDS: i64 = 60;

/// Why the directory can't be read.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The store gave no answer.
    #[error("the directory's log can't be read")]
    Store(#[from] StoreError),
    /// The log is not whole.
    #[error(
        "the store is being filled from a backup or another store, or that broke off: then empty it and begin again"
    )]
    Barred,
    /// A generation that this version can't read.
    #[error("generation {generation} of the directory can't be read by this version")]
    Unreadable {
        /// Which one.
        generation: Generation,
        /// Why.
        #[source]
        source: Arc<serde_json::Error>,
    },
    /// The store is written in a format that this node doesn't know.
    #[error(transparent)]
    NewerFormat(#[from] NewerFormat),
    /// A look that this one waited for found that the store gives no answer; it has told why.
    #[error("the directory's log could not be read a moment ago")]
    NotReadJustNow,
    /// The head could not be confirmed for longer than `max_staleness`, or was confirmed by a clock
    /// that was put back since.
    #[error(
        "the directory was last confirmed at {confirmed_at}, longer ago than is allowed or ahead of the clock"
    )]
    Stale {
        /// When it was.
        confirmed_at: UnixTime,
    },
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Somebody else changed the directory in between.
    #[error(
        "the directory is at generation {head}, the change was made for {base}; read it again and repeat"
    )]
    Conflict {
        /// What the change was made for.
        base: Generation,
        /// What it is now.
        head: Generation,
    },
    /// It needs a format that not every node has to know.
    #[error(transparent)]
    NotUsedYet(#[from] NotUsedYet),
    /// The directory would be wrong after it.
    #[error("the directory would not be valid after this change")]
    Invalid(Vec<Problem>),
    /// The directory can't be read.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// The directory of a running node.
pub struct LiveDirectory {
    log: Arc<dyn DirectoryLog>,
    current: ArcSwap<Snapshot>,
    confirmed_at: AtomicI64,
    /// How many looks at the head have begun.
    looks: AtomicU64,
    /// Held while somebody looks.
    looking: Mutex<Looked>,
    /// Held by who is about to change the directory.
    changing: Mutex<()>,
    /// The snapshot before the current one, where it is large.
    retired: std::sync::Mutex<Option<Arc<Snapshot>>>,
    /// Held while a checkpoint is kept.
    keeping: Arc<Mutex<()>>,
    /// Why nothing is decided any more, where the log says what this node can't know.
    unknown: std::sync::Mutex<Option<Unknown>>,
    known: Format,
    partition: Partition,
    max_staleness: i64,
}

/// What of a log a node can't know.
#[derive(Debug, Clone)]
enum Unknown {
    Format(NewerFormat),
    Generation(Generation, Arc<serde_json::Error>),
}

/// Never: no clock shows it.
const NEVER: i64 = i64::MIN;

/// What the last look found.
struct Looked {
    number: u64,
    /// Whether the log could be read.
    succeeded: bool,
    /// Where the current snapshot is in the log.
    position: Position,
}

impl LiveDirectory {
    /// Reads the newest generation.
    ///
    /// `max_staleness` is in seconds: [`Self::snapshot`] refuses once the head was not confirmed for
    /// longer.
    ///
    /// # Errors
    /// [`DirectoryError`] where the log can't be read.
    pub async fn open(
        log: Arc<dyn DirectoryLog>,
        partition: Partition,
        max_staleness: i64,
        now: UnixTime,
    ) -> Result<Self, DirectoryError> {
        Self::open_knowing(Format::NEWEST, (log, partition), max_staleness, now).await
    }

    /// As [`Self::open`], for a node that knows another format than this program: what becomes of two
    /// versions side by side can be tried out with one.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_knowing(
        known: Format,
        (log, partition): (Arc<dyn DirectoryLog>, Partition),
        max_staleness: i64,
        now: UnixTime,
    ) -> Result<Self, DirectoryError> {
        let log_of = log.as_ref();
        let (position, directory) = load(&Reader { log: log_of, known }).await?;
        let snapshot = Snapshot::compile(position.generation, Arc::new(directory), partition);
        Ok(Self {
            log,
            current: ArcSwap::from_pointee(snapshot),
            confirmed_at: AtomicI64::new(now.seconds()),
            looks: AtomicU64::new(0),
            looking: Mutex::new(Looked {
                number: 0,
                succeeded: true,
                position,
            }),
            changing: Mutex::default(),
            retired: std::sync::Mutex::default(),
            keeping: Arc::default(),
            unknown: std::sync::Mutex::default(),
            known,
            partition,
            max_staleness,
        })
    }

    /// The snapshot to decide by.
    ///
    /// # Errors
    /// [`DirectoryError::Stale`] where its age can't be vouched for; [`DirectoryError::NewerFormat`] or
    /// [`DirectoryError::Unreadable`] where there is a newer one that this node can't know.
    pub fn snapshot(&self, now: UnixTime) -> Result<Arc<Snapshot>, DirectoryError> {
        let confirmed_at = self.confirmed_at();
        let age = now.since(confirmed_at);
        if age > self.max_staleness || age < -MAX_AHEAD_SECONDS {
            return Err(self
                .unknown()
                .unwrap_or(DirectoryError::Stale { confirmed_at }));
        }
        Ok(self.current.load_full())
    }

    /// The newest format that this node knows.
    pub const fn known(&self) -> Format {
        self.known
    }

    pub(super) fn reader(&self) -> Reader<'_> {
        Reader {
            log: &*self.log,
            known: self.known,
        }
    }

    fn unknown(&self) -> Option<DirectoryError> {
        let unknown = self.unknown.lock();
        let unknown = unknown.unwrap_or_else(PoisonError::into_inner).clone();
        unknown.map(|unknown| match unknown {
            Unknown::Format(newer) => newer.into(),
            Unknown::Generation(generation, source) => {
                DirectoryError::Unreadable { generation, source }
            }
        })
    }

    /// From a log that says what this node can't know nothing may be decided: what it has may be taken
    /// away or ended there. Whatever it held is as if never confirmed, until a look succeeds.
    fn note_unknown(&self, error: &DirectoryError) {
        let unknown = match error {
            DirectoryError::NewerFormat(newer) => Unknown::Format(*newer),
            DirectoryError::Unreadable { generation, source } => {
                Unknown::Generation(*generation, Arc::clone(source))
            }
            DirectoryError::Store(_)
            | DirectoryError::Barred
            | DirectoryError::NotReadJustNow
            | DirectoryError::Stale { .. } => return,
        };
        let mut kept = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(unknown);
        self.confirmed_at.store(NEVER, Ordering::Release);
    }

    /// When the log's head was confirmed last.
    pub fn confirmed_at(&self) -> UnixTime {
        UnixTime::from_seconds(self.confirmed_at.load(Ordering::Acquire))
    }

    /// The partition of every ARN in the directory.
    pub const fn partition(&self) -> Partition {
        self.partition
    }

    /// Looks at the log's head, takes over what is new and confirms the snapshot. Callers that come
    /// while somebody looks wait and share the next look, whatever becomes of it: the one that is under
    /// way may have begun before what they ask for was written. Where nobody answers, each waits for two
    /// looks at most, however many they are.
    ///
    /// # Errors
    /// [`DirectoryError`]; the snapshot stays as it is.
    pub async fn catch_up(&self, now: UnixTime) -> Result<Arc<Snapshot>, DirectoryError> {
        // Boxed: any call may look, hardly one does, and each would be moved with the room for it.
        let looking = Box::pin(self.look(now));
        looking.await.map(|(snapshot, _)| snapshot)
    }

    /// Waits until another node may have changed the directory; see [`DirectoryLog::changed`].
    pub async fn changed(&self) {
        self.log.changed().await;
    }

    async fn look(&self, now: UnixTime) -> Result<(Arc<Snapshot>, Position), DirectoryError> {
        let begun_before = self.looks.load(Ordering::Acquire);
        let mut looked = self.looking.lock().await;
        if looked.number > begun_before {
            return if looked.succeeded {
                Ok((self.current.load_full(), looked.position))
            } else {
                Err(DirectoryError::NotReadJustNow)
            };
        }
        self.free_retired();
        let number = self.looks.fetch_add(1, Ordering::AcqRel) + 1;
        let read = self.read_new(looked.position).await;
        looked.number = number;
        looked.succeeded = read.is_ok();
        let position = read.inspect_err(|error| self.note_unknown(error))?;
        looked.position = position;
        self.confirm(now);
        Ok((self.current.load_full(), position))
    }

    /// The snapshot after [a look](Self::catch_up), where it is newer than this one: whatever was
    /// refused by that may have been changed on another node (decision 7).
    ///
    /// # Errors
    /// As [`Self::catch_up`].
    pub async fn newer_than(
        &self,
        snapshot: &Snapshot,
        now: UnixTime,
    ) -> Result<Option<Arc<Snapshot>>, DirectoryError> {
        let newest = self.catch_up(now).await?;
        Ok((newest.generation() != snapshot.generation()).then_some(newest))
    }

    /// A turn to change the directory, first come, first served: those of one node who take it don't come into
    /// each other's way. Nobody must; [`Self::commit`] tells who came too late.
    pub async fn turn(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().await
    }

    /// Appends a change made for generation `base`, and takes it over.
    ///
    /// # Errors
    /// [`CommitError`]; nothing was changed, unless the store could not say whether it was.
    pub async fn commit(
        &self,
        base: Generation,
        changes: ChangeSet,
        now: UnixTime,
    ) -> Result<Generation, CommitError> {
        let (current, position) = self.look(now).await?;
        if current.generation() != base {
            return Err(CommitError::Conflict {
                base,
                head: current.generation(),
            });
        }
        for change in &changes.changes {
            current.directory().format.check_writes(change.needs())?;
        }
        let is_long = changes.changes.len() > FEW_CHANGES || is_large(current.directory());
        let planned = elsewhere(is_long, move || plan(&current, changes)).await?;
        let Planned { entry, after } = planned?;
        let appended = self.log.append(position, &entry).await;
        match appended.map_err(DirectoryError::from)? {
            Appended::Conflict { head } => Err(CommitError::Conflict {
                base,
                head: head.generation,
            }),
            Appended::Written(position) => {
                let generation = position.generation;
                self.keep_checkpoint(position, after).await;
                self.take_over(generation, now).await;
                Ok(generation)
            }
        }
    }

    /// The change is durable by now: failing to read it back delays this node and undoes nothing.
    async fn take_over(&self, generation: Generation, now: UnixTime) {
        if let Err(error) = self.catch_up(now).await {
            tracing::warn!(generation, %error, "the directory's new generation could not be read back yet");
        }
    }

    /// Takes over what came after `known`, where the current snapshot is; says where it is then.
    async fn read_new(&self, known: Position) -> Result<Position, DirectoryError> {
        let head = self.log.head().await?;
        if head == known {
            return Ok(known);
        }
        let new = if head.generation > known.generation {
            self.entries_from(known).await?
        } else {
            None
        };
        let replayed = if let Some(entries) = new {
            self.continued((known, head), entries).await?
        } else {
            self.anew(known, head).await?
        };
        let (position, current) = (replayed.position, self.current.load_full());
        let is_long = is_large(&replayed.directory);
        let next = elsewhere(is_long, move || {
            let directory = Arc::new(replayed.directory);
            current.succeeded_by(position.generation, directory, &replayed.touched)
        });
        let before = self.current.swap(Arc::new(next.await?));
        if is_long {
            self.retire(before);
        }
        Ok(position)
    }

    /// Whoever lets go of a large snapshot last frees what it alone has. That is done at the next look, when those
    /// who were reading it are done, and where no request waits.
    fn retire(&self, snapshot: Arc<Snapshot>) {
        let retired = self.retired.lock();
        *retired.unwrap_or_else(PoisonError::into_inner) = Some(snapshot);
    }

    fn free_retired(&self) {
        let retired = self.retired.lock();
        let retired = retired.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(retired) = retired {
            tokio::task::spawn_blocking(move || drop(retired));
        }
    }

    /// The first entries after `known`; `None` where the log has no such place any more.
    async fn entries_from(&self, known: Position) -> Result<Option<Vec<LogEntry>>, DirectoryError> {
        if known == Position::START {
            return Ok(Some(self.log.read_after(0, READ_LIMIT).await?));
        }
        let before = known.generation.saturating_sub(1);
        let mut entries = self.log.read_after(before, READ_LIMIT).await?.into_iter();
        let is_there = entries
            .next()
            .is_some_and(|entry| entry.position() == known);
        Ok(is_there.then(|| entries.collect()))
    }

    async fn continued(
        &self,
        (known, head): (Position, Position),
        mut entries: Vec<LogEntry>,
    ) -> Result<Replayed, DirectoryError> {
        let directory = Directory::clone(self.current.load().directory());
        let mut replayed = Replayed::none(known, directory);
        let format = self.known;
        // A read is bounded in bytes, so that the first may have had no room beside the entry that is known.
        while replayed.position.generation < head.generation {
            if entries.is_empty() {
                let after = replayed.position.generation;
                entries = self.log.read_after(after, READ_LIMIT).await?;
            }
            if entries.is_empty() {
                return Err(missing(head).into());
            }
            let bytes: usize = entries.iter().map(|entry| entry.change.len()).sum();
            let is_long = bytes > FEW_BYTES || is_large(&replayed.directory);
            let new = std::mem::take(&mut entries);
            replayed = elsewhere(is_long, move || replayed.and(&new, format)).await??;
        }
        Ok(replayed)
    }

    /// The log is not the one that the snapshot was made from: the store lost its last changes, as it
    /// may when it fails over. What it has now holds. One that has lost everything is no directory.
    async fn anew(&self, known: Position, head: Position) -> Result<Replayed, DirectoryError> {
        tracing::error!(
            generation = known.generation,
            head = head.generation,
            "the store lost changes of the directory that this node has seen"
        );
        if head == Position::START {
            let record = "directory head".to_owned();
            return Err(StoreError::Damaged { record }.into());
        }
        let (position, directory) = load(&self.reader()).await?;
        if position.generation < head.generation {
            return Err(missing(head).into());
        }
        let touched = Touched::everything();
        Ok(Replayed {
            touched,
            ..Replayed::none(position, directory)
        })
    }

    /// A caller may have asked the clock long before it looked: that takes back no confirmation, unless
    /// it comes from a clock that was ahead.
    fn confirm(&self, now: UnixTime) {
        let now = now.seconds();
        let confirmed = |at: i64| {
            let is_ahead = at.saturating_sub(now) > MAX_AHEAD_SECONDS;
            Some(if is_ahead { now } else { at.max(now) })
        };
        let order = (Ordering::AcqRel, Ordering::Acquire);
        // It always has a value to set.
        let _ = self.confirmed_at.fetch_update(order.0, order.1, confirmed);
    }

    /// A checkpoint only shortens the next start: nobody waits for that of a large directory, and where the one
    /// before is still being written there is none.
    async fn keep_checkpoint(&self, position: Position, directory: Directory) {
        if !position
            .generation
            .is_multiple_of(checkpoint_every(&directory))
        {
            return;
        }
        let Ok(keeping) = Arc::clone(&self.keeping).try_lock_owned() else {
            return;
        };
        let log = Arc::clone(&self.log);
        if is_large(&directory) {
            tokio::spawn(keep(log, position, directory, keeping));
        } else {
            keep(log, position, directory, keeping).await;
        }
    }
}

/// The log says that it goes so far, and does not have it.
fn missing(head: Position) -> StoreError {
    StoreError::Damaged {
        record: format!("directory log {}", head.generation),
    }
}

/// Whether the log has this change, and not another of its number.
async fn is_in(log: &dyn DirectoryLog, position: Position) -> bool {
    let before = position.generation.saturating_sub(1);
    let read = log.read_after(before, 1).await;
    read.is_ok_and(|entries| entries.first().is_some_and(|it| it.position() == position))
}

/// Failing to keep a checkpoint is told and forgiven.
async fn keep(
    log: Arc<dyn DirectoryLog>,
    position: Position,
    directory: Directory,
    _keeping: OwnedMutexGuard<()>,
) {
    let generation = position.generation;
    // To write a large directory takes long: no other request of this thread waits for it.
    let written = tokio::task::spawn_blocking(move || serde_json::to_vec(&directory)).await;
    let Ok(Ok(bytes)) = written else {
        return;
    };
    // That took a while. A store that lost the change meanwhile may have another in its place.
    if !is_in(&*log, position).await {
        tracing::warn!(
            generation,
            "the directory's checkpoint is of a change that the store lost, and was not kept"
        );
        return;
    }
    if let Err(error) = log.save_checkpoint(generation, &bytes).await {
        tracing::warn!(generation, %error, "the directory's checkpoint was not kept");
    }
}

impl std::fmt::Debug for LiveDirectory {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let generation = self.current.load().generation();
        formatter
            .debug_struct("LiveDirectory")
            .field("generation", &generation)
            .finish_non_exhaustive()
    }
}

async fn load(reader: &Reader<'_>) -> Result<(Position, Directory), DirectoryError> {
    let checkpoint = unbarred(reader.log.checkpoint().await?)?;
    reader.load_after(checkpoint).await
}
