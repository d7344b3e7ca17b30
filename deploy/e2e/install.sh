#!/bin/sh
# Installs what make e2e and make demo need besides Go: Debian packages, which takes root, and the npm packages of each
# package.json here. It installs nothing twice, and two runs at once wait for each other.
set -eu
cd "$(dirname "$0")/../.."

# The lock is on a file that exists in any case.
command -v apt-get >/dev/null || { echo "install.sh: this is not Debian: install nginx, caddy, haproxy, ffmpeg, chromium, redis, prometheus, buildah, systemd, strace and node 20.19 by hand" >&2; exit 1; }
exec 9<"$(command -v apt-get)"
flock 9

packages=
need() { command -v "$1" >/dev/null 2>&1 || packages="$packages $2"; }
need nginx nginx
need caddy caddy
need haproxy haproxy
need ffmpeg ffmpeg
need chromium chromium
need node nodejs
need npm npm
need redis-server redis-server
need promtool prometheus
need buildah buildah
need systemd-analyze systemd
need strace strace
need curl curl
need ip iproute2
need jq jq
[ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || packages="$packages fonts-dejavu-core"

if [ -n "$packages" ]; then
  echo "installing$packages"
  # The packages start daemons, on ports that other programs may use: not here.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get -o DPkg::Lock::Timeout=300 -qq update
  # shellcheck disable=SC2086 # a list of names
  apt-get -o DPkg::Lock::Timeout=300 -qq install --no-install-recommends $packages >/dev/null
fi

for dir in deploy/worker deploy/e2e/web deploy/e2e/cloudfront deploy/e2e/packages deploy/e2e/signers; do
  if [ ! $dir/node_modules/.package-lock.json -nt $dir/package-lock.json ]; then
    echo "installing the npm packages of $dir"
    (cd $dir && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    touch $dir/node_modules/.package-lock.json
  fi
done
