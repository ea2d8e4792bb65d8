#!/usr/bin/env bash
# Runs cargo-mutants on the rules, the tokens and the signature of the webhook (.cargo/mutants.toml), in a
# copy of the sources. What it leaves is in target/scratch/mutants/mutants.out. Arguments are its own:
#
#   scripts/mutants.sh --file shared/src/token.rs
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

command -v cargo-mutants >/dev/null || {
    echo 'cargo-mutants is missing: cargo install --locked cargo-mutants' >&2
    exit 1
}
tree=$(scripts/scratch.sh mutants)
# Only integration tests need `local`, and with it every function: without it a mutant takes seconds.
for package in shared functions/auth functions/stripe-webhook; do
    manifest=$tree/$package/Cargo.toml
    grep -v '^local = ' "$manifest" >"$manifest.new"
    mv "$manifest.new" "$manifest"
done
CARGO_TARGET_DIR=$tree/target exec cargo mutants --dir "$tree" --workspace --in-place "$@"
