#!/bin/sh
# What the README promises a newcomer: one command in one's own repository, and from then on a
# commit that adds a credential is stopped. Everything happens in a scratch home.
set -eu
source=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT INT TERM

# cargo and rustup keep their own homes, so that nothing is downloaded twice.
CARGO_HOME=${CARGO_HOME:-$HOME/.cargo}
RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
export CARGO_HOME RUSTUP_HOME
CARGO_INSTALL_ROOT="$scratch/programs"
HOME="$scratch/home"
GIT_CONFIG_NOSYSTEM=1
export CARGO_INSTALL_ROOT HOME GIT_CONFIG_NOSYSTEM
mkdir -p "$HOME" "$scratch/project"
git config --global user.name Newcomer
git config --global user.email newcomer@example.org

cd "$scratch/project"
git init --quiet .
sh "$source/install/from-source.sh"

echo hello > readme.txt
git add readme.txt
git commit --quiet -m "nothing to hide"

# A password in a URL, made of parts so that it does not stand here.
printf 'DATABASE_URL=postgres://app:%s%s@db.internal.corp:5432/app\n' 'k8Jq2mZ' 'x7LwQ' > settings.txt
git add settings.txt
if git commit --quiet -m "a secret" 2> "$scratch/said"; then
    echo "FAILED: the commit went through" >&2
    exit 1
fi
cat "$scratch/said"
grep -q 'settings.txt:1:' "$scratch/said"
if grep -q 'k8Jq2mZx7LwQ' "$scratch/said"; then
    echo "FAILED: the message shows the secret" >&2
    exit 1
fi
echo "newcomer: blocked as promised"
