//! A gateway that is killed (SIGKILL) at any moment while its directory is changed holds the old or
//! the new directory, never a mix.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rolegate::entropy::{SystemEntropy, draw};
use serde_json::{Value, json};

use super::gateway::{ADMIN, Gateway, STORE, export, program};
use super::support::aws::{AwsKeys, Call, Signing};
use super::support::clock::system_now;

/// How many gateways are killed.
const KILLS: usize = 100;
/// How many first starts are killed, each a little later than the one before.
const FIRST_STARTS: u32 = 40;
/// A first start takes about so long.
const LONGEST_START: Duration = Duration::from_millis(80);
/// The accounts that every state touches, so that a mix would show.
const ACCOUNTS: [&str; 3] = ["123456789012", "482011739056", "629114864828"];

/// The directory of a state: its number is in the alias of every account.
fn files_of(state: u64) -> Value {
    let files = ACCOUNTS.iter().map(|account| {
        let path = format!("accounts/{account}/account.toml");
        (path, Value::from(format!("alias = 'state-{state}'\n")))
    });
    Value::Object(files.collect())
}

fn apply(address: SocketAddr, state: u64) -> Option<()> {
    let body = json!({"mode": "apply", "files": files_of(state)}).to_string();
    let answer = Call::admin(address, "/admin/v1/directory", body)
        .signed(&AwsKeys::admin(), &Signing::admin(system_now()))
        .request(address)
        .try_send();
    let answer = answer.ok()?;
    assert_eq!(answer.status, 200, "{answer:?}");
    Some(())
}

/// The one state that every account is in.
fn state_of(gateway: &Gateway) -> u64 {
    let exported = export(gateway)
        .signed(&AwsKeys::admin(), &Signing::admin(system_now()))
        .send(gateway.address)
        .json();
    let files = exported["files"].as_object().unwrap();
    let states: Vec<u64> = files
        .values()
        .map(|text| {
            let (_, digits) = text.as_str().unwrap().split_once("state-").unwrap();
            let (digits, _) = digits.split_once(|c: char| !c.is_ascii_digit()).unwrap();
            digits.parse().unwrap()
        })
        .collect();
    let first = states.first().copied().unwrap_or(0);
    assert!(
        states.iter().all(|state| *state == first),
        "a mix: {files:?}"
    );
    assert!(
        first == 0 || states.len() == ACCOUNTS.len(),
        "a mix: {files:?}"
    );
    first
}

fn start(folder: &Path) -> Gateway {
    Gateway::start(folder, &[&ADMIN[..], &[STORE]].concat())
}

/// Lets a moment pass: the pause is what makes the moment, and nothing waits for it.
fn pass(moment: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < moment {
        std::hint::spin_loop();
    }
}

/// Changes the directory state by state until the gateway is gone, and says which state it had
/// been told last that it is kept.
fn change_until_killed(gateway: Gateway, from: u64) -> u64 {
    let random = u64::from_le_bytes(draw(&SystemEntropy).unwrap());
    let wanted = from + random % 4;
    let then = Duration::from_micros((random >> 8) % 15_000);
    let acknowledged = Arc::new(AtomicU64::new(from));
    let (address, told) = (gateway.address, Arc::clone(&acknowledged));
    let changing = std::thread::spawn(move || {
        let mut state = from;
        while apply(address, state + 1).is_some() {
            state += 1;
            told.store(state, Ordering::SeqCst);
        }
    });
    while acknowledged.load(Ordering::SeqCst) < wanted {
        assert!(!changing.is_finished(), "the gateway refused a change");
        std::thread::yield_now();
    }
    pass(then);
    gateway.kill();
    changing.join().unwrap();
    acknowledged.load(Ordering::SeqCst)
}

#[test]
fn a_killed_gateway_holds_the_old_or_the_new_directory() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = 0;
    for kill in 0..KILLS {
        let gateway = start(folder.path());
        let found = state_of(&gateway);
        assert!(
            found == state || found == state + 1,
            "kill {kill}: {state} was acknowledged, {found} is there"
        );
        state = change_until_killed(gateway, found);
    }
    assert!(state > 10, "the directory was changed");
}

#[test]
fn a_first_start_that_is_killed_is_in_no_later_start_s_way() {
    for kill in 0..FIRST_STARTS {
        let folder = tempfile::tempdir().unwrap();
        let variables = [STORE, ("ROLEGATE_LISTEN", "127.0.0.1:0")];
        let mut child = program(folder.path(), &["serve"], &variables)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        pass(LONGEST_START * kill / FIRST_STARTS);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(state_of(&start(folder.path())), 0);
    }
}
