#!/bin/sh
# Builds leakwarden from this source, installs the program for this user, and protects the git
# repository in which it is run. Needs Rust (cargo) and git; no more.
#
#   sh /path/to/leakwarden/install/from-source.sh [--no-protect]
#
# Where the C library can be linked statically (Linux with glibc's libc.a), the program is made
# static and position-independent: it starts quicker and does not depend on the machine's libraries.
set -eu

source=$(cd "$(dirname -- "$0")/.." && pwd)
command -v cargo >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs, then run this again" >&2; exit 2; }
command -v git >/dev/null || { echo "git is missing" >&2; exit 2; }

host=$(rustc -vV | sed -n 's/^host: //p')
case "$host" in
*-linux-gnu)
    libc=$(cc -print-file-name=libc.a 2>/dev/null || echo libc.a)
    if [ "$libc" != libc.a ] && [ -e "$libc" ]; then
        RUSTFLAGS="${RUSTFLAGS-} -C target-feature=+crt-static"
        export RUSTFLAGS
    fi
    ;;
esac

# --target keeps the flags above away from build scripts and macros, which cannot be static.
cargo install --quiet --locked --force --path "$source" --target "$host"
program="${CARGO_INSTALL_ROOT:-${CARGO_HOME:-$HOME/.cargo}}/bin/leakwarden"
echo "installed $program ($("$program" --version))"

[ "${1-}" != --no-protect ] || exit 0
if git rev-parse --git-dir >/dev/null 2>&1; then
    "$program" install
else
    echo "this directory is no git repository; go to one and run: leakwarden install"
fi
