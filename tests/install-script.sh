#!/bin/sh
# install/install.sh against a server on this machine that holds a real archive of a release: the good
# one, and all that can be wrong with it. Needs python3, and the release build (made if it is not there).
set -eu
source=$(cd "$(dirname "$0")/.." && pwd)
script=$source/install/install.sh
scratch=$(mktemp -d)
server=
cleanup() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || :
    rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' HUP INT TERM
fail() { echo "FAILED: $*" >&2; exit 1; }

case $(uname -s)-$(uname -m) in
    Linux-x86_64) system=x86_64-linux ;;
    Linux-aarch64) system=aarch64-linux ;;
    *) echo "SKIPPED: tests/install-script.sh knows Linux only"; exit 0 ;;
esac

program=${LEAKWARDEN_PROGRAM:-$(sh "$source/install/release.sh")}
LEAKWARDEN_PROGRAM=$program
export LEAKWARDEN_PROGRAM
version=$("$program" --version)
version=${version#leakwarden }
archive=leakwarden-$system.tar.gz
served=$scratch/served
good=$served/good/download/v$version
mkdir -p "$good"
SOURCE_DATE_EPOCH=1700000000 sh "$source/install/archive.sh" "$system" "$good" >/dev/null
SOURCE_DATE_EPOCH=1700000000 sh "$source/install/archive.sh" "$system" "$scratch/again" >/dev/null
cmp "$good/$archive" "$scratch/again/$archive" || fail "the archive is not reproducible"
(cd "$good" && sha256sum --quiet -c "$archive.sha256")

# A case is a folder like a release's: `latest` and the version, from the good one by a change.
make() {
    mkdir -p "$served/$1/download/v$version" "$served/$1/latest"
    cp "$good/$archive" "$good/$archive.sha256" "$served/$1/download/v$version/"
    (cd "$served/$1/download/v$version" && eval "$2")
    cp -r "$served/$1/download/v$version" "$served/$1/latest/download"
}
# The changes are for the shell of `make`.
# shellcheck disable=SC2016
{
    mkdir -p "$served/good/latest" && cp -r "$good" "$served/good/latest/download"
    make wrong 'tr 0-9a-f 1-9a-f0 <"$archive.sha256" >x && mv x "$archive.sha256"'
    make unnamed 'rm "$archive.sha256"'
    make empty ': >"$archive.sha256"'
    make page 'echo "<html>not found</html>" >"$archive.sha256"'
    make torn 'head -c 100000 "$archive" >x && mv x "$archive"'
    make absent 'rm "$archive"'
    make changed 'printf x >>"$archive"'
    # Rightly summed, and still not what it says.
    make hollow 'head -c 1000 "$archive" >x && mv x "$archive" && sha256sum "$archive" >"$archive.sha256"'
    make broken 'd=leakwarden-$system && mkdir $d && echo x >$d/leakwarden && tar -czf "$archive" $d && rm -r $d &&
        sha256sum "$archive" >"$archive.sha256"'
    make other 'mkdir o && echo x >o/f && tar -czf "$archive" o && rm -r o && sha256sum "$archive" >"$archive.sha256"'
}
# Made here: the server's shell may come to open it later than it is read below.
: >"$scratch/port"
(cd "$served" && exec python3 -u -m http.server --bind 127.0.0.1 0) >>"$scratch/port" 2>"$scratch/requests" &
server=$!
port=
tries=0
while [ -z "$port" ] && [ "$tries" -lt 300 ]; do
    sleep 0.1
    tries=$((tries + 1))
    port=$(sed -n 's/.* port \([0-9]*\).*/\1/p' "$scratch/port")
done
[ -n "$port" ] || fail "the server does not start"

# Runs the script as `curl | sh` does: $1 the case, then NAME=VALUE for its environment. All that it may write
# to is below $scratch/place.
run() {
    kind=$1
    shift
    rm -rf "$scratch/place/tmp"
    mkdir -p "$scratch/place/tmp" "$scratch/place/home"
    env -i PATH="$PATH" HOME="$scratch/place/home" TMPDIR="$scratch/place/tmp" \
        LEAKWARDEN_BASE_URL="http://127.0.0.1:$port/$kind" "$@" "${shell:-sh}" <"$script" >"$scratch/said" 2>&1
}
everything() { (cd "$scratch/place" && find . -mindepth 1 | sort); }
passes() { run "$@" || { cat "$scratch/said" >&2; fail "case $1 does not install"; }; }
# $1 the case, $2 what is to be said, then NAME=VALUE.
refuses() {
    rm -rf "$scratch/place"
    why=$2
    case=$1
    shift 2
    if run "$case" "$@"; then fail "case $case installs"; fi
    [ "$(everything | tr '\n' ' ')" = './home ./tmp ' ] || { everything >&2; fail "case $case leaves something behind"; }
    grep -q "$why" "$scratch/said" || { cat "$scratch/said" >&2; fail "case $case is not explained"; }
}

for shell in sh bash; do
    rm -rf "$scratch/place"
    passes good
    [ "$("$scratch/place/home/.local/bin/leakwarden" --version)" = "leakwarden $version" ] || fail "no program"
    [ "$(find "$scratch/place" -type f | wc -l)" = 1 ] || fail "more than the program is left"
    grep -q 'is not on PATH' "$scratch/said" || fail "nobody says that it is not on PATH"
    # Again, by its version, over an older one, where PATH has it.
    echo older >"$scratch/place/home/.local/bin/leakwarden"
    passes good LEAKWARDEN_VERSION="v$version" PATH="$scratch/place/home/.local/bin:$PATH"
    cmp "$program" "$scratch/place/home/.local/bin/leakwarden" || fail "the older one is not replaced"
    if grep -q 'not on PATH' "$scratch/said"; then fail "it is on PATH"; fi
done
shell='sh'
passes good LEAKWARDEN_INSTALL_DIR="$scratch/place/a folder/bin"
[ -x "$scratch/place/a folder/bin/leakwarden" ] || fail "LEAKWARDEN_INSTALL_DIR does not count"
# With wget alone, and without either.
tools=$scratch/tools
mkdir "$tools"
for tool in sh env uname mktemp rm head cut tr tar gzip mkdir cp mv chmod cat sha256sum; do
    ln -s "$(command -v "$tool")" "$tools/$tool"
done
if run good PATH="$tools"; then fail "it installs without curl and wget"; fi
grep -q 'neither curl nor wget' "$scratch/said"
if command -v wget >/dev/null; then
    ln -s "$(command -v wget)" "$tools/wget"
    rm -rf "$scratch/place"
    passes good PATH="$tools"
    rm "$tools/sha256sum"
    if run good PATH="$tools"; then fail "it installs what cannot be verified"; fi
    grep -q 'neither sha256sum nor shasum' "$scratch/said"
    if command -v shasum >/dev/null && command -v perl >/dev/null; then
        ln -s "$(command -v shasum)" "$tools/shasum"
        ln -s "$(command -v perl)" "$tools/perl"
        passes good PATH="$tools"
    fi
else
    echo "SKIPPED: wget is not on this machine"
fi

refuses wrong 'checksum .* is wrong'
refuses unnamed 'cannot download .*sha256'
refuses empty 'holds no SHA-256'
refuses page 'holds no SHA-256'
refuses torn 'checksum .* is wrong'
refuses changed 'checksum .* is wrong'
refuses absent 'cannot download .*tar.gz'
refuses nowhere 'cannot download'
refuses hollow 'cannot unpack'
refuses other 'holds no program'
refuses broken 'does not run'
mv "$served/good/download/v$version" "$served/good/download/v9.9.8"
refuses good 'not version 9.9.8' LEAKWARDEN_VERSION=9.9.8
mv "$served/good/download/v9.9.8" "$served/good/download/v$version"
rm -rf "$scratch/place"
if run good LEAKWARDEN_VERSION=9.9.9; then fail "a version that is not there installs"; fi
if run good LEAKWARDEN_VERSION='1;x'; then fail "a version that is none is tried"; fi
# What is there stays as it is where the new one is refused.
mkdir -p "$scratch/place/home/.local/bin"
echo older >"$scratch/place/home/.local/bin/leakwarden"
if run wrong; then fail "case wrong installs"; fi
[ "$(cat "$scratch/place/home/.local/bin/leakwarden")" = older ] || fail "the older one is gone"
[ "$(find "$scratch/place" -type f | wc -l)" = 1 ] || fail "something is left beside the older one"

# Broken off after each line and after many bytes, it does nothing: no request, no file.
: >"$scratch/requests"
whole=$script
size=$(wc -c <"$whole")
# Up to the word on the last line; from there on the script is whole.
last=$((size - $(tail -n 1 "$whole" | wc -c) + 17))
lines=$(wc -l <"$whole")
script=$scratch/cut
cuts=0
nothing() {
    cuts=$((cuts + 1))
    rm -rf "$scratch/place"
    run good || :
    [ "$(everything | tr '\n' ' ')" = './home ./tmp ' ] || fail "broken off after $1, it leaves something"
    [ ! -s "$scratch/requests" ] || fail "broken off after $1, it asks for something"
}
line=0
while [ "$line" -lt "$lines" ]; do
    head -n "$line" "$whole" >"$script"
    nothing "line $line"
    line=$((line + 1))
done
at=0
while [ "$at" -le "$last" ]; do
    head -c "$at" "$whole" >"$script"
    nothing "byte $at"
    # All of the end, where the call stands; elsewhere some.
    if [ "$at" -ge $((last - 120)) ]; then at=$((at + 1)); else at=$((at + 41)); fi
done
echo "install script: good, refused and broken off ($cuts times) as promised"
