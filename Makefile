# What a developer and CI do with this project. "make help" lists it.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

export GOTOOLCHAIN ?= local

BIN    := bin/felleskrav
TOOLS  := deploy/dev/tools.mod
COSIGN := $(CURDIR)/.cache/bin/cosign
COSIGN_VERSION := v3.1.3

# Where "make run" listens and keeps its data.
LISTEN ?= 127.0.0.1:8080
DATA   ?= data

# Packages whose tests "make race" runs with the race detector: those that share
# state. Of two it is the tests that do several things at once: SQLite and the
# verification of signatures take long with it and have nothing to share. It is
# apart from "make test" because everything must be compiled anew for it.
RACE := ./internal/bulkcheck/... ./internal/transparency/... ./internal/trail/... ./internal/httpd/... ./internal/login/...
RACE_SOME := ./internal/storage/sqlite ./internal/attestation
# Many tests wait for servers, databases and browsers of their own; those that
# take longest begin first.
LONGEST := ./cmd/felleskrav ./internal/web ./internal/api
PACKAGES_AT_ONCE := $(shell n=$$(nproc); echo $$((n > 3 ? n : 3)))
AT_ONCE   := AtOnce|Cancel|Fault|Closed|TwoProcesses|Conformance/(trail|members|append|instances)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- the program -------------------------------------------------------------

MODULES := templates/node_modules/.package-lock.json
ASSETS  := templates/dist/manifest.json

$(MODULES): templates/package.json templates/package-lock.json
	npm ci --prefix templates --no-audit --no-fund --loglevel=error
	@touch $@

$(ASSETS): $(MODULES) templates/build.mjs $(wildcard templates/css/* templates/js/* templates/icons/*)
	node templates/build.mjs

.PHONY: assets
assets: $(ASSETS) ## build styles, fonts and icons

.PHONY: build
build: $(ASSETS) ## build bin/felleskrav, and bin/felleskrav-verify for auditors
	go build -o $(BIN) ./cmd/felleskrav
	go build -o $(BIN)-verify ./cmd/felleskrav-verify

.PHONY: run
run: build ## serve a demonstration on LISTEN (127.0.0.1:8080), data in DATA (data)
	exec $(BIN) serve --demo --listen $(LISTEN) --data-dir $(DATA)

# --- tests -------------------------------------------------------------------

.PHONY: packages
packages:
	deploy/dev/packages.sh

.PHONY: mongo
mongo: packages ## install and start the MongoDB that tests use, and print its URI
	@deploy/dev/mongo.sh up

$(COSIGN):
	@mkdir -p $(@D)
	cd $(@D) && GOBIN=$(@D) GOFLAGS=-mod=mod go install github.com/sigstore/cosign/v3/cmd/cosign@$(COSIGN_VERSION)

.PHONY: cosign
cosign: $(COSIGN) ## install cosign, which the signatures are tested with

.PHONY: corpus
corpus: packages ## make the workbooks of others that ours are tested with
	@internal/workbook/testdata/corpus/build.sh >/dev/null

.PHONY: lint-tool
lint-tool:
	@go tool -modfile=$(TOOLS) golangci-lint version >/dev/null

# Everything tests need, side by side: most of it waits for the network.
.PHONY: prepare
prepare: packages mongo assets cosign lint-tool corpus
	@go mod download

.PHONY: lint
lint: $(ASSETS) ## gofmt, vet and golangci-lint
	@unformatted=$$(git ls-files '*.go' | xargs gofmt -l); \
	if [[ -n $$unformatted ]]; then echo "not gofmt'ed:"; echo "$$unformatted"; exit 1; fi
	go vet -tags interop ./...
	go tool -modfile=$(TOOLS) golangci-lint run

.PHONY: test
test: ## everything CI checks: lint, then all tests on SQLite and MongoDB
	@$(MAKE) --no-print-directory -j4 prepare
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory check

# The tests alone, when everything is prepared: lint has vetted them, and nobody
# debugs them, so that linking takes half the time.
.PHONY: check
check: $(ASSETS)
	export FELLESKRAV_COSIGN=$(COSIGN); \
	FELLESKRAV_TEST_MONGO_URI=$${FELLESKRAV_TEST_MONGO_URI:-$$(deploy/dev/mongo.sh up)}; \
	export FELLESKRAV_TEST_MONGO_URI; \
	go test -p $(PACKAGES_AT_ONCE) -vet=off -ldflags=-w -tags interop -timeout 20m $(LONGEST) $$(comm -23 <(go list ./... | sort) <(go list $(LONGEST) | sort))

.PHONY: race
race: $(ASSETS) ## run what does things at once with the race detector (wants gcc)
	go test -race -timeout 20m $(RACE)
	go test -race -timeout 20m -run '$(AT_ONCE)' $(RACE_SOME)

.PHONY: fuzz
fuzz: $(ASSETS) ## run each fuzz target for FUZZTIME (60s)
	@# On a busy machine go test may take the end of its own time for a failure, and then has no input to show.
	@out=$$(mktemp); trap 'rm -f $$out' EXIT; \
	for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime $(FUZZMINIMIZETIME) $$package 2>&1 | tee $$out || \
				{ grep -q '^ *context deadline exceeded$$' $$out && ! grep -qE 'Failing input|panic' $$out; }; \
		done; \
	done
FUZZTIME ?= 60s
# Otherwise most of the time goes to making what is found shorter, at 60 seconds each.
FUZZMINIMIZETIME ?= 20x

.PHONY: bench
bench: build ## measure the paths with a budget, each against its floor
	go run ./internal/bench -binary $(BIN)

.PHONY: load
load: build ## send the program garbage for 20 seconds, and see that it takes it
	go run ./internal/bench -binary $(BIN) -only garbage

.PHONY: screenshots
screenshots: $(ASSETS) packages ## keep pictures of the pages in .cache/screenshots
	mkdir -p .cache/screenshots
	FELLESKRAV_SCREENSHOTS=$(CURDIR)/.cache/screenshots go test -count=1 -timeout 30m -run 'TestForm$$|TestKeyPagesFit|TestTwentyBiddersInChromium' ./internal/web

# --- generated files ---------------------------------------------------------

.PHONY: generate
generate: ## make generated files anew
	go generate ./...

.PHONY: verify
verify: generate ## fail if a generated file is not what its source gives
	git diff --exit-code
