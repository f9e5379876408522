#!/bin/sh
# Makes sure that programs are here: installs them when root on Debian, else names them.
# Without arguments: those that the tests drive. With arguments: Debian packages that something could not do without.
set -eu
PATH="$PATH:/usr/sbin:/sbin"
missing="$*"
if [ $# = 0 ]; then
    for pair in chromium:chromium redis-server:redis-server tesseract:tesseract-ocr espeak-ng:espeak-ng \
        memcached:memcached openssl:openssl nginx:nginx systemd-analyze:systemd npm:npm; do
        command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
    done
fi
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
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
