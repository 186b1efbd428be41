//! Faults of one Redis, and of the way to it.

use std::thread::sleep;
use std::time::Duration;

use super::node::Expected;
use super::proxy::Proxy;
use super::rounds::{Shows, how_often, rounds};
use super::scene::{House, MAX_STALENESS};
use super::servers::RedisServer;

/// A fault lasts so long, where it lasts.
const WHILE: Duration = Duration::from_secs(1);

/// Two nodes over one Redis.
fn house(redis: &RedisServer) -> House {
    House::new(&[redis.url(), redis.url()], 0)
}

#[test]
fn redis_is_killed_and_starts_again() {
    let mut redis = RedisServer::start();
    let house = house(&redis);
    rounds(&house, "Redis killed", Shows::Refusals, |house, _| {
        house.expect(Expected::RefusalsToo);
        redis.kill();
        sleep(WHILE / 2);
        redis.restart();
    });
}

#[test]
fn redis_is_killed_and_loads_its_files_for_a_while() {
    let mut redis = RedisServer::start();
    let fill = "for i = 1, 10000 do redis.call('set', 'other:' .. i, 'x') end";
    redis.run(&["eval", fill, "0"]);
    let house = house(&redis);
    rounds(&house, "Redis loads", Shows::Refusals, |house, _| {
        house.expect(Expected::RefusalsToo);
        redis.kill();
        // So many microseconds for each key.
        redis.restart_with(&["--key-load-delay", "150"]);
        let loading = redis.run(&["ping"]);
        assert!(loading.starts_with("LOADING"), "{loading}");
        while !redis.run(&["ping"]).starts_with("PONG") {
            sleep(WHILE / 20);
        }
    });
}

#[test]
fn the_memory_of_redis_is_full() {
    let redis = RedisServer::start();
    let house = house(&redis);
    rounds(&house, "memory full", Shows::Refusals, |house, _| {
        house.expect(Expected::RefusalsToo);
        redis.run(&["config", "set", "maxmemory", "1"]);
        sleep(WHILE);
        redis.run(&["config", "set", "maxmemory", "0"]);
    });
}

#[test]
fn every_answer_of_redis_takes_two_seconds() {
    let redis = RedisServer::start();
    let ways = [Proxy::to(redis.port), Proxy::to(redis.port)];
    let urls = ways
        .each_ref()
        .map(|way| format!("redis://127.0.0.1:{}", way.port));
    let house = House::new(&urls, 0);
    rounds(&house, "2 s latency", Shows::Refusals, |house, _| {
        house.expect(Expected::RefusalsToo);
        for way in &ways {
            way.delay(Duration::from_secs(1));
        }
        sleep(3 * WHILE);
        for way in &ways {
            way.open();
        }
    });
}

/// The other node goes on as if nothing had happened.
#[test]
fn one_node_is_cut_off_from_redis() {
    let redis = RedisServer::start();
    let way = Proxy::to(redis.port);
    let there = format!("redis://127.0.0.1:{}", way.port);
    let house = House::new(&[redis.url(), there], 0);
    // Where there is time, until the node answers nothing any more and beyond.
    let long = if how_often() > 1 { 30 } else { 3 };
    rounds(&house, "partition", Shows::Refusals, |house, _| {
        house.nodes[1].expect(Expected::RefusalsToo);
        way.stall();
        sleep(Duration::from_secs(long));
        if long > 2 * MAX_STALENESS {
            assert!(!house.nodes[1].is_ready());
        }
        assert!(house.nodes[0].is_ready());
        way.open();
    });
}
