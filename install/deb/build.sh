#!/bin/sh
# Builds leakwarden_VERSION_ARCHITECTURE.deb from a static release build of this source:
#
#   sh install/deb/build.sh [DIR]          DIR: where it goes; default: .
#
#   LEAKWARDEN_PROGRAM          the program, if it is built already; it must run on this machine
#   LEAKWARDEN_DEB_VERSION      the package's version (default: the program's, with -1)
#   LEAKWARDEN_DEB_COMPRESSION  as dpkg-deb knows it (default: xz)
#   LEAKWARDEN_MAINTAINER       Name <address>
#   SOURCE_DATE_EPOCH           the time of all files (default: the last commit's)
#
# Needs dpkg-deb, no root. The same program and time give the same bytes. The package has no postinst: it
# edits no configuration of git, and brings no policy.
set -eu
umask 022
export LC_ALL=C
source=$(cd "$(dirname -- "$0")/../.." && pwd)
mkdir -p "${1:-.}"
out=$(cd "${1:-.}" && pwd)
program=${LEAKWARDEN_PROGRAM:-$(sh "$source/install/release.sh")}
upstream=$("$program" --version)
version=${LEAKWARDEN_DEB_VERSION:-${upstream#leakwarden }-1}
maintainer=${LEAKWARDEN_MAINTAINER:-leakwarden <leakwarden@users.noreply.github.com>}
architecture=$(dpkg --print-architecture)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$source" log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
date=$(date -u -R -d "@$SOURCE_DATE_EPOCH")

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' HUP INT TERM
tree=$scratch/tree
docs=$tree/usr/share/doc/leakwarden
mkdir -p "$tree/DEBIAN" "$tree/usr/bin" "$tree/usr/share/man/man1" "$docs" "$tree/etc/leakwarden" \
    "$tree/usr/share/lintian/overrides"

install -m 755 "$program" "$tree/usr/bin/leakwarden"
"$program" generate man --out "$tree/usr/share/man/man1"
"$program" generate bash --out "$tree/usr/share/bash-completion/completions"
"$program" generate zsh --out "$tree/usr/share/zsh/vendor-completions"
"$program" generate fish --out "$tree/usr/share/fish/vendor_completions.d"

install -D -m 755 -t "$tree/usr/share/leakwarden/mdm" "$source/install/mdm/detect.sh" "$source/install/mdm/remediate.sh"
install -m 644 "$source/install/mdm/coverage.sql" "$tree/usr/share/leakwarden/mdm"
# What docs/fleet.md begins with. Not in /usr/share/doc, which container images leave out.
for kind in policies rsyslog logrotate; do
    install -D -m 644 -t "$tree/usr/share/leakwarden/examples/$kind" "$source/install/$kind"/*
done

# What `leakwarden install --system` includes in the system configuration of every git.
"$program" generate hooks --out "$tree/usr/share/leakwarden/git" --for /usr/share/leakwarden/git --binary /usr/bin/leakwarden

# The guard of every user, not enabled; no account of the system's own needs one.
mkdir -p "$tree/usr/lib/systemd/user"
sed -e '/^# leakwarden-guard v/d' -e 's|@BINARY@|/usr/bin/leakwarden|' -e '/^Documentation=/a ConditionUser=!@system' \
    "$source/install/guard/leakwarden-guard.service" >"$tree/usr/lib/systemd/user/leakwarden-guard.service"

cp "$source/CHANGELOG.md" "$docs/changelog"
sh "$source/install/crates.sh" >"$docs/crates.txt"
{
    printf 'leakwarden (%s) unstable; urgency=medium\n\n' "$version"
    printf '  * Release %s; what changed is in changelog.gz.\n\n' "${upstream#leakwarden }"
    printf ' -- %s  %s\n' "$maintainer" "$date"
} >"$docs/changelog.Debian"
{
    cat <<'COPYRIGHT'
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: leakwarden
Source: https://github.com/leakwarden/leakwarden
Comment: The program is linked with the crates that crates.txt, beside this file, lists with their licences.

Files: *
COPYRIGHT
    sed -n 's/^Copyright (c) /Copyright: /p' "$source/LICENSE-MIT"
    cat <<'COPYRIGHT'
License: Expat or Apache-2.0

License: Apache-2.0
 On Debian systems the text of the Apache License, version 2.0, is in
 /usr/share/common-licenses/Apache-2.0.

License: Expat
COPYRIGHT
    sed -n '/^Permission is/,$ { s/^$/./; s/^/ /; p; }' "$source/LICENSE-MIT"
} >"$docs/copyright"
cp "$source/install/deb/lintian-overrides" "$tree/usr/share/lintian/overrides/leakwarden"
find "$tree/usr/share/man" "$docs/changelog" "$docs/changelog.Debian" -type f -exec gzip -9n {} +

install -m 755 "$source/install/deb/prerm" "$tree/DEBIAN/prerm"
find "$tree" -path "$tree/DEBIAN" -prune -o -type d -exec chmod 755 {} +
(cd "$tree" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
cat >"$tree/DEBIAN/control" <<CONTROL
Package: leakwarden
Version: $version
Section: vcs
Priority: optional
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $(du -k -s --apparent-size --exclude=DEBIAN "$tree" | cut -f 1)
Recommends: git
Homepage: https://github.com/leakwarden/leakwarden
Description: keeps credentials out of git
 leakwarden is a hook for git. It reads what is about to be committed and
 either stays silent or stops the commit with a finding that says where, what,
 why, how to take it out and how to rotate it.
 .
 It runs without a network; what it cannot scan, it says, and blocks.
CONTROL

find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
file=leakwarden_${version}_$architecture.deb
dpkg-deb --root-owner-group "-Z${LEAKWARDEN_DEB_COMPRESSION:-xz}" --build "$tree" "$scratch/$file" >/dev/null
mv "$scratch/$file" "$out/$file"
printf '%s\n' "$out/$file"
