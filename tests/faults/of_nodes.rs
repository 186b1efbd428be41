//! Faults of nodes, and what is done to them on purpose.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;

use super::node::{Expected, Node};
use super::rounds::{Shows, rounds};
use super::scene::{House, RootKeys};
use super::servers::RedisServer;

/// A load balancer asks each node so often whether it is ready.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

#[test]
fn a_node_is_killed_and_starts_again() {
    let redis = RedisServer::start();
    let house = House::new(&[redis.url(), redis.url(), redis.url()], 0);
    rounds(&house, "node killed", Shows::Gone, |house, round| {
        let number = usize::try_from(round).unwrap() % house.nodes.len();
        let node = &house.nodes[number];
        node.expect(Expected::Anything);
        node.kill();
        sleep(Duration::from_millis(300));
        node.start();
    });
}

#[test]
fn nodes_are_replaced_one_after_another_and_nobody_notices() {
    let redis = RedisServer::start();
    let house = House::new(&[redis.url(), redis.url(), redis.url()], 0);
    rounds(&house, "rolling restart", Shows::Nothing, |house, _| {
        one_after_another(house, |_| {});
    });
}

#[test]
fn root_keys_and_sealing_keys_are_rotated() {
    let redis = RedisServer::start();
    let house = House::new(&[redis.url(), redis.url()], 0);
    rounds(&house, "keys rotated", Shows::Nothing, |house, round| {
        let number = u8::try_from(round).unwrap();
        let (old, new) = (house.root_key(number), house.root_key(number + 1));
        rotate_sealing_key(house);
        for (current, previous) in [(&old, &new), (&new, &old)] {
            let keys = RootKeys {
                current: current.clone(),
                previous: Some(previous.clone()),
            };
            one_after_another(house, |number| house.configure(number, &keys));
        }
    });
}

fn rotate_sealing_key(house: &House) {
    let body = json!({ "previous": "keep" }).to_string();
    let rotate = |node: &Node| {
        house
            .admin(node, "POST", "/admin/v1/keys/rotate", &body)
            .send()
    };
    // The callers change the directory, too.
    while rotate(&house.nodes[0]).status == 409 {}
}

/// Restarts every node, `meanwhile` it is down, behind a load balancer that asks who is ready.
fn one_after_another(house: &House, meanwhile: impl Fn(usize)) {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| balance_the_load(house, &is_over));
        for (number, node) in house.nodes.iter().enumerate() {
            node.stop();
            meanwhile(number);
            node.start();
            while !node.is_in_service() {
                sleep(BETWEEN_LOOKS);
            }
        }
        is_over.store(true, Ordering::SeqCst);
    });
}

fn balance_the_load(house: &House, is_over: &AtomicBool) {
    while !is_over.load(Ordering::SeqCst) {
        for node in &house.nodes {
            node.serve(node.is_ready());
        }
        sleep(BETWEEN_LOOKS);
    }
}
