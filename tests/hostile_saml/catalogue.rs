//! Every row of the threat catalogue has a test that is named after it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The rows about SAML are S1 to S56.
const ROWS: std::ops::RangeInclusive<u8> = 1..=56;

/// The names of the tests below a folder.
fn tests_below(folder: &Path, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_below(&path, names);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            let tests = lines.windows(2).filter(|two| two[0].ends_with("test]"));
            let heads = tests.filter_map(|two| two[1].split_once("fn "));
            names.extend(heads.filter_map(|(_, name)| Some(name.split_once('(')?.0.to_owned())));
        }
    }
}

/// The rows at the head of a test's name: `s56_s31_…`.
fn rows_of(name: &str) -> BTreeSet<u8> {
    let words = name.split('_');
    let rows = words.map_while(|word| word.strip_prefix('s')?.parse().ok());
    rows.collect()
}

#[test]
fn a_whole_node_is_tried_with_every_row() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut names = Vec::new();
    tests_below(&tests, &mut names);
    let mut by_row: BTreeMap<u8, Vec<&str>> = BTreeMap::new();
    for name in &names {
        for row in rows_of(name) {
            by_row.entry(row).or_default().push(name);
        }
    }
    let lacking: Vec<u8> = ROWS.filter(|row| !by_row.contains_key(row)).collect();
    assert_eq!(lacking, [0; 0], "rows without a test");
    let known: BTreeSet<u8> = ROWS.collect();
    let unknown: Vec<_> = by_row
        .iter()
        .filter(|(row, _)| !known.contains(row))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn a_test_may_be_named_after_several_rows() {
    assert_eq!(rows_of("s56_s31_a_request"), BTreeSet::from([31, 56]));
    assert_eq!(rows_of("s01_the_signed_response"), BTreeSet::from([1]));
    assert_eq!(rows_of("signed_by_s1"), BTreeSet::new());
}
