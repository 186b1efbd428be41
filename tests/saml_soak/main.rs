//! What only shows after a while: millions of changed responses that our verifier refuses or reads as
//! what was signed, and memory that stays as it is while many threads read good responses and hostile
//! ones.
//!
//! A small part runs in every test run; `make soak` runs all of it, which `--ignored` names.

// Clippy exempts tests from its rules against panics by the first of these marks.
#![cfg(test)]

mod documents;
mod hostile;
mod load;
#[path = "../saml_voices/mutation.rs"]
mod mutation;
mod mutations;
mod process;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// One test at a time: some measure what the process takes.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number of the environment, or `usual` where it is not set.
#[expect(clippy::disallowed_methods, reason = "whoever runs this says how long")]
fn number(variable: &str, usual: usize) -> usize {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap(),
        Err(_) => usual,
    }
}

/// Says something to whoever watches a long run.
fn say(what: &str) {
    eprintln!("soak: {what}");
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
