#!/usr/bin/env bash
# Renews the vendored Swagger UI of the docs function.
#
#   scripts/vendor-docs.sh            the version in use again: shows that nothing was changed by hand
#   scripts/vendor-docs.sh 5.36.0     another version: also renames it in the page and in the code
#
# Needs npm and node (whose zlib compresses). npm checks what it fetched against the integrity hash
# that the registry publishes; for the version in use, the hash in the README must come out as well.
set -euo pipefail

package=swagger-ui-dist
docs=$(cd "$(dirname "$0")/../functions/docs" && pwd)
assets=$docs/assets
target=$assets/swagger-ui
current=$(sed -n 's/^| version | `\(.*\)` |$/\1/p' "$assets/README.md")
current_integrity=$(sed -n 's/^| integrity | `\(.*\)` |$/\1/p' "$assets/README.md")
version=${1:-$current}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
tarball=$(npm pack --silent "$package@$version")
integrity=sha512-$(node -p 'crypto.createHash("sha512").update(fs.readFileSync(process.argv[1])).digest("base64")' "$tarball")
if [ "$version" = "$current" ] && [ "$integrity" != "$current_integrity" ]; then
    echo "$package $version has another integrity hash than before: $integrity" >&2
    exit 1
fi
tar -xzf "$tarball"

mkdir -p "$target"
rm -f "$target"/*
for file in swagger-ui-bundle.js swagger-ui-bundle.js.LICENSE.txt swagger-ui.css LICENSE NOTICE; do
    install -m 644 "package/$file" "$target/$file"
done

# Best compression, paid for once, here; then the README's table of files, to which a test holds them.
node - "$target" "$assets/README.md" "$version" "$integrity" <<'JS'
const { readFileSync, readdirSync, writeFileSync } = require("fs");
const { createHash } = require("crypto");
const { brotliCompressSync, constants } = require("zlib");
const [, , target, readme, version, integrity] = process.argv;

for (const file of ["swagger-ui-bundle.js", "swagger-ui.css"]) {
  const plain = readFileSync(`${target}/${file}`);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
  };
  writeFileSync(`${target}/${file}.br`, brotliCompressSync(plain, { params }));
}

const rows = readdirSync(target).sort().map((file) => {
  const content = readFileSync(`${target}/${file}`);
  const hash = createHash("sha256").update(content).digest("hex");
  return `| \`${file}\` | ${content.length} | \`${hash}\` |\n`;
});
const heading = "| file | bytes | SHA-256 |\n";
const text = readFileSync(readme, "utf8")
  .replace(/^\| version \| .*$/m, `| version | \`${version}\` |`)
  .replace(/^\| integrity \| .*$/m, `| integrity | \`${integrity}\` |`);
const kept = text.slice(0, text.indexOf(heading));
writeFileSync(readme, `${kept}${heading}|---|---|---|\n${rows.join("")}`);
JS

# The version is part of the address, so that a browser may keep what it has for ever.
for file in "$docs/page/index.html" "$docs/src/reference.rs"; do
    sed "s/swagger-ui-$current/swagger-ui-$version/g" "$file" >renamed
    cat renamed >"$file"
done
echo "$package $version is in $target"
