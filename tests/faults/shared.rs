//! Two and three processes under load, and nothing is broken.

use std::thread::sleep;
use std::time::Duration;

use super::load::Load;
use super::rounds::{REST, Shows, how_often, rounds};
use super::scene::House;
use super::servers::RedisServer;
use super::watch::Watch;

/// What is revoked at one node is refused at another within this time.
const REFUSED_WITHIN: Duration = Duration::from_secs(1);
/// How long callers call.
const WHILE: Duration = Duration::from_secs(2);
/// So many sign-ins, and so many responses, reach two nodes at once in each round: 1,000 in 20.
const RACES: u32 = 50;

fn nothing_breaks(name: &str, nodes: usize) {
    let redis = RedisServer::start();
    let house = House::new(&vec![redis.url(); nodes], 0);
    let watch = rounds(&house, name, Shows::Nothing, |_, _| sleep(WHILE));
    let longest = watch.longest("revoked at one node, good at another");
    assert!(longest.is_some_and(|it| it < REFUSED_WITHIN), "{longest:?}");
}

#[test]
fn two_processes_are_one_gateway_under_load() {
    nothing_breaks("two nodes", 2);
}

#[test]
fn three_processes_are_one_gateway_under_load() {
    nothing_breaks("three nodes", 3);
}

#[test]
fn what_reaches_two_processes_at_once_is_taken_by_one() {
    let redis = RedisServer::start();
    let house = House::new(&[redis.url(), redis.url()], 0);
    let watch = Watch::default();
    for _ in 0..how_often() {
        let load = Load::new(&house, &watch, REST);
        std::thread::scope(|threads| {
            load.begin(threads);
            for _ in 0..RACES {
                load.sign_in();
                load.use_up_a_response();
            }
            load.end();
        });
        load.check_everything();
    }
    watch.tell("races");
    watch.assert_all_right();
}
