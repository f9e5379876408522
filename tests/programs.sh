#!/bin/sh
# Makes sure that programs are here: installs them when root on Debian, else names them.
# Without arguments: those that the tests drive, and the npm packages that they serve to Chromium. With "proof": those that
# the benchmarks drive. With other arguments: Debian packages that something could not do without.
set -eu
PATH="$PATH:/usr/sbin:/sbin"
for folder in /usr/lib/postgresql/*/bin; do # where Debian keeps PostgreSQL's programs
    PATH="$PATH:$folder"
done
missing="$*"
if [ "$*" = proof ]; then
    missing=
    for pair in redis-server:redis-server tesseract:tesseract-ocr initdb:postgresql; do
        command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
    done
fi
if [ $# = 0 ]; then
    for pair in chromium:chromium chromium-headless-shell:chromium-headless-shell \
        redis-server:redis-server tesseract:tesseract-ocr espeak-ng:espeak-ng memcached:memcached initdb:postgresql openssl:openssl nginx:nginx systemd-analyze:systemd npm:npm; do
        command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
    done
fi
if [ -z "$missing" ]; then
    :
elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing $missing"
    if [ ! -e /usr/sbin/policy-rc.d ]; then # the tests start their own servers; none is to run by itself
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod +x /usr/sbin/policy-rc.d
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of packages
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "Something is missing here. As root, run: apt-get install $missing" >&2
    exit 1
fi

browser=$(dirname "$0")/browser
if [ $# = 0 ] && ! { [ -e "$browser/node_modules/htmx.org" ] && [ -e "$browser/node_modules/@hotwired/turbo" ] &&
    [ -e "$browser/node_modules/react-dom" ]; }; then
    echo "installing htmx, Turbo and React"
    npm install --prefix "$browser" --no-save --no-package-lock --no-audit --no-fund --ignore-scripts --silent \
        htmx.org@2 @hotwired/turbo@8 react@18 react-dom@18
fi
