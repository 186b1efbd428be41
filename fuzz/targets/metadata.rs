#![no_main]

#[path = "../../tests/fuzzed/metadata.rs"]
mod metadata;
#[allow(dead_code)] // No target uses all of it.
#[path = "../../tests/fuzzed/scene.rs"]
mod scene;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| metadata::run(bytes));
