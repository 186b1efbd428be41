//! What a store's file holds after its process was killed (SIGKILL) at any moment, and what a second
//! process is told.
//!
//! The child is this test binary itself: run with [`CHILD`] set, the test
//! `child_of_the_tests_below` writes to the store and never returns.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rolegate::entropy::{SystemEntropy, draw};
use rolegate::seal::RootKey;
use rolegate::store::embedded::{EmbeddedStore, OpenError};
use rolegate::store::{Appended, DirectoryLog, Generation, LogEntry, Position, StoreSeal};
use tempfile::TempDir;

/// Names the store's file to the child.
const CHILD: &str = "ROLEGATE_TEST_CRASH_STORE";

/// What the child writes before a generation that it was told is durable.
const ACKNOWLEDGED: &str = "acknowledged ";

/// How many children are killed.
const KILLS: usize = 100;

/// After this many kills a new file is begun, so that the first start is interrupted, too.
const KILLS_PER_FILE: usize = 10;

/// The child saves a checkpoint at every generation that this divides.
const CHECKPOINT_EVERY: Generation = 4;

fn open(path: &Path) -> Result<EmbeddedStore, OpenError> {
    let seal = StoreSeal::new(&RootKey::new([7; 32]), None, Arc::new(SystemEntropy));
    EmbeddedStore::open(path, seal)
}

/// The change of a generation: known beforehand, of many sizes, and of several pages sometimes.
fn change_of(generation: Generation) -> Vec<u8> {
    let length = generation.wrapping_mul(2_654_435_761) % 20_000;
    (0..length)
        .map(|index| (index.wrapping_mul(31) ^ generation).to_le_bytes()[0])
        .collect()
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the parent tells its child by the environment what to do"
)]
fn child_of_the_tests_below() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let store = open(Path::new(&path)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(append_for_ever(&store));
}

async fn append_for_ever(store: &EmbeddedStore) {
    let mut position = store.head().await.unwrap();
    acknowledge(position.generation);
    loop {
        let head = position.generation;
        if head.is_multiple_of(CHECKPOINT_EVERY) {
            store.save_checkpoint(head, &change_of(head)).await.unwrap();
        }
        let change = change_of(head + 1);
        let outcome = store.append(position, &change).await.unwrap();
        position = Position::after(head + 1, &change);
        assert_eq!(outcome, Appended::Written(position));
        acknowledge(position.generation);
    }
}

/// Past the test harness, which would keep what is printed.
fn acknowledge(generation: Generation) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{ACKNOWLEDGED}{generation}").unwrap();
    output.flush().unwrap();
}

/// A child at work.
struct Writing {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Writing {
    fn to(path: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child_of_the_tests_below", "--exact", "--nocapture"])
            .env(CHILD, path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// Waits until so many generations more are acknowledged.
    fn wait_for(&mut self, acknowledgements: usize) -> Option<Generation> {
        let mut last = None;
        for _ in 0..acknowledgements {
            last = self.next_acknowledged().or(last);
        }
        last
    }

    fn next_acknowledged(&mut self) -> Option<Generation> {
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            if let Some(generation) = acknowledged(&line) {
                return Some(generation);
            }
            line.clear();
        }
        None
    }

    /// Kills it, and says which generation it had been told last that it is durable.
    fn kill(mut self) -> Option<Generation> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        rest.lines().filter_map(acknowledged).next_back()
    }
}

fn acknowledged(line: &str) -> Option<Generation> {
    let (_, generation) = line.split_once(ACKNOWLEDGED)?;
    generation.trim().parse().ok()
}

/// When a child is killed.
#[derive(Debug)]
struct Moment {
    acknowledgements: usize,
    then: Duration,
}

impl Moment {
    /// Either some time into the start, or some time after a few acknowledgements.
    fn at_random() -> Self {
        let random = u64::from_le_bytes(draw(&SystemEntropy).unwrap());
        let acknowledgements = usize::try_from(random % 8).unwrap();
        let longest = if acknowledgements == 0 { 40_000 } else { 8_000 };
        Self {
            acknowledgements,
            then: Duration::from_micros((random >> 8) % longest),
        }
    }

    /// Lets it pass: a pause of the parent is what makes the moment, and no test waits for it.
    fn pass(&self) {
        let begun = Instant::now();
        while begun.elapsed() < self.then {
            std::hint::spin_loop();
        }
    }
}

fn new_file() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rolegate.store");
    (directory, path)
}

#[tokio::test]
async fn a_killed_writer_leaves_the_old_or_the_new_state() {
    let (mut directory, mut path) = new_file();
    let mut acknowledged = 0;
    let mut furthest = 0;
    for kill in 0..KILLS {
        if kill % KILLS_PER_FILE == 0 {
            (directory, path) = new_file();
            acknowledged = 0;
        }
        let moment = Moment::at_random();
        let mut child = Writing::to(&path);
        let before = child.wait_for(moment.acknowledgements);
        moment.pass();
        acknowledged = child.kill().or(before).unwrap_or(acknowledged);
        acknowledged = assert_whole(&path, acknowledged, &moment).await;
        furthest = furthest.max(acknowledged);
    }
    assert!(furthest > 0, "the children wrote something");
    drop(directory);
}

async fn assert_whole(path: &Path, acknowledged: Generation, moment: &Moment) -> Generation {
    let store = open(path).unwrap_or_else(|error| panic!("{moment:?}: {error:?}"));
    let head = store.head().await.unwrap().generation;
    assert!(
        head == acknowledged || head == acknowledged + 1,
        "{moment:?}: {acknowledged} acknowledged, {head} found"
    );
    let entries = store.read_after(0, usize::MAX).await.unwrap();
    let expected: Vec<_> = (1..=head).map(written).collect();
    assert!(
        entries == expected,
        "{moment:?}: the log is not what was written"
    );
    let checkpoint = store.checkpoint().await.unwrap();
    let newest = checkpoint.as_ref().map(|checkpoint| checkpoint.generation);
    let due = acknowledged.saturating_sub(1) / CHECKPOINT_EVERY * CHECKPOINT_EVERY;
    assert!(
        newest.unwrap_or(0) >= due && newest.unwrap_or(0) <= acknowledged,
        "{moment:?}: {acknowledged} acknowledged, checkpoint of {newest:?} found"
    );
    assert_eq!(checkpoint, newest.map(written));
    head
}

fn written(generation: Generation) -> LogEntry {
    LogEntry {
        generation,
        change: change_of(generation),
    }
}

#[test]
fn a_second_process_is_told_that_the_store_is_in_use() {
    let (_directory, path) = new_file();
    let mut first = Writing::to(&path);
    first.wait_for(1).unwrap();
    let second = open(&path).err();
    assert!(matches!(second, Some(OpenError::InUse)), "{second:?}");
    first.kill();
    assert!(open(&path).is_ok(), "the lock ended with its process");
}
