#!/usr/bin/env bash
# Breaks each protection of tests/mutations.toml on purpose, one after the other, and expects the test that
# is named there to fail. ONLY="pending-condition refund" takes these alone. About a minute for each.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

tree=$(scripts/scratch.sh mutations)
cargo build --locked --workspace --bin mutations
# shellcheck disable=SC2086 # a list of names
CARGO_TARGET_DIR=$tree/target exec "${CARGO_TARGET_DIR:-target}/debug/mutations" "$tree" ${ONLY-}
