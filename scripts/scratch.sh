#!/usr/bin/env bash
# A copy of the sources that may be broken on purpose, in `target/scratch/NAME`, with a target directory
# of its own; prints where it is.
#
#   tree=$(scripts/scratch.sh mutations)
#
# The first time it takes over, by hard links, what `cargo test` has built of the dependencies, so that
# only Parley's own crates are compiled.
set -euo pipefail

[ $# -eq 1 ] || {
    echo "usage: $0 <name>" >&2
    exit 2
}
cd "$(dirname "${BASH_SOURCE[0]}")/.."

built=$(pwd)/target/debug
tree=$(pwd)/target/scratch/$1

mkdir -p "$tree"
find "$tree" -mindepth 1 -maxdepth 1 ! -name target -exec rm -rf {} +
# All that git knows, and what is new and not ignored; as it stands, committed or not. Every file is new
# to cargo (`-m`), or it might take what was built of a broken one for fresh.
git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do [ ! -f "$file" ] || printf '%s\0' "$file"; done |
    tar --null --no-recursion -T - -cf - | tar -xmf - -C "$tree"

if [ ! -d "$tree/target/debug" ] && [ -d "$built/deps" ]; then
    mkdir -p "$tree/target/debug"
    # Hard links are GNU's; without them everything is compiled, once.
    cp -al "$built"/{deps,build,.fingerprint} "$tree/target/debug/" 2>/dev/null ||
        rm -rf "$tree/target/debug"
fi
printf '%s\n' "$tree"
