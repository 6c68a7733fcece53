#!/bin/sh
# Builds the released program, static where that is possible, and prints its path. What is up to date is
# not built again; install/from-source.sh builds the same, so one of them serves the other.
#
#   program=$(sh install/release.sh)
set -eu
source=$(cd "$(dirname -- "$0")/.." && pwd)
# shellcheck source=install/static.sh
. "$source/install/static.sh"
cargo build --quiet --release --locked --bin leakwarden --target "$host" --manifest-path "$source/Cargo.toml" >&2
target=$(cargo metadata --format-version 1 --no-deps --manifest-path "$source/Cargo.toml" |
    sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p' | sed 's|\\\\|/|g')
program=$target/$host/release/leakwarden
[ -x "$program" ] || program=$program.exe
printf '%s\n' "$program"
