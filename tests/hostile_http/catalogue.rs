//! Every row of the threat catalogue about STS, signatures and HTTP has a test that is named after it, and
//! so has every row about the portal whose attack there is something to try on.

use super::support::catalogue::tests_by_row;

/// The rows about STS, signatures and HTTP are A1 to A23.
const API: std::ops::RangeInclusive<u8> = 1..=23;
/// The rows about the portal and administration are W1 to W18.
const WEB: std::ops::RangeInclusive<u8> = 1..=18;
/// Those that are tried on a whole node under their names.
const TRIED: [u8; 11] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 18];

#[test]
fn a_whole_node_is_tried_with_every_row_about_sts() {
    let by_row = tests_by_row('a');
    let lacking: Vec<u8> = API.filter(|row| !by_row.contains_key(row)).collect();
    assert_eq!(lacking, [0; 0], "rows without a test");
    let unknown: Vec<_> = by_row.keys().filter(|row| !API.contains(row)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn a_whole_node_is_tried_with_the_rows_about_the_portal() {
    let by_row = tests_by_row('w');
    let lacking: Vec<u8> = TRIED
        .into_iter()
        .filter(|row| !by_row.contains_key(row))
        .collect();
    assert_eq!(lacking, [0; 0], "rows without a test");
    let unknown: Vec<_> = by_row.keys().filter(|row| !WEB.contains(row)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// One attack in each has a test; this holds that no attack of a row was forgotten where the row has several.
#[test]
fn the_attacks_of_a_row_have_tests() {
    let (api, web) = (tests_by_row('a'), tests_by_row('w'));
    for (rows, row, at_least) in [
        (&api, 10, 7),
        (&api, 11, 3),
        (&api, 12, 4),
        (&api, 13, 2),
        (&api, 14, 7),
        (&api, 15, 6),
        (&api, 16, 4),
        (&api, 22, 2),
        (&api, 23, 14),
        (&web, 10, 7),
    ] {
        let tests = &rows[&row];
        assert!(tests.len() >= at_least, "{row}: {tests:?}");
    }
}
