//! What infrastructure as code does: make, read back, change and remove, each call at another node than the
//! one before. What one node has answered, the other knows at once.

use serde_json::json;
use tempfile::TempDir;

use super::kit::run;
use super::servers::RedisServer;
use super::support::clock::Time;
use super::support::node::{NO_RATES, Node, Settings, Store};

/// Base64 of 32 bytes.
const ROOT_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A node over this Redis, with this root key.
fn node(redis: &RedisServer, keys: &TempDir, more: &str) -> Node {
    let key = keys.path().join("root.key");
    let store = format!(
        "{more}store.url = '{}'\nroot_key.file = '{}'\n",
        redis.url(),
        key.display()
    );
    Node::start(Settings {
        store: Store::Embedded,
        time: Time::System,
        toml: [&store, NO_RATES].concat(),
        ..Settings::default()
    })
}

#[test]
fn resources_are_made_read_changed_and_removed_at_alternating_nodes() {
    let redis = RedisServer::start();
    let keys = tempfile::tempdir().unwrap();
    std::fs::write(keys.path().join("root.key"), ROOT_KEY).unwrap();
    let one = node(&redis, &keys, "");
    let public_url = format!("public_url = '{}'\n", one.origin());
    let other = node(&redis, &keys, &public_url);
    let arguments = json!({ "endpoints": [one.origin(), other.origin()] });
    run(&one, "two_nodes.py", &arguments);
}
