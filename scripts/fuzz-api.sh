#!/usr/bin/env bash
# Holds a running backend against its own OpenAPI document with Schemathesis: for every operation,
# valid and invalid requests at the edges, random ones, and sequences of calls. It fails on a 5xx,
# an answer that the document does not promise (status, media type, schema, headers), invalid input
# that is accepted, valid input that is refused, a protected operation that works without a token,
# and one user's data shown to another.
#
#   BASE_URL=http://127.0.0.1:3000 scripts/fuzz-api.sh [more options of `schemathesis run`]
#
# The backend must hand out one-time passwords in its answers (OTP_DELIVERY=response) and should
# have no limits (BASIC_DAILY_MESSAGES=0, BASIC_REQUESTS_PER_MINUTE=0). `make fuzz-api` starts such a one.
set -euo pipefail

: "${BASE_URL:?set BASE_URL to the API, such as http://127.0.0.1:3000}"
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOOLS=$HERE/../.tools

"$HERE/tools.sh" schemathesis

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Signs up alice and bob, two new users, and keeps their tokens in a file that Schemathesis reads.
sign_in() {
    "$TOOLS/schemathesis/bin/python" - "${BASE_URL%/}" >"$scratch/users.json" <<'PYTHON'
import json
import sys
import time
import urllib.error
import urllib.request


def post(path, body):
    request = urllib.request.Request(
        sys.argv[1] + path,
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json", "accept": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        sys.exit(f"fuzz: POST {path} answered {error.code}: {error.read().decode(errors='replace')}")
    except OSError as error:
        sys.exit(f"fuzz: POST {path} failed: {error}")


def token(mobile_number):
    post("/auth/signup", {"mobile_number": mobile_number})
    otp = post("/auth/send-otp", {"mobile_number": mobile_number}).get("otp")
    if otp is None:
        sys.exit("fuzz: send-otp answers without the code; start the backend with OTP_DELIVERY=response")
    answer = post("/auth/verify-otp", {"mobile_number": mobile_number, "otp": otp})
    return answer["access_token"]


def user(name, index):
    number = f"+1555{time.time_ns() // 1_000_000 % 10**9:09}{index}"
    header = {"name": "Authorization", "value": f"Bearer {token(number)}"}
    return {"name": name, "fixedHeaders": [header]}


json.dump({"auth": [user("alice", 1), user("bob", 2)]}, sys.stdout)
PYTHON
}

fuzz() { # fuzz <options>: one run, as two users made for it
    sign_in || return 1
    # In a directory of its own: Schemathesis would leave its files in the current one.
    (cd "$scratch" && FUZZ_USERS=$scratch/users.json \
        "$TOOLS/bin/schemathesis" --config-file "$HERE/fuzz.toml" run "${BASE_URL%/}/openapi.json" \
        --url "${BASE_URL%/}" "$@")
}

# What ends the session or the account that the rest needs. Each is fuzzed alone, afterwards.
endings=('DELETE /user/me' 'POST /auth/logout' 'POST /auth/change-password')
without=()
for operation in "${endings[@]}"; do
    without+=(--exclude-name "$operation")
done

failed=0
fuzz "${without[@]}" "$@" || failed=1
for operation in "${endings[@]}"; do
    fuzz --include-name "$operation" "$@" || failed=1
done
exit "$failed"
