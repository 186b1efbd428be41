#!/usr/bin/env bash
# Usage: fuzz/minimise.sh [TARGET...]
#
# Makes the checked-in corpus of each fuzz target anew, from itself and from what `fuzz/run.sh` has
# found: few and small inputs that reach the same code, however often, none longer than 2,048 bytes.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
out=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
targets=("$@")
((${#targets[@]})) || targets=(gate response metadata redirect decrypt)

for target in "${targets[@]}"; do
  mkdir -p "$out/merged"
  rm -rf -- "${out:?}/merged/$target"
  mkdir -p "$out/merged/$target"
  "$out/debug/$target" -set_cover_merge=1 -use_counters=0 -max_len=2048 -verbosity=0 \
    "$out/merged/$target" "corpus/$target" "$out/corpus/$target"
  rm -rf -- "corpus/$target"
  mv -- "$out/merged/$target" "corpus/$target"
done
