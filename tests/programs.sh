#!/bin/sh
# Makes sure that programs are here: installs them when root on Debian, else names them.
# Without arguments: those that the tests drive. With arguments: Debian packages that something could not do without.
set -eu
missing="$*"
if [ $# = 0 ]; then
    for pair in chromium:chromium redis-server:redis-server memcached:memcached tesseract:tesseract-ocr espeak-ng:espeak-ng; do
        command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
    done
fi
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing $missing"
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of packages
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "Something is missing here. As root, run: apt-get install $missing" >&2
    exit 1
fi
