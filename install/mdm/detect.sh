#!/bin/sh
# Says whether leakwarden covers this machine, for management systems (Jamf, Kandji, Intune, cron): exit code 0
# covered, 1 not, or nobody can tell. One line on standard output; the whole report goes to a folder.
#
#   detect.sh [--as USER] [--all FOLDER] [--policy] [--jamf]
#
#   (nothing)     a new repository of a new account on this machine
#   --as USER     a new repository of that account, with its configuration and its ledger; needs root
#   --all FOLDER  besides, every repository below FOLDER, as that account
#   --policy      a machine without a policy in /etc/leakwarden is not covered
#   --jamf        the line as <result>…</result>, and exit code 0: an extension attribute's value is its answer
#
#   LEAKWARDEN          the program; default: leakwarden in /usr/bin or /usr/local/bin, which root must own
#   LEAKWARDEN_REPORTS  the folder for HOST.json and HOST-USER.json; default: /var/lib/leakwarden/reports
#   LEAKWARDEN_TIMEOUT  seconds until it is stopped; default: 300
#
# Exit code 2: wrong usage. docs/fleet.md says what the report is for.
set -u
umask 077
PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
export PATH LC_ALL=C
user='' all='' policy='' jamf=''
while [ $# -gt 0 ]; do
    case $1 in
        --as | --all)
            if [ -z "${2:-}" ]; then echo "detect.sh: $1 needs a value" >&2 && exit 2; fi
            if [ "$1" = --as ]; then user=$2; else all=$2; fi
            shift
            ;;
        --policy) policy=yes ;;
        --jamf) jamf=yes ;;
        --template) ;; # remediate.sh's, which passes on what it was given
        *) echo "detect.sh: $1 is not known; --as USER, --all FOLDER, --policy, --jamf" >&2; exit 2 ;;
    esac
    shift
done
limit=${LEAKWARDEN_TIMEOUT:-300}
reports=${LEAKWARDEN_REPORTS:-/var/lib/leakwarden/reports}
host=$(hostname 2>/dev/null || uname -n)
clean() { printf '%s' "$1" | tr -c 'A-Za-z0-9._-' '_'; }
name=$(clean "$host")${user:+-$(clean "$user")}
root=''
if [ "$(id -u)" = 0 ]; then root=yes; fi

# Prints the line, and ends: $1 covered or not, $2 the rest.
answer() {
    line="$1 $2"
    if [ -n "$jamf" ]; then
        printf '<result>%s</result>\n' "$line"
        exit 0
    fi
    printf '%s\n' "$line"
    [ "$1" = covered ]
    exit
}

# Makes $1 the report. What cannot be kept must not look like what was found last time.
keep() {
    mv -f "$1" "$reports/$name.json" || answer NOT-COVERED "the report cannot be written to $reports"
}

# The report where there is none of the doctor's own: $1 status, $2 what is the matter; and ends.
without() {
    covered=false
    if [ "$1" = unknown ]; then covered=null; fi
    cat >"$new" <<JSON
{
  "version": 1,
  "leakwarden": "none",
  "time": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
  "host": "$(clean "$host")",
  "os_user": "$(clean "${user:-$(id -un)}")",
  "covered": $covered,
  "machine": {
    "covered": $covered,
    "checks": [{ "id": "binary", "status": "$1", "text": "$2", "fixable": false }]
  },
  "repositories": []
}
JSON
    keep "$new"
    answer NOT-COVERED "$2"
}

# Ends what does not end by itself. macOS has no timeout; perl's alarm outlives exec.
limited() {
    if command -v timeout >/dev/null; then
        timeout -k 5 "$limit" "$@"
    else
        perl -e 'alarm shift; exec @ARGV or exit 127' "$limit" "$@"
    fi
}

# Runs a command as the account, with its home and nothing else of anybody's environment.
as_account() {
    if [ -z "$user" ]; then
        limited env -i "PATH=$PATH" "LOGNAME=$(id -un)" LC_ALL=C ${home:+"HOME=$home"} "$@"
        return
    fi
    set -- env -i "PATH=$PATH" "HOME=$home" "USER=$user" "LOGNAME=$user" LC_ALL=C "$@"
    if command -v runuser >/dev/null; then
        limited runuser -u "$user" -- "$@"
    else
        limited sudo -n -u "$user" -- "$@"
    fi
}

new=
trap 'if [ -n "$new" ]; then rm -f "$new"; fi' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$reports" 2>/dev/null
new=$(mktemp "$reports/.new.XXXXXX" 2>/dev/null) || answer NOT-COVERED "no report can be written to $reports"

home=''
if [ -n "$user" ]; then
    [ -n "$root" ] || { echo "detect.sh: --as needs root" >&2; exit 2; }
    id -u -- "$user" >/dev/null 2>&1 || without fails "there is no such account"
    # The shell's own way to a home; getent is not everywhere. The name is an account's, so it holds no blanks.
    home=$(if command -v getent >/dev/null; then getent passwd "$user" | cut -d: -f6; else eval "echo ~$user"; fi)
elif [ -z "$root" ]; then
    home=${HOME:-}
fi

# root runs only what root owns.
program=${LEAKWARDEN:-}
for place in /usr/bin/leakwarden /usr/local/bin/leakwarden; do
    if [ -z "$program" ] && [ -x "$place" ]; then program=$place; fi
done
if [ -z "$program" ] || [ ! -x "$program" ]; then without fails "leakwarden is not on this machine"; fi
# One file, whose name nobody else chose.
# shellcheck disable=SC2012
if [ -n "$root" ] && [ -z "$user" ] && [ "$(ls -Lldn -- "$program" | awk '{ print $3 }')" != 0 ]; then
    without unknown "the program does not belong to root, and root does not run it"
fi

# Run by the account. A new repository tells what clones and `git init` get from now on. Where it is not covered,
# that is the report; otherwise, with a folder, that of all repositories.
# The inner shell's own words.
# shellcheck disable=SC2016
look='
scratch=$(mktemp -d) || exit 3
trap "rm -rf -- \"\$scratch\"" EXIT
trap "exit 3" HUP INT TERM
if [ -z "${HOME:-}" ]; then HOME=$scratch/home; export HOME; mkdir "$HOME" || exit 3; fi
git init -q "$scratch/new" 2>/dev/null >&2 && cd "$scratch/new" || exit 4
"$1" doctor --json >"$scratch/report" 2>/dev/null
found=$?
if [ "$found" = 0 ] && [ -n "$2" ]; then
    "$1" doctor --all "$2" --json >"$scratch/report" 2>/dev/null
    found=$?
fi
cat "$scratch/report"
exit "$found"
'
as_account sh -c "$look" sh "$program" "$all" >"$new" 2>/dev/null </dev/null
found=$?
case $found in
    0 | 1 | 3) grep -q '"covered": ' "$new" || without unknown "leakwarden doctor gave no report" ;;
    2) without unknown "leakwarden doctor refused (exit code 2): look at --all and at this machine's leakwarden" ;;
    4) without unknown "git cannot make a repository" ;;
    124 | 137 | 142) without unknown "leakwarden doctor did not end within $limit seconds" ;;
    *) without unknown "leakwarden doctor could not be run (exit code $found)" ;;
esac

# What follows reads the report for people; the answer is the exit code's.
version=$(sed -n 's/^  "leakwarden": "\([0-9A-Za-z.+-]*\)".*/\1/p' "$new")
digest=$(sed -n 's/.*files of user.*, digest \([0-9a-f]*\),.*/\1/p' "$new" | head -n 1)
count=$(grep -c '^      "path": ' "$new")
failing=$(awk -F'"' '/^ *"id": /{ id = $4 } /^ *"status": "(fails|unknown)"/ && !seen[id]++ { printf "%s%s", sep, id; sep = "," }' "$new")
keep "$new"
facts="leakwarden=$version policy=${digest:-none} repositories=$count"
if [ -n "$policy" ] && [ -z "$digest" ]; then answer NOT-COVERED "$facts no policy"; fi
case $found in
    0) answer covered "$facts" ;;
    1) answer NOT-COVERED "$facts failing=$failing" ;;
    *) answer NOT-COVERED "$facts unknown=$failing" ;;
esac
