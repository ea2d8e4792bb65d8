#!/usr/bin/env bash
# Rehearses a deployment and runs the end-to-end suite against it; docs/testing.md says what that is.
#
#   scripts/rehearse.sh                       programs as `make test` builds them
#   PROFILE=release scripts/rehearse.sh       programs as they are deployed, for this machine
#   TESTS=journey scripts/rehearse.sh         the tests whose names contain this
#   BASE_URL=https://… scripts/rehearse.sh    against that deployment; nothing is started
#
# Its exit status is the suite's, or that of the step before it that failed.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=${CARGO_TARGET_DIR:-target}
export PATH=$PWD/.tools/bin:$PATH

# With the features of the whole workspace, so that nothing is compiled apart from `cargo test`.
suite=(cargo test --locked --workspace --test e2e)
arguments=(--)
[ -z "${TESTS:-}" ] || arguments+=("$TESTS")
# Most of a test's time is waiting.
arguments+=(--test-threads "${TEST_THREADS:-3}")

step() { # step <command>: runs it and says how long it took
    local started=$SECONDS
    "$@"
    printf 'rehearse: %d s: %s\n' $((SECONDS - started)) "$*"
}

if [ -n "${BASE_URL:-}" ]; then
    exec "${suite[@]}" "${arguments[@]}"
fi

step scripts/tools.sh valkey sam ministack
case ${PROFILE:-dev} in
    dev)
        programs=$target/debug
        step cargo build --locked --workspace --bins
        ;;
    release)
        step scripts/tools.sh lambda
        programs=$target/rehearsal
        functions=()
        for manifest in functions/*/Cargo.toml; do
            functions+=(--package "$(basename "$(dirname "$manifest")")")
        done
        case $(uname -m) in
            x86_64) machine=--x86-64 ;;
            *) machine=--arm64 ;;
        esac
        step cargo build --locked --workspace --bin rehearsal --bin parley
        step cargo lambda build --locked --release "$machine" --lambda-dir "$programs" "${functions[@]}"
        ;;
    *)
        echo "PROFILE is dev or release, not $PROFILE" >&2
        exit 2
        ;;
esac
step "${suite[@]}" --no-run
exec "$target/debug/rehearsal" --programs "$programs" "${suite[@]}" "${arguments[@]}"
