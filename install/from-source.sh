#!/bin/sh
# Builds leakwarden from this source, installs the program for this user, and protects the git
# repository in which it is run. Needs Rust (cargo) and git; no more.
#
#   sh /path/to/leakwarden/install/from-source.sh [--no-protect]
#
# Where that is possible the program is made static (install/static.sh).
set -eu

source=$(cd "$(dirname -- "$0")/.." && pwd)
command -v cargo >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs, then run this again" >&2; exit 2; }
command -v git >/dev/null || { echo "git is missing" >&2; exit 2; }

# shellcheck source=install/static.sh
. "$source/install/static.sh"
cargo install --quiet --locked --force --path "$source" --target "$host"
program="${CARGO_INSTALL_ROOT:-${CARGO_HOME:-$HOME/.cargo}}/bin/leakwarden"
echo "installed $program ($("$program" --version))"

[ "${1-}" != --no-protect ] || exit 0
if git rev-parse --git-dir >/dev/null 2>&1; then
    "$program" install
else
    echo "this directory is no git repository; go to one and run: leakwarden install"
fi
