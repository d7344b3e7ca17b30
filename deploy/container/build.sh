#!/bin/sh
# Builds the image without a daemon or a registry: two builds of a commit have one digest. It needs buildah, which
# deploy/e2e/install.sh installs. The argument is the folder for what it makes, bin/image if there is none; the variable
# ARCH is the architecture, the machine's if there is none:
#
#   videotoken.tar        the image, for docker load, podman load, skopeo copy and crane push
#   videotoken.digest     its digest in a registry, after `crane push`; docker push compresses it again, with another one
#   videotoken.cdx.json   its bill of materials, in CycloneDX
set -eu
cd "$(dirname "$0")/../.."
out=${1:-bin/image}
go=${GO:-go}
arch=${ARCH:-$("$go" env GOARCH)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out/context"

# Go stamps the commit into the binary. Without its symbol tables, panics and profiles still have names.
CGO_ENABLED=0 GOOS=linux GOARCH=$arch "$go" build -buildvcs=true -trimpath -ldflags="-s -w" -o "$out/context/videotoken" .
version=$("$go" version -m "$out/context/videotoken" | awk '$1 == "mod" {print $3}')

# The format of Docker, because that of OCI has no HEALTHCHECK. All times are the commit's.
store() { buildah --root "$work/root" --runroot "$work/run" --storage-driver vfs "$@"; }
store bud --quiet --isolation chroot --arch "$arch" --format docker --timestamp "$(git log -1 --format=%ct)" --identity-label=false \
  --label "org.opencontainers.image.version=$version" --label "org.opencontainers.image.revision=$(git rev-parse HEAD)" \
  --tag videotoken --file deploy/container/Dockerfile "$out/context" >/dev/null
store push --quiet videotoken "docker-archive:$work/videotoken.tar:localhost/videotoken:latest"
"$go" run ./deploy/e2e/image "$work/videotoken.tar" "$out/videotoken.tar" >"$out/videotoken.digest"

"$go" run github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0 bin -json -noserial -version "$version" \
  -output "$out/videotoken.cdx.json" "$out/context/videotoken" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
echo "$out/videotoken.tar: $(cat "$out/videotoken.digest")"
