#!/bin/sh
# Follows docs/fleet.md in a Debian, as a platform engineer would: its commands are taken from that page. A
# developer's secret is stopped, the record arrives on the machine that collects, detect.sh and the coverage table
# say so; then things are broken one by one, and detect.sh must say that. First with Debian 12's git, then with one
# that knows hooks from configuration (tests/git-unstable.sh). Needs root and debootstrap (tests/debian.sh).
#
#   LEAKWARDEN_DEB            the package, if it is built already
#   LEAKWARDEN_TEST_DUCKDB    a python with duckdb, for the coverage table
set -eu
source=$(cd "$(dirname "$0")/.." && pwd)
fail() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "SKIPPED: tests/fleet.sh: $*"; exit 0; }
for tool in dpkg-deb chroot unshare; do command -v "$tool" >/dev/null || skip "$tool is not on this machine"; done
[ "$(id -u)" -eq 0 ] || skip "it needs root"
debian=$(sh "$source/tests/debian.sh") || skip "no Debian could be bootstrapped here"
newer=$(sh "$source/tests/git-unstable.sh" 2>/dev/null) || newer=

scratch=$(mktemp -d)
running=
process=
# Only what this script started: unshare, which hears nothing milder and takes its child along.
# shellcheck disable=SC2086
trap 'for process in $running; do kill -KILL "$process" 2>/dev/null || :; done; wait; rm -rf --one-file-system -- "$scratch"' EXIT
trap 'exit 130' HUP INT TERM
deb=${LEAKWARDEN_DEB:-$(LEAKWARDEN_DEB_COMPRESSION=gzip sh "$source/install/deb/build.sh" "$scratch/deb")}

root=$scratch/debian
cp -a "$debian" "$root"
# The inner shell's own words.
# shellcheck disable=SC2016
within='mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
enter() {
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive \
        unshare --mount --pid --fork --kill-child sh -c "$within" "$root" "$@"
}
inside() { (enter "$@"); }
inside true 2>/dev/null || skip "no namespaces and /proc of its own can be made here"
as_root() { inside sh -euc "cd /root; $1"; }
as_dev() {
    inside setpriv --reuid=dev --regid=dev --clear-groups env HOME=/home/dev LOGNAME=dev PATH=/usr/local/bin:/usr/bin:/bin sh -euc "cd; $1"
}
# The commands on the page below a mark.
page() {
    awk -v mark="<!-- tests/fleet.sh: $1 -->" '
        $0 == mark { on = 1; next }
        on && /^    / { print substr($0, 5); some = 1; next }
        on && some { on = some = 0 }
        END { exit !NR }' "$source/docs/fleet.md" >"$scratch/page"
    [ -s "$scratch/page" ] || fail "docs/fleet.md has no commands: $1"
    cat "$scratch/page"
}
# detect.sh with $2… must end with $1.
detect() {
    wanted=$1
    shift
    got=0
    line=$(inside env LEAKWARDEN_TIMEOUT=60 sh /usr/share/leakwarden/mdm/detect.sh "$@" 2>&1) || got=$?
    [ "$got" = "$wanted" ] || fail "detect.sh $* says $got, not $wanted: $line"
    [ "$(printf '%s\n' "$line" | wc -l)" = 1 ] || fail "detect.sh says more than a line: $line"
}
# A commit with a secret, in a new folder of the account's: it must be stopped, with the policy's address.
stopped() {
    as_dev "
        git init -q $1 && cd $1 && echo hello >readme.txt && git add . && git commit -qm 'nothing to hide'
        # A password in a URL, made of parts so that it does not stand here.
        printf 'DATABASE_URL=postgres://app:%s%s@db.internal.corp:5432/app\n' k8Jq2mZ x7LwQ >settings.txt
        git add . && if git commit -qm 'a secret' 2>../said; then exit 9; fi
        grep -q settings.txt:1: ../said && grep -q 'questions go to security@acme.test' ../said
        git rm -qf settings.txt && rm ../said
    " || fail "a secret in $1 is not stopped"
}
arrives() {
    for _ in $(seq 100); do
        if grep -q "\"event\":\"blocked\".*/home/dev/$1\"" "$root"/var/log/leakwarden/*.jsonl 2>/dev/null; then return; fi
        sleep 0.1
    done
    cat "$scratch"/*.log
    fail "the record of $1 does not arrive"
}
coverage() {
    if [ -z "${LEAKWARDEN_TEST_DUCKDB:-}" ]; then return; fi
    "$LEAKWARDEN_TEST_DUCKDB" "$source/tests/coverage.py" "$root/var/lib/leakwarden/reports" >"$scratch/coverage"
    grep -q " user=dev .* state=current covered=$1 " "$scratch/coverage" || { cat "$scratch/coverage"; fail "the table does not say $1"; }
}

# --- steps 1 to 4, on Debian 12 ------------------------------------------------------------------------

inside useradd --create-home dev
cp "$deb" "$root/root/leakwarden_0.1.0-1_amd64.deb"
as_root "$(page program)" >"$scratch/said" 2>&1 || { cat "$scratch/said"; fail "the package is not installed"; }
as_root "$(page policy)" >/dev/null || fail "the policy is not delivered"
as_root "$(page hooks)" >"$scratch/said" || fail "no hooks for the system"
grep -q 'NOT covered by this' "$scratch/said" || fail "the older git is not named"
as_dev 'git config --global user.name Dev && git config --global user.email dev@acme.test && git init -q old'
as_dev "$(page older)" >/dev/null || fail "no hooks for an older git"
as_dev "cd old && $(page developer)" >"$scratch/said" || { cat "$scratch/said"; fail "doctor says that it is not covered"; }

# Sender and receiver are one machine here, with a port of their own, and the kernel's messages are not theirs.
port=$((20000 + $$ % 20000))
sed -i '/imklog/d' "$root/etc/rsyslog.conf"
as_root "$(page receiver)"
{
    echo 'global(workDirectory="/var/spool/rsyslog")'
    sed "s/\"6514\"/\"$port\"/" "$root/etc/rsyslog.d/30-leakwarden-receiver.conf"
} >"$root/etc/receiver.conf"
rm "$root/etc/rsyslog.d/30-leakwarden-receiver.conf"
as_root "$(page sender)" >"$scratch/said" 2>&1 || { cat "$scratch/said"; fail "rsyslog refuses the configuration"; }
sed -i -e 's/logs.acme.test/127.0.0.1/' -e "s/\"6514\"/\"$port\"/" -e 's/resumeInterval="10"/resumeInterval="1"/' \
    "$root/etc/rsyslog.d/30-leakwarden.conf"
enter rsyslogd -n -f /etc/receiver.conf -i /run/receiver.pid >"$scratch/receiver.log" 2>&1 &
running=$!
enter rsyslogd -n -i /run/sender.pid >"$scratch/sender.log" 2>&1 &
running="$running $!"
stopped first
arrives first
inside logrotate -d /etc/logrotate.d/leakwarden >"$scratch/said" 2>&1 || { cat "$scratch/said"; fail "logrotate refuses the configuration"; }

# --- steps 5 and 6 --------------------------------------------------------------------------------------

machine=$(page detect | sed -n 1p)
account=$(page detect | sed -n 2p)
# A new account has no template, and this git knows nothing else.
if as_root "$machine" >/dev/null; then fail "a machine whose git knows no hooks from configuration is called covered"; fi
as_root "$account" >"$scratch/said" || { cat "$scratch/said"; fail "the account is not covered"; }
grep -q '^covered leakwarden=.* policy=[0-9a-f]* repositories=2$' "$scratch/said" || fail "another line: $(cat "$scratch/said")"
coverage yes
as_dev 'git config --global core.hooksPath /home/dev/hooks'
detect 1 --as dev --all /home/dev
coverage no
as_dev 'git config --global --unset core.hooksPath'
detect 0 --as dev --all /home/dev
as_dev 'rm old/.git/hooks/pre-commit'
detect 1 --as dev --all /home/dev
inside sh /usr/share/leakwarden/mdm/remediate.sh --as dev --all /home/dev --template --policy >/dev/null 2>&1 || fail "it is not mended"
detect 0 --as dev --all /home/dev --policy

# What does not answer is no good answer.
detect 1 --as nobody-here
mv "$root/etc/leakwarden/policy.toml" "$root/etc/leakwarden/aside"
detect 1 --as dev --policy
mv "$root/etc/leakwarden/aside" "$root/etc/leakwarden/policy.toml"
printf '#!/bin/sh\nexit 0\n' >"$root/usr/local/bin/silent"
printf '#!/bin/sh\nsleep 600\n' >"$root/usr/local/bin/hangs"
chmod 755 "$root/usr/local/bin/silent" "$root/usr/local/bin/hangs"
for program in silent missing; do
    if as_root "LEAKWARDEN=/usr/local/bin/$program sh /usr/share/leakwarden/mdm/detect.sh --as dev" >/dev/null; then fail "$program is called covered"; fi
    grep -q '"covered": true' "$root"/var/lib/leakwarden/reports/*-dev.json && fail "$program leaves the old report"
done
if as_root 'LEAKWARDEN_TIMEOUT=2 LEAKWARDEN=/usr/local/bin/hangs sh /usr/share/leakwarden/mdm/detect.sh --as dev' >"$scratch/said"; then fail "what hangs is called covered"; fi
grep -q 'did not end within 2 seconds' "$scratch/said" || fail "another line: $(cat "$scratch/said")"
coverage no
as_root 'sh /usr/share/leakwarden/mdm/detect.sh --jamf' | grep -q '^<result>NOT-COVERED .*</result>$' || fail "no value for an extension attribute"

# --- where nothing can be written -----------------------------------------------------------------------

inside setpriv --reuid=4321 --regid=4321 --clear-groups env -i PATH=/usr/bin:/bin sh -euc '
    mkdir /tmp/nobody && cd /tmp/nobody && git init -q . && git config user.name D && git config user.email d@x.test
    leakwarden install >/dev/null
    printf "DATABASE_URL=postgres://app:%s%s@db.internal.corp:5432/app\n" k8Jq2mZ x7LwQ >settings.txt
    git add . && if git commit -qm "a secret" 2>/dev/null; then exit 9; fi
    if leakwarden doctor >../said-nobody; then exit 9; fi
    grep -q "FAILS *ledger.writable" ../said-nobody' || fail "without a home it is another"
rm -rf "$root/tmp/nobody" "$root/tmp/said-nobody"

# --- the same with a git that knows hooks from configuration --------------------------------------------

if [ -n "$newer" ]; then
    as_dev 'leakwarden uninstall --all ~ && leakwarden uninstall --template && rm -rf old first' >/dev/null || fail "it is not taken away"
    # It runs only where it was made; the folders above must let the account through.
    folder=$(dirname "$newer")
    mkdir -p "$root$folder"
    above=$folder
    while [ "$above" != / ]; do chmod a+rx "$root$above" && above=$(dirname "$above"); done
    cp -a "$folder/." "$root$folder"
    rm "$root/usr/bin/git"
    ln -s "$newer" "$root/usr/bin/git"
    as_root "$(page hooks)" >"$scratch/said" || fail "no hooks for the system"
    as_dev "git init -q new && cd new && $(page developer)" >"$scratch/said" || { cat "$scratch/said"; fail "doctor says that it is not covered"; }
    stopped second
    arrives second
    as_root "$machine" >"$scratch/said" || { cat "$scratch/said"; fail "the machine is not covered"; }
    as_root "$account" >"$scratch/said" || { cat "$scratch/said"; fail "the account is not covered"; }
    coverage yes
    as_dev 'git config --global hook.leakwarden-pre-commit.enabled false'
    detect 1 --as dev
    coverage no
    if inside sh /usr/share/leakwarden/mdm/remediate.sh --as dev >/dev/null 2>&1; then fail "what the account turned off is called mended"; fi
    as_dev 'git config --global --unset hook.leakwarden-pre-commit.enabled'
    detect 0 --as dev
    as_root 'leakwarden uninstall --system' >/dev/null
    detect 1
    inside sh /usr/share/leakwarden/mdm/remediate.sh >/dev/null 2>&1 || fail "it is not mended"
else
    echo "SKIPPED: no newer git could be brought here; hooks from configuration are not tried"
fi

as_root "$(page remove)" >"$scratch/said" 2>&1 || { cat "$scratch/said"; fail "it is not removed"; }
[ ! -e "$root/usr/bin/leakwarden" ] || fail "the program is still there"
if grep -q leakwarden "$root/etc/gitconfig" 2>/dev/null; then fail "git's configuration still names it"; fi
if [ -z "${LEAKWARDEN_TEST_DUCKDB:-}" ]; then echo "SKIPPED: the coverage table; no duckdb"; fi
echo "fleet: docs/fleet.md does what it says"
