# Takeup. `make help` lists the targets.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# The variables of run and up. Any text is a prompt: it goes through the environment
# unchanged, with its dollar signs, quotes and line breaks.
settings := PROMPT MODEL DURATION ASPECT_RATIO NEGATIVE_PROMPT CFG_SCALE TAKEUP_PORT
purchase := AIMLAPI_KEY AIMLAPI_BASE_URL YES

# Otherwise command-line variables would also reach every program in MAKEFLAGS.
MAKEOVERRIDES =

# A misspelled name would be ignored silently.
$(if $(filter run up,$(MAKECMDGOALS)),$(foreach v,$(filter-out $(settings) $(purchase),$(.VARIABLES)),\
  $(if $(filter command,$(firstword $(origin $(v)))),\
    $(error make $(firstword $(MAKECMDGOALS)) takes no $(v); it takes $(settings) $(purchase), as in: make run PROMPT="a paper boat crosses a flooded street"))))

unexport $(settings) $(purchase)
$(foreach v,$(settings) $(purchase),$(if $(value $(v)),\
  $(eval run up: override export $(v) := $$(value $(v)))))

# The variables of invoke.
$(foreach v,FUNCTION EVENT JOB STACK YES,$(if $(value $(v)),\
  $(eval invoke: override export $(v) := $$(value $(v)))))

# run's prerequisites are built in run's environment, but must not see the key.
keyless := unset $(purchase);

# The pinned tools. Python tools are installed when their lock file changes: a file
# named after its hash says what is installed. MiniStack and SAM can't share an
# environment, since they pin different versions of the same library. The lock files
# are complete, so pip installs nothing else (--no-deps), and checks that afterwards.
GOLANGCI_LINT := v2.15.0
RCLONE := v1.76.0
VERSITYGW := v1.8.0
hash = $(firstword $(shell sha256sum $(1)))
node := .tools/node/lock-$(call hash,tools/node.txt)
zig := .tools/zig/lock-$(call hash,tools/zig.txt)
ministack := .tools/ministack/lock-$(call hash,tools/ministack.txt)
sam := .tools/sam/lock-$(call hash,tools/sam.txt)
aimlapi := .tools/aimlapi/lock-$(call hash,tools/aimlapi.txt)
schemathesis := .tools/schemathesis/lock-$(call hash,tools/schemathesis.txt)
golangci = .tools/bin/golangci-lint-$(GOLANGCI_LINT)-$(shell go env GOVERSION 2>/dev/null)
awscli := .tools/awscli/lock-$(call hash,tools/awscli.txt)
moto := .tools/moto/lock-$(call hash,tools/moto.txt)
peers := .tools/peers/lock-$(call hash,tools/peers.txt)
rclone := .tools/bin/rclone-$(RCLONE)
versitygw := .tools/bin/versitygw-$(VERSITYGW)
s5cmd := .tools/bin/s5cmd-$(call hash,tools/s5cmd/go.sum)
asl = tools/asl/node_modules/.lock-$(call hash,tools/asl/package-lock.json)
axe = tools/axe/node_modules/.lock-$(call hash,tools/axe/package-lock.json)
verifiers := .tools/standardwebhooks/lock-$(call hash,tools/standardwebhooks.txt)
verifiersjs = tools/standardwebhooks/node_modules/.lock-$(call hash,tools/standardwebhooks/package-lock.json)
lighthouse = tools/lighthouse/node_modules/.lock-$(call hash,tools/lighthouse/package-lock.json)
chromium := .tools/chromium/lock-$(firstword $(shell cat tools/chromium/* | sha256sum))

takeup := .takeup/bin/takeup

empty :=
space := $(empty) $(empty)

# Programs that need-cc and need-node installed come first.
export PATH := $(CURDIR)/.tools/path:$(PATH)

# How long each fuzz target runs.
FUZZTIME := 10s

# The options of chaos. MAKEOVERRIDES is empty, so these reach no other program.
JOBS := 1000
SEED := 1
FAULTS := 0.2
LOGS_ANSWER := false
CAPS := false
SLOTS := 0
JOB := 2s

# The options of bench-batch: the lines of its file, how many videos are made at once, and
# whether it kills functions.
LINES := 10000
AT_ONCE := 60
KILL := false

# The options of verify-aws.
STACK :=
WITH :=

# How often bench-cold starts each function.
STARTS := 301

# The options of bench-store: runs per tool, the videos' sizes in MiB, and the kinds
# of sources.
RUNS := 5
SIZES := 64 1024
ROWS := uncapped capped faults

.PHONY: help
help: ## Show this.
	@echo 'make run PROMPT="a paper boat crosses a flooded street"'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## /  \1|/p' Makefile | awk -F'|' '{ printf "%-13s %s\n", $$1, $$2 }'

.PHONY: run
run: $(takeup) $(ministack) $(sam) ## Turn PROMPT into a video, with the real template on this machine. Also MODEL, DURATION, ASPECT_RATIO, NEGATIVE_PROMPT, CFG_SCALE; AIMLAPI_KEY buys it.
	@$(takeup) run

.PHONY: up
up: $(takeup) $(ministack) $(sam) ## Start the local stack and leave it running. Also TAKEUP_PORT, AIMLAPI_KEY.
	@$(takeup) up

.PHONY: down
down: $(takeup) ## End the local stack.
	@$(takeup) down

.PHONY: invoke
invoke: $(takeup) $(sam) ## Run FUNCTION (submit, check, store, batch, prices, prompts, settle, outbox, deliver, watch, api or authorize) in Lambda's container, with Docker. Also EVENT, JOB, STACK, YES.
	@$(takeup) invoke $${EVENT:+--event "$$EVENT"} $${JOB:+--job "$$JOB"} $${STACK:+--stack "$$STACK"} -- "$$FUNCTION"

.PHONY: build
build: $(takeup) $(sam) ## Build the template and its functions for sam deploy. Also ARCHITECTURE (arm64 or x86_64).
	go build ./...
	@$(takeup) build

# Tests that play very many jobs, each on one goroutine, are named Every... Pair, Point or
# Setting. The race detector finds nothing in them, and would make them several times as long.
plays := Every(Pair|Point|Setting)$$
pairs := ^TestEveryFaultAndEveryPair$$

# The suites that test-long runs.
long := changes commands docker mutants

# Of the packages in test/, e2e and browser take longest, so they come first.
.PHONY: test
test: need-go need-python need-cc need-node need-curl $(ministack) $(moto) $(sam) $(schemathesis) $(aimlapi) $(axe) $(verifiers) $(verifiersjs) $(chromium) $(versitygw) ## Run the tests of every part, and of the whole on the local stack.
	go test -race -timeout 30m -skip '$(plays)' ./...
	GOGC=400 go test -timeout 30m -run '$(pairs)' ./internal/pipeline
	cd test && go test -race -timeout 30m ./suites/e2e ./suites/browser $$(go list ./... | grep -vE '/test/suites/($(subst $(space),|,$(long)))$$')

.PHONY: test-long
test-long: need-go need-python need-cc need-node need-curl $(ministack) $(sam) $(awscli) ## Run the longer tests: the other plays, the mutants, the changes, the commands of the documents, and Lambda's container.
	GOGC=400 go test -timeout 40m -run '$(plays)' -skip '$(pairs)' ./internal/pipeline
	cd test && go test -timeout 40m $(addprefix ./suites/,$(filter-out docker,$(long)))
	@tools/docker

.PHONY: chaos
chaos: need-go $(ministack) $(sam) ## Send JOBS jobs while a share FAULTS of the calls fails, by SEED, and check the promises. LOGS_ANSWER=true spares the provider's logs, CAPS=true sets low caps.
	@cd test && go run ./chaos/cmd/chaos -jobs $(JOBS) -seed $(SEED) -faults $(FAULTS) -logs-answer=$(LOGS_ANSWER) -caps=$(CAPS) -slots $(SLOTS) -job $(JOB)

.PHONY: test-bucket
test-bucket: need-go ## Test conditional writes and the transfer against S3 itself, in the bucket TAKEUP_TEST_BUCKET, for cents.
	cd test && go test -count=1 -tags aws ./suites/fullobject

.PHONY: verify-aws
verify-aws: need-go ## Verify on the deployed STACK what only AWS can show, for cents; without STACK, on the local stack. Also WITH: load,break,redeploy,delete.
	@cd test && go run ./verifyaws/cmd/verifyaws -stack "$(STACK)" -with "$(WITH)"

.PHONY: grants
grants: need-go $(ministack) $(sam) ## Remove each grant of the template once, and name the test that fails then.
	cd test && go test -count=1 -v -run TestGrants ./suites/e2e

.PHONY: bench-batch
bench-batch: need-go $(ministack) $(sam) ## Measure a batch of LINES lines on the local stack, and check that each charge has one line. Also AT_ONCE; KILL=true kills functions meanwhile.
	@cd test && go run ./bench/batch/cmd/batch -lines $(LINES) -at-once $(AT_ONCE) -kill=$(KILL)

.PHONY: bench-cold
bench-cold: need-go ## Measure each function's size, start and memory against a bare handler's.
	@cd test && go run ./bench/cold/cmd/cold -starts $(STARTS)

.PHONY: bench-list
bench-list: need-go $(ministack) $(sam) $(chromium) ## Count the calls to AWS and measure the time of listing and showing jobs, beside an earlier version.
	@cd test && go run ./bench/list/cmd/list

.PHONY: bench-page
bench-page: need-go $(chromium) ## Measure the page with 2,000 videos: the time to the first cards, and the frames while scrolling.
	cd test && go test -count=1 -v -run TestManyVideos ./suites/browser -timed

.PHONY: lighthouse
lighthouse: need-go need-node $(ministack) $(sam) $(chromium) $(lighthouse) ## Measure the page with Lighthouse, with 20 and with 500 videos.
	@cd test && go run ./bench/lighthouse/cmd/lighthouse

.PHONY: bench-poll
bench-poll: need-go ## Simulate how soon several schedules notice a video, and at what cost.
	@cd test && go run ./bench/poll/cmd/poll

.PHONY: bench-webhooks
bench-webhooks: need-go ## Measure whether a slow receiver of webhooks holds up another one.
	@cd test && go run ./bench/webhooks/cmd/webhooks

.PHONY: bench-store
bench-store: need-go need-curl $(peers) $(rclone) $(s5cmd) $(versitygw) ## Compare Store's copying with other tools, RUNS times with videos of SIZES MiB. Also ROWS.
	@cd test && go run ./bench/store/cmd/store -runs $(RUNS) -sizes "$(SIZES)" -rows "$(ROWS)" \
	  -versitygw $(CURDIR)/$(versitygw) -rclone $(CURDIR)/$(rclone) -s5cmd $(CURDIR)/$(s5cmd) \
	  -aws $(CURDIR)/.tools/peers/bin/aws -python $(CURDIR)/.tools/peers/bin/python

.PHONY: fuzz
fuzz: need-go ## Run each fuzz target for FUZZTIME.
	@grep -rl --include='*_test.go' '^func Fuzz' cmd functions internal | xargs -r -n 1 dirname | sort -u | while read -r dir; do \
	  sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' "$$dir"/*_test.go | while read -r target; do \
	    echo "$$dir $$target"; \
	    go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "./$$dir" || exit 1; \
	  done || exit 1; \
	done

.PHONY: lint
lint: need-go $(sam) $(golangci) $(asl) ## Check formatting, code, imports, the template and the state machine.
	@unformatted=$$(gofmt -l cmd functions internal test) && test -z "$$unformatted" || \
	  { echo "not formatted; run gofmt -w on:"; echo "$$unformatted"; exit 1; }
	go vet ./...
	cd test && go vet ./...
	$(golangci) run ./...
	cd test && ../$(golangci) run --config ../.golangci.yml ./...
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 .tools/sam/bin/sam validate --lint --template-file template.yaml
	@mkdir -p .takeup && AWS_DEFAULT_REGION=us-east-1 .tools/sam/bin/python tools/transform.py template.yaml > .takeup/transformed.json
	AWS_DEFAULT_REGION=us-east-1 .tools/sam/bin/cfn-lint .takeup/transformed.json docs/chat.yaml
	@for file in statemachine/*.json; do \
	  echo "asl-validator $$file"; tools/asl/node_modules/.bin/asl-validator --json-path "$$file" || exit 1; \
	done

.PHONY: tools
tools: $(ministack) $(moto) $(sam) $(schemathesis) $(aimlapi) $(awscli) $(golangci) $(asl) $(axe) $(verifiers) $(verifiersjs) $(chromium) ## Install the pinned tools into .tools.

.PHONY: clean
clean: $(takeup) ## End the local stack, and remove everything that was built and installed.
	@$(takeup) down
	rm -rf .takeup .aws-sam .tools tools/asl/node_modules tools/axe/node_modules tools/lighthouse/node_modules tools/standardwebhooks/node_modules

# Built each time: go build knows what has changed.
.PHONY: $(takeup)
# Built with the functions' flags, so that their packages need not be compiled again.
$(takeup): need-go
	@$(keyless) CGO_ENABLED=0 tools/step "building takeup" go build -trimpath -o $@ ./cmd/takeup

$(ministack) $(moto) $(sam) $(schemathesis) $(aimlapi) $(awscli) $(verifiers) $(peers) $(node) $(zig): | need-python
	@$(keyless) name=$$(basename $$(dirname $@)); \
	rm -rf .tools/$$name && tools/step "installing $$name, as pinned in tools/$$name.txt" sh -c '\
	  python3 -m venv .tools/$$0 && \
	  .tools/$$0/bin/python -m pip --quiet --disable-pip-version-check --no-input install --no-deps --require-hashes -r tools/$$0.txt && \
	  .tools/$$0/bin/python -m pip --quiet --disable-pip-version-check check' $$name
	@touch $@

# Installed by need-node and need-cc if the machine has none.
.PHONY: node zig
node: $(node)
zig: $(zig)

$(golangci) $(rclone) $(versitygw): | need-go
	@GOFLAGS= GOBIN=$(CURDIR)/.tools/bin tools/step "building $(notdir $@), which takes some minutes" go install $(package)
	@mv .tools/bin/$(notdir $(firstword $(subst @, ,$(package)))) $@

$(golangci): package = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)
$(rclone): package = github.com/rclone/rclone@$(RCLONE)
$(versitygw): package = github.com/versity/versitygw/cmd/versitygw@$(VERSITYGW)

# A module of its own instead of go install, which asks a registry for more than
# the one version.
$(s5cmd): | need-go
	@cd tools/s5cmd && GOFLAGS= ../step "building s5cmd, as pinned in tools/s5cmd/go.sum" go build -o $(CURDIR)/$@ github.com/peak/s5cmd/v2

$(asl) $(axe) $(lighthouse) $(verifiersjs): | need-node
	@dir=$(patsubst %/node_modules/,%,$(dir $@)); tools/step "installing what $$dir/package-lock.json pins" \
	npm ci --prefix "$$dir" --loglevel=error --no-audit --no-fund --no-update-notifier
	@touch $@

$(chromium): | need-node
	@tools/step "installing Chromium, as pinned in tools/chromium/package-lock.json" tools/chromium/install
	@touch $@

# What the machine must have. Each target says what to do if it is missing.
.PHONY: need-go need-cc need-curl need-python need-node
need-go:
	@command -v go >/dev/null || { echo "there is no go on the PATH: install Go 1.26 or later"; exit 1; }

need-curl:
	@tools/need curl

need-python:
	@command -v python3 >/dev/null || { echo "there is no python3 on the PATH: install Python 3.10 or later"; exit 1; }
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || \
	  { echo "python3 does not run, or is older than 3.10: put Python 3.10 or later first on the PATH"; exit 1; }
	@python3 -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "python3 has no venv: install it, on Debian and Ubuntu by: sudo apt-get install python3-venv"; exit 1; }

need-cc: need-go need-python
	@tools/need cc

need-node: need-python
	@tools/need node
