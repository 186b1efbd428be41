use std::sync::Arc;

use tokio::sync::mpsc::channel;

use super::*;
use crate::directory::{Change, LiveDirectory, SealingKeyRecord, Snapshot};
use crate::domain::Partition;
use crate::seal::RootKey;
use crate::store::LogEntry;
use crate::store::memory::MemoryStore;

const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

fn empty() -> OpenStore {
    let seal = ArchiveSeal::new(&RootKey::new([1; 32]), None, Arc::new(SystemEntropy));
    OpenStore::over(&Arc::new(MemoryStore::default()), seal, Partition::Aws)
}

fn key() -> SealingKeyRecord {
    SealingKeyRecord::new([7; 32], NOW.plus(-3600), NOW.plus(-3600))
}

/// What the backup has: a directory whose sealing key is [`key`].
fn of_backup() -> Record {
    let first = ChangeSet {
        author: "rolegate".to_owned(),
        at: NOW.plus(-3600),
        request: RequestId::NIL,
        changes: vec![Change::AddSealingKey(key())],
    };
    let change = serde_json::to_vec(&first).unwrap();
    Record::Change(LogEntry {
        generation: 1,
        change,
    })
}

async fn put(to: &OpenStore, record: Record, last: u64) -> Result<(), PutError> {
    let (into, records) = channel(1);
    into.send(record).await.unwrap();
    drop(into);
    let put = put_everything(to, (records, last), BrowserSessions::Leave, NOW);
    put.await.map(drop)
}

async fn open_by_node(store: &OpenStore) -> Result<Arc<Snapshot>, DirectoryError> {
    let log = Arc::clone(&store.log);
    let live = LiveDirectory::open(log, store.partition, 60, NOW).await?;
    live.snapshot(NOW)
}

#[tokio::test]
async fn a_sealing_key_that_was_dropped_since_the_backup_opens_nothing() {
    let to = empty();
    put(&to, of_backup(), 1).await.unwrap();
    end_everything(&to, [9; 32], NOW).await.unwrap();
    lift(&*to.log).await.unwrap();
    let directory = open_by_node(&to).await.unwrap();
    assert!(directory.keys().find(key().sealing_key().id()).is_none());
    assert_eq!(directory.directory().sealing_keys.len(), 1);
    let seals = directory.keys().sealing_at(NOW).unwrap();
    assert_ne!(seals.id(), key().sealing_key().id());
    assert!(!directory.revocations().is_empty());
}

#[tokio::test]
async fn no_node_begins_by_half_of_a_directory() {
    let to = empty();
    let broke_off = put(&to, of_backup(), 2).await;
    assert!(matches!(broke_off, Err(PutError::Changed)));
    let refused = open_by_node(&to).await;
    assert!(matches!(refused, Err(DirectoryError::Barred)));
    // Nor is it backed up, or taken elsewhere.
    let refused = check_whole(&*to.log).await;
    assert!(matches!(refused, Err(DirectoryError::Barred)));
}

#[tokio::test]
async fn no_node_begins_before_what_was_issued_is_over() {
    let to = empty();
    put(&to, of_backup(), 1).await.unwrap();
    let refused = open_by_node(&to).await;
    assert!(matches!(refused, Err(DirectoryError::Barred)));
    end_everything(&to, [9; 32], NOW).await.unwrap();
    let refused = open_by_node(&to).await;
    assert!(matches!(refused, Err(DirectoryError::Barred)));
    lift(&*to.log).await.unwrap();
    assert_eq!(open_by_node(&to).await.unwrap().generation(), 2);
}
