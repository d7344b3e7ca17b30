# A target needs Go and nothing else, unless its line says so.
GO          ?= go
FUZZTIME    ?= 20s
BENCHTIME   ?= 1s
STATICCHECK  = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK  = golang.org/x/vuln/cmd/govulncheck@v1.9.0
ACTIONLINT   = github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
PACKAGES     = ./...
MODULES      = . bench deploy/e2e
# Outside go.work: what they need of others has no say in the versions that the service links.
APART        = deploy/e2e/kubernetes deploy/envoy
# Build tags of tests that other targets run: without them, nothing would even compile these.
TAGS         = hostile,slow,gate

.DEFAULT_GOAL := help
.PHONY: help run build test race allocs fuzz lint vuln module schema bench-go release-dry-run

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

# Not by go run, whose exit status after Ctrl-C is 1, whatever the program's is.
run: build ## the service as a demonstration, with example CDNs and keys; ARGS="-config FILE" for your own
	exec ./videotoken $(or $(ARGS),-demo)

build: ## the binary, ./videotoken, with the version of the checkout
	CGO_ENABLED=0 $(GO) build -buildvcs=auto -trimpath -o videotoken .

test: ## all tests; needs redis-server, promtool and strace, which deploy/e2e/install.sh installs
	$(GO) test -count=1 $(TESTFLAGS) $(PACKAGES)

race: ## all tests under the race detector, which needs a C compiler, redis-server, promtool and strace
	$(MAKE) test TESTFLAGS="-race $(TESTFLAGS)"

allocs: ## the tests that count allocations and memory, which do not run under the race detector
	$(GO) test -count=1 -run 'Allocations|Mallocs|Million|IdleMemory' $(TESTFLAGS) $(PACKAGES)

# Go before 1.27 sometimes fails when FUZZTIME ends, with "context deadline exceeded" although no test failed
# (go.dev/issue/75804). A target runs a second time for this failure, and for no other.
fuzz: ## every fuzz target, each for FUZZTIME
	@set -e; log=$$(mktemp); trap 'rm -f "$$log"' EXIT; for p in $$($(GO) list $(PACKAGES)); do \
	  all=$$($(GO) test -list '^Fuzz' $$p); \
	  for f in $$(echo "$$all" | grep '^Fuzz' || true); do \
	    echo "$$p $$f"; run="$(GO) test -run ^\$$ -fuzz ^$$f\$$ -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$p"; \
	    $$run 2>&1 | tee "$$log"; grep -q '^ok ' "$$log" || { \
	      grep -q '^    context deadline exceeded$$' "$$log" && ! grep -q '^    --- FAIL' "$$log" && \
	      echo "no test failed: once more" && $$run; } || exit 1; \
	  done; \
	done

lint: vuln ## gofmt, go vet (also for macOS and every build tag), staticcheck, govulncheck, in every module; actionlint
	@files=$$(gofmt -l .); if [ -n "$$files" ]; then echo "gofmt: $$files"; exit 1; fi
	@set -e; for m in $(MODULES); do echo "$$m: go vet, staticcheck"; \
	  (cd $$m && $(GO) vet ./... && $(GO) vet -tags $(TAGS) ./... && $(GO) run $(STATICCHECK) ./...); \
	done
	@set -e; export GOWORK=off; for m in $(APART); do echo "$$m: go vet, staticcheck"; \
	  (cd $$m && $(GO) vet ./... && $(GO) run $(STATICCHECK) ./...); \
	done
	GOOS=darwin $(GO) vet $(PACKAGES)
	$(GO) run $(ACTIONLINT) -shellcheck= -pyflakes=

vuln: ## known vulnerabilities in the programs; needs the network
	@for m in . deploy/envoy; do [ $$m = . ] || export GOWORK=off; \
	  if ! out=$$(cd $$m && $(GO) run $(GOVULNCHECK) $(PACKAGES) 2>&1); then \
	    case "$$out" in \
	      *"fetching vulnerabilities"*) echo "govulncheck: its database cannot be reached from here; nothing was checked" ;; \
	      *) echo "$$out"; exit 1 ;; \
	    esac; \
	  else echo "$$out" | tail -1; fi; \
	done

module: ## give this checkout an address, from which other modules can import it: MODULE=example.com/me/videotoken
	@deploy/module.sh "$(MODULE)"

schema: ## docs/videotoken.schema.json, from the fields that the reader of configurations declares
	$(GO) generate ./internal/config

bench-go: ## the benchmarks of single functions, each beside what it is compared with, for BENCHTIME
	$(GO) test -run '^$$' -bench . -benchtime $(BENCHTIME) -cpu 1 $(PACKAGES)

release-dry-run: ## what a release of VERSION=v1.2.3 has, into bin/release; publishes nothing; needs npm and buildah
	GO="$(GO)" PLATFORMS="$(PLATFORMS)" .ci/release "$(VERSION)"

include bench/bench.mk
include deploy/e2e/e2e.mk
include deploy/container/container.mk
