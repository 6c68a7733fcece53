#!/bin/sh
# Packs the archive of a release, as install/install.sh expects it, with its SHA-256 beside it:
#
#   sh install/archive.sh SYSTEM [DIR]     SYSTEM such as x86_64-linux or aarch64-macos; DIR: default .
#
# The program is built first, or given in LEAKWARDEN_PROGRAM; it must run on this machine. The same source
# and SOURCE_DATE_EPOCH (default: the last commit's time) give the same bytes where tar is GNU's.
set -eu
umask 022
source=$(cd "$(dirname -- "$0")/.." && pwd)
system=${1:?say for which system: x86_64-linux, aarch64-linux, x86_64-macos, aarch64-macos, x86_64-windows}
mkdir -p "${2:-.}"
out=$(cd "${2:-.}" && pwd)
program=${LEAKWARDEN_PROGRAM:-$(sh "$source/install/release.sh")}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$source" log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' HUP INT TERM
name=leakwarden-$system
folder=$scratch/$name
mkdir "$folder"
for file in README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE; do cp "$source/$file" "$folder/"; done
sh "$source/install/crates.sh" >"$folder/crates.txt"
"$program" generate man --out "$folder/man"
for shell in bash zsh fish powershell; do "$program" generate "$shell" --out "$folder/completions"; done
case $program in
    *.exe) cp "$program" "$folder/leakwarden.exe" ;;
    *) cp "$program" "$folder/leakwarden" ;;
esac

case $system in
    *-windows)
        file=$name.zip
        # Windows' own tar writes zip files; the one that comes with git does not.
        (cd "$scratch" && "${SYSTEMROOT:?only Windows packs for Windows}/System32/tar.exe" -a -c -f "$file" "$name")
        ;;
    *)
        file=$name.tar.gz
        if tar --version 2>/dev/null | grep -q 'GNU tar'; then
            tar -c -C "$scratch" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
                --mode=u+rw,go+r,go-w "$name" | gzip -9n >"$scratch/$file"
        else
            tar -c -C "$scratch" "$name" | gzip -9n >"$scratch/$file"
        fi
        ;;
esac
cd "$scratch"
if command -v sha256sum >/dev/null; then sha256sum "$file"; else shasum -a 256 "$file"; fi >"$file.sha256"
mv "$file" "$file.sha256" "$out/"
printf '%s\n' "$out/$file"
