//! Two and three processes, and what is good once reaches all of them at the same moment; what one of them
//! makes or takes away, as another sees it. Nothing is broken, and nobody else calls.

use std::time::Duration;

use super::load::Load;
use super::rounds::{REST, told};
use super::scene::House;
use super::servers::RedisServer;
use super::watch::Watch;

/// So often each race is run in each run of the tests.
const USUALLY: u32 = 20;
/// So often something is revoked; a hundred times make a distribution.
const REVOCATIONS: u32 = 100;
/// So many roles are made: the directory grows by each.
const ROLES: u32 = 20;
/// What is revoked at one node is refused at another within this time.
const REFUSED_WITHIN: Duration = Duration::from_secs(1);

/// Of every node that is given it at once, one takes it.
fn one_wins(nodes: usize) {
    let redis = RedisServer::start();
    let house = House::new(&vec![redis.url(); nodes], 0);
    let watch = Watch::default();
    let load = Load::racing(&house, &watch, REST);
    let races = told("ROLEGATE_RACES").unwrap_or(USUALLY);
    for _ in 0..races {
        load.sign_in();
        load.use_up_a_response();
    }
    watch.tell(&format!("{nodes} processes"));
    watch.assert_all_right();
    for race in ["a sign-in ends once", "AssumeRoleWithSAML, once"] {
        // Where a node was too busy to answer, nobody may have been told.
        let (won, least) = (watch.wins(race), races - races / 20);
        assert!(won >= least, "{race}: won {won} times of {races}");
    }
}

#[test]
fn races_between_two_processes_have_one_winner() {
    one_wins(2);
}

#[test]
fn races_between_three_processes_have_one_winner() {
    one_wins(3);
}

#[test]
fn races_with_a_revocation_are_over_within_a_second_and_a_new_role_is_there_at_once() {
    let redis = RedisServer::start();
    let house = House::new(&vec![redis.url(); 3], 0);
    let watch = Watch::default();
    let load = Load::new(&house, &watch, REST);
    for _ in 0..REVOCATIONS {
        load.ask_sts();
        load.revoke();
    }
    for _ in 0..ROLES {
        load.make_a_role();
    }
    watch.tell("three processes");
    watch.assert_all_right();
    let longest = watch.longest("revoked at one node, good at another");
    assert!(longest.is_some_and(|it| it < REFUSED_WITHIN), "{longest:?}");
}
