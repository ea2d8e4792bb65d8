#!/usr/bin/env bash
# Measures Parley on this machine: docs/benchmarks.md says what, and what came of it.
#
#   scripts/bench.sh measure [<section>…]    measures and writes docs/benchmarks.md: cold, round-trips, load, growth
#   scripts/bench.sh check [<function>…]     counts alone, against bench/bounds.toml; UPDATE=1 writes it anew
#
# Functions are built as they are deployed, but for this machine; and so are `local` and what measures, where
# time is measured.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=${CARGO_TARGET_DIR:-target}
export PATH=$PWD/.tools/bin:$PATH

say() { printf 'bench: %s\n' "$*" >&2; }

install_tools() {
    scripts/tools.sh valkey valgrind
    VALGRIND=$(command -v valgrind)
    export VALGRIND
}

# At once, as scripts/build.sh does it: a crate's features are those that any function wants of it.
build_functions() { # build_functions <name>…
    local packages=()
    for function in "$@"; do
        packages+=(--package "$function")
    done
    say "building for deployment: $*"
    cargo build --locked --release "${packages[@]}"
    export FUNCTIONS=$PWD/$target/release
    [[ $target != /* ]] || export FUNCTIONS=$target/release
}

all_functions() {
    for manifest in functions/*/Cargo.toml; do
        basename "$(dirname "$manifest")"
    done
}

mode=${1:-}
shift || true
case $mode in
    measure)
        [ $# -gt 0 ] || set -- cold round-trips load growth
        install_tools
        if [[ " $* " == *' cold '* ]]; then
            mapfile -t functions < <(all_functions)
            build_functions "${functions[@]}"
        fi
        say 'building local, and what measures'
        cargo build --locked --release --package local --package bench --bin local --bin bench
        "$target/release/bench" --write "$@"
        ;;
    check)
        [ $# -gt 0 ] || set -- chatroom gemini-worker user
        install_tools
        build_functions "$@"
        cargo build --locked --workspace --bin bench
        "$target/debug/bench" check ${UPDATE:+--update} "$@"
        ;;
    *)
        say 'measure, or check?'
        exit 2
        ;;
esac
