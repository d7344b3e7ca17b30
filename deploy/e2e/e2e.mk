# Included by the Makefile of the repository.
.PHONY: e2e e2e-install demo pictures drain kubernetes envoy dashboard chaos

e2e-install:
	@deploy/e2e/install.sh

e2e: e2e-install ## the edges with the programs they are for, and players; needs Debian and root, or what install.sh installs
	cd deploy/worker && node --test
	cd deploy/player && node --test
	cd deploy/cloudfront-function && node --test
	cd deploy/e2e/packages && node --test
	cd deploy/e2e && $(GO) test -count=1 -timeout 20m $(TESTFLAGS) ./...
	$(MAKE) kubernetes envoy

demo: e2e-install ## a film longer than its tokens, to revoke, forge and switch CDNs off; ARGS="-port 8000" for fixed ports
	$(GO) build -o bin/demo ./deploy/e2e/demo && exec bin/demo $(ARGS)

pictures: e2e-install ## docs/demo.png again, from the running demonstration
	cd deploy/e2e && $(GO) test -count=1 -run '^TestDemo$$/^CDN_off$$' -picture $(CURDIR)/docs/demo.png .

drain: e2e-install ## 20 restarts of four instances that HAProxy balances: no request may fail
	cd deploy/e2e && $(GO) test -count=1 -run '^TestDrain$$' -v ./chaos -long

# A module of its own, outside go.work: what Kubernetes needs has no say in the versions that the service links.
kubernetes: ## deploy/kubernetes: rendered, checked against the published schemas, and run as a pod; needs Go alone
	cd deploy/e2e/kubernetes && GOWORK=off $(GO) test -count=1 $(TESTFLAGS) .

# A module of its own, outside go.work: gRPC and Envoy's types would weigh on the service.
envoy: ## deploy/envoy: gRPC ext_authz beside the service's HTTP, and the file checked against Envoy's schema; needs a C compiler
	cd deploy/envoy && GOWORK=off $(GO) test -race -count=1 $(TESTFLAGS) .

dashboard: e2e-install ## deploy/grafana: a Prometheus answers every query of the dashboard
	cd deploy/e2e && $(GO) test -count=1 $(TESTFLAGS) ./grafana

chaos: e2e-install ## kills, pauses, rotations, wrong clocks, Redis gone, full disks and logs under load, and every alert; ten minutes
	cd deploy/e2e && $(GO) test -count=1 -timeout 30m -v $(TESTFLAGS) ./chaos -long
