//! The store of a single node: one file (redb), mode 0600, that one process has open.
//!
//! ```text
//! write: caller ─ job ─> writer thread ─ up to 256 jobs in one transaction ─ fsync ─> answers
//! read:  caller ─ snapshot, inline; the directory's log, checkpoints and sweeps on a blocking thread
//! ```
//!
//! A commit is durable before it is answered, and after a crash the file holds the state before or
//! after a transaction, never a mix. Jobs that queue up while a commit waits for the disk share the
//! next one. A single record is read inline because it comes out of the page cache in microseconds;
//! a request that would change nothing (an unknown session, a mark already made) is answered from a
//! read and never waits for the disk.
//!
//! After an I/O error, a full disk for example, redb refuses every further write until the store is
//! opened again.

mod decisions;
mod directory;
mod expiring;
mod families;
mod key_uses;
mod open;
mod personal_roles;
mod sessions;
mod stock;
mod sweep;
mod writer;

use std::sync::{Arc, Mutex};

use redb::{Database, ReadTransaction, ReadableDatabase, TableDefinition};

use super::sealed::{StoreSeal, unavailable};
use super::{Generation, Position, StoreError};
use writer::Writer;

pub use open::OpenError;
pub use writer::NotWritten;

/// The version of the file's tables and of what stands in them.
pub const FORMAT_VERSION: u32 = 1;

/// Records with a 256-bit name.
type NamedTable = TableDefinition<'static, &'static [u8; 32], &'static [u8]>;
/// Records with a generation.
type GenerationTable = TableDefinition<'static, Generation, &'static [u8]>;

const META: TableDefinition<'static, &'static str, &'static [u8]> = TableDefinition::new("meta");
const DIRECTORY_LOG: GenerationTable = TableDefinition::new("directory_log");
const DIRECTORY_CHECKPOINT: GenerationTable = TableDefinition::new("directory_checkpoint");
const SESSIONS: NamedTable = TableDefinition::new("sessions");
const ONE_TIME_MARKS: NamedTable = TableDefinition::new("one_time_marks");
/// The persons who signed out at their provider, as long as that must be remembered.
const LOGOUTS: NamedTable = TableDefinition::new("logouts");
/// Families of refresh tokens.
const REFRESH_FAMILIES: NamedTable = TableDefinition::new("refresh_families");
/// What ended several of them, as long as that must be remembered.
const FAMILY_ENDINGS: NamedTable = TableDefinition::new("family_endings");
/// When access keys were last used.
const KEY_USES: NamedTable = TableDefinition::new("key_uses");
/// People's favourite roles, and those that they took last.
const PERSONAL_ROLES: NamedTable = TableDefinition::new("personal_roles");
/// Whose session is which: the person's name and behind it the session's.
const SESSIONS_OF_PEOPLE: TableDefinition<'static, &'static [u8; 64], ()> =
    TableDefinition::new("sessions_of_people");

/// The embedded store.
///
/// Dropping it waits for the commits under way and closes the file.
pub struct EmbeddedStore {
    writer: Writer,
    database: Arc<Database>,
    seal: Arc<StoreSeal>,
    /// The head of the directory's log as it was seen last.
    head: Mutex<Position>,
}

impl EmbeddedStore {
    /// Reads from one consistent snapshot.
    fn read<T>(
        &self,
        work: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        read(&self.database, work)
    }

    /// Reads from one consistent snapshot on a thread that may wait for the disk.
    async fn read_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ReadTransaction, &StoreSeal) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (database, seal) = (Arc::clone(&self.database), Arc::clone(&self.seal));
        let reading = move || read(&database, |transaction| work(transaction, &seal));
        tokio::task::spawn_blocking(reading)
            .await
            .map_err(unavailable)?
    }
}

fn read<T>(
    database: &Database,
    work: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error>,
) -> Result<T, StoreError> {
    let transaction = database.begin_read().map_err(unavailable)?;
    work(&transaction).map_err(unavailable)
}
