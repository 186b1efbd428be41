//! Primaries that die and are replaced.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::node::Expected;
use super::rounds::{Shows, rounds};
use super::scene::House;
use super::servers::{RedisCluster, Watched};

/// Who says nothing for so many milliseconds is replaced.
const SILENCE: u32 = 3000;
/// A primary that was replaced goes on so long.
const WHILE: Duration = Duration::from_secs(2);
/// Whoever is replaced or comes back has done so by then, or the test fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// It is killed in one round, and in the next it hangs until another has taken its place.
#[test]
fn a_primary_that_sentinels_watch_is_killed_or_hangs() {
    let mut watched = Watched::with(2, SILENCE);
    let url = watched.url();
    let mut house = House::new(&[url.clone(), url], 1);
    house.may_lose_sessions = true;
    rounds(&house, "Sentinel", Shows::Refusals, |house, round| {
        house.expect(Expected::RefusalsToo);
        let old = watched.primary_index();
        let hangs = round % 2 == 1;
        if hangs {
            watched.servers[old].freeze();
        } else {
            watched.servers[old].kill();
        }
        until("another is the primary", || watched.primary_index() != old);
        let primary = watched.servers[watched.primary_index()].port;
        if hangs {
            watched.servers[old].go_on();
            // It takes itself for the primary, and the sentinels would need half a minute.
            sleep(WHILE);
            let primary = primary.to_string();
            watched.servers[old].run(&["replicaof", "127.0.0.1", &primary]);
        } else {
            watched.servers[old].restart_as_replica_of(primary);
        }
        until("all is whole", || watched.is_whole());
    });
}

#[test]
fn a_primary_of_a_cluster_is_killed() {
    let mut cluster = RedisCluster::with_silence(SILENCE);
    let url = cluster.url();
    let mut house = House::new(&[url.clone(), url], 1);
    house.may_lose_sessions = true;
    rounds(
        &house,
        "Cluster, primary killed",
        Shows::Refusals,
        |house, _| {
            house.expect(Expected::RefusalsToo);
            // The one with the directory.
            let dead = cluster.primary_of("{dir}");
            cluster.nodes[dead].kill();
            until("another is the primary", || {
                cluster.primary_of("{dir}") != dead
            });
            cluster.nodes[dead].restart();
            until("all is whole", || cluster.is_whole());
        },
    );
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < give_up, "not within a minute: {what}");
        sleep(Duration::from_millis(50));
    }
}
