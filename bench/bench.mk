# Measuring, comparing and attacking the service; bench/README.md explains it. Included by the Makefile.
BASE       ?= main
ATTACKS     = json pipeline chunked large memory descriptors headers bodies readers idle churn signatures \
  scarce-descriptors scarce-memory full-disk
CHROMIUM   ?= chromium
# The whole section of the closed loop, in pixels.
PICTURE_HEIGHT = 1345
DURATION   ?= 20m
# What make soak offers: a share of the highest rate; RATE="-R 2000" is 2000 requests/s.
RATE       ?= -share 0.7

.PHONY: bench bench-test bench-agree bench-picture bench-compare bench-peers bench-shapes bench-soak bench-max soak gate gate-short gate-test \
  attack attack-cases hostile-json hostile-search $(ATTACKS:%=attack-%)

bench: ## measure this revision, in a closed and in an open loop; under a minute; ARGS for flags
	$(GO) run ./bench all $(ARGS)

bench-test: ## the tests of the bench itself
	$(GO) test -count=1 $(TESTFLAGS) ./bench/...

# The result in testdata is a recorded one, so that the picture is the same each time: bench/README.md says how to record
# another. The page is our own file, so Chromium needs no sandbox, which containers often refuse it.
bench-picture: ## docs/report.png anew: the page of bench/testdata/report.json; needs Chromium
	@set -e; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	$(GO) run ./bench page -o "$$dir/report.html" bench/testdata/report.json; \
	$(CHROMIUM) --headless --no-sandbox --disable-gpu --hide-scrollbars --force-device-scale-factor=1 \
	  --user-data-dir="$$dir/profile" --window-size=1180,$(PICTURE_HEIGHT) --screenshot="$$dir/report.png" "file://$$dir/report.html" 2>"$$dir/log" || { cat "$$dir/log"; exit 1; }; \
	size=$$(wc -c <"$$dir/report.png"); [ $$size -le 200000 ] || { echo "the picture has $$size bytes, over 200000"; exit 1; }; \
	mv "$$dir/report.png" docs/report.png

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

bench-peers: ## this service beside Express, Node, Bun, net/http, hyper, stock fasthttp and a C floor: the README's tables; ARGS for flags
	$(GO) run ./bench peers $(ARGS)

bench-shapes: ## this service with other documents, schemes and heads than the baseline's, and behind TLS; ARGS for flags
	$(GO) run ./bench shapes $(ARGS)

bench-soak: ## a constant rate for a long time: does any figure grow? ARGS="-d 1h"
	$(GO) run ./bench soak $(ARGS)

soak: ## for DURATION, 70 % of the highest rate, and everything else mixed in: no error, and no figure may grow by 1 %
	$(GO) run ./bench soak -mix $(RATE) -d $(DURATION) $(ARGS)

bench-max: ## find the highest rate with p99 under 5 ms; ARGS="-slo 2ms"
	$(GO) run ./bench max $(ARGS)

attack: attack-cases ## raw requests, and then every kind of hostile client for a few seconds; ARGS for flags
	$(GO) run ./bench attack -short $(ARGS) $(ATTACKS)

attack-cases: ## 700 raw requests, good and bad, to both transports, in pieces: see internal/server/testdata/wire
	$(GO) test -count=1 $(TESTFLAGS) -run TestWire ./internal/server

hostile-json: ## what each hostile body costs per byte, to a plain one: fails over the bound of docs/DESIGN.md, section 11
	$(GO) test -count=1 -tags hostile -v $(TESTFLAGS) -run TestHostileJSON ./internal/video

hostile-search: ## for FUZZTIME, look for bodies that cost more: internal/document/testdata/worst gets their recipes
	$(GO) test -count=1 -tags hostile -run '^$$' -fuzz FuzzCost -fuzztime $(FUZZTIME) -parallel 1 ./internal/video \
	  -keep "$(CURDIR)/internal/document/testdata/worst"

attack-json: ## clients that send the costliest JSON; fails if others suffer more than the bounds allow; a minute
attack-pipeline: ## clients that pipeline without end: the same bounds; two minutes
attack-chunked: ## the same, with bodies in chunks
attack-large: ## clients that send bodies of 64 KiB: the same bounds
attack-memory: ## unfinished requests and clients that never read: what they cost, and that others are answered
attack-descriptors: ## more connections than the service may have descriptors
attack-headers: ## clients that send their headers a byte at a time: the same bounds as attack-json
attack-bodies: ## clients that send their bodies a byte at a time: the same
attack-readers: ## clients that read a byte at a time: the same
attack-idle: ## clients that do nothing: the same
attack-churn: ## clients that open one connection after another: the same
attack-signatures: ## 1000 new films at once on CloudFront, beside requests for another CDN; a minute, a quiet machine
attack-scarce-descriptors: ## more connections than there are descriptors, beside clients that have theirs: the same
attack-scarce-memory: ## more unfinished requests than may be held: the same
attack-full-disk: ## no room for the log and the revoked sessions: the same
$(ATTACKS:%=attack-%): attack-%:
	$(GO) run ./bench attack $(ARGS) $*
