#!/usr/bin/env bash
# Builds the functions for arm64 and deploys the template, after a look at what would fail later and
# less clearly: tools, credentials, keys, parameters.
#
#   scripts/deploy.sh staging StripePriceId=price_1Pgaf…
#   scripts/deploy.sh production FrontendUrl=https://chat.example.com StripePriceId=… …
#
# A stage is a section of samconfig.toml (staging is `default`). The parameters come on top of those
# that stand there; what an existing stack was given before need not be given again. docs/deployment.md
# leads through the first time.
#
#   CHECK=1 scripts/deploy.sh staging …      only looks, builds and deploys nothing
set -euo pipefail
# SAM zips files with their modes, and in Lambda they belong to somebody else: what only its owner may
# read or run here, nobody may there.
umask 022
# boto3 and the SAM CLI read no other.
[ -z "${AWS_REGION:-}" ] || export AWS_DEFAULT_REGION=$AWS_REGION

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"

say() { printf 'deploy: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}

stage=${1:-}
case $stage in
    staging) config=default ;;
    production | local) config=$stage ;;
    *) die "which stage? staging, production or local (make deploy ENV=staging)" ;;
esac
shift

scripts/tools.sh lambda sam
export PATH=$ROOT/.tools/bin:$PATH SAM_CLI_TELEMETRY=0

# Prints the parameters, the stage's own and those given, one a line.
parameters() {
    .tools/sam/bin/python - "$config" "$@" <<'PYTHON'
import sys

import boto3
import tomlkit
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

SECRETS = [
    "jwt-private-key",
    "otp-pepper",
    "gemini-api-key",
    "stripe-secret-key",
    "stripe-webhook-secret",
]
FIRST_TIME = {
    "default": ["StripePriceId"],
    "local": ["StripePriceId"],
    "production": [
        "FrontendUrl",
        "SmsOriginationIdentity",
        "SmsProtectConfigurationId",
        "StripePriceId",
    ],
}


def die(text):
    sys.exit(f"deploy: {text}")


def client(service):
    bounds = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
    return boto3.client(service, config=bounds)


def parameters_of_stack(stack):
    """What an existing stack was given; none where there is no such stack yet."""
    try:
        found = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return {}
        raise
    return {item["ParameterKey"]: item["ParameterValue"] for item in found.get("Parameters", [])}


def look(config, given):
    with open("samconfig.toml", encoding="utf-8") as file:
        section = tomlkit.load(file).unwrap()[config]
    stack = section["global"]["parameters"]["stack_name"]
    parameters = {}
    for pair in [*section["deploy"]["parameters"]["parameter_overrides"], *given]:
        name, equals, value = pair.partition("=")
        if not equals:
            die(f"'{pair}' is no parameter: Name=value")
        parameters[name] = value

    region = section["deploy"]["parameters"].get("region") or boto3.Session().region_name
    if not region:
        die("no region: export AWS_REGION=eu-central-1, or another")
    boto3.setup_default_session(region_name=region)
    who = client("sts").get_caller_identity()
    print(f"deploy: {stack} in {region}, account {who['Account']}, as {who['Arn']}", file=sys.stderr)

    known = {**parameters_of_stack(stack), **parameters}
    missing = [name for name in FIRST_TIME[config] if not known.get(name)]
    if missing:
        die(f"give {', '.join(name + '=…' for name in missing)} as PARAMETERS (docs/deployment.md says what they are)")

    public = f"/{stack}/jwt-public-keys"
    if known.get("JwtPublicKeysParameter") != public:
        die(f"JwtPublicKeysParameter is not {public}: with another stack's keys, its users are let in here")
    names = [public, *(f"/{stack}/{secret}" for secret in SECRETS)]
    found = client("ssm").get_parameters(Names=names)
    if absent := found["InvalidParameters"]:
        die(f"SSM has no {', '.join(absent)}: make the keys first (docs/deployment.md)")
    kinds = {item["Name"]: item["Type"] for item in found["Parameters"]}
    # CloudFormation reads nothing but a String.
    if kinds.pop(public) != "String":
        die(f"{public} is no String: store it anew as one")
    if plain := [name for name, kind in kinds.items() if kind != "SecureString"]:
        die(f"{', '.join(plain)}: no SecureString. Delete it, store it anew as one, and take another secret if others could read this one")
    for name, value in parameters.items():
        # `Name=` alone is not a parameter for the SAM CLI.
        print(f"{name}={value}" if value else f'{name}=""')


try:
    look(sys.argv[1], sys.argv[2:])
except (BotoCoreError, ClientError) as error:
    die(f"AWS did not answer as it should: {error}")
PYTHON
}

found=$(parameters "$@")
overrides=()
while IFS= read -r pair; do
    overrides+=("$pair")
done <<<"$found"

[ -z "${CHECK:-}" ] || exit 0
sam build --config-env "$config"
# Compiled under another umask, and taken as it was from the target directory.
chmod 755 .aws-sam/build/*/bootstrap
sam deploy --config-env "$config" --parameter-overrides "${overrides[@]}"
