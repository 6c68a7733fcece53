#!/bin/sh
# Provides tests with a small Debian that has git, to be copied and used with chroot:
#
#   folder=$(tests/debian.sh) && cp -a "$folder" "$scratch/debian"
#
# Prints the folder's path, and nothing else, on standard output. A second run reuses what the first one
# built. Needs root and debootstrap; where it cannot be built the exit status is 1.
#
#   LEAKWARDEN_DEBIAN_DIR     the folder (default: $HOME/.cache/leakwarden-test/debian)
#   LEAKWARDEN_DEBIAN_MIRROR  a Debian mirror's address (default: debootstrap's own)
set -eu
exec 3>&1 1>&2          # stdout is for the answer alone
umask 022
suite=bookworm
die() { printf 'debian: error: %s\n' "$*" >&2; exit 1; }

folder=${LEAKWARDEN_DEBIAN_DIR:-${HOME:?neither LEAKWARDEN_DEBIAN_DIR nor HOME is set}/.cache/leakwarden-test/debian}
marker=.leakwarden-debian-$suite
if [ -f "$folder/$marker" ]; then
    printf '%s\n' "$folder" >&3
    exit 0
fi
[ "$(id -u)" -eq 0 ] || die "root is needed"
PATH=$PATH:/usr/sbin:/sbin
command -v debootstrap >/dev/null || die "debootstrap is not installed"
[ ! -e "$folder" ] || die "$folder exists and was not made by this script; remove it or set LEAKWARDEN_DEBIAN_DIR"
mkdir -p "$(dirname -- "$folder")"
build=$(mktemp -d "$folder.tmp.XXXXXX")
# Nothing of it is mounted here; were something, it would not be deleted through the mount.
trap 'rm -rf --one-file-system -- "$build"' EXIT
trap 'exit 130' HUP INT TERM
echo "debian: bootstrapping $suite (a minute or two, once)"
debootstrap --variant=minbase --include=git "$suite" "$build" ${LEAKWARDEN_DEBIAN_MIRROR:+"$LEAKWARDEN_DEBIAN_MIRROR"} \
    >"$build.log" 2>&1 || { tail -n 5 "$build.log"; rm -f "$build.log"; die "debootstrap failed"; }
rm -f "$build.log"
rm -rf "$build"/var/cache/apt/archives/*.deb "$build"/var/lib/apt/lists/*
chmod 755 "$build"
: >"$build/$marker"
mv -T -- "$build" "$folder" || die "cannot rename the build to $folder"
printf '%s\n' "$folder" >&3
