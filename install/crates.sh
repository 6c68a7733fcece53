#!/bin/sh
# Lists the crates whose code is in the program, with their licences: packages carry this list.
set -eu
source=$(cd "$(dirname -- "$0")/.." && pwd)
# shellcheck source=install/static.sh
. "$source/install/static.sh"
cargo tree --locked --manifest-path "$source/Cargo.toml" --target "$host" --edges normal --prefix none \
    --format '{p} {l}' | sed 's/ (\*)$//; s/ (proc-macro)//; /^leakwarden /d' | sort -u
