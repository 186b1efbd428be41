//! A round: load, a fault, normal again, and what was promised holds.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::load::Load;
use super::node::{Expected, Node};
use super::scene::House;
use super::support::aws::AwsKeys;
use super::support::browser::Departure;
use super::support::http::Request;
use super::support::http_node::ROLE;
use super::watch::{Seen, Watch};

/// Each caller rests so long between two calls.
pub(crate) const REST: Duration = Duration::from_millis(10);
/// How long callers call before the fault, and after all is normal again.
const BEFORE: Duration = Duration::from_millis(700);
const AFTER: Duration = Duration::from_millis(700);
/// All is normal again within this time, or the test fails: twice what the documentation says, for the
/// sake of a busy machine.
const NORMAL_AGAIN: Duration = Duration::from_secs(20);

/// What callers must see of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    /// Refusals.
    Refusals,
    /// Connections that are refused or break.
    Gone,
    Nothing,
}

/// How often each fault happens.
pub(crate) fn how_often() -> u32 {
    told("ROLEGATE_FAULT_ROUNDS").unwrap_or(1)
}

/// The number in a variable of the environment.
#[expect(
    clippy::disallowed_methods,
    reason = "the rule keeps the gateway's settings in one place; this one is the tests' own"
)]
pub(crate) fn told(name: &str) -> Option<u32> {
    let told = std::env::var(name).ok()?;
    Some(told.parse().unwrap())
}

/// Has the fault happen under load, as often as is asked for; it is over when `fault` returns. What was
/// seen.
pub(crate) fn rounds(
    house: &House,
    name: &str,
    shows: Shows,
    mut fault: impl FnMut(&House, u32),
) -> Watch {
    let watch = Watch::default();
    for round in 0..how_often() {
        house.forget_roles();
        house.provider.forget_requests();
        let load = Load::new(house, &watch, REST);
        std::thread::scope(|threads| {
            load.begin(threads);
            sleep(BEFORE);
            fault(house, round);
            wait_until_normal(&load);
            house.expect(Expected::Right);
            sleep(AFTER);
            load.end();
        });
        load.check_everything();
        watch.end_round();
    }
    watch.tell(name);
    watch.assert_all_right();
    let (refused, gone) = watch.refused_and_gone();
    let is_seen = match shows {
        Shows::Refusals => refused > 0,
        Shows::Gone => gone > 0,
        Shows::Nothing => gone == 0,
    };
    assert!(is_seen, "{refused} refused, {gone} gone");
    watch
}

fn wait_until_normal(load: &Load<'_>) {
    let begun = Instant::now();
    while !load.house.nodes.iter().all(|node| is_normal(load, node)) {
        let after = begun.elapsed();
        let logs: Vec<_> = load.house.nodes.iter().map(Node::log).collect();
        assert!(
            after < NORMAL_AGAIN,
            "not normal after {after:?}: {logs:#?}"
        );
        sleep(Duration::from_millis(20));
    }
    load.watch.took("normal again after", begun.elapsed());
}

/// Whether a node does all of its work.
fn is_normal(load: &Load<'_>, node: &Node) -> bool {
    let house = load.house;
    let is_done = |request: &Request, status| {
        let seen = load.ask("a look whether all is normal", node, request);
        matches!(seen, Seen::Answer(answer) if answer.status == status)
    };
    let what = "a look whether all is normal";
    let token = house.token("probe");
    let Seen::Answer(answer) = load.ask(what, node, &house.assume(node, ROLE, &token)) else {
        return false;
    };
    if answer.status != 200 {
        return false;
    }
    let keys = AwsKeys::issued(&answer);
    let is_normal = is_done(&house.redeem(node, &house.response()), 200)
        && is_done(&house.revoke(node, &keys), 200)
        && is_done(&house.who(node, &keys), 403)
        && signs_in(load, node);
    load.watch.judge(what, true, &());
    is_normal
}

fn signs_in(load: &Load<'_>, node: &Node) -> bool {
    let what = "a look whether all is normal";
    let Seen::Answer(answer) = load.ask(what, node, &load.house.begin(node)) else {
        return false;
    };
    let begun = Departure::read(answer);
    let _answering = load.house.answering(&begun, "probe");
    load.finish(what, node, &begun) == Some(true)
}
