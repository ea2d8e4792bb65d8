#!/usr/bin/env bash
# Runs `sam local` on what `sam build` has built, with the functions pointed at a backend on this
# machine (`make run`) by the variables that are exported; docs/invoking.md says which. Needs a
# container engine.
#
#   scripts/sam-local.sh invoke UserFunction --event events/user.json
#   scripts/sam-local.sh start-api --port 3001
#
# `sam local` hands on the variables that the template names, and no others. Where AWS is, and secrets
# themselves, the template does not name: this writes a copy of it that does. In a container this
# machine's 127.0.0.1 is host.docker.internal.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
BUILT=.aws-sam/build

[ $# -gt 0 ] || {
    echo 'usage: scripts/sam-local.sh invoke <Function> --event <file> | start-api' >&2
    exit 2
}
scripts/tools.sh sam
[ -f "$BUILT/template.yaml" ] || {
    echo "sam-local: $BUILT/template.yaml is missing: sam build" >&2
    exit 1
}

.tools/sam/bin/python - "$BUILT" <<'PYTHON'
import pathlib
import sys

from samcli.yamlhelper import yaml_dump, yaml_parse

NAMES = [
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_SQS",
    "GEMINI_API_KEY",
    "JWT_PRIVATE_KEY",
    "OTP_PEPPER",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET",
]
built = pathlib.Path(sys.argv[1])
template = yaml_parse((built / "template.yaml").read_text(encoding="utf-8"))
# Empty is as good as not set, until the shell's own value takes its place.
template["Globals"]["Function"]["Environment"]["Variables"].update(dict.fromkeys(NAMES, ""))
(built / "local.yaml").write_text(yaml_dump(template), encoding="utf-8")
PYTHON

while IFS= read -r name; do
    export "$name=${!name//127.0.0.1/host.docker.internal}"
done < <(compgen -e | grep -E '_URL$|^AWS_ENDPOINT_URL_')

SAM_CLI_TELEMETRY=0 exec .tools/bin/sam local "$@" \
    --template "$BUILT/local.yaml" --add-host host.docker.internal:host-gateway
