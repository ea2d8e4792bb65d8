#!/usr/bin/env bash
# Runs a command against a backend of its own: starts `local` on a free port, with nothing kept on
# disk, no limits and no outside services, sets BASE_URL, runs the command, stops the backend.
#
#   scripts/with-local.sh scripts/fuzz-api.sh
#
# Its exit status is the command's, or 1 if the backend did not start, died or did not stop.
set -euo pipefail

[ $# -gt 0 ] || {
    echo "usage: $0 <command> [arguments]" >&2
    exit 2
}
cd "$(dirname "${BASH_SOURCE[0]}")/.."

START_SECONDS=30
STOP_SECONDS=15

# With the features of the whole workspace, so that nothing is compiled apart from `cargo test`.
cargo build --locked --workspace --bin local
program=${CARGO_TARGET_DIR:-target}/debug/local

scratch=$(mktemp -d)
touch "$scratch/out" "$scratch/err"
backend=
complained=

running() { kill -0 "$backend" 2>/dev/null; }

complain() { # complain <what>: once, with what the backend said last
    [ -z "$complained" ] || return 0
    complained=yes
    echo "with-local: $1; the backend's last lines:" >&2
    tail -n 40 "$scratch/out" "$scratch/err" >&2 || true
}

# Called once, on whatever way out. A backend that ignores SIGTERM is a failure of its own.
finish() {
    local status=$?
    trap - EXIT
    if [ -n "$backend" ]; then
        if running; then
            kill -TERM "$backend" 2>/dev/null || true
            local deadline=$((SECONDS + STOP_SECONDS))
            while running && [ "$SECONDS" -lt "$deadline" ]; do sleep 0.1; done
            if running; then
                complain "it did not stop within $STOP_SECONDS s of SIGTERM"
                kill -KILL "$backend" 2>/dev/null || true
                status=1
            fi
        else
            complain 'it had stopped by itself'
            status=1
        fi
        wait "$backend" 2>/dev/null || true
    fi
    rm -rf "$scratch"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

env -u AWS_ENDPOINT_URL -u GEMINI_API_KEY -u GEMINI_BASE_URL -u STRIPE_SECRET_KEY -u STRIPE_BASE_URL \
    PORT=0 PARLEY_DATA=:memory: OTP_DELIVERY=response \
    BASIC_DAILY_MESSAGES=0 BASIC_REQUESTS_PER_MINUTE=0 PRO_REQUESTS_PER_MINUTE=0 \
    "$program" </dev/null >"$scratch/out" 2>"$scratch/err" &
backend=$!

BASE_URL=
deadline=$((SECONDS + START_SECONDS))
while [ -z "$BASE_URL" ]; do
    if ! running; then
        complain 'it stopped before it was up'
        exit 1
    elif [ "$SECONDS" -ge "$deadline" ]; then
        complain "it was not up within $START_SECONDS s"
        exit 1
    fi
    # `read` takes whole lines only: half a line would be half an address.
    while IFS= read -r line; do
        case $line in *'Parley is up: '*) BASE_URL=${line##*'Parley is up: '} ;; esac
    done <"$scratch/out"
    [ -n "$BASE_URL" ] || sleep 0.1
done

export BASE_URL
"$@"
