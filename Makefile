# WedSync integration hub. `make help` lists the targets.

SHELL := /bin/bash
.DEFAULT_GOAL := help
export CGO_ENABLED ?= 0

BIN := $(CURDIR)/bin
NPM := internal/testenv/npm
VERSITYGW := v1.8.0
STATICCHECK := v0.8.2
# Where Debian and Homebrew put the server binaries of PostgreSQL.
PG_BIN = $(firstword $(wildcard /usr/lib/postgresql/*/bin/initdb /opt/homebrew/opt/postgresql@*/bin/initdb /usr/local/opt/postgresql@*/bin/initdb) $(shell command -v initdb))

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Sync an album to three stores on this machine (FOLDER=path: your photos; ONCE=1: exit when done)
	@go run ./cmd/wedsync demo $(if $(FOLDER),--folder "$(FOLDER)") $(if $(filter 1,$(ONCE)),--once)

.PHONY: serve
serve: ## Run the hub: API and workers in one process
	@go run ./cmd/wedsync serve

.PHONY: build
build: ## Build bin/wedsync
	go build -trimpath -o $(BIN)/wedsync ./cmd/wedsync

.PHONY: test
test: tools services ## Run every test under the race detector, on SQLite and PostgreSQL, miniredis and Redis
	go run ./internal/testenv/with $(MAKE) --no-print-directory go-test

# Race detection needs cgo, which the program itself does without. As a GOFLAG it
# reaches the programs that tests build, too.
.PHONY: go-test
go-test:
	CGO_ENABLED=1 GOFLAGS="$(filter-out -race,$(shell go env GOFLAGS)) -race" WEDSYNC_TEST_REQUIRE=postgres,redis go test -timeout 20m ./...

.PHONY: verify
verify: tools services generate lint ## Regenerate and lint; fail if anything differs from what is committed
	go mod tidy
	@git diff --exit-code -- . || { echo "generated files are stale: run 'make generate' and commit"; exit 1; }
	@test -z "$$(git ls-files --others --exclude-standard)" || { git ls-files --others --exclude-standard; echo "these files are not committed"; exit 1; }

.PHONY: generate
generate: ## Regenerate ent, gqlgen and the documents made from code
	go generate ./connectors/... ./ent ./graph

.PHONY: lint
lint: $(BIN)/staticcheck ## gofmt, go vet, staticcheck (the arrow test runs with the tests)
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "not gofmt-ed:"; echo "$$unformatted"; exit 1; }
	go vet ./...
	$(BIN)/staticcheck ./...

.PHONY: bench
bench: ## Measure; docs/performance.md says what the figures mean
	go test -run '^$$' -bench . -benchmem ./connectors/... ./hub/... ./workers/... ./server/...

.PHONY: fuzz
fuzz: ## Fuzz every parser of outside input for FUZZTIME (default 10s) each
	@set -e; for pkg in $$(go list ./...); do \
		for f in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(or $(FUZZTIME),10s) $$pkg; done; done

.PHONY: tools
tools: $(BIN)/versitygw $(BIN)/staticcheck $(NPM)/node_modules/.package-lock.json ## Install the programs that tests and lint use

$(BIN)/versitygw: Makefile
	GOBIN=$(BIN) GOFLAGS= CGO_ENABLED=0 go install github.com/versity/versitygw/cmd/versitygw@$(VERSITYGW) && touch $@

$(BIN)/staticcheck: Makefile
	GOBIN=$(BIN) GOFLAGS= CGO_ENABLED=0 go install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK) && touch $@

$(NPM)/node_modules/.package-lock.json: $(NPM)/package-lock.json
	npm ci --prefix $(NPM) --no-audit --no-fund

.PHONY: services
services: ## Install PostgreSQL, Redis, Chromium and a C compiler for the tests where they are missing
	@missing=; \
	test -x "$(PG_BIN)" || missing="$$missing postgresql"; \
	command -v redis-server >/dev/null || missing="$$missing redis"; \
	command -v chromium >/dev/null || command -v google-chrome >/dev/null || test -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" || missing="$$missing chromium"; \
	command -v cc >/dev/null || missing="$$missing gcc"; \
	test -z "$$missing" || .ci/install-services $$missing

.PHONY: clean
clean: ## Remove what was built and the demo's data
	rm -rf $(BIN) data $(NPM)/node_modules
