#!/usr/bin/env bash
# Runs the fuzz targets (fuzz/README.md) for so many seconds each, and tells of each how often it ran,
# how much of the code it reached, and how much memory it took at most:
#
#   scripts/fuzz.sh 10                  # all of them
#   scripts/fuzz.sh 600 access_token    # one of them
#
# What is found stays in fuzz/artifacts/, and ends in a failure with the command that shows it again.
# What reaches new code is kept in fuzz/corpus/ for the next run; fuzz/seeds/ is where a first one starts.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:?usage: $0 <seconds for each target> [target]}
target=${2:-}

# One input may take so long, and the process so much: MiB.
INPUT_SECONDS=5
MEMORY=512

scripts/tools.sh cargo-fuzz
export PATH="$PWD/.tools/bin:$PATH"

# The coverage that a fuzzer needs is in the stable compiler; sanitizers are not, and there is no
# unsafe code of our own for them to watch.
options=(--sanitizer none --codegen-units 16)
cargo fuzz build "${options[@]}" ${target:+"$target"}
programs=fuzz/target/$(rustc -vV | sed -n 's/^host: //p')/release

log=$(mktemp)
trap 'rm -f "$log"' EXIT
last() { sed -n "s/.*$1\([0-9]*\).*/\1/p" "$log" | tail -n 1; } # last <what stands before a number>

failed=0
printf '%-18s %12s %9s %9s %9s\n' target runs coverage corpus 'RSS, MiB'
for target in ${target:-$(cargo fuzz list)}; do
    corpus=fuzz/corpus/$target
    found=fuzz/artifacts/$target
    mkdir -p "$corpus" "$found"
    status=0
    "$programs/$target" -max_total_time="$seconds" -timeout="$INPUT_SECONDS" -rss_limit_mb="$MEMORY" \
        -print_final_stats=1 -artifact_prefix="$found/" "$corpus" "fuzz/seeds/$target" \
        </dev/null >"$log" 2>&1 || status=$?
    printf '%-18s %12s %9s %9s %9s\n' "$target" "$(last 'number_of_executed_units: ')" \
        "$(last ' cov: ')" "$(last ' corp: ')" "$(last 'peak_rss_mb: *')"
    if [ "$status" -ne 0 ]; then
        failed=1
        grep -v '^#[0-9]' "$log" | tail -n 40 >&2
        input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
        echo "fuzz: $target found ${input:-something} (status $status); to see it again:" >&2
        echo "    cargo fuzz run ${options[*]} $target $input" >&2
    fi
done
exit "$failed"
