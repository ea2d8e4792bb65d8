# What people and CI call. `make` alone lists it.

# The functions, by the names of their crates, which are the names of their binaries as well.
FUNCTIONS := $(patsubst functions/%/Cargo.toml,%,$(wildcard functions/*/Cargo.toml))

# What scripts/tools.sh installs comes first: `local` and the tests find valkey-server there.
export PATH := $(CURDIR)/.tools/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test e2e chaos lint fmt template fuzz fuzz-api mutations mutants openapi deny build
.PHONY: sizes bench bench-check deploy clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Built as `make test` builds it, with the features of the whole workspace: nothing twice.
run: ## The whole backend on http://127.0.0.1:3000 (PORT), its data in .local/ (PARLEY_DATA)
	cargo build --locked --workspace --bin local
	@exec "$${CARGO_TARGET_DIR:-target}/debug/local"

test: ## Everything that can fail: unit, integration and end-to-end tests, template, API fuzzing
	scripts/tools.sh valkey sam checkov schemathesis
# The tests start `local`, and the functions under an emulator of Lambda.
	cargo build --locked --workspace --bins
	cargo test --locked --workspace
	@$(MAKE) --no-print-directory template fuzz-api

# PROFILE=release takes the functions as they are deployed; TESTS=<part of a name> takes some tests.
e2e: ## Deploy the template to an emulator of AWS, and run the end-to-end suite there (BASE_URL: at AWS)
	@scripts/rehearse.sh

# SEED is one at random if it is not given; the program says which.
chaos: SECONDS ?= 60
chaos: USERS ?= 24
chaos: ## A storm of faults over two Parleys, and then all promises checked: SEED, SECONDS (60), USERS (24)
	scripts/tools.sh valkey
	cargo build --locked --workspace --bins
	@"$${CARGO_TARGET_DIR:-target}/debug/chaos" $(if $(SEED),--seed $(SEED)) --seconds $(SECONDS) --users $(USERS)

lint: ## Formatting, clippy (warnings are errors), template
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	@$(MAKE) --no-print-directory template

fmt: ## Format the code
	cargo fmt --all
	cargo fmt --manifest-path fuzz/Cargo.toml

# `sam validate --lint` runs cfn-lint on what SAM makes of the template; cfn-lint by itself reads it as
# it stands. checkov reads .checkov.yaml.
template: ## Check template.yaml (SAM, cfn-lint and checkov, offline)
	scripts/tools.sh sam checkov
	.tools/bin/sam validate --lint
	.tools/bin/cfn-lint template.yaml
	.tools/bin/checkov --config-file .checkov.yaml

fuzz-api: ## Hold a fresh backend against its own OpenAPI document (Schemathesis)
	scripts/tools.sh schemathesis valkey
	scripts/with-local.sh scripts/fuzz-api.sh

mutations: ## Break each protection on purpose (tests/mutations.toml; ONLY=name): a test has to fail
	scripts/tools.sh valkey
	@scripts/mutations.sh

mutants: ## Change the rules, tokens and signatures at every place (needs cargo-mutants)
	@scripts/mutants.sh

fuzz: SECONDS ?= 10
fuzz: ## Fuzz what is read from outside: SECONDS (10) for each target, or for TARGET alone
	@scripts/fuzz.sh $(SECONDS) $(TARGET)

openapi: ## Write functions/docs/openapi.json anew from the code
	UPDATE=1 cargo test --locked --workspace --test openapi

# All but the advisories is held by `make test` as well, without a tool (local/tests/supply_chain).
deny: ## Licences, advisories, banned and doubled crates of the dependencies (needs cargo-deny)
	@scripts/deny.sh

# `sam build` compiles the same, function by function, and lays the result out for `sam deploy`.
build: ## The functions as they are deployed (arm64), in target/lambda/<name>/bootstrap
	scripts/build.sh $(FUNCTIONS)

sizes: ## How large they are; UPDATE=1 writes the table into README.md
	@scripts/sizes.sh $(FUNCTIONS)

# An hour or so, most of it compiling; on a machine that does nothing else.
bench: ## Measure: cold starts, round trips, load, growth; writes docs/benchmarks.md (ONLY=cold)
	@scripts/bench.sh measure $(ONLY)

bench-check: ## Count instructions, calls, sizes, and hold them against bench/bounds.toml (UPDATE=1)
	@scripts/bench.sh check $(ONLY)

# ENV is a stage of samconfig.toml, PARAMETERS are the template's, as in
# make deploy ENV=staging PARAMETERS='StripePriceId=price_1Pgaf…'
# A shell reads them once more: a value with a space or one of its characters ($ & ; * ( ') has to be
# quoted for it, PARAMETERS='Name="a b"', and a $ doubled for make. scripts/deploy.sh itself takes any.
ENV ?= staging
deploy: ## Build and deploy to AWS: ENV=staging or production, PARAMETERS='Name=value …'
	scripts/deploy.sh $(ENV) $(PARAMETERS)

# What a fuzzer has learnt (fuzz/corpus) and found (fuzz/artifacts) is data, too.
clean: ## Remove what was built and installed here, but no data
	cargo clean
	rm -rf .aws-sam .tools fuzz/target
