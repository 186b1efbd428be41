//! Opening the file: whose it is, which version it is of, and which root key it is sealed under.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use redb::{
    Builder, Database, DatabaseError, Key, ReadTransaction, ReadableDatabase, ReadableTable,
    TableDefinition, TableHandle, WriteTransaction,
};

use super::decisions;
use super::directory::HEAD;
use super::writer::Writer;
use super::{
    DIRECTORY_CHECKPOINT, DIRECTORY_LOG, EmbeddedStore, FAMILY_ENDINGS, FORMAT_VERSION, KEY_USES,
    LOGOUTS, META, ONE_TIME_MARKS, PERSONAL_ROLES, REFRESH_FAMILIES, SESSIONS, SESSIONS_OF_PEOPLE,
};
use crate::entropy::EntropyError;
use crate::store::sealed::{RecordName, StoreSeal};
use crate::store::{Generation, Position, StoreError};

/// How much of the file is kept in memory: 64 MiB.
const CACHE_BYTES: usize = 64 << 20;

/// Only the owner reads and writes the file.
const MODE: u32 = 0o600;

/// The record that says which version the file is of: four bytes, big-endian, not sealed, so that
/// it can be read whatever the keys are.
const VERSION: &str = "version";

/// The record by which a wrong root key is known.
const CHECK: RecordName<'static> = RecordName {
    table: "meta",
    key: b"check",
};
const CHECK_KEY: &str = "check";
const CHECK_VALUE: &[u8] = b"rolegate store";

/// Why the store could not be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is locked.
    #[error("another process has the store open")]
    InUse,
    /// The store is sealed under a root key that is neither the current nor the previous one.
    #[error("the store is sealed under another root key; start with the root key it was made with")]
    WrongRootKey,
    /// A newer version of the program made the file.
    #[error("the store has format {found}, newer than {FORMAT_VERSION}; start a newer version")]
    NewerVersion {
        /// The format found.
        found: u32,
    },
    /// The file is no store.
    #[error("the file is not a store of this program")]
    NotAStore,
    /// The file can't be read or written, or it is damaged.
    #[error("the store can't be opened; check the file and its directory, or restore a backup")]
    Unreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl EmbeddedStore {
    /// Opens the store in the file at `path`, or makes one there.
    ///
    /// What is sealed under the seal's previous key is sealed anew under the current one, in one
    /// transaction before this returns; from then on the previous key is not needed. Blocks: the
    /// whole file is checked for damage.
    pub fn open(path: &Path, seal: StoreSeal) -> Result<Self, OpenError> {
        if !path.try_exists().map_err(OpenError::unreadable)? {
            create(path, &seal)?;
        }
        keep_private(path).map_err(OpenError::unreadable)?;
        let database = open_or_initialise(path, &seal)?;
        match key_of(&database, &seal)? {
            SealedUnder::Current => {}
            SealedUnder::Previous => reseal(&database, &seal)?,
        }
        let database = Arc::new(database);
        let writer = Writer::start(Arc::clone(&database)).map_err(OpenError::unreadable)?;
        Ok(Self {
            writer,
            database,
            seal: Arc::new(seal),
            head: Mutex::new(Position::START),
        })
    }
}

impl OpenError {
    fn unreadable(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unreadable(Box::new(cause))
    }
}

impl From<DatabaseError> for OpenError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => Self::InUse,
            other => Self::unreadable(other),
        }
    }
}

impl From<redb::Error> for OpenError {
    fn from(error: redb::Error) -> Self {
        Self::unreadable(error)
    }
}

impl From<EntropyError> for OpenError {
    fn from(error: EntropyError) -> Self {
        Self::unreadable(error)
    }
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        Self::unreadable(error)
    }
}

/// Makes the store beside `path` and links it there when it is whole, so that a crash never leaves
/// half a file under the name.
fn create(path: &Path, seal: &StoreSeal) -> Result<(), OpenError> {
    let unfinished = unfinished(path);
    empty_file(&unfinished)?;
    drop(open_or_initialise(&unfinished, seal)?);
    match std::fs::hard_link(&unfinished, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(OpenError::unreadable(error));
        }
        Ok(()) | Err(_) => {}
    }
    std::fs::remove_file(&unfinished)
        .and_then(|()| File::open(directory_of(path)))
        .and_then(|directory| directory.sync_all())
        .map_err(OpenError::unreadable)
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".new");
    name.into()
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        Some(_) | None => Path::new("."),
    }
}

/// An empty private file, which may be what a crashed start left; not one that a process has open.
fn empty_file(path: &Path) -> Result<(), OpenError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(MODE)
        .open(path)
        .map_err(OpenError::unreadable)?;
    match file.try_lock() {
        Ok(()) => file.set_len(0).map_err(OpenError::unreadable),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse),
        Err(TryLockError::Error(error)) => Err(OpenError::unreadable(error)),
    }
}

fn keep_private(path: &Path) -> io::Result<()> {
    let mode = std::fs::metadata(path)?.permissions().mode() & 0o777;
    if mode & !MODE != 0 {
        tracing::warn!(mode = %format_args!("{mode:o}"), "the store's file was open to others");
        std::fs::set_permissions(path, Permissions::from_mode(MODE))?;
    }
    Ok(())
}

/// The check reads every page, so that damage is an error here and not a panic later.
fn open_or_initialise(path: &Path, seal: &StoreSeal) -> Result<Database, OpenError> {
    let database = Builder::new()
        .set_cache_size(CACHE_BYTES)
        .set_check_integrity_on_open(true)
        .create(path)?;
    match version_of(&database)? {
        Some(FORMAT_VERSION) => add_tables(&database)?,
        Some(found) if found > FORMAT_VERSION => return Err(OpenError::NewerVersion { found }),
        Some(_) => return Err(OpenError::NotAStore),
        None => initialise(&database, seal)?,
    }
    Ok(database)
}

/// Adds the tables that a file of an earlier program has not.
fn add_tables(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    transaction.open_table(LOGOUTS)?;
    transaction.open_table(SESSIONS_OF_PEOPLE)?;
    transaction.open_table(REFRESH_FAMILIES)?;
    transaction.open_table(FAMILY_ENDINGS)?;
    transaction.open_table(KEY_USES)?;
    transaction.open_table(PERSONAL_ROLES)?;
    decisions::add_tables(&transaction)?;
    Ok(transaction.commit()?)
}

/// The file's version; `None` where the file is empty.
fn version_of(database: &Database) -> Result<Option<u32>, OpenError> {
    let transaction = begin_read(database)?;
    let mut tables = transaction.list_tables().map_err(redb::Error::from)?;
    if tables.next().is_none() {
        return Ok(None);
    }
    let version = meta(&transaction, VERSION)?.ok_or(OpenError::NotAStore)?;
    let version = version.try_into().map_err(|_| OpenError::NotAStore)?;
    Ok(Some(u32::from_be_bytes(version)))
}

fn begin_read(database: &Database) -> Result<ReadTransaction, redb::Error> {
    Ok(database.begin_read()?)
}

fn meta(transaction: &ReadTransaction, key: &str) -> Result<Option<Vec<u8>>, OpenError> {
    let table = match transaction.open_table(META) {
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        other => other.map_err(redb::Error::from)?,
    };
    let value = table.get(key).map_err(redb::Error::from)?;
    Ok(value.map(|value| value.value().to_vec()))
}

fn initialise(database: &Database, seal: &StoreSeal) -> Result<(), OpenError> {
    let check = seal.seal_bytes(CHECK, CHECK_VALUE, CHECK_VALUE.len())?;
    let empty: Generation = 0;
    let head = seal.seal_value(HEAD, &empty, super::directory::HEAD_BYTES)?;
    Ok(write_initial(database, &check, &head)?)
}

fn write_initial(database: &Database, check: &[u8], head: &[u8]) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut meta = transaction.open_table(META)?;
        meta.insert(VERSION, FORMAT_VERSION.to_be_bytes().as_slice())?;
        meta.insert(CHECK_KEY, check)?;
        meta.insert(super::directory::HEAD_KEY, head)?;
        transaction.open_table(DIRECTORY_LOG)?;
        transaction.open_table(DIRECTORY_CHECKPOINT)?;
        transaction.open_table(SESSIONS)?;
        transaction.open_table(ONE_TIME_MARKS)?;
        transaction.open_table(LOGOUTS)?;
        transaction.open_table(SESSIONS_OF_PEOPLE)?;
        transaction.open_table(REFRESH_FAMILIES)?;
        transaction.open_table(FAMILY_ENDINGS)?;
        transaction.open_table(KEY_USES)?;
        transaction.open_table(PERSONAL_ROLES)?;
        decisions::add_tables(&transaction)?;
    }
    Ok(transaction.commit()?)
}

enum SealedUnder {
    Current,
    Previous,
}

fn key_of(database: &Database, seal: &StoreSeal) -> Result<SealedUnder, OpenError> {
    let check = meta(&begin_read(database)?, CHECK_KEY)?.ok_or(OpenError::NotAStore)?;
    let is_current = seal.names_current_key(&check);
    match seal.open_bytes(CHECK, &check, CHECK_VALUE.len()) {
        Ok(_) if is_current => Ok(SealedUnder::Current),
        Ok(_) => Ok(SealedUnder::Previous),
        Err(damage) if is_current => Err(OpenError::unreadable(damage)),
        Err(_) => Err(OpenError::WrongRootKey),
    }
}

/// Seals every record anew that is under the previous key. A record that doesn't open stays as it
/// is, for whoever reads it to judge.
fn reseal(database: &Database, seal: &StoreSeal) -> Result<(), OpenError> {
    let transaction = database.begin_write().map_err(redb::Error::from)?;
    reseal_table(&transaction, seal, META)?;
    reseal_table(&transaction, seal, DIRECTORY_LOG)?;
    reseal_table(&transaction, seal, DIRECTORY_CHECKPOINT)?;
    let named = [
        SESSIONS,
        LOGOUTS,
        ONE_TIME_MARKS,
        REFRESH_FAMILIES,
        FAMILY_ENDINGS,
        KEY_USES,
        PERSONAL_ROLES,
    ];
    for table in named {
        reseal_table(&transaction, seal, table)?;
    }
    for table in [decisions::HEADS, decisions::BODIES] {
        reseal_pages(&transaction, seal, table)?;
    }
    transaction.commit().map_err(redb::Error::from)?;
    tracing::info!("the store is sealed under the current root key now");
    Ok(())
}

fn reseal_table<K: RecordKey + 'static>(
    transaction: &WriteTransaction,
    seal: &StoreSeal,
    definition: TableDefinition<'static, K, &'static [u8]>,
) -> Result<(), OpenError> {
    let mut table = transaction
        .open_table(definition)
        .map_err(redb::Error::from)?;
    let table_name = definition.name().to_owned();
    let mut resealed = Vec::new();
    for record in table.iter().map_err(redb::Error::from)? {
        let (key, stored) = record.map_err(redb::Error::from)?;
        let name = RecordName {
            table: &table_name,
            key: &K::name(&key.value()),
        };
        if let Some(stored) = seal.reseal(name, stored.value())? {
            resealed.push((K::as_bytes(&key.value()).as_ref().to_vec(), stored));
        }
    }
    for (key, stored) in resealed {
        table
            .insert(K::from_bytes(&key), stored.as_slice())
            .map_err(redb::Error::from)?;
    }
    Ok(())
}

/// One page after another: all together may be more than there is memory.
fn reseal_pages(
    transaction: &WriteTransaction,
    seal: &StoreSeal,
    definition: decisions::PageTable,
) -> Result<(), OpenError> {
    let mut table = transaction
        .open_table(definition)
        .map_err(redb::Error::from)?;
    let keys: Result<Vec<decisions::PageKey>, redb::StorageError> = table
        .iter()
        .map_err(redb::Error::from)?
        .map(|record| record.map(|(key, _)| *key.value()))
        .collect();
    for key in keys.map_err(redb::Error::from)? {
        let name = RecordName {
            table: definition.name(),
            key: &key,
        };
        let resealed = match table.get(&key).map_err(redb::Error::from)? {
            Some(stored) => seal.reseal(name, stored.value())?,
            None => None,
        };
        if let Some(resealed) = resealed {
            table
                .insert(&key, resealed.as_slice())
                .map_err(redb::Error::from)?;
        }
    }
    Ok(())
}

/// A table's key, as the name that its records are sealed under.
trait RecordKey: Key {
    fn name(key: &Self::SelfType<'_>) -> Vec<u8>;
}

impl RecordKey for &'static str {
    fn name(key: &Self::SelfType<'_>) -> Vec<u8> {
        key.as_bytes().to_vec()
    }
}

impl RecordKey for Generation {
    fn name(key: &Self::SelfType<'_>) -> Vec<u8> {
        key.to_be_bytes().to_vec()
    }
}

impl RecordKey for &'static [u8; 32] {
    fn name(key: &Self::SelfType<'_>) -> Vec<u8> {
        key.to_vec()
    }
}
