#!/bin/sh
# Makes sure that the programs which the tests drive are here: installs them when root on Debian, else names them.
set -eu
missing=""
for pair in chromium:chromium redis-server:redis-server tesseract:tesseract-ocr espeak-ng:espeak-ng; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing$missing"
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of packages
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "The tests need programs that are not here. As root, run: apt-get install$missing" >&2
    exit 1
fi
