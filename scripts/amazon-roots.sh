#!/usr/bin/env bash
# Renews shared/certs/amazon-roots.pem, the only roots that the AWS clients trust.
#
#   scripts/amazon-roots.sh              from Amazon Trust Services
#   scripts/amazon-roots.sh <base URL>   from a mirror
#
# Compare what it prints with the table at https://www.amazontrust.com/repository/ before you commit
# the result. Needs curl and openssl.
set -euo pipefail

repository=${1:-https://www.amazontrust.com/repository}
target=$(cd "$(dirname "${BASH_SOURCE[0]}")/../shared/certs" && pwd)/amazon-roots.pem
# The roots that AWS names for clients that pin; Starfield's is the one of older endpoints.
roots=(AmazonRootCA1 AmazonRootCA2 AmazonRootCA3 AmazonRootCA4 SFSRootCAG2)

fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
for root in "${roots[@]}"; do
    pem=$(curl --fail --silent --show-error --location --max-time 30 "${repository%/}/$root.pem")
    # A root signs itself, and one that ends within a year is no renewal.
    openssl verify -CAfile <(printf '%s\n' "$pem") <(printf '%s\n' "$pem") >/dev/null
    openssl x509 -noout -checkend $((365 * 24 * 3600)) <<<"$pem" >/dev/null
    openssl x509 -noout -subject -enddate -fingerprint -sha256 <<<"$pem"
    openssl x509 <<<"$pem" >>"$fresh"
done
cat "$fresh" >"$target"
