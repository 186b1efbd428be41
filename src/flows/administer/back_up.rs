//! Backup: everything that the store keeps, sealed under the root key.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Act, AdminAction, AdminError, Administration};
use crate::directory::{DirectoryError, check_whole};
use crate::domain::UnixTime;
use crate::flows::authenticate::Caller;
use crate::flows::record::{Outcome, Subject};
use crate::flows::request::RequestMeta;
use crate::store::archive::{ArchiveSeal, ArchiveWriter, Contents, Record, take_everything};
use crate::store::{DirectoryLog, Stock, StoreError};

/// A backup is done within this time, or is none.
pub const MAX_TIME: Duration = Duration::from_hours(1);
/// Records that wait to be sealed.
const WAITING: usize = 16;

/// What backups are made of.
#[derive(Clone)]
pub struct BackUps {
    log: Arc<dyn DirectoryLog>,
    stock: Arc<dyn Stock>,
    /// What seals them; none where nobody has the root key, which would have to open them.
    seal: Option<ArchiveSeal>,
    /// One at a time.
    place: Arc<Semaphore>,
}

impl fmt::Debug for BackUps {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("BackUps")
    }
}

impl BackUps {
    /// Of this store, sealed by `seal`; none where nobody has the root key, which would have to open them.
    pub fn new(
        log: Arc<dyn DirectoryLog>,
        stock: Arc<dyn Stock>,
        seal: Option<ArchiveSeal>,
    ) -> Self {
        Self {
            log,
            stock,
            seal,
            place: Arc::new(Semaphore::new(1)),
        }
    }
}

/// A backup that may be made.
pub struct BackUp {
    of: BackUps,
    archive: ArchiveWriter,
    begun_at: UnixTime,
    _place: OwnedSemaphorePermit,
}

impl fmt::Debug for BackUp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("BackUp")
    }
}

impl Administration {
    /// A backup of everything, to be run by the caller. It is recorded before anything is read.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn back_up(&self, caller: &Caller, meta: &RequestMeta) -> Result<BackUp, AdminError> {
        let act = Act {
            caller,
            action: AdminAction::BackUp,
            meta,
        };
        self.authorise(&act).await?;
        let back_up = match self.begin_back_up(meta.now).await {
            Ok(back_up) => back_up,
            Err(error) => return Err(self.failed(&act, error).await),
        };
        let subject = Subject::Caller(caller);
        self.recorder
            .admin(meta, &subject, AdminAction::BackUp, Outcome::Done)
            .await?;
        Ok(back_up)
    }

    async fn begin_back_up(&self, begun_at: UnixTime) -> Result<BackUp, AdminError> {
        let of = self.back_ups.clone();
        let seal = of.seal.clone().ok_or(AdminError::NoBackUp)?;
        let place = Arc::clone(&of.place).try_acquire_owned();
        let place = place.map_err(|_| AdminError::BackUpUnderWay)?;
        match check_whole(&*of.log).await {
            Err(DirectoryError::Barred) => return Err(AdminError::Barred),
            whole => whole?,
        }
        Ok(BackUp {
            archive: ArchiveWriter::new(seal)?,
            _place: place,
            of,
            begun_at,
        })
    }
}

impl BackUp {
    /// Sends the archive's bytes, piece by piece; what was in it. It stops where nobody takes them.
    ///
    /// # Errors
    /// [`StoreError`]; the archive has no end then, and is refused when it is restored.
    pub async fn run(self, into: &Sender<Vec<u8>>) -> Result<Contents, StoreError> {
        write_archive(
            (&*self.of.log, &*self.of.stock),
            self.archive,
            self.begun_at,
            into,
        )
        .await
    }
}

/// Writes a store's archive, piece by piece; what was in it.
///
/// # Errors
/// [`StoreError`]; the archive has no end then.
pub async fn write_archive(
    (log, stock): (&dyn DirectoryLog, &dyn Stock),
    archive: ArchiveWriter,
    begun_at: UnixTime,
    into: &Sender<Vec<u8>>,
) -> Result<Contents, StoreError> {
    // Nobody listens any more: then nothing is left to do, and the loop below ends as well.
    let _gone = into.send(archive.head()).await;
    let (sender, records) = channel::<Record>(WAITING);
    let take = async {
        let taken = take_everything(log, stock, begun_at, &sender).await;
        drop(sender);
        taken
    };
    let (taken, sealed) = tokio::join!(take, seal(records, archive, into));
    taken?;
    let (last, contents) = sealed?.end(begun_at)?;
    let _gone = into.send(last).await;
    Ok(contents)
}

/// Seals and sends what comes. Whoever sends records learns that nobody takes them any more.
async fn seal(
    mut records: Receiver<Record>,
    mut archive: ArchiveWriter,
    into: &Sender<Vec<u8>>,
) -> Result<ArchiveWriter, StoreError> {
    while let Some(record) = records.recv().await {
        let piece = archive.frame(record)?;
        if into.send(piece).await.is_err() {
            break;
        }
    }
    Ok(archive)
}
