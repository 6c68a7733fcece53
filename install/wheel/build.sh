#!/bin/sh
# Builds the wheel with maturin and prints its path:
#
#   sh install/wheel/build.sh [DIR]        DIR: where it goes; default: .
#
# maturin is taken from PATH. The program is built as install/release.sh builds it, in the same folder, so what
# is built already serves here too.
set -eu
source=$(cd "$(dirname -- "$0")/../.." && pwd)
command -v maturin >/dev/null || { echo "maturin is missing: pipx install maturin" >&2; exit 2; }
mkdir -p "${1:-.}"
out=$(cd "${1:-.}" && pwd)
# shellcheck source=install/static.sh
. "$source/install/static.sh"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$source" log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' HUP INT TERM
cd "$source/install/wheel"
maturin build --release --locked --target "$host" --out "$scratch" >&2
for wheel in "$scratch"/*.whl; do
    mv "$wheel" "$out/"
    printf '%s\n' "$out/${wheel##*/}"
done
