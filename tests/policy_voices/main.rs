//! Two evaluators of the policy language that share no code are asked the same thousands of questions
//! and must give the same answers: ours, and a plain one written from the language's definition.
//!
//! A small part runs in every test run; `make soak` runs all of it, which `--include-ignored` names.

// Clippy exempts tests from its rules against panics by the first of these marks.
#![cfg(test)]

mod compare;
mod generate;
mod ours;
mod plain;
mod scene;
mod texts;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;

use generate::Dice;
use ours::Kept;
use rolegate::policy::SimulatedDecision;
use scene::{Answer, CallAnswer};

/// Questions of each sort in every run.
const PAIRS: u64 = 10_000;
/// And in a soak, unless `ROLEGATE_SOAK_POLICY_PAIRS` says otherwise.
const SOAK_PAIRS: u64 = 1_000_000;
/// Of a hundred questions, more than so many have policies that are read.
const READ: u64 = 60;

/// How often each answer was given.
type Met = BTreeMap<String, u64>;

/// Asks both; a question whose policies are refused is no question.
fn ask(seeds: Range<u64>) -> Met {
    let mut met = Met::new();
    for seed in seeds {
        let scene = generate::scene(&mut Dice::new(seed));
        let Ok(ours) = ours::answer(&scene, Kept::AsWritten) else {
            *met.entry("refused".to_owned()).or_default() += 1;
            continue;
        };
        let plain = plain::answer(&scene);
        assert_eq!(ours, plain, "question {seed}: ours, plain; {scene:#?}");
        let by_id = ours::answer(&scene, Kept::ById).unwrap();
        assert_eq!(by_id, plain, "question {seed}: by id, plain; {scene:#?}");
        let name = match ours {
            Answer::Allowed => "allowed".to_owned(),
            Answer::Denied(_) => "denied".to_owned(),
            Answer::Silent(kind) => kind,
        };
        *met.entry(format!("{:?}: {name}", scene.who.kind))
            .or_default() += 1;
        *met.entry(name).or_default() += 1;
    }
    met
}

fn ask_calls(seeds: Range<u64>) -> Met {
    let mut met = Met::new();
    for seed in seeds {
        let call = generate::call(&mut Dice::new(seed));
        let Ok(ours) = ours::answer_call(&call, Kept::AsWritten) else {
            *met.entry("refused".to_owned()).or_default() += 1;
            continue;
        };
        let plain = plain::answer_call(&call);
        assert_eq!(ours, plain, "call {seed}: ours, plain; {call:#?}");
        let by_id = ours::answer_call(&call, Kept::ById).unwrap();
        assert_eq!(by_id, plain, "call {seed}: by id, plain; {call:#?}");
        let name = match ours {
            CallAnswer::Permitted { .. } => "permitted".to_owned(),
            CallAnswer::Refused(why) => why,
        };
        *met.entry(name).or_default() += 1;
    }
    met
}

/// Asks what a simulation answers, and what is answered in earnest.
fn simulate(seeds: Range<u64>) -> Met {
    let mut met = Met::new();
    for seed in seeds {
        let scene = generate::scene(&mut Dice::new(seed));
        let Some(result) = ours::simulated(&scene) else {
            continue;
        };
        let answer = plain::answer(&scene);
        let expected = match answer {
            Answer::Allowed => SimulatedDecision::Allowed,
            Answer::Denied(_) => SimulatedDecision::ExplicitDeny,
            Answer::Silent(_) => SimulatedDecision::ImplicitDeny,
        };
        assert_eq!(result.decision, expected, "question {seed}: {scene:#?}");
        if let Answer::Denied(statements) = &answer {
            assert_eq!(result.matched.len(), statements.len(), "{scene:#?}");
        }
        *met.entry(format!("{expected:?}")).or_default() += 1;
        *met.entry("all".to_owned()).or_default() += 1;
    }
    met
}

/// Divides the questions among the processors.
fn in_parallel(pairs: u64, ask: fn(Range<u64>) -> Met) -> Met {
    const PART: u64 = 2_500;
    let parts: Vec<_> = (0..pairs.div_ceil(PART))
        .map(|part| part * PART..(part + 1) * PART)
        .collect();
    let next = Mutex::new(parts.into_iter());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let spawn = |_| scope.spawn(|| work(&next, ask));
        let handles: Vec<_> = (0..workers).map(spawn).collect();
        let all = handles.into_iter().map(|handle| handle.join().unwrap());
        all.fold(Met::new(), add)
    })
}

/// Asks one part after another until none is left.
fn work(next: &Mutex<std::vec::IntoIter<Range<u64>>>, ask: fn(Range<u64>) -> Met) -> Met {
    let part = || next.lock().unwrap().next();
    std::iter::from_fn(part).map(ask).fold(Met::new(), add)
}

fn add(mut all: Met, more: Met) -> Met {
    for (name, times) in more {
        *all.entry(name).or_default() += times;
    }
    all
}

#[expect(clippy::disallowed_methods, reason = "whoever runs this says how long")]
fn soak_pairs() -> u64 {
    match std::env::var("ROLEGATE_SOAK_POLICY_PAIRS") {
        Ok(text) => text.parse().unwrap(),
        Err(_) => SOAK_PAIRS,
    }
}

/// What must have been met, or the questions ask nothing.
fn check(met: &Met, pairs: u64, wanted: &[&str]) {
    let refused = met.get("refused").copied().unwrap_or_default();
    assert!(refused * 100 < pairs * (100 - READ), "{met:#?}");
    for wanted in wanted {
        let times = met.get(*wanted).copied().unwrap_or_default();
        assert!(
            times * 1000 >= pairs,
            "{wanted} {times} times of {pairs}; {met:#?}"
        );
    }
}

const ANSWERS: &[&str] = &[
    "allowed",
    "denied",
    "identity-based policy",
    "resource-based policy",
    "role trust policy",
    "permissions boundary",
    "session policy",
    "User: allowed",
    "Session: allowed",
    "FederatedUser: allowed",
    "Root: allowed",
    "Service: allowed",
    "Provider: allowed",
    "Anonymous: allowed",
];

const CALL_ANSWERS: &[&str] = &[
    "permitted",
    "root",
    "inherited tag",
    "too long",
    "chained too long",
    "sts:AssumeRole: denied",
    "sts:AssumeRole: not signed",
    "sts:AssumeRole: no role trust policy",
    "sts:AssumeRole: no identity-based policy",
    "sts:AssumeRole: no session policy",
    "sts:TagSession: no role trust policy",
    "sts:SetSourceIdentity: fixed",
    "sts:SetSourceIdentity: no role trust policy",
];

#[test]
fn both_answer_a_request_alike() {
    check(&in_parallel(PAIRS, ask), PAIRS, ANSWERS);
}

#[test]
fn both_answer_a_role_assumed_by_a_signed_call_alike() {
    check(&in_parallel(PAIRS, ask_calls), PAIRS, CALL_ANSWERS);
}

#[test]
fn a_simulation_answers_what_is_answered_in_earnest() {
    let met = in_parallel(10 * PAIRS, simulate);
    let times = |name: &str| met.get(name).copied().unwrap_or_default();
    assert!(times("all") >= PAIRS, "{met:#?}");
    for name in ["Allowed", "ExplicitDeny", "ImplicitDeny"] {
        assert!(times(name) * 10 >= PAIRS, "{met:#?}");
    }
}

#[test]
#[ignore = "minutes; `make soak` runs it"]
fn both_answer_a_million_requests_alike() {
    let pairs = soak_pairs();
    check(&in_parallel(pairs, ask), pairs, ANSWERS);
}

#[test]
#[ignore = "minutes; `make soak` runs it"]
fn both_answer_a_million_signed_calls_alike() {
    check(
        &in_parallel(SOAK_PAIRS, ask_calls),
        SOAK_PAIRS,
        CALL_ANSWERS,
    );
}
