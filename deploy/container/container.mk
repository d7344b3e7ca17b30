# Included by the Makefile of the repository.
.PHONY: image

image: ## the container image, bin/image/videotoken.tar, and its bill of materials; needs buildah, which deploy/e2e/install.sh installs
	GO=$(GO) deploy/container/build.sh $(OUT)
