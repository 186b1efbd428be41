# Everything that is done with this repository from a shell. `make` alone lists it.
# docs/testing.md says what the tools are and where they go.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

CARGO ?= cargo
ROLEGATE_CACHE ?= $(HOME)/.cache/rolegate

# Outside the clone, so that a second clone does not compile every dependency again.
export CARGO_TARGET_DIR ?= $(ROLEGATE_CACHE)/target
export ROLEGATE_CACHE
export ROLEGATE_TEST_VENV ?= $(ROLEGATE_CACHE)/venv
export ROLEGATE_TEST_NODE_MODULES ?= $(ROLEGATE_CACHE)/node/node_modules
export ROLEGATE_TEST_JAVA_TOOLS ?= $(ROLEGATE_CACHE)/java
export ROLEGATE_TEST_PROXIES ?= $(ROLEGATE_CACHE)/proxies
export CARGO
export MINUTES ?= 10
OVERLOAD_SECONDS ?= 60
OVERLOAD_CONNECTIONS ?= 1024

# Where rustup puts cargo, for a shell that was opened before.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin

# A CI run must use exactly the versions in Cargo.lock.
LOCKED := $(if $(CI),--locked)
SETUP := tests/tools/setup.sh
NODE_TESTS := $(wildcard tests/*/*.test.mjs)
ADVISORY_FETCH_SECONDS := 90

.PHONY: help
help: ## List these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)$$/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

.PHONY: demo
demo: ## Start a gateway with a sample company and a provider to sign in at (ARGS="..." is passed on)
	@$(SETUP) compiler
	$(CARGO) run $(LOCKED) -- demo $(ARGS)

.PHONY: tools
tools: ## Install what the tests drive: a browser, AWS clients, identity providers, proxies
	@$(SETUP) compiler browser python node java redis proxies

.PHONY: test
test: tools ## Run every test
	$(CARGO) test $(LOCKED)

.PHONY: lint
lint: ## Check format, lints, docs, licences and known vulnerabilities
	@$(SETUP) compiler deny
	$(CARGO) fmt --check
	$(CARGO) clippy $(LOCKED) --all-targets -- -D warnings
	$(CARGO) clippy $(LOCKED) --no-default-features -- -D warnings
	RUSTDOCFLAGS=-Dwarnings $(CARGO) doc $(LOCKED) --no-deps --document-private-items
	$(CARGO) deny --locked check bans licenses sources
	@if timeout $(ADVISORY_FETCH_SECONDS) $(CARGO) deny fetch db >/dev/null 2>&1; then \
	  echo '$(CARGO) deny --locked check --disable-fetch advisories'; \
	  $(CARGO) deny --locked check --disable-fetch advisories; \
	else \
	  echo 'lint: SKIPPED known vulnerabilities: the advisory database could not be fetched'; \
	fi

.PHONY: bench
bench: ## Measure STS, policies, SAML and sessions in Redis beside the bare thing; see docs/performance.md
	@$(SETUP) compiler redis
	$(CARGO) bench $(LOCKED) --bench sts --bench policy --bench saml --bench sessions
	$(CARGO) bench $(LOCKED) --bench sts -- iam

.PHONY: overload
overload: ## Ask a node for three times what it can do, for OVERLOAD_SECONDS=60; see docs/performance.md
	@$(SETUP) compiler
	$(CARGO) bench $(LOCKED) --bench sts -- overload $(OVERLOAD_SECONDS) $(OVERLOAD_CONNECTIONS)

.PHONY: interop
interop: tools ## Work with identity providers, clients and canonicalizers that are not ours
	$(CARGO) test $(LOCKED) --test interop --test c14n
	node --test --test-reporter=spec $(NODE_TESTS)

.PHONY: fuzz
fuzz: ## Fuzz what reads SAML, MINUTES=10 for each target (TARGETS="gate response ...")
	@$(SETUP) compiler
	fuzz/run.sh $(TARGETS)

.PHONY: soak
soak: ## Run two nodes for an hour (ROLEGATE_SOAK_MINUTES=62); read millions of SAML responses; ask two policy evaluators; time refusals
	@$(SETUP) compiler redis
	ROLEGATE_SOAK_MINUTES=$${ROLEGATE_SOAK_MINUTES:-62} \
	  $(CARGO) test $(LOCKED) --release --test soak -- --nocapture --test-threads=1
	$(CARGO) test $(LOCKED) --release --test saml_soak -- --include-ignored --nocapture --test-threads=1
	$(CARGO) test $(LOCKED) --release --test policy_voices -- --include-ignored --nocapture --test-threads=1
	ROLEGATE_TIMINGS=$${ROLEGATE_TIMINGS:-10000} \
	  $(CARGO) test $(LOCKED) --release --test signed_sts telling_apart -- --nocapture --test-threads=1

.PHONY: faults
faults: ## Break Redis, its replicas, the way to it, nodes and keys under load, 20 times each (ROLEGATE_FAULT_ROUNDS=20)
	@$(SETUP) compiler redis
	ROLEGATE_FAULT_ROUNDS=$${ROLEGATE_FAULT_ROUNDS:-20} \
	  $(CARGO) test $(LOCKED) --test faults -- --nocapture --test-threads=2

.PHONY: races
races: ## Give one sign-in, and one SAML response, to all of two and three nodes at once, 1,000 times each (ROLEGATE_RACES=1000)
	@$(SETUP) compiler redis
	ROLEGATE_RACES=$${ROLEGATE_RACES:-1000} \
	  $(CARGO) test $(LOCKED) --test faults races -- --nocapture --test-threads=1

.PHONY: clean
clean: ## Remove what was compiled; the tools stay
	$(CARGO) clean
