//! Real files: what is acknowledged is there, and no line is ever half there.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::*;
use crate::audit::event::tests::occasion;
use crate::clock::FixedClock;
use crate::domain::UnixTime;

const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);
const DAY: i64 = 86_400;
const ROTATION: Rotation = Rotation {
    bytes: 256 * 1024 * 1024,
    keep_files: 100,
    keep_days: 400,
};

fn event(name: &str) -> Event<'_> {
    Event::new(occasion(name))
}

/// A folder, a clock and the settings of a log in it.
struct Place {
    folder: TempDir,
    clock: Arc<FixedClock>,
    settings: FileSettings,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            clock: Arc::new(FixedClock::at(NOW)),
            settings: FileSettings {
                rotation: Some(ROTATION),
                ..FileSettings::at(folder.path().join("audit.jsonl"))
            },
            folder,
        }
    }

    fn open(&self) -> FileSink {
        FileSink::open(self.settings.clone(), self.clock.clone()).unwrap()
    }

    /// The names of the events in a file; every line must be whole.
    fn names_in(&self, file: &str) -> Vec<String> {
        names_in(&self.folder.path().join(file))
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }
}

fn names_in(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    assert!(
        text.is_empty() || text.ends_with('\n'),
        "the last line is whole"
    );
    let read = |line| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let name = |line| read(line)["eventName"].as_str().unwrap().to_owned();
    text.lines().map(name).collect()
}

#[tokio::test]
async fn acknowledged_events_are_in_the_file_in_order() {
    for sync in [Sync::Write, Sync::Fdatasync] {
        let mut place = Place::new();
        place.settings.sync = sync;
        let sink = place.open();
        for name in ["One", "Two", "Three"] {
            assert_eq!(sink.record(&event(name)).await, Ok(()));
        }
        assert_eq!(place.names_in("audit.jsonl"), ["One", "Two", "Three"]);
    }
}

#[tokio::test]
async fn many_at_once_are_each_there_once() {
    many_at_once(Sync::Write).await;
    // The later rounds come while the thread lets events gather.
    many_at_once(Sync::Fdatasync).await;
}

async fn many_at_once(sync: Sync) {
    let mut place = Place::new();
    place.settings.sync = sync;
    let sink = place.open();
    let names: Vec<_> = (0..500).map(|number| format!("E{number:03}")).collect();
    let events: Vec<_> = names.iter().map(|name| event(name)).collect();
    for round in events.chunks(100) {
        let recording = round.iter().map(|one| sink.record(one));
        let outcomes = futures_util::future::join_all(recording).await;
        assert!(outcomes.iter().all(Result::is_ok));
    }
    let mut found = place.names_in("audit.jsonl");
    found.sort();
    assert_eq!(found, names);
}

#[tokio::test]
async fn only_its_owner_may_read_the_file() {
    let place = Place::new();
    let _sink = place.open();
    let mode = fs::metadata(&place.settings.path)
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_second_writer_of_the_same_file_is_refused() {
    let place = Place::new();
    let sink = place.open();
    let second = FileSink::open(place.settings.clone(), place.clock.clone());
    assert!(matches!(second.err(), Some(OpenError::InUse { .. })));
    drop(sink);
    place.open();
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_named() {
    let mut place = Place::new();
    place.settings.path = place.folder.path().join("missing/audit.jsonl");
    let refused = FileSink::open(place.settings.clone(), place.clock.clone());
    assert!(matches!(refused.err(), Some(OpenError::Unwritable { .. })));
}

#[tokio::test]
async fn the_file_is_renamed_before_it_grows_too_large() {
    let mut place = Place::new();
    let size = event("E1").to_line().unwrap().len() as u64;
    place.settings.rotation = Some(Rotation {
        bytes: 2 * size,
        ..ROTATION
    });
    let sink = place.open();
    for name in ["E1", "E2", "E3", "E4", "E5"] {
        sink.record(&event(name)).await.unwrap();
    }
    assert_eq!(
        place.files(),
        [
            "audit-20261121T094107Z-1.jsonl",
            "audit-20261121T094107Z.jsonl",
            "audit.jsonl"
        ]
    );
    assert_eq!(place.names_in("audit-20261121T094107Z.jsonl"), ["E1", "E2"]);
    assert_eq!(
        place.names_in("audit-20261121T094107Z-1.jsonl"),
        ["E3", "E4"]
    );
    assert_eq!(place.names_in("audit.jsonl"), ["E5"]);
}

/// Sets the time at which a file was written last.
fn written_at(path: &Path, time: UnixTime) {
    let seconds = Duration::from_secs(u64::try_from(time.seconds()).unwrap());
    let file = fs::File::options().append(true).open(path).unwrap();
    file.set_modified(std::time::UNIX_EPOCH + seconds).unwrap();
}

#[tokio::test]
async fn the_file_is_renamed_when_a_day_begins() {
    let place = Place::new();
    let sink = place.open();
    sink.record(&event("Yesterday")).await.unwrap();
    place.clock.advance(DAY);
    sink.record(&event("Today")).await.unwrap();
    assert_eq!(
        place.names_in("audit-20261122T094107Z.jsonl"),
        ["Yesterday"]
    );
    assert_eq!(place.names_in("audit.jsonl"), ["Today"]);
}

#[tokio::test]
async fn a_file_of_an_earlier_day_is_renamed_after_a_restart() {
    let place = Place::new();
    place.open().record(&event("Yesterday")).await.unwrap();
    written_at(&place.settings.path, NOW);
    place.clock.advance(DAY);
    place.open().record(&event("Today")).await.unwrap();
    assert_eq!(
        place.names_in("audit-20261122T094107Z.jsonl"),
        ["Yesterday"]
    );
    assert_eq!(place.names_in("audit.jsonl"), ["Today"]);
}

#[tokio::test]
async fn renamed_files_are_kept_up_to_their_number_and_age() {
    let mut place = Place::new();
    place.settings.rotation = Some(Rotation {
        bytes: 1,
        keep_files: 3,
        keep_days: 2,
    });
    for kept in [
        "audit-20261118T000000Z.jsonl",
        "audit-notes.jsonl",
        "other-20200101T000000Z.jsonl",
    ] {
        fs::write(place.folder.path().join(kept), "").unwrap();
    }
    let sink = place.open();
    for name in ["E1", "E2"] {
        sink.record(&event(name)).await.unwrap();
    }
    assert_eq!(
        place.files(),
        [
            "audit-20261121T094107Z.jsonl",
            "audit-notes.jsonl",
            "audit.jsonl",
            "other-20200101T000000Z.jsonl"
        ],
        "too old"
    );
    for name in ["E3", "E4", "E5"] {
        sink.record(&event(name)).await.unwrap();
    }
    assert_eq!(
        place.files(),
        [
            "audit-20261121T094107Z-1.jsonl",
            "audit-20261121T094107Z-2.jsonl",
            "audit-20261121T094107Z-3.jsonl",
            "audit-notes.jsonl",
            "audit.jsonl",
            "other-20200101T000000Z.jsonl"
        ],
        "too many"
    );
}

#[tokio::test]
async fn a_line_that_a_crash_broke_off_stays_alone() {
    let place = Place::new();
    fs::write(&place.settings.path, "{\"eventName\":\"Bro").unwrap();
    written_at(&place.settings.path, NOW);
    place.open().record(&event("Next")).await.unwrap();
    let text = fs::read_to_string(&place.settings.path).unwrap();
    let (broken, next) = text.split_once('\n').unwrap();
    assert_eq!(broken, "{\"eventName\":\"Bro");
    assert_eq!(next.as_bytes(), event("Next").to_line().unwrap());
}

#[tokio::test]
async fn a_full_disk_refuses_and_recovers_by_itself() {
    let place = Place::new();
    symlink("/dev/full", &place.settings.path).unwrap();
    let sink = place.open();
    for _ in 0..3 {
        assert_eq!(
            sink.record(&event("Lost")).await,
            Err(AuditUnavailable::NotWritten(io::ErrorKind::StorageFull))
        );
    }
    fs::remove_file(&place.settings.path).unwrap();
    assert_eq!(sink.record(&event("Kept")).await, Ok(()));
    assert_eq!(place.names_in("audit.jsonl"), ["Kept"]);
}

#[tokio::test]
async fn a_file_that_was_moved_away_is_made_anew() {
    let place = Place::new();
    let sink = place.open();
    sink.record(&event("Before")).await.unwrap();
    fs::rename(
        &place.settings.path,
        place.folder.path().join("taken.jsonl"),
    )
    .unwrap();
    place.clock.advance(1);
    sink.record(&event("After")).await.unwrap();
    assert_eq!(place.names_in("taken.jsonl"), ["Before"]);
    assert_eq!(place.names_in("audit.jsonl"), ["After"]);
}

#[tokio::test]
async fn what_somebody_else_rotates_is_neither_renamed_nor_removed() {
    let mut place = Place::new();
    place.settings.rotation = None;
    let old = place.folder.path().join("audit-20200101T000000Z.jsonl");
    fs::write(old, "").unwrap();
    let sink = place.open();
    for name in ["E1", "E2"] {
        sink.record(&event(name)).await.unwrap();
        place.clock.advance(500 * DAY);
    }
    assert_eq!(place.names_in("audit.jsonl"), ["E1", "E2"]);
    let files = ["audit-20200101T000000Z.jsonl", "audit.jsonl"];
    assert_eq!(place.files(), files);
    fs::rename(
        &place.settings.path,
        place.folder.path().join("taken.jsonl"),
    )
    .unwrap();
    place.clock.advance(1);
    sink.record(&event("E3")).await.unwrap();
    assert_eq!(place.names_in("audit.jsonl"), ["E3"]);
}

/// The child's file may not grow past this many blocks of 512 bytes.
const LIMIT_BLOCKS: u64 = 16;

/// Runs [`writes_up_to_the_limit`] in a process whose files have a limit, which breaks off a write
/// in the middle as a disk that fills up does.
#[test]
fn a_write_that_breaks_off_leaves_no_half_line() {
    let place = Place::new();
    let script = format!("trap '' XFSZ; ulimit -f {LIMIT_BLOCKS}; exec \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture"])
        .arg("audit::file::tests::writes_up_to_the_limit")
        .current_dir(place.folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
    let count = fs::read_to_string(place.folder.path().join("acknowledged")).unwrap();
    assert_eq!(place.names_in("audit.jsonl").len().to_string(), count);
    let length = fs::metadata(&place.settings.path).unwrap().len();
    let line = event("E").to_line().unwrap().len() as u64;
    assert!(
        length + line > LIMIT_BLOCKS * 512,
        "the limit was reached at {length}"
    );
}

#[tokio::test]
#[ignore = "run by a_write_that_breaks_off_leaves_no_half_line, in a process with a file size limit"]
async fn writes_up_to_the_limit() {
    let settings = FileSettings::at("audit.jsonl".into());
    let sink = FileSink::open(settings, Arc::new(FixedClock::at(NOW))).unwrap();
    let mut acknowledged = 0;
    let refused = loop {
        assert!(acknowledged < 1000, "there is a limit");
        match sink.record(&event("E")).await {
            Ok(()) => acknowledged += 1,
            Err(refused) => break refused,
        }
    };
    assert_eq!(
        refused,
        AuditUnavailable::NotWritten(io::ErrorKind::FileTooLarge)
    );
    fs::write("acknowledged", acknowledged.to_string()).unwrap();
}
