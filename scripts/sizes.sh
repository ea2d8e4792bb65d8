#!/usr/bin/env bash
# Shows how large the functions are that `make build` has built, and that they are what Lambda takes:
# programs for arm64, without symbols. With UPDATE=1 the table is written into README.md as well,
# between the lines <!-- sizes --> and <!-- /sizes -->.
#
#   scripts/sizes.sh auth docs     # the names of crates in functions/
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/tools.sh lambda

.tools/lambda/bin/python - "$@" <<'PYTHON'
import io
import os
import pathlib
import struct
import sys
import zipfile

AARCH64 = 183  # e_machine of an ELF header
SYMBOL_TABLE = 2  # sh_type of an ELF section


def die(text):
    sys.exit(f"sizes: {text}")


def check(name, program):
    """That Lambda can run it, and that nothing is in it that only a debugger would read."""
    if program[:5] != b"\x7fELF\x02":
        die(f"{name} is no 64-bit ELF program")
    if struct.unpack_from("<H", program, 18)[0] != AARCH64:
        die(f"{name} is not for arm64")
    (sections,) = struct.unpack_from("<Q", program, 40)
    size, count = struct.unpack_from("<HH", program, 58)
    kinds = [struct.unpack_from("<I", program, sections + nth * size + 4)[0] for nth in range(count)]
    if SYMBOL_TABLE in kinds:
        die(f"{name} is not stripped")


def zipped(program):
    """As `sam deploy` packs it; the same program is always the same bytes."""
    packed = io.BytesIO()
    entry = zipfile.ZipInfo("bootstrap", date_time=(1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(entry, program)
    return packed.getvalue()


def row(name):
    path = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target"), "lambda", name, "bootstrap")
    if not path.is_file():
        die(f"{path} is missing: make build")
    program = path.read_bytes()
    check(name, program)
    megabytes = [f"{len(data) / 1e6:.1f} MB" for data in (zipped(program), program)]
    return f"| {name} | {' | '.join(megabytes)} |"


def write(table):
    begin, end = "<!-- sizes -->\n", "<!-- /sizes -->"
    readme = pathlib.Path("README.md")
    before, found, rest = readme.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        die(f"README.md has no {begin.strip()} with an {end} after it")
    readme.write_text(f"{before}{begin}\n{table}\n\n{end}{after}", encoding="utf-8")


if len(sys.argv) < 2:
    die("which functions? the names of crates in functions/")
table = "\n".join(["| function | zip | binary |", "|---|---:|---:|", *map(row, sys.argv[1:])])
print(table)
if os.environ.get("UPDATE"):
    write(table)
PYTHON
