//! A session's record that is not what it was.

use std::path::Path;

use redb::{Database, ReadableTable as _, TableDefinition};

use super::support::browser::Session;
use super::support::http_node::HttpNode;
use super::support::node::{Settings, Store};

const SESSIONS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("sessions");

type Records = Vec<([u8; 32], Vec<u8>)>;

/// Changes every record of the table of sessions behind the node's back.
fn tamper(folder: &Path, change: impl FnOnce(&mut Records)) {
    let database = Database::open(folder.join("rolegate.redb")).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut table = transaction.open_table(SESSIONS).unwrap();
        let mut records: Records = table
            .iter()
            .unwrap()
            .map(|record| {
                let (key, value) = record.unwrap();
                (key.value(), value.value().to_vec())
            })
            .collect();
        assert!(!records.is_empty(), "there is no session to damage");
        change(&mut records);
        for (key, value) in &records {
            table.insert(key, value.as_slice()).unwrap();
        }
    }
    transaction.commit().unwrap();
}

fn node() -> HttpNode {
    HttpNode::with(Settings {
        store: Store::Embedded,
        ..Settings::default()
    })
}

#[track_caller]
fn assert_signed_out(node: &HttpNode, browser: &Session) {
    for (target, status) in [("/roles", 303), ("/", 200)] {
        let response = browser.get(node.address, target);
        assert_eq!(response.status, status, "{target}: {}", response.text());
    }
    let form = browser.form(node.address, "/credentials", &[]).send();
    assert_eq!((form.status, form.header("location")), (303, Some("/")));
    let out = browser.form(node.address, "/sign-out", &[]).send();
    assert_eq!((out.status, out.header("location")), (303, Some("/")));
}

#[test]
fn w18_a_session_outlives_a_restart() {
    let mut node = node();
    let browser = node.sign_in("ines");
    node.restart(|_| {});
    assert!(browser.is_signed_in(node.address));
}

type Damage = fn(&mut Vec<u8>);

fn tamper_with_values(folder: &Path, damage: Damage) {
    tamper(folder, |records| {
        for (_, value) in records {
            damage(value);
        }
    });
}

#[test]
fn w18_a_damaged_session_is_a_signed_out_person() {
    let damages: [Damage; 7] = [
        |value| value[0] ^= 1,
        |value| *value.last_mut().unwrap() ^= 0x80,
        |value| value.truncate(value.len() / 2),
        Vec::clear,
        |value| value.extend([0; 16]),
        |value| *value = vec![0xff; 4 << 20],
        |value| *value = b"{\"version\":2}".to_vec(),
    ];
    let mut node = node();
    for damage in damages {
        let browser = node.sign_in("ines");
        node.restart(|folder| tamper_with_values(folder, damage));
        assert_signed_out(&node, &browser);
    }
}

#[test]
fn w18_another_persons_record_opens_no_session() {
    let mut node = node();
    let (one, other) = (node.sign_in("ines"), node.sign_in("lukas"));
    node.restart(|folder| {
        tamper(folder, |records| {
            let [(_, first), (_, second)] = records.as_mut_slice() else {
                panic!("{} sessions", records.len());
            };
            std::mem::swap(first, second);
        });
    });
    assert_signed_out(&node, &one);
    assert_signed_out(&node, &other);
}

#[test]
fn w18_a_cookie_that_is_none_opens_no_session() {
    let node = node();
    let long = "a".repeat(8000);
    for value in [
        "",
        "a",
        "%00",
        "\"quoted\"",
        "a b",
        "\u{e4}",
        &long,
        "../../etc/passwd",
    ] {
        let cookie = ["__Host-rolegate-session=", value].concat();
        let browser = Session {
            cookie,
            csrf: String::new(),
        };
        assert!(!browser.is_signed_in(node.address), "{value}");
        assert_eq!(browser.get(node.address, "/").status, 200, "{value}");
    }
}
