//! Which rows of the threat catalogue have tests that are named after them: `a14_…`, or `s56_s31_…` for two.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

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

/// The rows at the head of a test's name.
pub fn rows_of(letter: char, name: &str) -> BTreeSet<u8> {
    let words = name.split('_');
    let rows = words.map_while(|word| word.strip_prefix(letter)?.parse().ok());
    rows.collect()
}

/// The tests over a whole node, by the rows of this letter that they are named after.
pub fn tests_by_row(letter: char) -> BTreeMap<u8, Vec<String>> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut names = Vec::new();
    tests_below(&tests, &mut names);
    let mut by_row: BTreeMap<u8, Vec<String>> = BTreeMap::new();
    for name in names {
        for row in rows_of(letter, &name) {
            by_row.entry(row).or_default().push(name.clone());
        }
    }
    by_row
}
