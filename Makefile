# Copyright 2026 The Dukou Authors
# SPDX-License-Identifier: Apache-2.0
#
# `make` needs Go, and for the console Node.js with npm; without npm the programs are built
# without a console. `make help` lists the targets.

VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unversioned)
BUILD    := CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)'
# What runs, and the applications of the example. The last is put in the place of
# a captured component by the demonstration.
BINARIES := dukou=./cmd/dukou dukou-center=./cmd/dukou-center dukou-signer=./cmd/dukou-signer \
            dukou-front=./cmd/dukou-front dukou-guard=./cmd/dukou-guard dukou-bank=./examples/bank \
            $(if $(wildcard internal/demo/rogue/cmd/*.go),dukou-rogue=./internal/demo/rogue/cmd)

# The race detector needs a C compiler; without one the tests run without it and say so.
CC_FOUND := $(shell command -v gcc 2>/dev/null || command -v clang 2>/dev/null)
# Not instrumented, since they take most of the time of the tests that use them: what was C
# of SQLite, whose memory is none of Go's, and the disk of the tests that lose power, which
# is under one lock. Neither holds a synchronising generic type of another package, whose
# only copy in the program might be theirs.
RACE     := $(if $(CC_FOUND),-race -gcflags='modernc.org/sqlite/lib=-race=false' -gcflags='dukou.dev/dukou/internal/durable/crashdisk=-race=false')
TEST     := $(if $(CC_FOUND),CGO_ENABLED=1,CGO_ENABLED=0) go test $(RACE) -timeout 30m -p 4
FUZZTIME ?= 60s

# Empty where there is no npm with a Node.js that is new enough.
NPM := $(shell command -v npm >/dev/null 2>&1 && node -p 'process.versions.node.split(".")[0] >= 20 ? "npm" : ""' 2>/dev/null)
NO_NPM := no npm with Node.js 20 or later here: going on without the console
# What the console is made of. Its modules are installed anew when the lock changes.
CONSOLE := $(shell find web/src web/public web/scripts web/index.html web/vite.config.ts web/tsconfig.json -type f ! -name '*.gen.ts') \
           web/package.json cmd/dukou/openapi.json
INSTALLED := web/node_modules/.package-lock.json

.PHONY: build
build: console ## build the programs into bin/ (static, no C)
	@mkdir -p bin
	@set -e; for b in $(BINARIES); do echo "$(BUILD) -o bin/$${b%%=*} $${b#*=}"; \
		$(BUILD) -o "bin/$${b%%=*}" "$${b#*=}"; done

.PHONY: console
console: $(if $(NPM),web/dist/index.html) ## build the console into web/dist, from where the programs take it (needs npm)
	$(if $(NPM),,@echo '$(NO_NPM)')

web/dist/index.html: $(INSTALLED) $(CONSOLE)
	cd web && npm run --silent build

$(INSTALLED): web/package-lock.json
	cd web && npm ci || { echo 'npm could not install; `make NPM= ...` goes on without the console'; exit 1; }
	@touch $@

.PHONY: demo
demo: build ## start both networks on this machine and show the main job; Ctrl-C ends it
	@bin/dukou demo $(ARGS)

.PHONY: test
test: console check ## format, vet, types and all tests, those in Go with the race detector
	$(if $(CC_FOUND),,@echo 'no C compiler: testing without the race detector')
	$(if $(NPM),cd web && npm run --silent test)
	@# The programs are linked once for all tests. The browser's test takes the longest: it begins first.
	@set -e; bin=$$(mktemp -d); trap 'rm -rf "$$bin"' EXIT; chmod 755 "$$bin"; \
		for b in $(BINARIES); do CGO_ENABLED=0 go build -o "$$bin/$${b%%=*}" "$${b#*=}"; done; \
		echo "$(TEST) ./test/console ./..."; DUKOU_TEST_BIN="$$bin" $(TEST) ./test/console ./...

.PHONY: long
long: ## the long forms: large and many files, load, kills; a million parcels before both judges
	DUKOU_LONG=1 CGO_ENABLED=0 go test -count=1 -timeout 60m -v ./test/e2e/... ./internal/judge/... ./test/package

# 100,000 simulated schedules, each once with its own seed.
SCHEDULES ?= 100000

.PHONY: fault
fault: ## faults, up to half an hour: on the binaries, at every step, simulated; broken builds are caught
	DUKOU_LONG=1 CGO_ENABLED=0 go test -count=1 -timeout 40m -v ./test/fault
	DUKOU_LONG=1 CGO_ENABLED=0 go test -count=1 -timeout 20m -v -run 'Fault|Power|Crash|Killed' \
		./internal/durable ./internal/exchange ./internal/front/file ./internal/audit/...
	CGO_ENABLED=0 go test -count=1 -timeout 60m -v -run '^TestSchedules$$' ./test/simulate -schedules $(SCHEDULES)
	DUKOU_LONG=1 CGO_ENABLED=0 go test -count=1 -timeout 20m -v ./test/fault/broken

# Entries of the index.
ROWS ?= 10000000

.PHONY: scale
scale: ## fill the audit index with ROWS (10,000,000) entries on both databases, ask a day's questions, rehearse
	@mkdir -p docs/evidence
	@rm -f docs/evidence/scale-$$(date +%Y-%m-%d).txt
	CGO_ENABLED=0 go test -count=1 -timeout 60m -v ./test/scale -rows $(ROWS) -records 200000 -decisions 1000000 \
		-out $(CURDIR)/docs/evidence/scale-$$(date +%Y-%m-%d).txt

# For how long the console is watched, in minutes.
DUKOU_LOAD_MINUTES ?= 60

.PHONY: console-load
console-load: console ## measure the console in a browser: ROWS (10,000,000) entries, 1000 crossings a second, an hour
	$(if $(NPM),,@exit 1)
	@mkdir -p docs/evidence
	@rm -f docs/evidence/console-$$(date +%Y-%m-%d).txt
	CGO_ENABLED=0 go test -count=1 -timeout 180m -v ./test/console/load -rows $(ROWS) -minutes $(DUKOU_LOAD_MINUTES) \
		-commit '$(VERSION)' -out $(CURDIR)/docs/evidence/console-$$(date +%Y-%m-%d).txt

# The screenshots of every page, in light and dark, which TestConsole keeps.
.PHONY: screenshots
screenshots: console ## try the console in a browser and keep a picture of every page in web/test-results
	$(if $(NPM),,@exit 1)
	CGO_ENABLED=0 go test -count=1 -timeout 20m -v -run '^TestConsole$$' ./test/console

.PHONY: check
check: $(if $(NPM),$(INSTALLED)) ## gofmt and go vet; the types of the console, where npm is
	$(if $(NPM),cd web && npm run --silent check,@echo '$(NO_NPM)')
	@unformatted="$$(gofmt -l cmd examples internal test web/*.go)"; \
		if [ -n "$$unformatted" ]; then echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; fi
	CGO_ENABLED=0 go vet ./... # as the programs are built, so that nothing is compiled twice

.PHONY: openapi
openapi: ## write the interface's description, which the command line is made of (cmd/dukou/openapi.json)
	CGO_ENABLED=0 go test -count=1 -run '^TestDescription$$' ./cmd/dukou -update

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (60s) each
	@FUZZTIME=$(FUZZTIME) test/fuzz.sh

.PHONY: bench
bench: build ## measure the whole crossing beside cp, scp, relays and nginx; ARGS=-quick for a trial
	CGO_ENABLED=0 go build -o bin/dukou-bench ./test/bench
	bin/dukou-bench -bin bin -commit $(VERSION) $(ARGS)

PEERS := nginx-light openssh-client openssh-server socat

.PHONY: peers
peers: ## install what make bench compares with (Debian, as root; may start nginx and sshd)
	@command -v apt-get >/dev/null || { echo 'no apt-get here; install by hand: $(PEERS)'; exit 1; }
	@[ "$$(id -u)" = 0 ] || { echo 'only root can install: $(PEERS)'; exit 1; }
	apt-get install -y --no-install-recommends $(PEERS)

.PHONY: profile
profile: ## take processor profiles of the crossing under three loads into bin/profile (needs perf)
	@mkdir -p bin/profile
	@set -e; for b in $(BINARIES) dukou-bench=./test/bench; do \
		CGO_ENABLED=0 go build -o "bin/profile/$${b%%=*}" "$${b#*=}"; done
	bin/profile/dukou-bench -bin bin/profile -profile bin/profile

.PHONY: microbench
microbench: ## run the benchmarks of single packages, one package at a time
	CGO_ENABLED=0 go test -run '^$$' -bench . -benchmem -p 1 ./...

.PHONY: cover
cover: ## measure which statements the tests reach, over all packages
	@mkdir -p bin
	CGO_ENABLED=0 go test -timeout 10m -p 2 -coverpkg ./internal/... -coverprofile bin/cover.out ./...
	@go tool cover -func bin/cover.out | tail -1
	@echo 'by line: go tool cover -html bin/cover.out'

.PHONY: lint
lint: ## golangci-lint with .golangci.yml
	@command -v golangci-lint >/dev/null || { \
		echo 'golangci-lint is not installed; version 2 is needed: https://golangci-lint.run/docs/welcome/install/'; exit 1; }
	golangci-lint run ./...

.PHONY: package
package: console ## packages (deb, rpm) for three architectures and an offline archive into dist/; KEY=FILE signs it
	VERSION='$(VERSION)' KEY='$(KEY)' deploy/package.sh dist

.PHONY: clean
clean: ## remove what was built
	rm -rf bin dist web/node_modules
	find web/dist -mindepth 1 ! -name .gitkeep -delete

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
