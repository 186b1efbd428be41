#![no_main]

#[path = "../../tests/fuzzed/gate.rs"]
mod gate;
#[allow(dead_code)] // No target uses all of it.
#[path = "../../tests/fuzzed/scene.rs"]
mod scene;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gate::run(bytes));
