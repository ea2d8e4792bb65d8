#!/usr/bin/env bash
# Builds functions as they are deployed: optimised, for arm64, each as target/lambda/<name>/bootstrap.
#
#   scripts/build.sh auth docs     # the names of crates in functions/
#
# It takes minutes a function: each is optimised as a whole (fat LTO in Cargo.toml).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH=$PWD/.tools/bin:$PATH

say() { printf 'build: %s\n' "$*" >&2; }

[ $# -gt 0 ] || {
    say 'which functions? the names of crates in functions/'
    exit 2
}
packages=()
for function in "$@"; do
    packages+=(--package "$function")
done

scripts/tools.sh lambda
cargo lambda build --locked --release --arm64 "${packages[@]}"
