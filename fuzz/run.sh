#!/usr/bin/env bash
# Usage: fuzz/run.sh [TARGET...]
#
# Runs each fuzz target (all, if none is named) for $MINUTES, 10 by default, and stops at the first
# finding, which is then a file in $CARGO_TARGET_DIR/fuzz. Inputs that reach something new are kept
# beside it; `fuzz/minimise.sh` makes the checked-in corpus of them. Every target begins with the responses
# of tests/data, too.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
minutes=${MINUTES:-10}
out=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
targets=("$@")
((${#targets[@]})) || targets=(gate response metadata redirect decrypt)

CARGO_TARGET_DIR=$out CXX=${CXX:-clang++} RUSTC_WRAPPER=$PWD/instrument.sh \
  "${CARGO:-cargo}" build ${CI:+--locked} --quiet

for target in "${targets[@]}"; do
  mkdir -p "$out/corpus/$target"
  printf 'fuzz: %s for %s minutes\n' "$target" "$minutes"
  "$out/debug/$target" -max_total_time=$((minutes * 60)) -max_len=16384 -timeout=10 -rss_limit_mb=2048 \
    -dict=saml.dict -artifact_prefix="$out/$target-" -print_final_stats=1 -verbosity=0 \
    "$out/corpus/$target" "corpus/$target" ../tests/data/saml
done
