#!/bin/sh
# Plays docs/walkthrough.md in a scratch home with the `leakwarden` on PATH, and prints it. Paths,
# ids and dates differ from run to run; the secrets are made at run time.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME="$work/home" GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL="$work/home/.gitconfig" LC_ALL=C
for name in $(env | sed -n 's/^\(CI\|[A-Z_]*AGENT[A-Z_]*\|GITHUB_ACTIONS\|GITLAB_CI\|CLAUDE[A-Z_]*\|CODEX[A-Z_]*\|GEMINI_CLI\|OPENCODE\)=.*/\1/p'); do unset "$name"; done
mkdir -p "$HOME"
git config --global user.name Ann
git config --global user.email ann@example.org
git config --global init.defaultBranch main
password() { head -c 18 /dev/urandom | base64 | tr '+/' '#!'; }
say() { printf '\n%s\n\n' "$*"; }
# Prints and runs a command; its exit code is shown where it is not 0.
run() {
    printf '$ %s\n' "$*"
    sh -c "$*" 2>&1 || printf '[exit code %s]\n' "$?"
}
git init -q "$work/shop"
cd "$work/shop"
leakwarden install >/dev/null
echo "# shop" >README.md
git add . && git commit -qm "begin"

say "== blocked, fixed"
printf 'host: db.example.org\npassword: "%s"\n' "$(password)" >db.yml
run "git add db.yml && git commit -qm 'connect to the database'"
# shellcheck disable=SC2016 # that is what the file is to hold
printf 'host: db.example.org\npassword: ${DB_PASSWORD}\n' >db.yml
run "git add db.yml && git commit -qm 'connect to the database' && git log --oneline -1"

say "== excepted, committed, reviewed"
printf 'sandbox:\n  password: "%s"\n' "$(password)" >sandbox.yml
run "git add sandbox.yml && git commit -qm 'the sandbox account'" >"$work/out"
cat "$work/out"
id=$(sed -n 's/.*leakwarden allow \([0-9a-z]*\) .*/\1/p' "$work/out")
run "leakwarden allow $id --kind test-value --reason 'account of the public sandbox, reset every night' --expires 90d"
run "git commit -qm 'the sandbox account' && git show --stat --format=%s"
run "git show HEAD:.leakwarden/exceptions.toml | sed -n '/exception]/,/^\$/p'"

say "== expired, renewed"
sed -i 's/^created = .*/created = "2026-01-01"/; s/^expires = .*/expires = "2026-03-01"/' .leakwarden/exceptions.toml
git add .leakwarden && git commit -qm "(the calendar is turned)"
run "leakwarden verify --tree"
exception=$(sed -n 's/^id = "\(.*\)"/\1/p' .leakwarden/exceptions.toml)
run "leakwarden exceptions renew $exception --expires 30d && git commit -qm 'renew the sandbox exception'"
run "leakwarden verify --tree"

say "== once"
printf 'sample: "%s"\npassword: "%s"\n' one "$(password)" >sample.yml
git add sample.yml
id=$(leakwarden scan --staged --format json | sed -n 's/.*"id": "\(.*\)",/\1/p')
run "git -c leakwarden.allow='$id test-value: sample for the manual' commit -qm 'a sample' && git log -1 --format=%B"

say "== a second person"
ssh-keygen -q -t ed25519 -N '' -C '' -f "$HOME/bob"
{
    echo '[exceptions]'
    echo 'approval_kinds = ["accepted-risk"]'
    echo 'never_severity = "critical"'
    echo "signers = [\"bob@example.org $(cat "$HOME/bob.pub")\"]"
} >.leakwarden.toml
git add .leakwarden.toml && git commit -qm "policy: bob signs accepted risks"
git switch -q -c legacy
printf 'legacy:\n  password: "%s"\n' "$(password)" >legacy.yml
git add legacy.yml
id=$(leakwarden scan --staged --format json | sed -n 's/.*"id": "\(.*\)",/\1/p')
run "leakwarden allow $id --kind accepted-risk --reason 'the old printer has no other account'" >"$work/out"
cat "$work/out"
exception=$(sed -n 's/^exception \([0-9a-z]*\) .*/\1/p' "$work/out")
run "git commit -qm 'the printer' 2>&1 | grep -A2 'exception '"
run "GIT_COMMITTER_NAME=Bob GIT_COMMITTER_EMAIL=bob@example.org leakwarden approve $exception --key ~/bob"
run "git commit -qm 'the printer' && leakwarden verify main..HEAD"

say "== refused by policy"
printf 'key = "sk_%s"\n' "live_$(head -c 90 /dev/urandom | base64 | tr -dc 'A-Za-z0-9' | cut -c1-24)" >pay.py
git add pay.py
id=$(leakwarden scan --staged --format json | sed -n 's/.*"id": "\(.*\)",/\1/p')
run "leakwarden allow $id --kind fix-later --reason 'will be moved to the vault on Monday'"
git rm -q --cached pay.py && rm pay.py

say "== skipped, noticed, found in CI, repaired"
printf 'password: "%s"\n' "$(password)" >late.yml
git add late.yml
run "git commit -qnm 'in a hurry'"
run "CI=1 leakwarden verify main..HEAD"
run "leakwarden exposures"
# shellcheck disable=SC2016 # that is what the file is to hold
printf 'password: ${LATE_PASSWORD}\n' >late.yml
run "git commit -qa --amend --no-edit"
run "leakwarden exposures"

say "== skipped, pushed, stopped"
git init -q --bare ../shop.git
git remote add origin ../shop.git
git switch -q main
run "git push -q -u origin main"
printf 'password: "%s"\n' "$(password)" >hurry.yml
git add hurry.yml
git commit -qnm 'in a hurry again' 2>/dev/null
run "git push -q"
run "git reset -q --soft HEAD~1 && git rm -qf hurry.yml && leakwarden exposures settle"

say "== pushed from a machine without hooks, found, rotated, closed"
git clone -q ../shop.git ../elsewhere
printf 'password: "%s"\n' "$(password)" >../elsewhere/server.yml
git -C ../elsewhere add server.yml
git -C ../elsewhere -c user.name=Eve -c user.email=eve@example.org commit -qm "the server"
git -C ../elsewhere push -q
run "git pull -q && leakwarden exposures find HEAD~1..HEAD" >"$work/out"
cat "$work/out"
id=$(sed -n 's/^opened *\([0-9a-z]*\) .*/\1/p' "$work/out")
run "leakwarden exposures show $id"
run "leakwarden exposures assign $id 'Bob <bob@example.org>'"
run "leakwarden exposures close $id --how revoked --evidence 'the password was changed at 10:20, the old one is refused'"

say "== reported"
run "leakwarden ledger report --since 30d"

say "== a ledger that was edited is caught"
run "leakwarden ledger verify"
run "sed -i 's/\"skipped\"/\"blocked\"/' ~/.local/state/leakwarden/ledger.jsonl"
run "leakwarden ledger verify"
