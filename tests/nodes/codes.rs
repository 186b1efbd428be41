//! A code is good once, and five may be tried, whichever node is asked.

use std::sync::Barrier;

use aws_lc_rs::hmac;
use rolegate::directory::DirectoryFiles;

use super::House;
use super::support::aws::{AwsKeys, Call, Signing};
use super::support::directory::in_account;
use super::support::http::Response;
use super::support::node::Node;
use super::support::sts::assert_refused;

const KEY: &str = "AKIAQYLPMN5HADAAAAAA";
const SECRET: &str = "a-secret-of-ada-that-stands-in-no-log";
const SEED: &[u8] = b"12345678901234567890";

fn with_ada(house: &House) -> DirectoryFiles {
    let mut files = house.files();
    let seed = data_encoding::BASE32_NOPAD.encode(SEED);
    let user = format!(
        "[[access_keys]]\nid = '{KEY}'\nsecret = '{SECRET}'\n[[mfa_devices]]\nname = 'phone'\nseed = '{seed}'\n"
    );
    files.insert(in_account("users/ada.toml"), user);
    files
}

/// The code of this half minute (RFC 6238).
fn code(now: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SEED);
    let tag = hmac::sign(&key, &(now / 30).to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[19] & 0xf);
    let number = u32::from_be_bytes(tag[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

fn show(node: &Node, code: &str) -> Response {
    let form = format!(
        "Action=GetSessionToken&Version=2011-06-15&SerialNumber=arn%3Aaws%3Aiam%3A%3A123456789012%3Amfa%2Fphone&TokenCode={code}"
    );
    let keys = AwsKeys {
        id: KEY.to_owned(),
        secret: SECRET.to_owned(),
        token: None,
    };
    Call::post(node.address, &form)
        .signed(&keys, &Signing::at(node.now()))
        .send(node.address)
}

fn start() -> House {
    let house = House::new();
    house.one.apply(&with_ada(&house));
    // Both know ada.
    begin_step(&house);
    house
}

/// At the beginning of the same half minute on both.
fn begin_step(house: &House) {
    let begin = house.one.now().max(house.other.now()) / 30 * 30 + 90;
    for node in [&house.one.node, &house.other] {
        node.advance(begin - node.now());
    }
}

#[test]
fn w10_of_two_nodes_that_are_shown_the_same_code_at_once_one_gives_a_session() {
    let house = start();
    for round in 0..20 {
        begin_step(&house);
        let code = code(house.one.now());
        let start = Barrier::new(2);
        let answers = std::thread::scope(|scope| {
            let calls = [&house.one.node, &house.other].map(|node| {
                let (start, code) = (&start, &code);
                scope.spawn(move || (start.wait(), show(node, code)).1)
            });
            calls.map(|call| call.join().unwrap())
        });
        let given = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(given, 1, "round {round}: {answers:?}");
    }
}

#[test]
fn w10_tries_at_one_node_count_at_another() {
    let house = start();
    begin_step(&house);
    let good = code(house.one.now());
    let wrong = if good == "000000" { "000001" } else { "000000" };
    for node in [
        &house.one.node,
        &house.other,
        &house.one.node,
        &house.other,
        &house.one.node,
    ] {
        assert_refused(&show(node, wrong), 403, "AccessDenied");
    }
    assert_refused(&show(&house.other, &good), 403, "AccessDenied");
    begin_step(&house);
    assert_eq!(show(&house.other, &code(house.one.now())).status, 200);
}
