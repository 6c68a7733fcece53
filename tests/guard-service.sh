#!/bin/sh
# The guard as a service of a real systemd: the manager of an account that is not root, with a cgroup, a mount table
# and a runtime folder of its own. Installed, warned by, ended when it hangs, started again, removed.
# Needs root, systemd (it need not run the machine), cgroup 2 and namespaces.
#
#   LEAKWARDEN_PROGRAM    the program (default: target/debug/leakwarden)
set -eu
source=$(cd "$(dirname "$0")/.." && pwd)
fail() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "SKIPPED: tests/guard-service.sh: $*"; exit 0; }
[ "$(id -u)" -eq 0 ] || skip "it needs root"
[ -x /lib/systemd/systemd ] || skip "there is no systemd on this machine"
for tool in systemctl systemd-analyze unshare setpriv python3; do command -v "$tool" >/dev/null || skip "$tool is not on this machine"; done
program=${LEAKWARDEN_PROGRAM:-$source/target/debug/leakwarden}
[ -x "$program" ] || skip "$program is not built"
cgroups=$(sed -n 's/^[^ ]* \([^ ]*\) cgroup2 .*/\1/p' /proc/mounts | head -n 1)
[ -n "$cgroups" ] || skip "there is no cgroup 2"

scratch=$(mktemp -d)
group=$cgroups/leakwarden-test-$$
end() {
    if [ -d "$group" ]; then
        echo 1 >"$group/cgroup.kill" 2>/dev/null || :
        sleep 0.3
        find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null || :
    fi
    rm -rf "$scratch"
}
# Whether a command succeeds within some seconds.
soon() {
    for _ in $(seq 40); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.25
    done
    return 1
}
trap end EXIT
trap 'exit 130' HUP INT TERM
mkdir "$group" 2>/dev/null || skip "no cgroup can be made"
chmod 755 "$scratch"
mkdir -p "$scratch/home/b in%h" "$scratch/run"
chmod 700 "$scratch/run"
# A path that a unit has to quote.
leakwarden="$scratch/home/b in%h/leakwarden"
cp "$program" "$leakwarden"
chmod 755 "$leakwarden"
chown -R nobody "$scratch/home" "$scratch/run" "$group"
as_user() {
    setpriv --reuid=nobody --regid=nogroup --clear-groups env -i PATH=/usr/local/bin:/usr/bin:/bin LOGNAME=nobody \
        HOME="$scratch/home" XDG_RUNTIME_DIR="$scratch/run" GIT_CONFIG_NOSYSTEM=1 "$@"
}
guard() { (cd "$scratch/home" && as_user "$leakwarden" guard "$@"); }
control() { as_user systemctl --user "$@"; }
unit="leakwarden-guard.service"
file=$scratch/home/.config/systemd/user/$unit

guard install-service --dry-run >"$scratch/said" 2>&1 || { cat "$scratch/said"; fail "a dry run fails"; }
[ ! -e "$file" ] || fail "a dry run writes"
if guard install-service >"$scratch/said" 2>&1; then fail "nobody answers, and it says that it runs"; fi
grep -q 'systemctl --user enable --now' "$scratch/said" || fail "it does not say what to type"
guard uninstall-service >"$scratch/said" 2>&1 || { cat "$scratch/said"; fail "it is not removed"; }
[ ! -e "$file" ] || fail "the unit is still there"

# A manager asks whether systemd runs the machine, so it is told so, where only it sees that.
# The inner shell's own words.
# shellcheck disable=SC2016
(
    echo 0 >"$group/cgroup.procs"
    exec unshare --cgroup --mount sh -ec '
        umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup
        mkdir -p /run/systemd && mount -t tmpfs none /run/systemd && mkdir -p /run/systemd/system
        exec setpriv --reuid=nobody --regid=nogroup --clear-groups env -i PATH=/usr/local/bin:/usr/bin:/bin LOGNAME=nobody \
            HOME="$1/home" XDG_RUNTIME_DIR="$1/run" GIT_CONFIG_NOSYSTEM=1 /lib/systemd/systemd --user' sh "$scratch"
) >"$scratch/manager" 2>&1 &
soon control show -p Version || skip "no manager of a user runs here: $(tail -n 1 "$scratch/manager")"

as_user sh -ec 'cd && git init -q shop && cd shop && echo hello >a.txt && git add . &&
    git -c user.name=a -c user.email=a@b.invalid commit -qm a'
guard add "$scratch/home/shop" >/dev/null
guard install-service >"$scratch/said" 2>&1 || { cat "$scratch/said"; control status "$unit"; fail "it is not installed"; }
as_user systemd-analyze verify --user "$file" >"$scratch/said" 2>&1 || { cat "$scratch/said"; fail "systemd objects to the unit"; }
guard install-service >"$scratch/said" 2>&1 || { cat "$scratch/said"; fail "a second time fails"; }
if grep -q '^write\|^renew' "$scratch/said"; then fail "a second time writes"; fi
[ "$(control is-active "$unit"):$(control is-enabled "$unit")" = active:enabled ] || fail "it does not run, or is not enabled"
control show -p StatusText "$unit" | grep -q repositor || fail "it does not tell systemd how it is"
guard status >"$scratch/said" || { cat "$scratch/said"; fail "it is not well under its unit"; }
# A password in a URL, made of parts so that it does not stand here.
printf 'DATABASE_URL=postgres://app:%s%s@db.internal.corp:5432/app\n' "k8Jq2mZ" "x7LwQ" >>"$scratch/home/shop/a.txt"
guard sync
if guard warnings >"$scratch/said"; then fail "nothing is open"; fi
grep -q 'a.txt:2' "$scratch/said" || fail "the secret is not warned of"

# One that hangs is ended by the watchdog, here after 2 seconds, and started again.
mkdir -p "$file.d"
printf '[Service]\nWatchdogSec=2\nTimeoutAbortSec=1\nRestartSec=100ms\n' >"$file.d/soon.conf"
control daemon-reload
control restart "$unit"
pid=$(control show -p MainPID --value "$unit")
kill -STOP "$pid"
restarted() { [ "$(control show -p NRestarts --value "$unit")" = 1 ]; }
soon restarted || fail "a guard that hangs is left alone"
soon control is-active "$unit" || fail "it does not run again"
guard status >/dev/null || fail "it does not run again"
if guard warnings >/dev/null; then fail "what was open is forgotten"; fi

cp "$file" "$scratch/unit"
echo 'Nice=0' >>"$file"
if guard install-service >/dev/null 2>&1; then fail "what somebody changed is written over"; fi
if guard uninstall-service >/dev/null 2>&1; then fail "what somebody changed is removed"; fi
cat "$scratch/unit" >"$file"
guard uninstall-service >"$scratch/said" 2>&1 || { cat "$scratch/said"; fail "it is not removed"; }
[ ! -e "$file" ] || fail "the unit is still there"
[ "$(control is-active "$unit")" = inactive ] || fail "it still runs"
guard uninstall-service >/dev/null 2>&1 || fail "removing it twice fails"
echo "guard-service: as promised, with $(systemctl --version | head -n 1)"
