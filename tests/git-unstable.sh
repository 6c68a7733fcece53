#!/bin/sh
# Provide the test-suite with the git of Debian's unstable suite (sid).
#
#   git=$(tests/git-unstable.sh) && "$git" --version
#
# Prints exactly one line on stdout: the absolute path of a wrapper script that
# runs that git on this machine's own file system (no chroot), with sid's own
# libc. Progress and errors go to stderr; on failure nothing is printed on
# stdout and the exit status is 1. A second run reuses what the first one built.
#
#   LEAKWARDEN_GIT_DIR     the folder to build
#                          (default: $HOME/.cache/leakwarden-test/git-unstable)
#   LEAKWARDEN_GIT_MIRROR  a Debian mirror's address; by default it is taken from
#                          this machine's own apt sources
#
# How: apt, with a private state folder (nothing of the system's apt is changed),
# downloads git and its libraries, checked against debian-archive-keyring; they
# are unpacked with dpkg -x, and the git programs are given the unpacked ld.so as
# their interpreter and the unpacked libraries as their run path (patchelf, also
# from sid). That makes every program of git-core work on its own, however it is
# started. Root is needed only if debian-archive-keyring must be installed first.
# Interpreters need an absolute path: to move the folder, build it again.

set -eu
exec 3>&1 1>&2          # stdout is for the answer alone
umask 022
export LC_ALL=C

name=git-unstable
marker=.leakwarden-git-unstable
scratch=
build=
old=

say() { printf '%s: %s\n' "$name" "$*" >&2; }
die() { printf '%s: error: %s\n' "$name" "$*" >&2; exit 1; }

# Called by the traps.
# shellcheck disable=SC2317,SC2329
cleanup() {
    status=$?
    trap - EXIT
    trap '' HUP INT TERM
    for d in "$scratch" "$build" "$old"; do
        if [ -n "$d" ]; then rm -rf -- "$d"; fi
    done
    if [ "$status" -ne 0 ]; then exit 1; fi
}
trap cleanup EXIT
trap 'die "interrupted"' HUP INT TERM

# The version of the git at "$1"; fails when it does not run.
git_version() {
    v=$("$1" --version 2>/dev/null) || return 1
    case $v in
        "git version "*) printf '%s\n' "${v#git version }" ;;
        *) return 1 ;;
    esac
}

# Does the folder hold a finished build of ours that runs?
usable() {
    [ -f "$dest/$marker" ] && [ -x "$dest/git" ] && version=$(git_version "$dest/git")
}

finish() {
    say "git $version ($1)"
    printf '%s\n' "$dest/git" >&3
    exit 0
}

# The reason apt gave (its first E: line, else its first W: line), for one-line messages.
reason() {
    r=$(sed -n '/^E: /{s///p;q;}' "$scratch/log")
    [ -n "$r" ] || r=$(sed -n '/^W: /{s///p;q;}' "$scratch/log")
    [ -n "$r" ] || r=$(tail -n 1 "$scratch/log")
    printf '%s' "$r"
}

# "$1" as one word of sh.
quote() { printf '%s' "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"; }

# --- the folder ---------------------------------------------------------------

dest=${LEAKWARDEN_GIT_DIR:-}
if [ -z "$dest" ]; then
    [ -n "${HOME:-}" ] || die "neither LEAKWARDEN_GIT_DIR nor HOME is set"
    dest=$HOME/.cache/leakwarden-test/git-unstable
fi
case $dest in
    *'
'*) die "the folder's name must not contain a newline" ;;
esac
case $dest in /*) ;; *) dest=$PWD/$dest ;; esac
base=$(basename -- "$dest")
case $base in /|.|..) die "not a usable folder name: $dest" ;; esac
parent=$(dirname -- "$dest")
mkdir -p -- "$parent" 2>/dev/null || die "cannot create the folder $parent"
parent=$(cd -P -- "$parent" && pwd) || die "cannot enter the folder $parent"
dest=${parent%/}/$base

if usable; then finish "already there"; fi

# Only what this script made is ever replaced.
if [ -e "$dest" ] || [ -L "$dest" ]; then
    [ -d "$dest" ] || die "$dest exists and is not a folder"
    if [ ! -f "$dest/$marker" ] && [ -n "$(ls -A -- "$dest")" ]; then
        die "$dest exists and was not made by this script; remove it or set LEAKWARDEN_GIT_DIR"
    fi
fi

for tool in apt-get dpkg dpkg-deb mktemp; do
    command -v "$tool" >/dev/null 2>&1 || die "$tool is needed (is this a Debian system?)"
done

scratch=$(mktemp -d) || die "cannot create a temporary folder"
chmod 755 "$scratch"    # apt downloads as its own user when run by root
case $scratch in
    *[!A-Za-z0-9/._+-]*) die "TMPDIR has a character apt cannot be given: $scratch" ;;
esac
build=$(mktemp -d "$dest.tmp.XXXXXX" 2>/dev/null) || die "cannot create a folder next to $dest"
chmod 755 "$build"
: >"$scratch/log"

# --- the archive keyring ------------------------------------------------------

find_keyring() {
    for keyring in /usr/share/keyrings/debian-archive-keyring.gpg \
                   /usr/share/keyrings/debian-archive-keyring.pgp; do
        if [ -s "$keyring" ]; then return 0; fi
    done
    return 1
}
if ! find_keyring; then
    if [ "$(id -u)" -ne 0 ]; then
        die "debian-archive-keyring is not installed, and installing it needs root"
    fi
    say "installing debian-archive-keyring"
    {
        DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
            install debian-archive-keyring ||
            { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
                --no-install-recommends install debian-archive-keyring; }
    } >"$scratch/log" 2>&1 </dev/null ||
        die "cannot install debian-archive-keyring: $(reason)"
    find_keyring || die "debian-archive-keyring is installed, but its keyring is not where it should be"
fi

# --- the mirror ---------------------------------------------------------------

# apt itself is asked which addresses its sources stand for (both formats of them,
# options and all); those that carry a release of Debian proper are candidates.
if [ -n "${LEAKWARDEN_GIT_MIRROR:-}" ]; then
    mirrors=${LEAKWARDEN_GIT_MIRROR%/}
else
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null | tr -dc '[:lower:]')
    mirrors=$(apt-get update --print-uris 2>/dev/null |
        sed -n "s|^'\\([^']*\\)/dists/\\([^/']*\\)/InRelease' .*|\\1 \\2|p" |
        awk -v code="$codename" '
            $1 ~ /^cdrom:/ { next }
            $2 ~ "^(sid|unstable|testing|stable|oldstable)(-updates|-backports)?$" ||
            (code != "" && ($2 == code || $2 == code "-updates" || $2 == code "-backports")) {
                if (!seen[$1]++) print $1
            }')
    [ -n "$mirrors" ] ||
        die "no Debian mirror in this machine's apt sources; set LEAKWARDEN_GIT_MIRROR"
fi

# --- a private apt ------------------------------------------------------------

arch=$(dpkg --print-architecture) || die "dpkg does not tell this machine's architecture"
mkdir -p "$scratch/etc/empty" "$scratch/lists/partial" "$scratch/cache/archives/partial"

# Nothing counts as installed, so that apt fetches every library, but for perl: the
# few perl commands of git are not needed, and would use the machine's own perl.
fake() {
    printf 'Package: %s\nStatus: install ok installed\nPriority: optional\nSection: misc\nInstalled-Size: 1\nMaintainer: none <none@localhost>\nArchitecture: %s\nMulti-Arch: %s\nVersion: 99:1\nDescription: stand-in\n\n' "$@"
}
{
    fake perl "$arch" allowed
    fake perl-base "$arch" allowed
    fake liberror-perl all foreign
} >"$scratch/status"

# This is read after the machine's own configuration (proxies, credentials and so on
# are kept); the machine's hooks, pins and foreign architectures are left out.
cat >"$scratch/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
#clear APT::Default-Release;
#clear APT::Architectures;
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Get::AllowUnauthenticated "false";
APT::Get::List-Cleanup "false";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::AllowInsecureRepositories "false";
Acquire::Retries "3";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
Dir::Etc::sourcelist "$scratch/etc/sources.list";
Dir::Etc::sourceparts "$scratch/etc/empty";
Dir::Etc::preferences "$scratch/etc/preferences";
Dir::Etc::preferencesparts "$scratch/etc/empty";
Dir::State "$scratch";
Dir::State::lists "$scratch/lists";
Dir::State::status "$scratch/status";
Dir::State::extended_states "$scratch/extended_states";
Dir::Cache "$scratch/cache";
Dir::Cache::archives "$scratch/cache/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Log "$scratch";
CONF
apt() { apt-get -c "$scratch/apt.conf" -q -y "$@" >"$scratch/log" 2>&1 </dev/null; }

mirror=
last=
while IFS= read -r m; do
    say "reading the package list of sid from $m"
    printf 'deb [arch=%s signed-by=%s target=Packages] %s sid main\n' \
        "$arch" "$keyring" "$m" >"$scratch/etc/sources.list"
    if apt update; then mirror=$m; break; fi
    last="$m: $(reason)"
done <<MIRRORS
$mirrors
MIRRORS
[ -n "$mirror" ] || die "no mirror gave a package list of sid: $last"

say "downloading git and its libraries"
apt --no-install-recommends --download-only install git patchelf ||
    die "cannot download git: $(reason)"

# --- unpack -------------------------------------------------------------------

say "unpacking"
found=
for deb in "$scratch"/cache/archives/*.deb; do
    [ -f "$deb" ] || continue
    case ${deb##*/} in
        git-man_*|perl*_*) continue ;;
        git_*) found=1 ;;
    esac
    dpkg -x "$deb" "$build" >"$scratch/log" 2>&1 || die "cannot unpack ${deb##*/}: $(reason)"
    rm -f -- "$deb"
done
[ -n "$found" ] || die "apt downloaded no git"

core=usr/lib/git-core
templates=usr/share/git-core/templates
if [ ! -x "$build/usr/bin/git" ] || [ ! -d "$build/$core" ] || [ ! -d "$build/$templates" ]; then
    die "sid's git package is laid out in an unexpected way"
fi

# The multiarch folder with libc and ld.so in it.
libs=
for f in "$build"/usr/lib/*/libc.so.6; do
    if [ -e "$f" ]; then libs=${f%/*}; libs=${libs#"$build/"}; fi
done
[ -n "$libs" ] || die "sid's libc package is laid out in an unexpected way"
triplet=${libs##*/}
ldso=
for f in "$build/$libs"/ld-linux*.so.* "$build/$libs"/ld*.so.*; do
    if [ -z "$ldso" ] && [ -x "$f" ] && "$f" --version >/dev/null 2>&1; then
        ldso=$libs/${f##*/}
    fi
done
[ -n "$ldso" ] || die "sid's ld.so does not run on this machine"

# --- make the programs independent of the machine's libc ----------------------

# Run a program of the build before it is at its final place.
run() {
    prog=$1
    shift
    "$build/$ldso" --library-path "$build/$libs" "$build/$prog" "$@"
}
[ -n "$(run usr/bin/patchelf --version 2>/dev/null)" ] || die "sid's patchelf does not run on this machine"

# DT_RPATH (not RUNPATH) also serves the libraries' own libraries. Both spellings are
# in it, as some programs are in usr/bin and in git-core; symbolic links need nothing,
# $ORIGIN being the real file's folder.
# shellcheck disable=SC2016
rpath='$ORIGIN/../lib/'$triplet:'$ORIGIN/../'$triplet
for f in "$build"/usr/bin/* "$build/$core"/*; do
    if [ ! -f "$f" ] || [ -L "$f" ]; then continue; fi
    f=${f#"$build/"}
    [ "$f" != usr/bin/patchelf ] || continue
    # Scripts have no interpreter of this kind; a hard link may have been done already.
    now=$(run usr/bin/patchelf --print-interpreter "$build/$f" 2>/dev/null) || continue
    [ "$now" != "$dest/$ldso" ] || continue
    run usr/bin/patchelf --set-interpreter "$dest/$ldso" --force-rpath --set-rpath "$rpath" \
        "$build/$f" >"$scratch/log" 2>&1 || die "patchelf fails on $f: $(reason)"
done

# The programs that are in both folders become one file again.
for f in "$build"/usr/bin/*; do
    twin=$build/$core/${f##*/}
    if [ -f "$twin" ] && [ ! -L "$f" ] && [ ! -L "$twin" ] && cmp -s -- "$f" "$twin"; then
        ln -f -- "$f" "$twin" 2>/dev/null || :    # two equal copies do as well
    fi
done

# Not needed at run time (the compiled-in paths of all this are the machine's anyway).
find "$build/usr/share" -mindepth 1 -maxdepth 1 ! -name git-core -exec rm -rf -- {} +
find "$build" -mindepth 1 -maxdepth 1 ! -name usr -exec rm -rf -- {} +
rm -rf -- "$build/usr/bin/patchelf" "$build/usr/sbin" "$build/$libs/gconv" "$build/usr/lib/systemd"

# --- the wrapper --------------------------------------------------------------

# GIT_TEMPLATE_DIR outranks init.templateDir, so it is left out where that is set.
{
    printf '#!/bin/sh\n# Made by the script git-unstable.sh. Runs the git in this folder.\n'
    printf 'root=%s\n' "$(quote "$dest")"
    cat <<'WRAPPER'
GIT_EXEC_PATH=$root/usr/lib/git-core
export GIT_EXEC_PATH
if [ -z "${GIT_TEMPLATE_DIR+set}" ]; then
    look= own=
    for arg in "$@"; do
        case $arg in
            init | init-db | clone | submodule | pull) look=1 ;;
            [Ii]nit.[Tt]emplate[Dd]ir=* | *=[Ii]nit.[Tt]emplate[Dd]ir=*) own=1 ;;
        esac
    done
    if [ -n "$look" ] && [ -z "$own" ] &&
        "$root/usr/bin/git" config --get init.templateDir >/dev/null 2>&1; then
        own=1
    fi
    if [ -z "$own" ]; then
        GIT_TEMPLATE_DIR=$root/usr/share/git-core/templates
        export GIT_TEMPLATE_DIR
    fi
fi
exec "$root/usr/bin/git" "$@"
WRAPPER
} >"$build/git"
chmod 755 "$build/git"

built=$(run usr/bin/git --version 2>/dev/null) || built=
case $built in
    "git version "*) ;;
    *) die "sid's git does not run on this machine" ;;
esac
printf '%s\n' "$built" >"$build/$marker"

# --- put it in its place ------------------------------------------------------

# Another run may have been faster.
if usable; then finish "built meanwhile by another run"; fi
if [ -f "$dest/$marker" ]; then
    old=$(mktemp -d "$dest.tmp.XXXXXX") || die "cannot create a folder next to $dest"
    mv -T -- "$dest" "$old" 2>/dev/null || die "cannot replace $dest"
fi
if mv -T -- "$build" "$dest" 2>/dev/null; then
    build=
    usable || { build=$dest; die "the git built in $dest does not run"; }
    finish "built"
fi
usable || die "cannot rename the build to $dest"
finish "built meanwhile by another run"
