//! Every row of the threat catalogue has a test that is named after it.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::catalogue::{rows_of, tests_by_row};

/// The rows about SAML are S1 to S56.
const ROWS: std::ops::RangeInclusive<u8> = 1..=56;

#[test]
fn a_whole_node_is_tried_with_every_row() {
    let by_row = tests_by_row('s');
    let lacking: Vec<u8> = ROWS.filter(|row| !by_row.contains_key(row)).collect();
    assert_eq!(lacking, [0; 0], "rows without a test");
    let unknown: BTreeMap<_, _> = by_row
        .iter()
        .filter(|(row, _)| !ROWS.contains(row))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn a_test_may_be_named_after_several_rows() {
    assert_eq!(rows_of('s', "s56_s31_a_request"), BTreeSet::from([31, 56]));
    assert_eq!(rows_of('s', "s01_the_signed_response"), BTreeSet::from([1]));
    assert_eq!(rows_of('s', "signed_by_s1"), BTreeSet::new());
}
