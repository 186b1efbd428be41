//! How many requests one thread decides a second, by few and by many policies, beside reading the policies'
//! texts as JSON: what a gateway would pay at least that did not keep them compiled.
//!
//! The two take turns, so that whatever else the machine does falls on both. `docs/performance.md` says
//! what the figures mean.

mod policies;

use std::error::Error;
use std::hint::black_box;
use std::io::{self, Write as _};
use std::time::Instant;

use policies::{Policies, Question};
use serde_json::Value;

/// The allocator of the `rolegate` binary.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What can go wrong in a benchmark ends it.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Rounds that count; an odd number has a median.
const ROUNDS: usize = 21;
/// Rounds before them that don't.
const WARM_UP_ROUNDS: usize = 3;
/// About as long as a round of either takes, in microseconds.
const ROUND_MICROSECONDS: f64 = 20_000.0;

fn main() -> Outcome<()> {
    if !std::env::args().any(|argument| argument == "--bench") {
        return say("this is a benchmark: run it with `make bench`");
    }
    say(&format!(
        "one thread; medians of {ROUNDS} rounds, in turn; a question has {} keys",
        policies::KEYS
    ))?;
    let mut ratios = Vec::new();
    for policies in [Policies::small()?, Policies::usual()?, Policies::large()?] {
        let (decide, read) = compare(&policies)?;
        say(&format!(
            "{}: {} policies, {} statements, {} bytes",
            policies.name,
            policies.texts.len(),
            policies.statements(),
            policies.texts.iter().map(String::len).sum::<usize>(),
        ))?;
        say(&format!(
            "  decided  {:9.0} a second, {decide:7.2} µs each",
            1e6 / decide
        ))?;
        say(&format!("  read     {read:7.2} µs each"))?;
        ratios.push((policies.name, read / decide));
    }
    for (name, ratio) in ratios {
        say(&format!("ratio policy_{name} {ratio:.2}"))?;
    }
    Ok(())
}

/// Microseconds for a decision, and for reading the texts: the medians.
fn compare(policies: &Policies) -> Outcome<(f64, f64)> {
    let question = Question::new()?;
    let mut decide = || {
        let allowed = policies.allow(&question);
        // The statement that allows is the last of all: every one was looked at.
        assert!(black_box(allowed), "it is allowed");
    };
    let mut read = || {
        for text in &policies.texts {
            let value: Result<Value, _> = serde_json::from_str(black_box(text));
            assert!(value.is_ok());
        }
    };
    let counts = [count_of(&mut decide), count_of(&mut read)];
    let mut rounds = Vec::new();
    for _ in 0..WARM_UP_ROUNDS + ROUNDS {
        rounds.push((time(counts[0], &mut decide), time(counts[1], &mut read)));
    }
    let counted = rounds.get(WARM_UP_ROUNDS..).unwrap_or_default();
    Ok((
        median(counted.iter().map(|round| round.0)),
        median(counted.iter().map(|round| round.1)),
    ))
}

/// How many times something is done in a round.
fn count_of(work: &mut impl FnMut()) -> u32 {
    let mut count = 1;
    while f64::from(count) * time(count, &mut *work) < ROUND_MICROSECONDS {
        count *= 2;
    }
    count
}

/// Microseconds for one of `count`.
fn time(count: u32, work: &mut impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..count {
        work();
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(count)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn say(line: &str) -> Outcome<()> {
    let mut output = io::stdout();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}
