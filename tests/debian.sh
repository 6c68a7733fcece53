#!/bin/sh
# Provides tests with a small Debian that has git, and what a fleet's machine has besides (rsyslog, logrotate,
# python3 with apt for Ansible), to be copied and used with chroot:
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

packages=git,rsyslog,logrotate,python3,python3-apt
folder=${LEAKWARDEN_DEBIAN_DIR:-${HOME:?neither LEAKWARDEN_DEBIAN_DIR nor HOME is set}/.cache/leakwarden-test/debian}
marker=.leakwarden-debian-$suite
if [ -f "$folder/$marker" ] && [ "$(cat "$folder/$marker")" = "$packages" ]; then
    printf '%s\n' "$folder" >&3
    exit 0
fi
[ "$(id -u)" -eq 0 ] || die "root is needed"
PATH=$PATH:/usr/sbin:/sbin
command -v debootstrap >/dev/null || die "debootstrap is not installed"
[ ! -e "$folder" ] || [ -f "$folder/$marker" ] || die "$folder exists and was not made by this script; remove it or set LEAKWARDEN_DEBIAN_DIR"
mkdir -p "$(dirname -- "$folder")"
build=$(mktemp -d "$folder.tmp.XXXXXX")
# Nothing of it is mounted here; were something, it would not be deleted through the mount.
trap 'rm -rf --one-file-system -- "$build" "$build.old"' EXIT
trap 'exit 130' HUP INT TERM
echo "debian: bootstrapping $suite (a minute or two, once)"
debootstrap --variant=minbase "--include=$packages" "$suite" "$build" ${LEAKWARDEN_DEBIAN_MIRROR:+"$LEAKWARDEN_DEBIAN_MIRROR"} \
    >"$build.log" 2>&1 || { tail -n 5 "$build.log"; rm -f "$build.log"; die "debootstrap failed"; }
rm -f "$build.log"
rm -rf "$build"/var/cache/apt/archives/*.deb "$build"/var/lib/apt/lists/*
chmod 755 "$build"
echo "$packages" >"$build/$marker"
# One with other packages gives way; whoever is copying it meanwhile reads it to the end or fails.
if [ -e "$folder" ]; then mv -T -- "$folder" "$build.old"; fi
mv -T -- "$build" "$folder" || die "cannot rename the build to $folder"
printf '%s\n' "$folder" >&3
