# rapbot: make demo runs the main job, make test passes the tests.
GO      ?= go
TOOL    := $(GO) tool -modfile=tools/go.mod
PACKAGE ?= ./...
RUNS    ?= 20
SEED    ?= $(shell date +%s)
FUZZ    ?= 30s
KILLS   ?= 20
MAJORS  ?=

.DEFAULT_GOAL := help
.PHONY: help demo demo-clusters cluster argocd test test-versions test-upstream check race test-clusters test-regions chaos proof fuzz bench bench-failover bench-storm bench-status bench-alerts update build clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## start the lab and the real bot, print the page's address, stop with Ctrl-C
	@tools/setup demo
	@echo "Building the lab (the first time two or three minutes, then seconds)"
	@mkdir -p .lab/bin
	@GO=$(GO) tools/build .lab/bin ./lab ./lab/instance ./cmd/rapbot
	@exec .lab/bin/lab up --demo $(DEMO) --bin .lab/bin

demo-clusters: DEMO := --clusters
demo-clusters: demo ## the same, and then three Kubernetes for deploys; the first time they are built, eight minutes, while the first page serves

cluster: ## build Kubernetes for the lab, once per machine; eight minutes on two cores, then nothing
	@$(GO) run ./lab/kubernetes/build

argocd: ## build Argo CD for the lab, once per machine; six minutes on two cores, then nothing
	@$(GO) run ./lab/kubernetes/build argocd

test: ## everything that must pass before a change lands
	@tools/setup test
	@$(MAKE) --no-print-directory check race

check: ## the fast checks: format, vet, staticcheck, tests without a world
	@echo "== format"; out=$$($(TOOL) gofumpt -l $$(git ls-files -co --exclude-standard '*.go')); test -z "$$out" || { echo "gofumpt would change:"; echo "$$out"; exit 1; }
	@echo "== vet"; $(GO) vet $(PACKAGE)
	@echo "== staticcheck"; $(TOOL) staticcheck $(PACKAGE)
	@echo "== domain and plays"; $(GO) test . ./alert ./bot ./cards ./commands ./config

# What starts servers of its own mostly waits for them: two at a time.
HEAVY := ./integrations/postgres ./lab/regions ./lab/monitor ./lab/workspace/...

# What drives rapbot as a program of its own, which the race detector would not
# see, and takes the most time of all.
DRIVEN := ./lab/scenarios ./lab/chaos ./lab/storm

# What needs Kubernetes, which is built once per machine. Not part of make test
# yet: the first build takes eight minutes.
CLUSTERS := ./lab/kubernetes/... ./lab/clusters/... ./lab/gitops/... ./integrations/kubernetes/... ./integrations/helm/... ./integrations/argocd/real/...

race: ## all tests with the race detector, real PostgreSQL and browser included
	@echo "== tests with the race detector"
	@$(GO) test -race -timeout 10m $$($(GO) list ./... | grep -vxF "$$($(GO) list $(HEAVY) $(DRIVEN) $(CLUSTERS))")
	@echo "== tests with real servers (a few minutes)"
	@$(GO) test -race -p 1 -timeout 30m $(HEAVY) & heavy=$$!; \
		$(GO) test -p 1 -timeout 30m $(DRIVEN); driven=$$?; wait $$heavy && exit $$driven

test-clusters: cluster argocd ## the tests on real Kubernetes control planes, with Argo CD too: deploys, releases, rights; eight minutes and the first builds
	@tools/setup test
	$(GO) test -p 1 -timeout 30m $(CLUSTERS)

REGIONS ?= 2
test-regions: cluster ## three regions with real kubelets and containers, in namespaces of their own: root on Linux; REGIONS rounds of a switchover, a lost region and a rejoin
	@tools/setup test
	$(GO) test -v -count=1 -timeout 85m ./lab/realnodes -regions -image -runs $(REGIONS)

test-versions: ## the PostgreSQL tests on each of MAJORS (13 to 18), with servers from npm; ten to fifteen minutes
	@GO=$(GO) tools/test-versions $(MAJORS)

# What speaks to Alertmanager and Prometheus, and what speaks their language.
WATCHED := TestRules|TestReal|TestGossip|TestLagAlert|TestSilenceFromTheCard

test-upstream: ## alerts with the newest Alertmanager and Prometheus, built once per machine, and templates against Alertmanager's own Slack notifier; five minutes and the first build
	@tools/setup test
	@cd lab/upstream && $(GO) test .
	@bin=$$($(GO) run ./lab/newest) && RAPBOT_MONITOR_BIN=$$bin $(GO) test -p 1 -timeout 30m -run '$(WATCHED)' ./charts ./integrations/alertmanager ./lab/monitor ./lab/scenarios

fuzz: ## every fuzz target for FUZZ (30s) each
	@for t in commands:FuzzParse config:FuzzParse integrations/alertmanager:FuzzDecode integrations/slack:FuzzRender; do \
		echo "== $$t"; $(GO) test ./$${t%%:*} -run '^$$' -fuzz "^$${t##*:}$$" -fuzztime $(FUZZ) -fuzzminimizetime 10x || exit 1; done

bench: ## figures: write gap, crash matrix, journal and render speed
	$(GO) test ./lab/scenarios -run 'TestSwitchovers|TestKillMatrix' -v -timeout 60m -matrix -switchovers $(RUNS)
	$(GO) test ./integrations/... -run '^$$' -bench . -benchmem

chaos: ## RUNS (20) operations while things break, drawn from SEED (a new one), held against twelve invariants
	@tools/setup demo
	$(GO) run ./lab/chaos --runs $(RUNS) --seed $(SEED) --worlds 3 --verbose

proof: ## the long proofs: 50 emergencies, 50 restarts of the dead, every crash and every rollback; about an hour
	@tools/setup test
	$(GO) test ./lab/scenarios -v -timeout 120m -run 'TestEmergency|TestRestartedByHand|TestKillMatrix|TestRollBack' -emergencies 50 -restarts 50 -matrix

bench-failover: ## RUNS (20) planned changes and ten emergencies by rapbot and by Patroni in turn, compared
	@tools/setup bench
	@mkdir -p bin
	$(GO) test ./lab/peers/patroni -count 1 -patroni -run TestSwitchover
	$(GO) build -o bin/ ./cmd/rapbot ./lab/instance ./lab/bench
	@exec bin/bench failover --runs $(RUNS) --bin bin --out bin/failover.svg --out bin/failover.png

bench-storm: ## 10,000 alerts in 500 groups and KILLS (20) times kill -9, by rapbot and by Alertmanager's slack_configs side by side; about eight minutes
	@tools/setup test
	@mkdir -p bin
	$(GO) build -o bin/ ./cmd/rapbot ./lab/storm
	@exec bin/storm --kills $(KILLS) --bin bin

bench-status: cluster ## /rap status 200 times on three real API servers, and kubectl and psql for the same in the same run; three minutes and the first build
	@tools/setup test
	$(GO) test -v -count=1 ./lab/clusters -run TestStatusSpeed -statuses 200

bench-alerts: ## what an alert costs: taken durably and shown, against the bare decoding of its JSON
	@$(GO) test ./cmd/rapbot -run "^$$" -bench Alerts -cpu 1 | tools/ratios

update: ## rewrite golden files and generated pages; read the diff
	$(GO) test . -run 'Diagram|Versions' -update
	$(GO) test ./lab/regions -run Manual -update
	$(GO) test ./commands ./bot ./config ./integrations/slack ./integrations/alertmanager -update

build: ## build the binaries into bin/
	$(GO) build -o bin/ ./cmd/rapbot ./lab

clean: ## remove what was built
	rm -rf bin .lab
