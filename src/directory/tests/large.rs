//! A large directory, whose generations are made elsewhere, is as a small one is.

use std::sync::Arc;
use std::time::Duration;

use crate::directory::testing::{NOW, apply, change_set, files, open, seeded};
use crate::directory::{Change, CommitError, DirectoryFiles, LiveDirectory, Named};
use crate::domain::{AccountId, UserName};
use crate::store::DirectoryLog as _;
use crate::store::memory::MemoryStore;

const USERS: usize = 5000;

fn account() -> AccountId {
    "482011739056".parse().unwrap()
}

fn many_users() -> DirectoryFiles {
    let mut files = files();
    for number in 0..USERS {
        let path = format!("accounts/482011739056/users/u{number}.toml");
        files.insert(path, String::new());
    }
    files
}

/// Has a user be called so from now on.
async fn call(live: &LiveDirectory, name: &str) -> Result<u64, CommitError> {
    let snapshot = live.snapshot(NOW).unwrap();
    let old: UserName = "u7".parse().unwrap();
    let user = Arc::clone(&snapshot.account(account()).unwrap().users[&old]);
    let changes = vec![
        Change::RemoveUser(account(), old),
        Change::PutUser(account(), name.parse().unwrap(), user),
    ];
    let base = snapshot.generation();
    live.commit(base, change_set(changes), NOW).await
}

#[tokio::test]
async fn a_change_of_a_large_directory_is_seen_where_it_was_made_and_elsewhere() {
    let log = Arc::new(MemoryStore::default());
    let live = seeded(&log, &files()).await;
    let other = open(&log).await;
    apply(&live, &many_users()).await;
    assert_eq!(call(&live, "U7").await.unwrap(), 3);
    let taken = |live: &LiveDirectory| {
        let snapshot = live.snapshot(NOW).unwrap();
        ["u7", "u8", "u5000"].map(|name| snapshot.is_taken(account(), Named::User, name))
    };
    assert_eq!(taken(&live), [true, true, false]);
    other.catch_up(NOW).await.unwrap();
    assert_eq!(taken(&other), taken(&live));
    let of = |live: &LiveDirectory| Arc::clone(live.snapshot(NOW).unwrap().directory());
    assert_eq!(of(&other), of(&live));
}

#[tokio::test]
async fn a_name_of_a_large_directory_is_taken_in_every_case() {
    let log = Arc::new(MemoryStore::default());
    let live = seeded(&log, &many_users()).await;
    let refused = call(&live, "U8").await;
    let Err(CommitError::Invalid(problems)) = refused else {
        panic!("{refused:?}");
    };
    let text = "another user of the account differs in upper and lower case only";
    super::assert_named(&problems, "accounts/482011739056/users/U8", text);
    assert_eq!(log.head().await.unwrap().generation, 1);
}

#[tokio::test]
async fn a_large_directory_is_kept_while_nobody_waits() {
    let log = Arc::new(MemoryStore::default());
    let live = seeded(&log, &many_users()).await;
    for _ in 0..130 {
        call(&live, "u7").await.unwrap();
    }
    let kept = tokio::time::timeout(Duration::from_mins(1), first_checkpoint(&log)).await;
    assert_eq!(kept.unwrap(), 128);
}

async fn first_checkpoint(log: &MemoryStore) -> u64 {
    loop {
        if let Some(checkpoint) = log.checkpoint().await.unwrap() {
            return checkpoint.generation;
        }
        tokio::task::yield_now().await;
    }
}
