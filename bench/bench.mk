# The harness: what bench/README.md explains. Included by the Makefile.
BASE       ?= main

.PHONY: bench bench-test bench-agree bench-compare bench-peers bench-soak bench-max gate gate-short gate-test \
  attack-json attack-pipeline attack-memory attack-descriptors

bench: ## the baseline's scenario and the open loop, against this revision; under a minute; ARGS for flags
	$(GO) run ./bench all $(ARGS)

bench-test: ## the harness's own tests
	$(GO) test -count=1 $(TESTFLAGS) ./bench/...

bench-agree: ## the harness beside wrk, which must be installed, and vegeta; and stalls: minutes, a quiet machine
	$(GO) test -count=1 -tags slow -timeout 10m ./bench/... -run 'Stall|Agrees|Loads'

bench-compare: ## BASE=<rev> against the files as they are, in interleaved pairs; ARGS for flags
	$(GO) run ./bench revisions -base $(BASE) -markdown bench/out/revisions.md $(ARGS)

gate: ## exact facts, the baseline as a floor, no regression against BASE=<rev>
	$(GO) build -o bin/bench ./bench
	bin/bench gate -base $(BASE) -markdown bench/out/gate.md $(ARGS)

gate-short: ## the exact facts and the floor, in ten seconds
	$(GO) run ./bench gate -short

gate-test: ## the gate catches a real patch 10 times of 10, and cries wolf 0 times of 20; 40 minutes, a quiet machine
	$(GO) test -count=1 -tags gate -timeout 90m -v -run 'Catches|Wolf' ./bench

bench-peers: ## this service beside Express, net/http, stock fasthttp and a C floor: the README's table; ARGS for flags
	$(GO) run ./bench peers $(ARGS)

bench-soak: ## a constant rate for long, and what grows; ARGS="-d 1h"
	$(GO) run ./bench soak $(ARGS)

bench-max: ## the highest rate with p99 under 5 ms; ARGS="-slo 2ms"
	$(GO) run ./bench max $(ARGS)

attack-json: ## clients that send the costliest JSON; fails if others suffer more than the bounds allow; a minute
attack-pipeline: ## clients that pipeline without end: the same bounds
attack-memory: ## unfinished requests and clients that never read: what they cost, and that others are answered
attack-descriptors: ## more connections than the service may have descriptors
attack-json attack-pipeline attack-memory attack-descriptors: attack-%:
	$(GO) run ./bench attack $(ARGS) $*
