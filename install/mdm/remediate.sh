#!/bin/sh
# Mends what can be mended safely, and then says what detect.sh says, with its exit codes.
#
#   remediate.sh [--template] [what detect.sh takes]
#
#   as root                 keeps the policy, puts the hooks into the system's configuration of every git, and
#                           refreshes them
#   --as USER --all FOLDER  besides, hooks in the repositories below FOLDER that nothing else covers
#   --as USER --template    besides, hooks for that account's new clones: for gits before 2.54
#
# It puts no leakwarden on the machine; packages do. LEAKWARDEN_DETECT: where detect.sh is, if not beside this.
set -u
umask 022
PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
export PATH LC_ALL=C
detect=${LEAKWARDEN_DETECT:-$(dirname -- "$0")/detect.sh}
[ -r "$detect" ] || { echo "remediate.sh: $detect is not there; LEAKWARDEN_DETECT names it" >&2; exit 2; }
user='' all='' template='' last=''
for word in "$@"; do
    case $last in
        --as) user=$word ;;
        --all) all=$word ;;
    esac
    if [ "$word" = --template ]; then template=yes; fi
    last=$word
done
program=${LEAKWARDEN:-}
for place in /usr/bin/leakwarden /usr/local/bin/leakwarden; do
    if [ -z "$program" ] && [ -x "$place" ]; then program=$place; fi
done

# What each step says goes to standard error: management systems keep it, and standard output is detect.sh's.
try() {
    if command -v timeout >/dev/null; then set -- timeout -k 5 "${LEAKWARDEN_TIMEOUT:-300}" "$@"; fi
    "$@" >&2 </dev/null || echo "remediate.sh: exit code $? of: $*" >&2
}
as_user() {
    home=$(if command -v getent >/dev/null; then getent passwd "$user" | cut -d: -f6; else eval "echo ~$user"; fi)
    set -- env -i "PATH=$PATH" "HOME=$home" "USER=$user" "LOGNAME=$user" LC_ALL=C "$@"
    cd / || return
    if command -v runuser >/dev/null; then
        try runuser -u "$user" -- "$@"
    else
        try sudo -n -u "$user" -- "$@"
    fi
}

# One file, whose name nobody else chose: root runs only what root owns.
# shellcheck disable=SC2012
if [ -n "$program" ] && [ "$(id -u)" = 0 ] && [ "$(ls -Lldn -- "$program" | awk '{ print $3 }')" = 0 ]; then
    if [ -e /etc/leakwarden/policy.toml ] || [ -e /etc/leakwarden/policy.d ]; then try "$program" policy keep; fi
    try "$program" install --system
    try "$program" doctor --machine --fix
fi
if [ -n "$program" ] && [ -n "$user" ] && id -u -- "$user" >/dev/null 2>&1; then
    if [ -n "$template" ]; then as_user "$program" install --template; fi
    if [ -n "$all" ]; then as_user "$program" doctor --all "$all" --fix; fi
fi
exec sh "$detect" "$@"
