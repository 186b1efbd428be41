//! What fuzzing has found stays found: every file of `fuzz/corpus` runs through its target.
//!
//! The targets are the modules here, which `fuzz` builds with libFuzzer; see docs/testing.md.

// Clippy exempts tests from its rules against panics by the first of these marks.
#![cfg(test)]

mod decrypt;
mod gate;
mod metadata;
mod redirect;
mod response;
mod scene;

use std::path::Path;

/// Runs every input that is kept for a target.
fn run_all(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let inputs = std::fs::read_dir(folder.join(target)).unwrap();
    let inputs: Vec<_> = inputs.map(|input| input.unwrap().path()).collect();
    assert!(!inputs.is_empty(), "{target}");
    for input in inputs {
        let bytes = std::fs::read(&input).unwrap();
        let outcome = std::panic::catch_unwind(|| run(&bytes));
        assert!(outcome.is_ok(), "{}", input.display());
    }
}

#[test]
fn the_reader_and_the_gate_bear_their_corpus() {
    run_all("gate", gate::run);
}

#[test]
fn the_verifier_of_responses_bears_its_corpus() {
    run_all("response", response::run);
}

#[test]
fn the_reader_of_metadata_bears_its_corpus() {
    run_all("metadata", metadata::run);
}

#[test]
fn the_redirect_binding_bears_its_corpus() {
    run_all("redirect", redirect::run);
}

#[test]
fn the_reader_of_encrypted_assertions_bears_its_corpus() {
    run_all("decrypt", decrypt::run);
}
