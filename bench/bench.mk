# Measuring, comparing and attacking the service; bench/README.md explains it. Included by the Makefile.
BASE       ?= main
ATTACKS     = json pipeline memory descriptors headers bodies readers idle churn

.PHONY: bench bench-test bench-agree bench-compare bench-peers bench-soak bench-max gate gate-short gate-test \
  attack attack-cases $(ATTACKS:%=attack-%)

bench: ## measure this revision, in a closed and in an open loop; under a minute; ARGS for flags
	$(GO) run ./bench all $(ARGS)

bench-test: ## the tests of the bench itself
	$(GO) test -count=1 $(TESTFLAGS) ./bench/...

bench-agree: ## compare the load generator with wrk, which must be installed, and vegeta; takes minutes and a quiet machine
	$(GO) test -count=1 -tags slow -timeout 10m ./bench/... -run 'Stall|Agrees|Loads'

bench-compare: ## compare the files as they are with BASE=<rev>, in interleaved pairs; ARGS for flags
	$(GO) run ./bench revisions -base $(BASE) -markdown bench/out/revisions.md $(ARGS)

gate: ## exact facts, better than the baseline, no regression against BASE=<rev>
	$(GO) build -o bin/bench ./bench
	bin/bench gate -base $(BASE) -markdown bench/out/gate.md $(ARGS)

gate-short: ## the exact facts and the comparison with the baseline, in ten seconds
	$(GO) run ./bench gate -short

gate-test: ## test the gate: it finds a slower patch 10 times of 10, and nothing 20 times of 20; 40 minutes, a quiet machine
	$(GO) test -count=1 -tags gate -timeout 90m -v -run 'Catches|Wolf' ./bench

bench-peers: ## this service beside Express, net/http, stock fasthttp and a C floor: the README's tables; ARGS for flags
	$(GO) run ./bench peers $(ARGS)

bench-soak: ## a constant rate for a long time: does any figure grow? ARGS="-d 1h"
	$(GO) run ./bench soak $(ARGS)

bench-max: ## find the highest rate with p99 under 5 ms; ARGS="-slo 2ms"
	$(GO) run ./bench max $(ARGS)

attack: attack-cases ## raw requests, and then every kind of hostile client for a few seconds; ARGS for flags
	$(GO) run ./bench attack -short $(ARGS) $(ATTACKS)

attack-cases: ## 700 raw requests, good and bad, to both transports, in pieces: see internal/server/testdata/wire
	$(GO) test -count=1 $(TESTFLAGS) -run TestWire ./internal/server

attack-json: ## clients that send the costliest JSON; fails if others suffer more than the bounds allow; a minute
attack-pipeline: ## clients that pipeline without end: the same bounds
attack-memory: ## unfinished requests and clients that never read: what they cost, and that others are answered
attack-descriptors: ## more connections than the service may have descriptors
attack-headers: ## clients that send their headers a byte at a time: the same bounds as attack-json
attack-bodies: ## clients that send their bodies a byte at a time: the same
attack-readers: ## clients that read a byte at a time: the same
attack-idle: ## clients that do nothing: the same
attack-churn: ## clients that open one connection after another: the same
$(ATTACKS:%=attack-%): attack-%:
	$(GO) run ./bench attack $(ARGS) $*
