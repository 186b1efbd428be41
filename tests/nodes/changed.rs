//! What one node is told of the directory, and by when another one goes by it.

use std::time::{Duration, Instant};

use rolegate::directory::DirectoryFiles;
use serde_json::json;

use super::House;
use super::support::aws::AwsKeys;
use super::support::directory::{STS_CLIENT, add_role, every_assume_action, trust};
use super::support::http_node::ROLE;

/// No session lives on for longer where what it rests on is gone.
const BOUND: Duration = Duration::from_mins(1);

/// How long the other node still goes on as before.
fn until(changed: impl Fn() -> bool) -> Duration {
    let begun = Instant::now();
    while !changed() {
        assert!(begun.elapsed() < BOUND);
        std::thread::sleep(Duration::from_millis(5));
    }
    begun.elapsed()
}

fn keys_at_other(house: &House) -> AwsKeys {
    let answer = house
        .other
        .assume_role(ROLE, &house.one.id_token("ines"), &[]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    AwsKeys::issued(&answer)
}

fn without(house: &House, parts: &[&str]) -> DirectoryFiles {
    let mut files = house.files();
    let before = files.len();
    files.retain(|path, _| !parts.iter().any(|part| path.contains(part)));
    assert!(files.len() < before);
    files
}

#[test]
fn a10_what_is_taken_away_at_one_node_ends_at_another_within_a_minute() {
    let house = House::new();
    for (what, parts) in [
        ("role", &["roles/Reader"][..]),
        ("provider", &["oidc-providers/", "links/"]),
    ] {
        let keys = keys_at_other(&house);
        assert_eq!(house.other.who(&keys).status, 200);
        house.one.apply(&without(&house, parts));
        let after = until(|| house.other.who(&keys).status == 403);
        eprintln!("{what}: refused after {after:?}");
        house.one.apply(&house.files());
        until(|| {
            let token = house.one.id_token("ines");
            house.other.assume_role(ROLE, &token, &[]).status == 200
        });
        // What came back is another one.
        assert_eq!(house.other.who(&keys).status, 403, "{what}");
    }
}

#[test]
fn a10_a_trust_policy_that_changes_at_one_node_counts_at_another_within_a_minute() {
    let house = House::new();
    assert_eq!(house.other.who(&keys_at_other(&house)).status, 200);
    let mut files = house.files();
    let issuer = house.one.provider.issuer();
    let nobody = json!({ "aud": STS_CLIENT, "sub": "nobody" });
    let trust = trust(&[&issuer], &every_assume_action(), &nobody);
    add_role(
        &mut files,
        "Reader",
        &json!({ "max_session_duration": 3600 }),
        &trust,
    );
    house.one.apply(&files);
    let after = until(|| {
        let token = house.one.id_token("ines");
        house.other.assume_role(ROLE, &token, &[]).status == 403
    });
    eprintln!("trust policy: refused after {after:?}");
}
