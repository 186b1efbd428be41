//! Decisions of one node, as the other finds and erases them.

use std::time::Instant;

use serde_json::{Value, json};

use super::House;
use super::support::aws::AwsKeys;
use super::support::http::PATIENCE;
use super::support::node::Node;

fn holders(node: &Node, keys: &AwsKeys) -> Vec<Value> {
    let body = json!({ "wanted": { "key": keys.id } }).to_string();
    let answer = node.admin("POST", "/admin/v1/decisions/search", &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["decisions"].as_array().unwrap().clone()
}

/// Waits until the node finds who holds the keys.
fn holder(node: &Node, keys: &AwsKeys) -> Value {
    let give_up = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = holders(node, keys).pop() {
            return found;
        }
        assert!(Instant::now() < give_up);
    }
}

#[test]
fn what_one_node_decided_another_finds_and_erases_for_good() {
    let house = House::new();
    let (one, other) = (&house.one.node, &house.other);
    let keys = house.one.session();
    let found = holder(other, &keys);
    assert_eq!(found["person"]["subject"], "ines");
    let id = found["request"].as_str().unwrap();
    let path = ["/admin/v1/decisions/", id].concat();
    assert_eq!(other.admin("GET", &path, "").json()["decision"], found);
    let issuer = house.one.provider.issuer();
    let body = json!({ "person": { "issuer": issuer, "subject": "ines" } }).to_string();
    let erased = other.admin("POST", "/admin/v1/decisions/erase", &body);
    assert_eq!(erased.json(), json!({ "erased": 1, "own_roles": false }));
    for node in [one, other] {
        assert_eq!(holders(node, &keys), [] as [Value; 0]);
        assert_eq!(node.admin("GET", &path, "").status, 404);
    }
    // The page that the one was filling is another one's now: it begins the next.
    let next = house.one.session();
    holder(other, &next);
    assert_eq!(holders(one, &keys), [] as [Value; 0]);
}
