#!/bin/sh
# Install the hook managers that tests/managers drives, at the versions that docs/hook-managers.md names.
#
#   LEAKWARDEN_TEST_MANAGERS=$(sh tests/managers/fetch.sh)
#
# Prints the folder on stdout; progress and errors go to stderr. A second run with the same versions
# fetches nothing.
set -eu
exec 3>&1 1>&2
versions='husky@9.1.7 lefthook@2.2.2 simple-git-hooks@2.14.0 pre-commit==4.7.0 prek==0.5.11'
folder=${LEAKWARDEN_MANAGERS_DIR:-${HOME}/.cache/leakwarden-test/managers}
if [ "$(cat "$folder/versions" 2>/dev/null)" != "$versions" ]; then
    mkdir -p "$folder"
    # shellcheck disable=SC2046,SC2086 # a list of packages
    npm install --silent --no-audit --no-fund --prefix "$folder" $(printf '%s\n' $versions | grep @)
    python3 -m venv "$folder/venv"
    # shellcheck disable=SC2046,SC2086 # a list of packages
    "$folder/venv/bin/pip" install -q $(printf '%s\n' $versions | grep '==')
    printf '%s\n' "$versions" >"$folder/versions"
fi
printf '%s\n' "$folder" >&3
