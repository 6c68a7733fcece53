#!/bin/sh
# The Debian package in a Debian: installed, used, upgraded, removed, purged, and the system is then as it
# was: every file, mode, owner and hash outside dpkg's own. Needs root and debootstrap (tests/debian.sh), and
# the release build (made if it is not there).
set -eu
source=$(cd "$(dirname "$0")/.." && pwd)
fail() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "SKIPPED: tests/deb.sh: $*"; exit 0; }
for tool in dpkg-deb chroot unshare; do command -v "$tool" >/dev/null || skip "$tool is not on this machine"; done
[ "$(id -u)" -eq 0 ] || skip "it needs root"
debian=$(sh "$source/tests/debian.sh") || skip "no Debian could be bootstrapped here"

scratch=$(mktemp -d)
trap 'rm -rf --one-file-system -- "$scratch"' EXIT
trap 'exit 130' HUP INT TERM

# --- built ---------------------------------------------------------------------------------------------

LEAKWARDEN_PROGRAM=${LEAKWARDEN_PROGRAM:-$(sh "$source/install/release.sh")}
export LEAKWARDEN_PROGRAM
if ldd "$LEAKWARDEN_PROGRAM" 2>/dev/null | grep -q '=>'; then fail "the program is not static"; fi
SOURCE_DATE_EPOCH=$(git -C "$source" log -1 --format=%ct)
export SOURCE_DATE_EPOCH
first=$(sh "$source/install/deb/build.sh" "$scratch/one")
again=$(sh "$source/install/deb/build.sh" "$scratch/two")
cmp "$first" "$again" || fail "the package is not reproducible"
version=$(dpkg-deb -f "$first" Version)
# Packed quickly: only what is in it counts.
newer=$(LEAKWARDEN_DEB_VERSION="$version+newer" LEAKWARDEN_DEB_COMPRESSION=gzip sh "$source/install/deb/build.sh" "$scratch/newer")
dpkg --compare-versions "$version+newer" gt "$version"
if command -v lintian >/dev/null; then
    lintian --allow-root --fail-on error,warning "$first" || fail "lintian objects"
else
    echo "SKIPPED: lintian is not on this machine"
fi
[ ! -e "$(dpkg-deb -e "$first" "$scratch/control" && echo "$scratch/control/postinst")" ] || fail "there is a postinst"

# --- installed, upgraded, removed, purged ---------------------------------------------------------------

root=$scratch/debian
cp -a "$debian" "$root"
# What the system's own tools write as soon as they run is written before the first look.
# Each program has a mount table and process numbers of its own, with a /proc that goes when it ends.
# The inner shell's own words.
# shellcheck disable=SC2016
within='mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
inside() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive \
        unshare --mount --pid --fork sh -c "$within" "$root" "$@"
}
inside true 2>/dev/null || skip "no namespaces and /proc of its own can be made here"
inside useradd --create-home someone
as_user() { inside setpriv --reuid=someone --regid=someone --clear-groups env HOME=/home/someone sh -euc "$1"; }
mkdir "$root/packages"
cp "$first" "$root/packages/one.deb"
cp "$newer" "$root/packages/newer.deb"
look() {
    (
        cd "$root"
        find . -path ./var/lib/dpkg -prune -o -path ./var/log/dpkg.log -prune -o -printf '%p %y %m %U:%G %l\n' | sort
        find . -path ./var/lib/dpkg -prune -o -path ./var/log/dpkg.log -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
    ) >"$1"
}
look "$scratch/before"

inside dpkg -i /packages/one.deb >"$scratch/said" 2>&1 || { cat "$scratch/said"; fail "it is not installed"; }
[ "$(stat -c '%a %U:%G' "$root/etc/leakwarden")" = '755 root:root' ] || fail "/etc/leakwarden has other rights"
[ -z "$(ls -A "$root/etc/leakwarden")" ] || fail "a policy came with the package"
[ ! -e "$root/etc/gitconfig" ] || fail "git's configuration was edited"
for file in usr/share/man/man1/leakwarden.1.gz usr/share/man/man1/leakwarden-install.1.gz \
    usr/share/bash-completion/completions/leakwarden usr/share/zsh/vendor-completions/_leakwarden \
    usr/share/fish/vendor_completions.d/leakwarden.fish usr/share/doc/leakwarden/copyright \
    usr/share/doc/leakwarden/changelog.Debian.gz usr/share/doc/leakwarden/crates.txt \
    usr/lib/systemd/user/leakwarden-guard.service; do
    [ -s "$root/$file" ] || fail "$file is missing"
done
if grep -n '@[A-Z]*@' "$root/usr/lib/systemd/user/leakwarden-guard.service"; then fail "the unit is not filled in"; fi
[ ! -e "$root/etc/systemd/user/default.target.wants/leakwarden-guard.service" ] || fail "the guard is enabled unasked"
inside dpkg --verify leakwarden || fail "dpkg finds other files than it installed"
as_user '
    cd && git init -q project && cd project
    git config user.name Someone && git config user.email someone@example.org
    leakwarden install >/dev/null
    echo hello >readme.txt && git add . && git commit -qm "nothing to hide"
    # A password in a URL, made of parts so that it does not stand here.
    printf "DATABASE_URL=postgres://app:%s%s@db.internal.corp:5432/app\n" "k8Jq2mZ" "x7LwQ" >settings.txt
    git add . && if git commit -qm "a secret" 2>../said; then exit 9; fi
    grep -q settings.txt:1: ../said && cd && rm -rf project said .local .config .cache
' || fail "the installed program does not stop a secret"

echo 'kept = "by the administrator"' >"$root/etc/leakwarden/note"
inside dpkg -i /packages/newer.deb >"$scratch/said" 2>&1 || { cat "$scratch/said"; fail "it is not upgraded"; }
# A variable of dpkg-query, not of this shell.
# shellcheck disable=SC2016
[ "$(inside dpkg-query -W -f '${Version} ${Status}' leakwarden)" = "$version+newer install ok installed" ] || fail "the version is another"
inside dpkg --verify leakwarden || fail "dpkg finds other files than it upgraded"
inside dpkg -r leakwarden >"$scratch/said" 2>&1 || { cat "$scratch/said"; fail "it is not removed"; }
[ ! -e "$root/usr/bin/leakwarden" ] || fail "the program is still there"
[ -e "$root/etc/leakwarden/note" ] || fail "what the administrator wrote is gone"
rm -r "$root/etc/leakwarden"
inside dpkg -i /packages/newer.deb >/dev/null 2>&1 || fail "it is not installed again"
inside dpkg -P leakwarden >"$scratch/said" 2>&1 || { cat "$scratch/said"; fail "it is not purged"; }
if grep -i 'warning' "$scratch/said"; then fail "dpkg warns"; fi
look "$scratch/after"
diff "$scratch/before" "$scratch/after" || fail "something is left, or changed"
if inside dpkg -s leakwarden >/dev/null 2>&1; then fail "dpkg still knows it"; fi
echo "deb: installed, upgraded, removed, purged as promised"
