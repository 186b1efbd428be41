//! The embedded store: the suite, and what is its own.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};
use rolegate::entropy::SystemEntropy;
use rolegate::seal::RootKey;
use rolegate::store::embedded::{EmbeddedStore, OpenError};
use rolegate::store::{
    Appended, DecisionLog, DirectoryLog, Ending, FamiliesOf, MAX_CHANGE_BYTES, OneTimeUse,
    PERSONAL_ROLES_SECONDS, PageWritten, PersonalRoles, Position, RefreshFamilies, RefreshFamily,
    RolesChange, Sessions, Share, StoreError, StoreSeal,
};
use tempfile::TempDir;

use crate::conformance::conforms;
use crate::damage::{ROOT_KEY, Rig, Table, withstands_damage};
use crate::families::{begin, family, family_key};
use crate::pages::{page, write};
use crate::personal_roles::{change, role};
use crate::samples::{IDLE, NOW, logout_after, person, session, session_key, session_key_of};

conforms!(empty());
withstands_damage!(FileRig::new());

const META: TableDefinition<'static, &'static str, &'static [u8]> = TableDefinition::new("meta");

const DECISION_HEADS: TableDefinition<'static, &'static [u8; 17], &'static [u8]> =
    TableDefinition::new("decision_heads");

fn empty() -> (EmbeddedStore, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&file_in(&directory)).unwrap();
    (store, directory)
}

fn file_in(directory: &TempDir) -> PathBuf {
    directory.path().join("rolegate.store")
}

fn open(path: &Path) -> Result<EmbeddedStore, OpenError> {
    EmbeddedStore::open(path, sealed_under(ROOT_KEY, None))
}

fn sealed_under(current: [u8; 32], previous: Option<[u8; 32]>) -> StoreSeal {
    let previous = previous.map(RootKey::new);
    StoreSeal::new(
        &RootKey::new(current),
        previous.as_ref(),
        Arc::new(SystemEntropy),
    )
}

/// Closes the store to get at its file, and opens it again.
struct FileRig {
    store: Option<EmbeddedStore>,
    directory: TempDir,
}

impl FileRig {
    fn new() -> Self {
        let (store, directory) = empty();
        Self {
            store: Some(store),
            directory,
        }
    }

    fn behind_its_back<T>(&mut self, work: impl FnOnce(&Database) -> T) -> T {
        self.store = None;
        let done = work(&Database::open(file_in(&self.directory)).unwrap());
        self.store = Some(open(&file_in(&self.directory)).unwrap());
        done
    }
}

fn named(table: Table) -> TableDefinition<'static, &'static [u8; 32], &'static [u8]> {
    TableDefinition::new(table.name())
}

fn by_generation(table: Table) -> TableDefinition<'static, u64, &'static [u8]> {
    TableDefinition::new(table.name())
}

impl Rig for FileRig {
    type Store = EmbeddedStore;

    fn store(&self) -> &EmbeddedStore {
        self.store.as_ref().unwrap()
    }

    async fn stored(&mut self, table: Table, key: &[u8]) -> Option<Vec<u8>> {
        self.behind_its_back(|database| {
            let transaction = database.begin_read().unwrap();
            let stored = match table {
                Table::DirectoryLog | Table::DirectoryCheckpoint => transaction
                    .open_table(by_generation(table))
                    .unwrap()
                    .get(generation(key)),
                _ => transaction.open_table(named(table)).unwrap().get(name(key)),
            };
            stored.unwrap().map(|stored| stored.value().to_vec())
        })
    }

    async fn tamper(&mut self, table: Table, key: &[u8], stored: Option<&[u8]>) {
        self.behind_its_back(|database| {
            let transaction = database.begin_write().unwrap();
            match table {
                Table::DirectoryLog | Table::DirectoryCheckpoint => {
                    let mut table = transaction.open_table(by_generation(table)).unwrap();
                    put(&mut table, generation(key), stored);
                }
                _ => {
                    let mut table = transaction.open_table(named(table)).unwrap();
                    put(&mut table, name(key), stored);
                }
            }
            transaction.commit().unwrap();
        });
    }

    async fn name_of_the_ending(&mut self) -> [u8; 32] {
        self.behind_its_back(|database| {
            let transaction = database.begin_read().unwrap();
            let endings = transaction.open_table(named(Table::FamilyEndings)).unwrap();
            let (name, _) = endings.first().unwrap().unwrap();
            *name.value()
        })
    }
}

fn put<K: redb::Key + 'static>(
    table: &mut redb::Table<'_, K, &'static [u8]>,
    key: K::SelfType<'_>,
    stored: Option<&[u8]>,
) {
    match stored {
        Some(stored) => drop(table.insert(key, stored).unwrap()),
        None => drop(table.remove(key).unwrap()),
    }
}

fn generation(key: &[u8]) -> u64 {
    u64::from_be_bytes(key.try_into().unwrap())
}

fn name(key: &[u8]) -> &[u8; 32] {
    key.try_into().unwrap()
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let (store, directory) = empty();
    keep_all(&store).await;
    drop(store);
    assert_holds_all(&open(&file_in(&directory)).unwrap()).await;
}

/// One of everything that a store keeps.
async fn keep_all(store: &EmbeddedStore) {
    store.append(Position::START, b"a").await.unwrap();
    store.save_checkpoint(1, b"all").await.unwrap();
    store.create(&session_key(1), &session("a")).await.unwrap();
    store.redeem(&[1; 32], NOW.plus(60), NOW).await.unwrap();
    write(store, Share::People, &page(0, 1, b"x"), None).await;
    change(store, "a", RolesChange::AddFavourite(role(1))).await;
}

async fn assert_holds_all(store: &EmbeddedStore) {
    assert_eq!(store.read_after(0, 9).await.unwrap().len(), 1);
    assert!(store.checkpoint().await.unwrap().is_some());
    let found = store.find(&session_key(1), NOW).await;
    assert_eq!(found.unwrap(), Some(session("a")));
    assert!(store.is_redeemed(&[1; 32], NOW).await.unwrap());
    let kept = page(0, 1, b"x");
    let found = store.page(Share::People, kept.id).await.unwrap();
    assert_eq!(found, Some(kept));
    let roles = store.personal_roles(&person("a"), NOW).await.unwrap();
    assert_eq!(roles.unwrap().favourites, [role(1)]);
}

#[tokio::test]
async fn a_log_of_large_changes_is_read_in_parts() {
    let (store, _directory) = empty();
    let large = vec![0xa5; MAX_CHANGE_BYTES];
    let mut head = Position::START;
    for _ in 0..3 {
        let Appended::Written(written) = store.append(head, &large).await.unwrap() else {
            panic!("nobody else writes");
        };
        head = written;
    }
    let mut read = 0;
    while read < 3 {
        let part = store.read_after(read, 256).await.unwrap();
        assert!((1..=2).contains(&part.len()), "{}", part.len());
        read += part.len() as u64;
    }
    assert_eq!(read, 3);
}

#[tokio::test]
async fn a_root_key_is_rotated_by_one_start_with_both() {
    let (store, directory) = empty();
    keep_all(&store).await;
    drop(store);
    let reopen = |current, previous| {
        EmbeddedStore::open(&file_in(&directory), sealed_under(current, previous))
    };
    drop(reopen([8; 32], Some(ROOT_KEY)).unwrap());
    assert!(matches!(
        reopen(ROOT_KEY, None),
        Err(OpenError::WrongRootKey)
    ));
    assert_holds_all(&reopen([8; 32], None).unwrap()).await;
}

#[test]
fn another_root_key_is_known_at_open() {
    let (store, directory) = empty();
    drop(store);
    for seal in [
        sealed_under([8; 32], None),
        sealed_under([8; 32], Some([9; 32])),
    ] {
        let opened = EmbeddedStore::open(&file_in(&directory), seal);
        assert!(matches!(opened, Err(OpenError::WrongRootKey)));
    }
    assert!(open(&file_in(&directory)).is_ok());
}

#[test]
fn a_second_opening_says_that_the_store_is_in_use() {
    let (_store, directory) = empty();
    let second = open(&file_in(&directory)).err().unwrap();
    assert!(matches!(second, OpenError::InUse));
    assert_eq!(second.to_string(), "another process has the store open");
}

#[test]
fn only_the_owner_reads_the_file() {
    let (store, directory) = empty();
    let path = file_in(&directory);
    let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    drop(store);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    drop(open(&path).unwrap());
    assert_eq!(mode(), 0o600);
}

#[test]
fn the_store_is_one_file() {
    let (_store, directory) = empty();
    let names: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["rolegate.store"]);
}

#[test]
fn what_a_crashed_first_start_left_does_no_harm() {
    let directory = tempfile::tempdir().unwrap();
    let unfinished = directory.path().join("rolegate.store.new");
    std::fs::write(&unfinished, [0; 5000]).unwrap();
    drop(open(&file_in(&directory)).unwrap());
    assert!(!unfinished.exists());
}

#[test]
fn a_newer_format_is_refused_by_its_number() {
    let (store, directory) = empty();
    drop(store);
    set_meta(&file_in(&directory), "version", &2_u32.to_be_bytes());
    assert!(matches!(
        open(&file_in(&directory)),
        Err(OpenError::NewerVersion { found: 2 })
    ));
}

#[test]
fn a_damaged_check_value_is_not_taken_for_a_wrong_key() {
    let (store, directory) = empty();
    drop(store);
    let path = file_in(&directory);
    let database = Database::open(&path).unwrap();
    let transaction = database.begin_read().unwrap();
    let check = transaction.open_table(META).unwrap().get("check").unwrap();
    let mut check = check.unwrap().value().to_vec();
    *check.last_mut().unwrap() ^= 1;
    drop((transaction, database));
    set_meta(&path, "check", &check);
    assert!(matches!(open(&path), Err(OpenError::Unreadable(_))));
}

#[tokio::test]
async fn a_damaged_head_is_an_error() {
    let (store, directory) = empty();
    store.append(Position::START, b"a").await.unwrap();
    drop(store);
    set_meta(&file_in(&directory), "head", b"x");
    let store = open(&file_in(&directory)).unwrap();
    let damaged = |record: &str| record == "directory head";
    assert!(matches!(store.head().await, Err(StoreError::Damaged { record }) if damaged(&record)));
    let appended = store.append(Position::after(1, b"a"), b"b").await;
    assert!(matches!(appended, Err(StoreError::Damaged { record }) if damaged(&record)));
}

fn set_meta(path: &Path, key: &str, value: &[u8]) {
    let database = Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut meta = transaction.open_table(META).unwrap();
        meta.insert(key, value).unwrap();
    }
    transaction.commit().unwrap();
}

#[test]
fn a_file_of_something_else_is_not_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_in(&directory);
    let text = b"not a store".repeat(1000);
    std::fs::write(&path, &text).unwrap();
    assert!(matches!(open(&path), Err(OpenError::Unreadable(_))));
    assert_eq!(std::fs::read(&path).unwrap(), text);
}

#[test]
fn a_database_of_something_else_is_not_taken_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = file_in(&directory);
    let database = Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(named(Table::Sessions)).unwrap();
    transaction.commit().unwrap();
    drop(database);
    assert!(matches!(open(&path), Err(OpenError::NotAStore)));
}

#[tokio::test]
async fn no_stored_byte_is_readable() {
    let (store, directory) = empty();
    let session = session("somebody.unmistakable");
    let key = session_key_of("somebody.unmistakable", 1);
    store.create(&key, &session).await.unwrap();
    let traces = page(0, 1, b"somebody.unmistakable");
    write(&store, Share::People, &traces, None).await;
    store
        .append(Position::START, b"change.unmistakable")
        .await
        .unwrap();
    let family = family("somebody.unmistakable");
    store.begin(&family_key(1), &family).await.unwrap();
    drop(store);
    let bytes = std::fs::read(file_in(&directory)).unwrap();
    let found = memchr::memmem::find(&bytes, b"unmistakable");
    assert_eq!(found, None);
}

/// Entries of `sessions_of_people`.
fn sessions_of_people(rig: &mut FileRig) -> usize {
    const TABLE: TableDefinition<'static, &'static [u8; 64], ()> =
        TableDefinition::new("sessions_of_people");
    rig.behind_its_back(|database| {
        let transaction = database.begin_read().unwrap();
        let table = transaction.open_table(TABLE).unwrap();
        usize::try_from(table.len().unwrap()).unwrap()
    })
}

#[tokio::test]
async fn a_sweep_forgets_whose_a_session_was_and_old_logouts() {
    let mut rig = FileRig::new();
    for (key, name) in [(1, "a"), (3, "a"), (2, "b")] {
        let store = rig.store();
        store
            .create(&session_key(key), &session(name))
            .await
            .unwrap();
    }
    rig.store().end(&session_key(1)).await.unwrap();
    let logout = logout_after(0);
    let ended = rig.store().end_all(&person("b"), logout).await;
    assert_eq!(ended.unwrap().len(), 1);
    assert_eq!(sessions_of_people(&mut rig), 2);
    assert_eq!(rig.store().sweep(logout.keep_until).await.unwrap(), 0);
    assert_eq!(sessions_of_people(&mut rig), 1);
    let after = logout.keep_until.plus(1);
    assert_eq!(rig.store().sweep(after).await.unwrap(), 1);
    let ended = rig.store().end_all(&person("a"), logout).await;
    assert_eq!(ended.unwrap().len(), 1);
    assert_eq!(sessions_of_people(&mut rig), 0);
}

#[tokio::test]
async fn a_file_without_the_later_tables_gets_them() {
    let (store, directory) = empty();
    drop(store);
    let database = Database::open(file_in(&directory)).unwrap();
    let transaction = database.begin_write().unwrap();
    for table in [
        Table::Logouts,
        Table::RefreshFamilies,
        Table::FamilyEndings,
        Table::PersonalRoles,
    ] {
        transaction.delete_table(named(table)).unwrap();
    }
    transaction.delete_table(DECISION_HEADS).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let store = open(&file_in(&directory)).unwrap();
    assert_eq!(store.sweep(NOW).await.unwrap(), 0);
    let roles = store.personal_roles(&person("a"), NOW).await;
    assert_eq!(roles.unwrap(), None);
    let heads = store.page_heads(Share::People, None, 9).await.unwrap();
    assert_eq!(heads.heads, []);
}

#[tokio::test]
async fn a_damaged_page_of_decisions_is_left_out_and_can_be_removed() {
    let mut rig = FileRig::new();
    let (good, bad) = (page(0, 1, b"good"), page(5, 1, b"bad"));
    for page in [&good, &bad] {
        write(rig.store(), Share::People, page, None).await;
    }
    rig.behind_its_back(|database| {
        let transaction = database.begin_write().unwrap();
        let mut table = transaction.open_table(DECISION_HEADS).unwrap();
        let key = *table.last().unwrap().unwrap().0.value();
        table.insert(&key, &b"x"[..]).unwrap();
        drop(table);
        transaction.commit().unwrap();
    });
    let store = rig.store();
    let heads = store.page_heads(Share::People, None, 9).await.unwrap();
    assert_eq!(heads.heads, [(good.id, good.head.clone())]);
    assert_eq!(store.page(Share::People, bad.id).await.unwrap(), None);
    let over = page(5, 2, b"over");
    let written = write(store, Share::People, &over, Some([1; 16])).await;
    assert_eq!(written, PageWritten::Changed);
    store.remove_pages(Share::People, &[bad.id]).await.unwrap();
    let sizes = store.page_sizes(Share::People).await.unwrap();
    assert_eq!(sizes.len(), 1);
}

#[tokio::test]
async fn a_sweep_removes_what_is_over_and_nothing_else() {
    let mut rig = FileRig::new();
    let store = rig.store();
    store.create(&session_key(1), &session("a")).await.unwrap();
    store.create(&session_key(2), &session("b")).await.unwrap();
    for (byte, keep) in [(1, IDLE - 1), (2, IDLE)] {
        store
            .redeem(&[byte; 32], NOW.plus(keep), NOW)
            .await
            .unwrap();
    }
    store.touch(&session_key(2), NOW.plus(1)).await.unwrap();
    assert_eq!(store.sweep(NOW.plus(IDLE - 1)).await.unwrap(), 0);
    assert_eq!(store.sweep(NOW.plus(IDLE)).await.unwrap(), 2);
    for (table, byte, there) in [
        (Table::Sessions, 1, false),
        (Table::Sessions, 2, true),
        (Table::OneTimeMarks, 1, false),
        (Table::OneTimeMarks, 2, true),
    ] {
        let key = match table {
            Table::Sessions => session_key(byte).0,
            _ => [byte; 32],
        };
        let stored = rig.stored(table, &key).await;
        assert_eq!(stored.is_some(), there, "{table:?} {byte}");
    }
}

#[tokio::test]
async fn a_sweep_removes_families_that_are_over_and_endings_that_end_nothing() {
    let (store, _directory) = empty();
    let of = FamiliesOf::Connection("partners".parse().unwrap());
    store.end_families(&of, Ending { at: NOW }).await.unwrap();
    begin(&store, 1, &family("a")).await;
    assert_eq!(store.sweep(NOW.plus(IDLE - 1)).await.unwrap(), 0);
    assert_eq!(store.sweep(NOW.plus(IDLE)).await.unwrap(), 1);
    let last = NOW.plus(RefreshFamily::MAX_SECONDS);
    assert_eq!(store.sweep(last).await.unwrap(), 0);
    assert_eq!(store.sweep(last.plus(1)).await.unwrap(), 1);
}

#[tokio::test]
async fn a_sweep_forgets_the_roles_of_people_who_have_not_come_for_long() {
    let (store, _directory) = empty();
    change(&store, "a", RolesChange::AddFavourite(role(1))).await;
    let last = NOW.plus(PERSONAL_ROLES_SECONDS);
    assert_eq!(store.sweep(last).await.unwrap(), 0);
    assert_eq!(store.sweep(last.plus(1)).await.unwrap(), 1);
}

#[tokio::test]
async fn a_sweep_removes_damaged_sessions_and_keeps_damaged_marks() {
    let mut rig = FileRig::new();
    rig.tamper(Table::Sessions, &[1; 32], Some(b"x")).await;
    rig.tamper(Table::OneTimeMarks, &[1; 32], Some(b"x")).await;
    assert_eq!(rig.store().sweep(NOW).await.unwrap(), 1);
    assert_eq!(rig.stored(Table::Sessions, &[1; 32]).await, None);
    assert!(rig.stored(Table::OneTimeMarks, &[1; 32]).await.is_some());
}

#[tokio::test]
async fn work_is_done_even_if_its_caller_goes_away() {
    let (store, directory) = empty();
    let (key, session_made) = (session_key(1), session("a"));
    tokio::select! {
        biased;
        _ = store.create(&key, &session_made) => panic!("it waits for the disk"),
        () = std::future::ready(()) => {}
    }
    drop(store);
    let store = open(&file_in(&directory)).unwrap();
    let found = store.find(&session_key(1), NOW).await;
    assert_eq!(found.unwrap(), Some(session("a")));
}
