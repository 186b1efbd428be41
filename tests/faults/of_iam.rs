//! What IAM answered is there after the node was killed at any moment, and what it did not answer is there as a
//! whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use super::node::Node;
use super::rounds::how_often;
use super::servers::RedisServer;
use super::support::aws::{AwsKeys, Call, Signing};
use super::support::clock::system_now;
use super::support::http::{NoResponse, Response};
use super::support::sts::find_element;

/// In each round the node is killed so often.
const KILLS: u32 = 5;
/// Nobody is killed later than this after a start.
const LONGEST_LIFE_MILLIS: u64 = 250;
const WRITERS: usize = 4;

/// The administrator's call of IAM.
fn iam(node: &Node, form: &str) -> Result<Response, NoResponse> {
    let signing = Signing {
        service: "iam",
        ..Signing::at(system_now())
    };
    let form = ["Version=2010-05-08&", form].concat();
    let call = Call::post(node.address, &form);
    let call = call.signed(&AwsKeys::admin(), &signing);
    call.request(node.address).try_send()
}

/// Every user's path by name.
fn users(node: &Node) -> BTreeMap<String, String> {
    let mut users = BTreeMap::new();
    let mut marker = String::new();
    loop {
        let answer = iam(node, &format!("Action=ListUsers&MaxItems=1000{marker}")).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let text = answer.text();
        for user in text.split("<Path>").skip(1) {
            let (path, rest) = user.split_once("</Path>").unwrap();
            let name = rest.split("<UserName>").nth(1).unwrap();
            let name = name.split("</UserName>").next().unwrap();
            users.insert(name.to_owned(), path.to_owned());
        }
        match find_element(&answer, "Marker") {
            Some(next) => marker = format!("&Marker={next}"),
            None => return users,
        }
    }
}

/// What one writer was told: whom it made, and whom it asked for without an answer.
#[derive(Default)]
struct Told {
    made: BTreeSet<String>,
    unknown: BTreeSet<String>,
}

fn write(node: &Node, start: &str, ended: &AtomicBool) -> Told {
    let mut told = Told::default();
    for number in 0.. {
        if ended.load(Ordering::SeqCst) {
            break;
        }
        let name = format!("{start}-{number}");
        match iam(
            node,
            &format!("Action=CreateUser&UserName={name}&Path=/{name}/"),
        ) {
            Ok(answer) if answer.status == 200 => told.made.insert(name),
            Ok(_) | Err(_) => told.unknown.insert(name),
        };
    }
    told
}

/// Kills the node while writers write, and looks what is there after each start.
fn killed_again_and_again(node: &Node, seed: u64) {
    let mut made = BTreeSet::new();
    let mut unknown = BTreeSet::new();
    for kill in 0..KILLS * how_often() {
        let ended = AtomicBool::new(false);
        let told: Vec<Told> = std::thread::scope(|scope| {
            let ended = &ended;
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| {
                    let start = format!("user-{kill}-{writer}");
                    scope.spawn(move || write(node, &start, ended))
                })
                .collect();
            sleep(Duration::from_millis(
                (seed + u64::from(kill)) * 7919 % LONGEST_LIFE_MILLIS,
            ));
            node.kill();
            ended.store(true, Ordering::SeqCst);
            writers.into_iter().map(|it| it.join().unwrap()).collect()
        });
        for told in told {
            made.extend(told.made);
            unknown.extend(told.unknown);
        }
        node.start();
        let there = users(node);
        for (name, path) in &there {
            assert!(made.contains(name) || unknown.contains(name), "{name}");
            assert_eq!(*path, format!("/{name}/"));
        }
        let lost: Vec<_> = made
            .iter()
            .filter(|name| !there.contains_key(*name))
            .collect();
        assert_eq!(lost, Vec::<&String>::new());
    }
    assert!(!made.is_empty());
}

#[test]
fn what_iam_answered_is_in_the_file_after_the_node_was_killed() {
    let node = Node::new("http://127.0.0.1:1");
    node.configure("store.url = 'redb:store.redb'\n");
    node.start();
    killed_again_and_again(&node, 11);
}

#[test]
fn what_iam_answered_is_in_redis_after_the_node_was_killed() {
    let redis = RedisServer::start();
    let node = Node::new("http://127.0.0.1:1");
    let key = node.folder().join("root.key");
    std::fs::write(&key, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    node.configure(&format!(
        "store.url = '{}'\nroot_key.file = '{}'\n",
        redis.url(),
        key.display()
    ));
    node.start();
    killed_again_and_again(&node, 23);
}
