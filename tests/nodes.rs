//! Nodes that share a Redis are one gateway: what is begun at one ends at another, what may happen once
//! happens once, and what one is told all know.

#![cfg(test)]

#[path = "support/redis.rs"]
mod servers;
mod support;
mod tools;

#[path = "nodes/changed.rs"]
mod changed;
#[path = "nodes/codes.rs"]
mod codes;
#[path = "nodes/decisions.rs"]
mod decisions;
#[path = "nodes/iam.rs"]
mod iam;
#[path = "nodes/revoke.rs"]
mod revoke;
#[path = "nodes/versions.rs"]
mod versions;

use std::sync::Barrier;
use std::time::{Duration, Instant};

use rolegate::directory::{DirectoryFiles, Format};
use serde_json::json;
use tempfile::TempDir;

use servers::{GATEWAY_PASSWORD, RedisServer};
use support::aws::AwsKeys;
use support::browser::{Departure, Session};
use support::directory::{add_role, every_assume_action, role_arn, trust};
use support::http::{Request, Response};
use support::http_node::{CLIENT_SECRET, HttpNode, directory};
use support::node::{Node, Settings, Store};
use support::provider::TOKEN;
use support::sts::element;

/// Base64 of 32 bytes.
const ROOT_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// The secret's file in the folder of every node.
const SECRET: &str = "client-secret";

/// Two nodes over one Redis; browsers know both by the first one's address.
struct House {
    other: Node,
    one: HttpNode,
    /// What the settings of every node say of the store.
    toml: String,
    redis: RedisServer,
    _keys: TempDir,
}

impl Drop for House {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.redis.denials(), "", "Redis refused a node something");
        }
    }
}

impl House {
    fn new() -> Self {
        Self::with_another_that_knows(None)
    }

    /// The other node knows another format of the store than this program.
    fn with_another_that_knows(known: Option<Format>) -> Self {
        let redis = RedisServer::start();
        let keys = root_key();
        let toml = toml(&redis, &keys);
        let one = HttpNode::empty(Settings {
            store: Store::Embedded,
            toml: toml.clone(),
            ..Settings::default()
        });
        let public_url = format!("public_url = '{}'\n", one.origin());
        let other = Node::start(Settings {
            store: Store::Embedded,
            http_issuers: vec![one.provider.issuer()],
            toml: [toml.clone(), public_url].concat(),
            known,
            ..Settings::default()
        });
        let house = Self {
            other,
            one,
            toml,
            redis,
            _keys: keys,
        };
        std::fs::write(house.other.folder().join(SECRET), CLIENT_SECRET).unwrap();
        house.one.apply(&house.files());
        house
    }

    /// The directory, whose connection finds its secret in the folder of whoever asks.
    fn files(&self) -> DirectoryFiles {
        let folder = self.one.folder();
        let there = folder.join(SECRET).display().to_string();
        let files = directory(&self.one.provider.issuer(), folder);
        files
            .into_iter()
            .map(|(path, text)| (path, text.replace(&there, SECRET)))
            .collect()
    }

    fn with_role(&self, name: &str) -> DirectoryFiles {
        let mut files = self.files();
        let issuer = self.one.provider.issuer();
        let trust = trust(&[&issuer], &every_assume_action(), &json!({}));
        let settings = json!({ "max_session_duration": 3600 });
        add_role(&mut files, name, &settings, &trust);
        files
    }

    /// A request as it reaches a node behind the load balancer.
    fn at_other(&self, target: &str) -> Request {
        let host = self.one.address.to_string();
        Request::get(self.other.address, target).with_header("host", &host)
    }

    /// The provider answers; the browser comes back to the other node.
    fn finish_at_other(&self, begun: &Departure) -> Response {
        self.at_other(&begun.callback())
            .with_header("cookie", &begun.cookie)
            .with_header("sec-fetch-site", "cross-site")
            .send()
    }

    /// A form of a session's page as it reaches the other node.
    fn form_at_other(&self, session: &Session, target: &str, fields: &[(&str, &str)]) -> Response {
        let mut fields = fields.to_vec();
        fields.push(("csrf", &session.csrf));
        Request::post_form(self.other.address, target, &fields)
            .with_header("host", &self.one.address.to_string())
            .with_header("origin", &self.one.origin())
            .with_header("sec-fetch-site", "same-origin")
            .with_header("cookie", &session.cookie)
            .send()
    }

    fn prepare(&self, begun: &Departure) {
        self.one
            .provider
            .set(TOKEN, self.one.token_answer(begun, "person-1"));
    }

    fn is_signed_in_at_other(&self, session: &Session) -> bool {
        let page = self
            .at_other("/roles")
            .with_header("cookie", &session.cookie);
        page.send().status == 200
    }
}

fn root_key() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("root.key"), ROOT_KEY).unwrap();
    folder
}

/// Nodes may do at Redis what the documentation says that they do, and nothing else.
fn toml(redis: &RedisServer, keys: &TempDir) -> String {
    redis.grant_documented_rights("rolegate");
    let password = keys.path().join("password");
    std::fs::write(&password, GATEWAY_PASSWORD).unwrap();
    format!(
        "store.url = '{}'\nstore.redis.password_file = '{}'\nroot_key.file = '{}'\n",
        redis.gateway_url(),
        password.display(),
        keys.path().join("root.key").display()
    )
}

#[test]
fn a_sign_in_that_begins_at_one_node_ends_at_another_and_opens_both() {
    let house = House::new();
    let begun = house.one.begin_sign_in("/roles");
    house.prepare(&begun);
    let response = house.finish_at_other(&begun);
    let session = Session::read(house.one.address, &response);
    assert!(session.is_signed_in(house.one.address));
    assert!(house.is_signed_in_at_other(&session));
    let signed_out = session.form(house.one.address, "/sign-out", &[]).send();
    assert_eq!(signed_out.status, 200, "{}", signed_out.text());
    assert!(!house.is_signed_in_at_other(&session));
}

#[test]
fn an_answer_that_reaches_two_nodes_at_once_opens_one_session_a_thousand_times() {
    let house = House::new();
    for round in 0..1000 {
        let begun = house.one.begin_sign_in("/roles");
        house.prepare(&begun);
        let start = Barrier::new(2);
        let answers = std::thread::scope(|threads| {
            let one = threads.spawn(|| {
                start.wait();
                Request::get(house.one.address, &begun.callback())
                    .with_header("cookie", &begun.cookie)
                    .with_header("sec-fetch-site", "cross-site")
                    .send()
            });
            let other = threads.spawn(|| {
                start.wait();
                house.finish_at_other(&begun)
            });
            [one.join().unwrap(), other.join().unwrap()]
        });
        let opened = answers.iter().filter(|answer| answer.status == 303);
        let opened = opened.filter(|answer| {
            let session = support::browser::cookie(answer, "__Host-rolegate-session");
            session.is_some()
        });
        assert_eq!(opened.count(), 1, "round {round}: {answers:?}");
    }
}

#[test]
fn a_role_that_is_made_at_one_node_can_be_assumed_at_another_at_once() {
    let house = House::new();
    for number in 0..20 {
        let name = format!("Made{number}");
        house.one.apply(&house.with_role(&name));
        let token = house.one.id_token("ines");
        let answer = house.other.assume_role(&role_arn(&name), &token, &[]);
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        // Keys that one node gave are known to the other.
        let who = house.one.who(&AwsKeys::issued(&answer));
        assert_eq!(who.status, 200, "{}", who.text());
    }
}

#[test]
fn what_is_taken_away_at_one_node_is_refused_at_another_within_a_second() {
    let house = House::new();
    let mut taken: Vec<Duration> = (0..20)
        .map(|number| {
            let name = format!("Taken{number}");
            house.one.apply(&house.with_role(&name));
            let token = house.one.id_token("ines");
            let answer = house.other.assume_role(&role_arn(&name), &token, &[]);
            let keys = AwsKeys::issued(&answer);
            house.one.apply(&house.files());
            let begun = Instant::now();
            let mut after = begun.elapsed();
            while house.other.who(&keys).status == 200 {
                after = begun.elapsed();
                assert!(after < Duration::from_secs(1), "{name} is still good");
            }
            after
        })
        .collect();
    taken.sort();
    eprintln!(
        "refused after: median {:?}, longest {:?}",
        taken[10], taken[19]
    );
}

#[test]
fn nodes_that_start_together_on_an_empty_redis_make_one_first_key() {
    let redis = RedisServer::start();
    let keys = root_key();
    let toml = toml(&redis, &keys);
    let nodes: Vec<Node> = std::thread::scope(|threads| {
        let starting: Vec<_> = (0..3)
            .map(|_| {
                threads.spawn(|| {
                    Node::start(Settings {
                        store: Store::Embedded,
                        toml: toml.clone(),
                        ..Settings::default()
                    })
                })
            })
            .collect();
        let nodes = starting.into_iter().map(|node| node.join().unwrap());
        nodes.collect()
    });
    for node in &nodes {
        let exported = node.admin("GET", "/admin/v1/directory", "");
        assert_eq!(exported.status, 200, "{}", exported.text());
        assert_eq!(exported.json()["generation"], 1);
    }
}

#[test]
fn a_new_sealing_key_seals_once_every_node_must_have_it() {
    let house = House::new();
    let key_of = |node: &Node| {
        let token = house.one.id_token("ines");
        let answer = node.assume_role(support::http_node::ROLE, &token, &[]);
        let token = element(&answer, "SessionToken");
        let sealed = data_encoding::BASE64.decode(token.as_bytes()).unwrap();
        sealed[..5].to_vec()
    };
    let first = key_of(&house.one);
    let body = json!({ "previous": "keep" }).to_string();
    let rotated = house.one.admin("POST", "/admin/v1/keys/rotate", &body);
    assert_eq!(rotated.status, 200, "{}", rotated.text());
    assert_eq!(key_of(&house.one), first);
    for node in [&house.one.node, &house.other] {
        node.advance(2 * 60 + 1);
    }
    let second = key_of(&house.one);
    assert_ne!(second, first);
    assert_eq!(key_of(&house.other), second);
}
