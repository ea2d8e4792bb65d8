#!/usr/bin/env bash
# Holds the dependencies against deny.toml: licences, banned and doubled crates, sources, and what the RustSec
# database knows against them.
#
#   make deny                          # advisories where their database can be had, and says so where not
#   ADVISORIES=required make deny      # fails without the database, too
#
# Needs cargo-deny: no registry of programs carries a version that reads today's deny.toml, and building it
# takes minutes, so it is left to whoever asks. The database is a Git repository at GitHub, and nowhere else.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
VERSION=0.20.2

command -v cargo-deny >/dev/null || {
    echo "deny: cargo-deny is missing: cargo install --locked cargo-deny@$VERSION" >&2
    exit 1
}

deny() { # deny <options> check <what>: of both workspaces, by the same deny.toml
    for manifest in Cargo.toml fuzz/Cargo.toml; do
        cargo deny --locked --manifest-path "$manifest" --config deny.toml --workspace "$@"
    done
}

# cargo-deny must not ask the network for what the lock file says already.
deny --offline check --hide-inclusion-graph licenses bans sources

if GIT_TERMINAL_PROMPT=0 cargo deny --workspace fetch db </dev/null >/dev/null 2>&1; then
    deny check --disable-fetch advisories
    exit
fi

{
    echo 'deny: ############################################################################'
    echo 'deny: # ADVISORIES WERE NOT CHECKED: https://github.com/RustSec/advisory-db could not be fetched.'
    echo 'deny: # Nobody has looked whether a dependency has a known vulnerability or was yanked.'
    echo 'deny: ############################################################################'
} >&2
[ "${ADVISORIES:-}" != required ]
