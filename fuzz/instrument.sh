#!/usr/bin/env bash
# Cargo's RUSTC_WRAPPER: compiles what is fuzzed so that libFuzzer sees which way it goes. These are
# the flags of SanitizerCoverage that cargo-fuzz passes; none needs a nightly compiler.
set -euo pipefail

flags=()
case " $* " in
*' --crate-name rolegate '*)
  flags=(-Cpasses=sancov-module
    -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares)
  ;;
esac
exec "$@" "${flags[@]}"
