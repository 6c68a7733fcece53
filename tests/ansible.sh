#!/bin/sh
# The Ansible role in a Debian: a dry run, a run, a second one that changes nothing, one with a policy that is
# wrong, and `absent`, after which the system is as it was. Needs root and debootstrap (tests/debian.sh), and
# ansible-core, which pip brings for that Debian's own Python.
#
#   LEAKWARDEN_DEB             the package, if it is built already
#   LEAKWARDEN_TEST_ANSIBLE    a folder for ansible-core (default: made for this run)
#   LEAKWARDEN_TEST_LINT       ansible-lint, if it is there
set -eu
source=$(cd "$(dirname "$0")/.." && pwd)
fail() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "SKIPPED: tests/ansible.sh: $*"; exit 0; }
for tool in dpkg-deb chroot unshare python3; do command -v "$tool" >/dev/null || skip "$tool is not on this machine"; done
[ "$(id -u)" -eq 0 ] || skip "it needs root"
debian=$(sh "$source/tests/debian.sh") || skip "no Debian could be bootstrapped here"

scratch=$(mktemp -d)
trap 'rm -rf --one-file-system -- "$scratch"' EXIT
trap 'exit 130' HUP INT TERM
if [ -n "${LEAKWARDEN_TEST_LINT:-}" ]; then
    (cd "$source/install/ansible" && PATH="$(dirname "$LEAKWARDEN_TEST_LINT"):$PATH" "$LEAKWARDEN_TEST_LINT" -q --offline --profile production roles) ||
        fail "ansible-lint objects"
else
    echo "SKIPPED: ansible-lint"
fi
ansible=${LEAKWARDEN_TEST_ANSIBLE:-$scratch/ansible}
if [ ! -d "$ansible/ansible" ]; then
    python3 -m pip install --quiet --disable-pip-version-check --target "$ansible" --python-version 3.11 \
        --only-binary=:all: 'ansible-core==2.19.*' 2>"$scratch/said" || skip "ansible-core could not be had: $(tail -n 1 "$scratch/said")"
fi
deb=${LEAKWARDEN_DEB:-$(LEAKWARDEN_DEB_COMPRESSION=gzip sh "$source/install/deb/build.sh" "$scratch/deb")}

root=$scratch/debian
cp -a "$debian" "$root"
mkdir "$root/play"
cp -a "$source/install/ansible/roles" "$root/play/roles"
cp -a "$ansible" "$root/play/ansible"
cp "$deb" "$root/play/leakwarden.deb"
sed '/^syslog/d' "$source/install/policies/bank.toml" >"$root/play/policy.toml"
printf 'version = 1\n[recommended.exceptions]\nleast_reason = 30\n' >"$root/play/20-more.toml"
cat >"$root/play/all.yml" <<'PLAY'
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: /usr/bin/python3
    leakwarden_deb: /play/leakwarden.deb
    leakwarden_policy: /play/policy.toml
    leakwarden_policy_d: [/play/20-more.toml]
    leakwarden_log_target: logs.acme.test
    leakwarden_log_port: 7514
    leakwarden_accounts: [{ name: dev, folder: /home/dev }]
    leakwarden_guard: true
    leakwarden_fetch: /play/reports
  roles: [leakwarden]
PLAY
# The inner shell's own words.
# shellcheck disable=SC2016
within='mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
inside() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        PYTHONPATH=/play/ansible PYTHONDONTWRITEBYTECODE=1 ANSIBLE_ROLES_PATH=/play/roles ANSIBLE_PIPELINING=1 ANSIBLE_LOCALHOST_WARNING=false \
        ANSIBLE_INVENTORY_UNPARSED_WARNING=false unshare --mount --pid --fork sh -c "$within" "$root" "$@"
}
inside true 2>/dev/null || skip "no namespaces and /proc of its own can be made here"
inside useradd --create-home dev
as_dev() { inside setpriv --reuid=dev --regid=dev --clear-groups env HOME=/home/dev LOGNAME=dev sh -euc "$1"; }
as_dev 'cd && git init -q shop'
play() { inside python3 -m ansible playbook /play/all.yml "$@" >"$scratch/said" 2>&1; }
recap() { sed -n 's/^localhost *: *//p' "$scratch/said"; }
look() {
    (
        cd "$root"
        # dpkg, apt and Ansible itself keep books; ledgers are their users'.
        find . \( -path ./var/lib/dpkg -o -path ./var/log -o -path ./var/cache -o -path ./var/lib/apt -o -path ./play \
            -o -path ./root/.ansible -o -path ./tmp -o -path ./home/dev/.local/state \
            -o -path ./home/dev/shop/.git/objects \) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
    ) >"$1"
}
look "$scratch/before"

play --check || { cat "$scratch/said"; fail "the dry run on a bare machine fails"; }
[ ! -e "$root/usr/bin/leakwarden" ] || fail "a dry run installs"
play || { cat "$scratch/said"; fail "it fails"; }
echo "first:  $(recap)"
for file in usr/bin/leakwarden etc/leakwarden/last-good/policy.d/20-more.toml etc/logrotate.d/leakwarden \
    home/dev/shop/.git/hooks/pre-commit play/reports; do
    [ -e "$root/$file" ] || fail "$file is missing"
done
link=$root/etc/systemd/user/default.target.wants/leakwarden-guard.service
[ "$(readlink "$link")" = /usr/lib/systemd/user/leakwarden-guard.service ] || fail "the guard is not started with sessions"
grep -q 'Target="logs.acme.test"' "$root/etc/rsyslog.d/30-leakwarden.conf" || fail "rsyslog sends elsewhere"
grep -q 'Port="7514"' "$root/etc/rsyslog.d/30-leakwarden.conf" || fail "rsyslog sends to another port"
grep -q leakwarden "$root/etc/gitconfig" || fail "git's configuration names no leakwarden"
grep -q '^ *"covered": true' "$root"/play/reports/*-dev.json || fail "the account is not covered"
as_dev '
    cd ~/shop
    printf "DATABASE_URL=postgres://app:%s%s@db.internal.corp:5432/app\n" "k8Jq2mZ" "x7LwQ" >settings.txt
    git add . && if git -c user.name=Dev -c user.email=dev@acme.test commit -qm "a secret" 2>../said; then exit 9; fi
    grep -q security@bank.example ../said && git rm -qf --cached settings.txt && rm settings.txt ../said
' || fail "a secret is not stopped"

play || { cat "$scratch/said"; fail "a second run fails"; }
echo "second: $(recap)"
case $(recap) in *' changed=0 '*) ;; *) cat "$scratch/said"; fail "a second run changes something" ;; esac
play --check || { cat "$scratch/said"; fail "a dry run fails"; }
case $(recap) in *' changed=0 '*) ;; *) cat "$scratch/said"; fail "a dry run would change something" ;; esac

sed -i 's/^version = 1/version = "one"/' "$root/play/policy.toml"
if play --tags leakwarden_policy; then fail "a policy with a mistake is laid down"; fi
grep -q '^version = 1' "$root/etc/leakwarden/policy.toml" || fail "a policy with a mistake is in place"
sed -i 's/^version = "one"/version = 1/' "$root/play/policy.toml"

play -e leakwarden_state=absent --check || { cat "$scratch/said"; fail "a dry run of absent fails"; }
[ -e "$root/usr/bin/leakwarden" ] || fail "a dry run removes"
play -e leakwarden_state=absent || { cat "$scratch/said"; fail "it is not taken away"; }
echo "absent: $(recap)"
[ ! -L "$link" ] || fail "sessions still start the guard"
rm -rf "$root/home/dev/shop/.git/leakwarden" "$root/home/dev/shop/.git/index"
look "$scratch/after"
diff "$scratch/before" "$scratch/after" || fail "something is left, or changed"
play -e leakwarden_state=absent || { cat "$scratch/said"; fail "absent fails where nothing is left"; }
case $(recap) in *' changed=0 '*) ;; *) cat "$scratch/said"; fail "absent changes something the second time" ;; esac
echo "ansible: as promised"
