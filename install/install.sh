#!/bin/sh
# Installs a released leakwarden for this user; nothing is run as root, no package manager is touched.
#
#   curl -fsSL https://github.com/leakwarden/leakwarden/releases/latest/download/install.sh | sh
#
#   LEAKWARDEN_VERSION      the release, such as 0.1.0 (default: the latest)
#   LEAKWARDEN_INSTALL_DIR  where the program goes (default: ~/.local/bin)
#   LEAKWARDEN_BASE_URL     where releases are; below it: latest/download/FILE and download/vVERSION/FILE
#
# An archive counts only if its SHA-256 is the one in the file beside it. The program replaces an older one
# in one step. Where anything fails, nothing is left behind and the exit status is not 0.

# All of it is one function that the last line calls: a download that breaks off runs nothing.
leakwarden_install() {
    set -eu
    umask 022
    export LC_ALL=C
    scratch=
    new=
    made=

    say() { printf 'leakwarden: %s\n' "$*" >&2; }
    die() { say "$*"; exit 1; }
    # shellcheck disable=SC2317,SC2329 # called by the traps
    cleanup() {
        status=$?
        trap - EXIT
        [ -z "$scratch" ] || rm -rf -- "$scratch"
        [ -z "$new" ] || rm -f -- "$new"
        # Folders that were made for nothing go, from the lowest up.
        while [ -n "$made" ] && rmdir -- "$folder" 2>/dev/null && [ "$folder" != "$made" ]; do folder=${folder%/*}; done
        exit "$status"
    }
    trap cleanup EXIT
    trap 'exit 130' HUP INT TERM

    version=${LEAKWARDEN_VERSION:-}
    version=${version#v}
    case $version in
        *[!0-9A-Za-z.+-]*) die "LEAKWARDEN_VERSION is no version: it may hold digits, letters, dots, plus and minus" ;;
    esac
    base=${LEAKWARDEN_BASE_URL:-https://github.com/leakwarden/leakwarden/releases}
    base=${base%/}
    folder=${LEAKWARDEN_INSTALL_DIR:-}
    if [ -z "$folder" ]; then
        [ -n "${HOME:-}" ] || die "HOME is not set: say with LEAKWARDEN_INSTALL_DIR where the program goes"
        folder=$HOME/.local/bin
    fi
    case $folder in
        /*) ;;
        *) folder=$PWD/$folder ;;
    esac
    folder=${folder%/}

    system=$(uname -s)
    machine=$(uname -m)
    case $machine in
        x86_64 | amd64) machine=x86_64 ;;
        aarch64 | arm64) machine=aarch64 ;;
        *) die "there is no release for $machine; build from source: install/from-source.sh" ;;
    esac
    case $system in
        Linux) target=$machine-linux ;;
        Darwin)
            # A shell that is translated on Apple's own processor says x86_64.
            if [ "$(sysctl -n hw.optional.arm64 2>/dev/null || echo 0)" = 1 ]; then machine=aarch64; fi
            target=$machine-macos
            ;;
        *) die "there is no release for $system here; on Windows take the zip file from $base" ;;
    esac
    archive=leakwarden-$target.tar.gz
    if [ -n "$version" ]; then place=$base/download/v$version; else place=$base/latest/download; fi

    if command -v curl >/dev/null 2>&1; then
        fetch=curl
    elif command -v wget >/dev/null 2>&1; then
        fetch=wget
    else
        die "neither curl nor wget is here: one of them is needed"
    fi
    if command -v sha256sum >/dev/null 2>&1; then
        digest() { sha256sum <"$1" | cut -d ' ' -f 1; }
    elif command -v shasum >/dev/null 2>&1; then
        digest() { shasum -a 256 <"$1" | cut -d ' ' -f 1; }
    else
        die "neither sha256sum nor shasum is here: without them the download cannot be verified"
    fi
    download() {
        if [ "$fetch" = wget ]; then
            wget -q -O "$2" -- "$1" || die "cannot download $1"
            return
        fi
        # What is asked for by https is not fetched without it after a redirection.
        case $1 in https:*) only='=https' ;; *) only='=http,https,file' ;; esac
        curl --proto "$only" -fsSL --retry 2 -o "$2" -- "$1" || die "cannot download $1"
    }

    scratch=$(mktemp -d) || die "cannot make a temporary folder"
    download "$place/$archive" "$scratch/$archive"
    download "$place/$archive.sha256" "$scratch/$archive.sha256"

    # The file holds the digest and perhaps the name, as sha256sum writes it.
    wanted=$(head -n 1 "$scratch/$archive.sha256" | cut -d ' ' -f 1 | tr 'A-F' 'a-f')
    case $wanted in
        *[!0-9a-f]*) die "$archive.sha256 holds no SHA-256; nothing was installed" ;;
    esac
    [ "${#wanted}" -eq 64 ] || die "$archive.sha256 holds no SHA-256; nothing was installed"
    found=$(digest "$scratch/$archive")
    [ "$wanted" = "$found" ] ||
        die "the checksum of $archive is wrong; nothing was installed
  expected $wanted
  found    $found"

    mkdir "$scratch/unpacked"
    # -o: the files are this user's, whoever packed them.
    tar -xzof "$scratch/$archive" -C "$scratch/unpacked" || die "cannot unpack $archive"
    program=$scratch/unpacked/leakwarden-$target/leakwarden
    { [ -f "$program" ] && [ ! -L "$program" ] && [ ! -L "${program%/*}" ]; } || die "$archive holds no program where it should"
    [ ! -d "$folder/leakwarden" ] || die "$folder/leakwarden is a folder; set LEAKWARDEN_INSTALL_DIR"
    above=$folder
    while [ ! -e "$above" ] && [ -n "$above" ]; do
        made=$above
        above=${above%/*}
    done
    mkdir -p -- "$folder" || die "cannot make the folder $folder"
    # Copied beside the old one first, and renamed: a hook that runs meanwhile meets the old or the new. It is
    # tried there too, since programs may not run from every temporary folder.
    new=$(mktemp "$folder/.leakwarden.XXXXXX") || die "cannot write to $folder; set LEAKWARDEN_INSTALL_DIR"
    cp -- "$program" "$new" || die "cannot write to $folder"
    chmod 755 "$new"
    shown=$("$new" --version) || die "the program of $archive does not run on this machine; nothing was installed"
    if [ -n "$version" ] && [ "$shown" != "leakwarden $version" ]; then
        die "$archive holds '$shown', not version $version; nothing was installed"
    fi
    mv -f -- "$new" "$folder/leakwarden" || die "cannot replace $folder/leakwarden"
    made=
    new=
    say "installed $folder/leakwarden ($shown)"

    case :${PATH:-}: in
        *:"$folder":*)
            first=$(command -v leakwarden || :)
            if [ "$first" != "$folder/leakwarden" ]; then
                say "another one comes first on PATH: $first"
            fi
            ;;
        *)
            say "$folder is not on PATH; add this line to ~/.profile or to your shell's own file:"
            # shellcheck disable=SC2016 # the line is to hold $PATH
            printf '  export PATH="%s:$PATH"\n' "$folder" >&2
            ;;
    esac
    say "next, in a repository: leakwarden install"
}

leakwarden_install "$@"
