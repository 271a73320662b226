#!/usr/bin/env bash
# See to what some tests run on besides Python: PostgreSQL for the store, Chromium for the pages.
#
# In CI (the variable CI is set) Debian's packages are installed where they are missing; there a
# failed installation is an error. Elsewhere nothing is installed: a line says what is skipped.
set -euo pipefail

have_postgresql() {
    command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

have_chromium() {
    command -v chromium >/dev/null
}

missing=()
have_postgresql || missing+=(postgresql)
have_chromium || missing+=(chromium)
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

if [ -n "${CI:-}" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing ${missing[*]} for the tests ..."
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    if ! { apt-get -q update \
        && apt-get -q install -y --no-install-recommends "${missing[@]}"; } \
        </dev/null >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        echo "${missing[*]} could not be installed, so not everything can be tested." >&2
        exit 1
    fi
    if ! have_postgresql || ! have_chromium; then
        echo "apt-get installed ${missing[*]}, but something of it is not there." >&2
        exit 1
    fi
    exit 0
fi

for package in "${missing[@]}"; do
    echo "$package is not installed: its tests are skipped (Debian: apt-get install $package)."
done
