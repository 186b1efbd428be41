use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use tokio::sync::Semaphore;

use crate::directory::testing::{
    self, MAX_STALENESS, NOW, READER, apply, change_set, edited, files, open, seeded, without,
};
use crate::directory::{
    AccountSettings, Change, CommitError, DirectoryError, Format, LiveDirectory, NewerFormat,
};
use crate::domain::{Partition, RoleArn};
use crate::store::memory::MemoryStore;
use crate::store::{Appended, DirectoryLog, Generation, LogEntry, Position, StoreError};

/// A log that counts how often its head is looked at, can be down, and lets a look wait.
struct Watched {
    store: MemoryStore,
    reads: AtomicUsize,
    is_down: AtomicBool,
    /// So many entries are given at a time, however many are asked for.
    most: AtomicUsize,
    /// A look takes one permit.
    gate: Semaphore,
}

impl Watched {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            store: MemoryStore::default(),
            reads: AtomicUsize::new(0),
            is_down: AtomicBool::new(false),
            most: AtomicUsize::new(usize::MAX),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        })
    }

    fn close_gate(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    fn open_gate(&self) {
        self.gate.add_permits(1000);
    }

    fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl DirectoryLog for Watched {
    async fn head(&self) -> Result<Position, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.gate.acquire().await.unwrap().forget();
        if self.is_down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("down".into()));
        }
        self.store.head().await
    }

    async fn append(&self, base: Position, change: &[u8]) -> Result<Appended, StoreError> {
        self.store.append(base, change).await
    }

    async fn read_after(
        &self,
        after: Generation,
        limit: usize,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let most = self.most.load(Ordering::SeqCst);
        self.store.read_after(after, limit.min(most)).await
    }

    async fn save_checkpoint(&self, at: Generation, bytes: &[u8]) -> Result<(), StoreError> {
        self.store.save_checkpoint(at, bytes).await
    }

    async fn checkpoint(&self) -> Result<Option<LogEntry>, StoreError> {
        self.store.checkpoint().await
    }
}

/// A change of its own for every number.
pub(super) fn renamed(number: u64) -> Vec<Change> {
    let settings = AccountSettings::called(format!("alias-{number}").parse().unwrap());
    vec![Change::PutAccount(
        "123456789012".parse().unwrap(),
        settings,
    )]
}

fn reader() -> RoleArn {
    READER.parse().unwrap()
}

pub(super) async fn change(live: &LiveDirectory, number: u64) -> Result<Generation, CommitError> {
    let base = live.catch_up(NOW).await.unwrap().generation();
    live.commit(base, change_set(renamed(number)), NOW).await
}

#[tokio::test]
async fn a_commit_is_seen_at_once_where_it_was_made() {
    let log = Arc::new(MemoryStore::default());
    let live = seeded(&log, &files()).await;
    assert_eq!(change(&live, 7).await.unwrap(), 2);
    let snapshot = live.snapshot(NOW).unwrap();
    assert_eq!(snapshot.generation(), 2);
    let managing = snapshot.account("123456789012".parse().unwrap()).unwrap();
    assert_eq!(managing.settings.alias.as_str(), "alias-7");
}

#[tokio::test]
async fn another_node_sees_a_commit_once_it_looks() {
    let log = Arc::new(MemoryStore::default());
    let (one, other) = (open(&log).await, open(&log).await);
    change(&one, 1).await.unwrap();
    assert_eq!(other.snapshot(NOW).unwrap().generation(), 0);
    assert_eq!(other.catch_up(NOW).await.unwrap().generation(), 1);
    assert_eq!(other.snapshot(NOW).unwrap().generation(), 1);
}

/// A store gives as many entries as have room in a read: it may be one, which the node knows already.
#[tokio::test]
async fn a_node_that_is_given_an_entry_at_a_time_comes_to_the_head() {
    let log = Watched::new();
    let (one, other) = (open(&log).await, open(&log).await);
    change(&one, 1).await.unwrap();
    assert_eq!(other.catch_up(NOW).await.unwrap().generation(), 1);
    log.most.store(1, Ordering::SeqCst);
    for number in 2..=4 {
        assert_eq!(change(&one, number).await.unwrap(), number);
    }
    assert_eq!(one.snapshot(NOW).unwrap().generation(), 4);
    assert_eq!(other.catch_up(NOW).await.unwrap().generation(), 4);
    // One that gives nothing confirms nothing.
    log.most.store(0, Ordering::SeqCst);
    log.store
        .append(log.store.head().await.unwrap(), &bytes_of(5))
        .await
        .unwrap();
    assert!(other.catch_up(NOW).await.is_err());
}

#[tokio::test]
async fn a_change_made_for_an_older_generation_is_a_conflict() {
    let log = Arc::new(MemoryStore::default());
    let (one, other) = (open(&log).await, open(&log).await);
    change(&one, 1).await.unwrap();
    let late = other.commit(0, change_set(renamed(2)), NOW).await;
    assert!(
        matches!(late, Err(CommitError::Conflict { base: 0, head: 1 })),
        "{late:?}"
    );
    assert_eq!(log.head().await.unwrap().generation, 1);
}

#[tokio::test]
async fn of_two_commits_at_once_one_is_made() {
    let log = Watched::new();
    let (one, other) = (open(&log).await, open(&log).await);
    let (first, second) = tokio::join!(
        one.commit(0, change_set(renamed(1)), NOW),
        other.commit(0, change_set(renamed(2)), NOW),
    );
    assert_eq!(first.is_ok(), second.is_err());
    assert_eq!(log.head().await.unwrap().generation, 1);
}

#[tokio::test]
async fn a_change_that_no_generation_holds_is_refused_with_what_to_do() {
    let log = Arc::new(MemoryStore::default());
    let live = seeded(&log, &files()).await;
    let many = std::iter::repeat_n(renamed(1), 200_000).flatten().collect();
    let refused = live.commit(1, change_set(many), NOW).await;
    let Err(CommitError::Invalid(problems)) = refused else {
        panic!("{refused:?}")
    };
    super::assert_named(&problems, "change", "make it in several parts");
    assert_eq!(log.head().await.unwrap().generation, 1);
}

#[tokio::test]
async fn a_change_that_leaves_a_problem_is_not_made() {
    let log = Arc::new(MemoryStore::default());
    let live = seeded(&log, &files()).await;
    let remove = Change::RemoveConnection("workforce".parse().unwrap());
    let invalid = live.commit(1, change_set(vec![remove]), NOW).await;
    let Err(CommitError::Invalid(problems)) = invalid else {
        panic!("{invalid:?}")
    };
    super::assert_named(
        &problems,
        "links/workforce",
        "there is no connection workforce",
    );
    assert_eq!(log.head().await.unwrap().generation, 1);
    assert!(live.snapshot(NOW).unwrap().role(&reader()).is_some());
}

#[tokio::test]
async fn a_commit_that_can_t_be_read_back_was_made_all_the_same() {
    let log = Watched::new();
    let live = open(&log).await;
    // The look before the append gets its permit; the one after it finds the store down.
    log.close_gate();
    log.gate.add_permits(1);
    let mut commit = Box::pin(live.commit(0, change_set(renamed(1)), NOW));
    assert!((&mut commit).now_or_never().is_none());
    log.set_down(true);
    log.open_gate();
    assert_eq!(commit.await.unwrap(), 1);
    log.set_down(false);
    assert_eq!(live.catch_up(NOW).await.unwrap().generation(), 1);
}

#[tokio::test]
async fn callers_that_come_while_somebody_looks_share_one_look() {
    let log = Watched::new();
    let live = open(&log).await;
    let before = log.reads();
    log.close_gate();
    let mut looks: Vec<_> = (0..20).map(|_| Box::pin(live.catch_up(NOW))).collect();
    for look in &mut looks {
        assert!(look.now_or_never().is_none());
    }
    log.open_gate();
    for look in looks {
        look.await.unwrap();
    }
    assert_eq!(
        log.reads() - before,
        2,
        "the first's, and one for the others"
    );
}

#[tokio::test]
async fn a_look_that_had_begun_is_not_taken_for_one_s_own() {
    let log = Watched::new();
    let (live, other) = (open(&log).await, open(&log).await);
    log.close_gate();
    let mut early = Box::pin(live.catch_up(NOW));
    assert!((&mut early).now_or_never().is_none());
    log.store
        .append(Position::START, &bytes_of(1))
        .await
        .unwrap();
    let mut late = Box::pin(live.catch_up(NOW));
    assert!((&mut late).now_or_never().is_none());
    log.open_gate();
    early.await.unwrap();
    assert_eq!(late.await.unwrap().generation(), 1);
    drop(other);
}

fn bytes_of(number: u64) -> Vec<u8> {
    serde_json::to_vec(&change_set(renamed(number))).unwrap()
}

#[tokio::test]
async fn while_nobody_answers_callers_wait_for_two_looks_however_many_they_are() {
    let log = Watched::new();
    let live = open(&log).await;
    let before = log.reads();
    log.set_down(true);
    log.close_gate();
    let mut looks: Vec<_> = (0..20).map(|_| Box::pin(live.catch_up(NOW))).collect();
    for look in &mut looks {
        assert!(look.now_or_never().is_none());
    }
    log.open_gate();
    let mut failures = Vec::new();
    for look in looks {
        failures.push(look.await.unwrap_err());
    }
    assert_eq!(
        log.reads() - before,
        2,
        "the first's, and one for the others"
    );
    assert!(matches!(failures[1], DirectoryError::Store(_)));
    assert!(matches!(failures[2], DirectoryError::NotReadJustNow));
    log.set_down(false);
    live.catch_up(NOW).await.unwrap();
}

#[tokio::test]
async fn a_snapshot_that_was_not_confirmed_for_too_long_is_refused() {
    let log = Watched::new();
    let live = open(&log).await;
    let late = NOW.plus(MAX_STALENESS);
    assert!(live.snapshot(late).is_ok());
    let stale = live.snapshot(late.plus(1));
    assert!(
        matches!(stale, Err(DirectoryError::Stale { confirmed_at }) if confirmed_at == NOW),
        "{stale:?}"
    );
}

#[tokio::test]
async fn a_look_confirms_the_snapshot_and_a_failed_one_does_not() {
    let log = Watched::new();
    let live = open(&log).await;
    let late = NOW.plus(MAX_STALENESS + 1);
    log.set_down(true);
    live.catch_up(late).await.unwrap_err();
    assert!(matches!(
        live.snapshot(late),
        Err(DirectoryError::Stale { .. })
    ));
    log.set_down(false);
    live.catch_up(late).await.unwrap();
    assert!(live.snapshot(late).is_ok());
}

#[tokio::test]
async fn from_a_generation_of_a_newer_version_on_nothing_is_decided() {
    let log = Arc::new(MemoryStore::default());
    let live = seeded(&log, &files()).await;
    let newer = br#"{"author":"x","at":0,"request":"00000000-0000-4000-8000-000000000000","changes":[{"put_user":1}]}"#;
    let head = log.head().await.unwrap();
    log.append(head, newer).await.unwrap();
    let unreadable = live.catch_up(NOW).await;
    assert!(
        matches!(
            unreadable,
            Err(DirectoryError::Unreadable { generation: 2, .. })
        ),
        "{unreadable:?}"
    );
    let decided = live.snapshot(NOW);
    assert!(
        matches!(
            decided,
            Err(DirectoryError::Unreadable { generation: 2, .. })
        ),
        "{decided:?}"
    );
}

/// A directory of a node that knows this format.
async fn knowing(known: Format, log: &Arc<MemoryStore>) -> Result<LiveDirectory, DirectoryError> {
    let log = Arc::clone(log) as Arc<dyn DirectoryLog>;
    LiveDirectory::open_knowing(known, (log, Partition::Aws), MAX_STALENESS, NOW).await
}

const NEXT: Format = Format::NEWEST.next();

/// Both versions run, and the format is not used yet.
async fn two_versions() -> (Arc<MemoryStore>, LiveDirectory, LiveDirectory) {
    let log = Arc::new(MemoryStore::default());
    let older = seeded(&log, &files()).await;
    let newer = knowing(NEXT, &log).await.unwrap();
    (log, older, newer)
}

async fn use_next(newer: &LiveDirectory) {
    let base = newer.catch_up(NOW).await.unwrap().generation();
    let set = change_set(vec![Change::UseFormat(NEXT)]);
    newer.commit(base, set, NOW).await.unwrap();
}

fn is_newer<T: std::fmt::Debug>(outcome: &Result<T, DirectoryError>) -> bool {
    let (used, known) = (NEXT, Format::NEWEST);
    matches!(outcome, Err(DirectoryError::NewerFormat(it)) if *it == NewerFormat { used, known })
}

#[tokio::test]
async fn two_versions_read_what_either_writes_until_a_newer_format_is_used() {
    let (_log, older, newer) = two_versions().await;
    apply(&newer, &without("rules/")).await;
    older.catch_up(NOW).await.unwrap();
    apply(&older, &files()).await;
    let (one, other) = (older.catch_up(NOW).await, newer.catch_up(NOW).await);
    assert_eq!(one.unwrap().directory(), other.unwrap().directory());
}

#[tokio::test]
async fn a_node_decides_nothing_any_more_once_a_format_is_used_that_it_does_not_know() {
    let (_log, older, newer) = two_versions().await;
    assert!(older.snapshot(NOW).is_ok());
    use_next(&newer).await;
    let looked = older.catch_up(NOW).await;
    assert!(is_newer(&looked), "{looked:?}");
    for after in [0, 1] {
        let decided = older.snapshot(NOW.plus(after));
        assert!(is_newer(&decided), "{decided:?}");
    }
    assert!(newer.snapshot(NOW).is_ok());
}

#[tokio::test]
async fn a_node_begins_by_no_log_of_a_format_that_it_does_not_know() {
    let (log, _, newer) = two_versions().await;
    use_next(&newer).await;
    let begun = knowing(Format::NEWEST, &log).await;
    assert!(is_newer(&begun), "{begun:?}");
    // What is written in it may be anything.
    let directory = format!(r#"{{"format":{NEXT},"users":[]}}"#);
    let generation = log.head().await.unwrap().generation;
    log.save_checkpoint(generation, directory.as_bytes())
        .await
        .unwrap();
    let begun = knowing(Format::NEWEST, &log).await;
    assert!(is_newer(&begun), "{begun:?}");
}

#[tokio::test]
async fn a_checkpoint_says_in_which_format_the_store_is_written() {
    let (log, _, newer) = two_versions().await;
    use_next(&newer).await;
    for _ in 0..70 {
        apply(&newer, &without("rules/")).await;
        apply(&newer, &files()).await;
    }
    assert!(log.checkpoint().await.unwrap().is_some());
    let begun = knowing(Format::NEWEST, &log).await;
    assert!(is_newer(&begun), "{begun:?}");
    let again = knowing(NEXT, &log).await.unwrap();
    assert_eq!(again.snapshot(NOW).unwrap().directory().format, NEXT);
}

#[tokio::test]
async fn a_checkpoint_and_the_log_after_it_say_what_the_whole_log_says() {
    let log = Arc::new(MemoryStore::default());
    let live = seeded(&log, &files()).await;
    for number in 0..70 {
        change(&live, number).await.unwrap();
    }
    let checkpoint = log.checkpoint().await.unwrap().unwrap();
    assert_eq!(checkpoint.generation, 64);
    let whole = Arc::new(MemoryStore::default());
    for entry in log.read_after(0, 1000).await.unwrap() {
        let head = whole.head().await.unwrap();
        whole.append(head, &entry.change).await.unwrap();
    }
    let (restarted, replayed) = (open(&log).await, open(&whole).await);
    let of = |live: &LiveDirectory| {
        let snapshot = live.snapshot(NOW).unwrap();
        (snapshot.generation(), Arc::clone(snapshot.directory()))
    };
    assert_eq!(of(&restarted), of(&live));
    assert_eq!(of(&replayed), of(&live));
}

#[tokio::test]
async fn a_snapshot_never_changes_under_whoever_holds_it() {
    let log = Arc::new(MemoryStore::default());
    let live = seeded(&log, &files()).await;
    let held = live.snapshot(NOW).unwrap();
    let id = held.role(&reader()).unwrap().role.unique_id.clone();
    apply(&live, &edited(testing::READER_FILE, "7200", "3600")).await;
    assert_eq!(
        held.role(&reader())
            .unwrap()
            .role
            .max_session_duration
            .seconds(),
        7200
    );
    let newer = live.snapshot(NOW).unwrap();
    let role = &newer.role(&reader()).unwrap().role;
    assert_eq!(
        (role.max_session_duration.seconds(), &role.unique_id),
        (3600, &id)
    );
}

#[tokio::test]
async fn a_look_for_an_older_request_takes_back_no_confirmation() {
    let store = Arc::new(MemoryStore::default());
    let live = seeded(&store, &files()).await;
    let later = NOW.plus(MAX_STALENESS);
    live.catch_up(later).await.unwrap();
    live.catch_up(NOW).await.unwrap();
    assert!(live.snapshot(later).is_ok());
    assert!(live.snapshot(NOW).is_ok());
}

/// Until the clock is there again, nothing would ever be too old.
#[tokio::test]
async fn a_confirmation_from_a_clock_that_was_ahead_counts_for_nothing() {
    let log = Watched::new();
    let live = open(&log).await;
    let ahead = NOW.plus(86_400);
    live.catch_up(ahead).await.unwrap();
    log.set_down(true);
    let stale = live.snapshot(NOW);
    assert!(
        matches!(stale, Err(DirectoryError::Stale { confirmed_at }) if confirmed_at == ahead),
        "{stale:?}"
    );
}

#[tokio::test]
async fn a_look_after_the_clock_was_put_back_confirms_by_the_clock_that_is() {
    let log = Watched::new();
    let live = open(&log).await;
    live.catch_up(NOW.plus(86_400)).await.unwrap();
    live.catch_up(NOW).await.unwrap();
    assert!(live.snapshot(NOW).is_ok());
    let late = live.snapshot(NOW.plus(MAX_STALENESS + 1));
    assert!(
        matches!(late, Err(DirectoryError::Stale { confirmed_at }) if confirmed_at == NOW),
        "{late:?}"
    );
}
