//! The rounds, and what is made of them.

use std::hint::black_box;
use std::time::Instant;

use crate::document::Signed;
use crate::{Outcome, ours, theirs};

/// Rounds that count; an odd number has a median.
pub const ROUNDS: usize = 41;
/// Rounds before them that don't: memory is taken, caches fill.
const WARM_UP_ROUNDS: usize = 3;
/// Responses in a round for samael. Ours gets as many more as keep the two rounds about equally long.
const THEIRS: u32 = 24;
const OURS: u32 = 240;

/// What a response costs, in microseconds.
pub struct Costs {
    /// samael's median.
    pub theirs: f64,
    /// Our median.
    pub ours: f64,
    /// The median of the rounds' ratios.
    pub ratio: f64,
}

/// Measures both on one document.
pub fn compare(signed: &Signed) -> Outcome<Costs> {
    let certificates = theirs::certificates(signed);
    theirs::check(signed, &certificates)?;
    ours::check(signed)?;
    let mut rounds = Vec::with_capacity(WARM_UP_ROUNDS + ROUNDS);
    for _ in 0..WARM_UP_ROUNDS + ROUNDS {
        let theirs = time(THEIRS, || {
            theirs::authenticate(black_box(signed), &certificates)
        })?;
        let ours = time(OURS, || ours::authenticate(black_box(signed)))?;
        rounds.push((theirs, ours));
    }
    let rounds = rounds.get(WARM_UP_ROUNDS..).unwrap_or_default();
    Ok(Costs {
        theirs: median(rounds.iter().map(|round| round.0)),
        ours: median(rounds.iter().map(|round| round.1)),
        ratio: median(rounds.iter().map(|round| round.0 / round.1)),
    })
}

/// Microseconds for one of `count` calls.
fn time<T>(count: u32, mut authenticate: impl FnMut() -> Outcome<T>) -> Outcome<f64> {
    let start = Instant::now();
    for _ in 0..count {
        black_box(authenticate()?);
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(count))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
