use std::sync::Arc;

use super::*;
use crate::entropy::SystemEntropy;
use crate::seal::RootKey;

const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

fn seal(byte: u8) -> ArchiveSeal {
    ArchiveSeal::new(&RootKey::new([byte; 32]), None, Arc::new(SystemEntropy))
}

fn records() -> Vec<Record> {
    let change = |generation, change: &[u8]| LogEntry {
        generation,
        change: change.to_vec(),
    };
    let logout = Logout {
        at: NOW,
        keep_until: NOW.plus(60),
    };
    vec![
        Record::Change(change(1, b"one")),
        Record::Change(change(2, b"two")),
        Record::Checkpoint(change(2, b"both")),
        Record::ShortLived(ShortLived::Mark([7; 32], NOW.plus(300))),
        Record::ShortLived(ShortLived::Logout(PersonKey([8; 32]), logout)),
    ]
}

/// An archive, and where its frames begin.
fn archive(records: Vec<Record>) -> (Vec<u8>, Vec<usize>) {
    let mut writer = ArchiveWriter::new(seal(1)).unwrap();
    let (mut bytes, mut begins) = (writer.head(), Vec::new());
    for record in records {
        begins.push(bytes.len());
        bytes.extend(writer.frame(record).unwrap());
    }
    begins.push(bytes.len());
    bytes.extend(writer.end(NOW).unwrap().0);
    (bytes, begins)
}

fn read(bytes: &[u8], seal: ArchiveSeal) -> Result<Vec<Record>, ArchiveError> {
    let mut reader = ArchiveReader::new(bytes, seal)?;
    let mut records = Vec::new();
    while let Some(record) = reader.next_record()? {
        records.push(record);
    }
    assert_eq!(reader.next_record().unwrap(), None);
    let (begun_at, contents) = reader.contents().unwrap();
    assert_eq!(begun_at, NOW);
    let mut counted = Contents::default();
    for record in &records {
        counted.count(record);
    }
    assert_eq!(contents, counted);
    Ok(records)
}

#[test]
fn what_was_written_is_read() {
    let (bytes, _) = archive(records());
    assert_eq!(read(&bytes, seal(1)).unwrap(), records());
    assert_eq!(read(&archive(Vec::new()).0, seal(1)).unwrap(), Vec::new());
}

#[test]
fn the_previous_root_key_opens_it() {
    let (bytes, _) = archive(records());
    let (current, previous) = (RootKey::new([2; 32]), RootKey::new([1; 32]));
    let both = ArchiveSeal::new(&current, Some(&previous), Arc::new(SystemEntropy));
    assert_eq!(read(&bytes, both).unwrap(), records());
    let wrong = read(&bytes, seal(2)).unwrap_err();
    assert!(
        matches!(wrong, ArchiveError::Unopened { number: 0 }),
        "{wrong}"
    );
}

#[test]
fn a_change_of_any_byte_is_noticed() {
    let (bytes, _) = archive(records());
    for at in 0..bytes.len() {
        for bit in [1, 128] {
            let mut changed = bytes.clone();
            changed[at] ^= bit;
            assert!(read(&changed, seal(1)).is_err(), "{at}");
        }
    }
}

#[test]
fn it_opens_to_its_end_or_not_at_all() {
    let (bytes, _) = archive(records());
    for length in 0..bytes.len() {
        assert!(read(&bytes[..length], seal(1)).is_err(), "{length}");
    }
    let longer = [&bytes[..], &[0]].concat();
    let error = read(&longer, seal(1)).unwrap_err();
    assert!(matches!(error, ArchiveError::Disagrees), "{error}");
}

#[test]
fn frames_stay_in_their_place_and_archive() {
    let (bytes, begins) = archive(records());
    let frame = |of: &[u8], number: usize| of[begins[number]..begins[number + 1]].to_vec();
    let (first, second) = (frame(&bytes, 0), frame(&bytes, 1));
    let head = &bytes[..begins[0]];
    let rest = &bytes[begins[2]..];
    let swapped = [head, &second, &first, rest].concat();
    assert!(matches!(
        read(&swapped, seal(1)),
        Err(ArchiveError::Unopened { number: 0 })
    ));
    let left_out = [head, &first, rest].concat();
    assert!(matches!(
        read(&left_out, seal(1)),
        Err(ArchiveError::Unopened { number: 1 })
    ));
    let twice = [head, &first, &first, rest].concat();
    assert!(matches!(
        read(&twice, seal(1)),
        Err(ArchiveError::Unopened { number: 1 })
    ));
    let (other, _) = archive(records());
    let of_another = [head, &first, &frame(&other, 1), rest].concat();
    assert!(matches!(
        read(&of_another, seal(1)),
        Err(ArchiveError::Unopened { number: 1 })
    ));
}

#[test]
fn a_frame_that_says_to_be_huge_costs_nothing() {
    let (bytes, begins) = archive(records());
    let mut huge = bytes[..begins[1]].to_vec();
    huge.extend(u32::MAX.to_be_bytes());
    assert!(matches!(
        read(&huge, seal(1)),
        Err(ArchiveError::Unopened { number: 1 })
    ));
    huge.truncate(begins[1]);
    huge.extend((1_u32 << 28).to_be_bytes());
    assert!(matches!(read(&huge, seal(1)), Err(ArchiveError::Cut)));
}
