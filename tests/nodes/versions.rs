//! Two versions of the program over one Redis: a node of now, and one that knows the next format.

use std::process::Command;
use std::time::{Duration, Instant};

use rolegate::directory::Format;

use super::House;
use super::support::aws::AwsKeys;
use super::support::browser::Session;
use super::support::directory::role_arn;
use super::support::http::Request;
use super::support::node::{Node, environment};

const NEXT: Format = Format::NEWEST.next();

fn house() -> House {
    House::with_another_that_knows(Some(NEXT))
}

fn upgrade(node: &Node) -> super::Response {
    node.admin("POST", "/admin/v1/store/upgrade", "{}")
}

fn keys_from(house: &House, node: &Node, role: &str) -> AwsKeys {
    let token = house.one.id_token("ines");
    let answer = node.assume_role(&role_arn(role), &token, &[]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    AwsKeys::issued(&answer)
}

/// Each knows what the other one does, until the newer format is used.
#[test]
fn nodes_of_two_versions_are_one_gateway() {
    let house = house();
    let begun = house.one.begin_sign_in("/roles");
    house.prepare(&begun);
    let session = Session::read(house.one.address, &house.finish_at_other(&begun));
    assert!(session.is_signed_in(house.one.address));
    house.other.apply(&house.with_role("MadeByNewer"));
    let keys = keys_from(&house, &house.one, "MadeByNewer");
    assert_eq!(house.other.who(&keys).status, 200);
    let keys = keys_from(&house, &house.other, "MadeByNewer");
    assert_eq!(house.one.who(&keys).status, 200);
    let refused = upgrade(&house.one);
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert_eq!(refused.json()["error"]["code"], "StoreUpgradedAlready");
}

#[test]
fn a_node_that_does_not_know_the_format_decides_nothing_and_the_others_go_on() {
    let house = house();
    house.one.apply(&house.with_role("Made"));
    let keys = keys_from(&house, &house.one, "Made");
    let upgraded = upgrade(&house.other);
    assert_eq!(upgraded.status, 200, "{}", upgraded.text());
    let begun = Instant::now();
    while house.one.who(&keys).status != 503 {
        assert!(begun.elapsed() < Duration::from_secs(5), "it goes on");
    }
    eprintln!("the older node decided nothing after {:?}", begun.elapsed());
    let token = house.one.id_token("ines");
    let assumed = house.one.assume_role(&role_arn("Made"), &token, &[]);
    assert_eq!(assumed.status, 503, "{}", assumed.text());
    let readiness = Request::get(house.one.address, "/readyz").send();
    assert_eq!(readiness.status, 503);
    let check = readiness.json()["checks"][1].clone();
    assert_eq!(check["name"], "directory");
    assert_eq!(check["ready"], false);
    // Nothing came of the keys but that this node can't say.
    assert_eq!(house.other.who(&keys).status, 200);
    keys_from(&house, &house.other, "Made");
}

#[test]
fn a_node_of_now_does_not_start_on_a_store_that_is_written_in_the_next_format() {
    let house = house();
    assert_eq!(upgrade(&house.other).status, 200);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rolegate.toml");
    std::fs::write(&file, &house.toml).unwrap();
    let started = Command::new(env!("CARGO_BIN_EXE_rolegate"))
        .args(["serve", "--config", "rolegate.toml"])
        .env_clear()
        .envs(environment(&house.one.provider.issuer()))
        .current_dir(folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&started.stderr);
    assert_eq!(started.status.code(), Some(1), "{told}");
    assert!(told.contains("start a newer version"), "{told}");
}
