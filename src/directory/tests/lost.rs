//! What a node does whose store has lost changes, as one that fails over may.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::live::{change, renamed};
use crate::directory::testing::{NOW, change_set, open};
use crate::directory::{CommitError, DirectoryError, LiveDirectory};
use crate::store::memory::MemoryStore;
use crate::store::{Appended, DirectoryLog, Generation, LogEntry, Position, StoreError};

/// A log that another can take the place of.
#[derive(Default)]
struct Replaceable(Mutex<Arc<MemoryStore>>);

impl Replaceable {
    fn log(&self) -> Arc<MemoryStore> {
        Arc::clone(&self.0.lock().unwrap())
    }

    fn replace(&self, other: MemoryStore) {
        *self.0.lock().unwrap() = Arc::new(other);
    }
}

#[async_trait]
impl DirectoryLog for Replaceable {
    async fn head(&self) -> Result<Position, StoreError> {
        self.log().head().await
    }

    async fn append(&self, base: Position, change: &[u8]) -> Result<Appended, StoreError> {
        self.log().append(base, change).await
    }

    async fn read_after(
        &self,
        after: Generation,
        limit: usize,
    ) -> Result<Vec<LogEntry>, StoreError> {
        self.log().read_after(after, limit).await
    }

    async fn save_checkpoint(&self, at: Generation, bytes: &[u8]) -> Result<(), StoreError> {
        self.log().save_checkpoint(at, bytes).await
    }

    async fn checkpoint(&self) -> Result<Option<LogEntry>, StoreError> {
        self.log().checkpoint().await
    }
}

/// A log with a change of each of these numbers.
async fn log_of(numbers: &[u64]) -> MemoryStore {
    let log = Arc::new(MemoryStore::default());
    let live = open(&log).await;
    for number in numbers {
        change(&live, *number).await.unwrap();
    }
    drop(live);
    Arc::into_inner(log).unwrap()
}

async fn rig(numbers: &[u64]) -> (Arc<Replaceable>, LiveDirectory) {
    let log = Arc::new(Replaceable::default());
    log.replace(log_of(numbers).await);
    let live = open(&log).await;
    (log, live)
}

fn alias(live: &LiveDirectory) -> String {
    let snapshot = live.snapshot(NOW).unwrap();
    let account = snapshot.account("123456789012".parse().unwrap()).unwrap();
    account.settings.alias.to_string()
}

#[tokio::test]
async fn a_node_follows_a_log_that_lost_its_last_change() {
    let (log, live) = rig(&[1, 2, 3]).await;
    log.replace(log_of(&[1, 2]).await);
    assert_eq!(live.catch_up(NOW).await.unwrap().generation(), 2);
    assert_eq!(alias(&live), "alias-2");
}

#[tokio::test]
async fn a_node_notices_another_change_under_the_number_it_has() {
    let (log, live) = rig(&[1, 2, 3]).await;
    log.replace(log_of(&[1, 2, 4]).await);
    assert_eq!(live.catch_up(NOW).await.unwrap().generation(), 3);
    assert_eq!(alias(&live), "alias-4");
}

#[tokio::test]
async fn a_node_notices_that_a_longer_log_is_another_one() {
    let (log, live) = rig(&[1, 2]).await;
    log.replace(log_of(&[1, 4, 5]).await);
    assert_eq!(live.catch_up(NOW).await.unwrap().generation(), 3);
    assert_eq!(alias(&live), "alias-5");
}

#[tokio::test]
async fn a_log_that_lost_everything_is_no_directory() {
    let (log, live) = rig(&[1]).await;
    log.replace(MemoryStore::default());
    let lost = live.catch_up(NOW).await;
    assert!(
        matches!(
            lost,
            Err(DirectoryError::Store(StoreError::Damaged { ref record })) if record == "directory head"
        ),
        "{lost:?}"
    );
    let committed = live.commit(1, change_set(renamed(2)), NOW).await;
    assert!(
        matches!(committed, Err(CommitError::Directory(_))),
        "{committed:?}"
    );
    assert_eq!(alias(&live), "alias-1");
}

#[tokio::test]
async fn an_append_to_another_history_of_the_same_length_is_a_conflict() {
    let log = log_of(&[1, 2]).await;
    let other = log_of(&[1, 4]).await.head().await.unwrap();
    let outcome = log.append(other, b"change").await.unwrap();
    let head = log.head().await.unwrap();
    assert_eq!(outcome, Appended::Conflict { head });
}
