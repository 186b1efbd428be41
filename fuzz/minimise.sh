#!/usr/bin/env bash
# Usage: fuzz/minimise.sh [TARGET...]
#
# Makes the checked-in corpus of each fuzz target anew, from itself and from what `fuzz/run.sh` has
# found: as few and as small inputs as reach the same, none longer than 4,096 bytes.
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
out=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
targets=("$@")
((${#targets[@]})) || targets=(gate response metadata redirect decrypt)

for target in "${targets[@]}"; do
  mkdir -p "$out/merged"
  rm -rf -- "${out:?}/merged/$target"
  mkdir -p "$out/merged/$target"
  "$out/debug/$target" -merge=1 -max_len=4096 -verbosity=0 \
    "$out/merged/$target" "corpus/$target" "$out/corpus/$target"
  rm -rf -- "corpus/$target"
  mv -- "$out/merged/$target" "corpus/$target"
done
