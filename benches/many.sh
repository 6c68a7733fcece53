#!/bin/sh
# Times `install --all`, a second run, `doctor --all` and `uninstall --all` over 1,000 repositories of every kind, and
# compares every file, mode and link before and after.
#
#   sh benches/many.sh [leakwarden]
set -eu
leakwarden=${1:-leakwarden}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
root=$scratch/root
mkdir "$root" "$scratch/home"
export HOME="$scratch/home" GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b.invalid GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b.invalid
cd "$root"
git init -q -b main proto
(cd proto && echo a >a && git add a && git commit -q -m a)
i=0
while [ $i -lt 800 ]; do
    folder=team$((i % 20))/repo$i
    mkdir -p "team$((i % 20))"
    cp -a proto "$folder"
    case $((i % 10)) in
    0) printf '#!/bin/sh\nexit 0\n' >"$folder/.git/hooks/pre-commit" && chmod +x "$folder/.git/hooks/pre-commit" ;;
    1) mkdir "$folder/.husky" "$folder/.husky/_" && git -C "$folder" config core.hooksPath .husky/_ ;;
    esac
    i=$((i + 1))
done
i=0
while [ $i -lt 80 ]; do
    git -C "team$((i % 20))/repo$i" worktree add -q "../../linked$i" -b "linked$i"
    i=$((i + 1))
done
i=0
while [ $i -lt 60 ]; do
    git -C "team3/repo$((3 + 20 * (i % 40)))" -c protocol.file.allow=always submodule --quiet add "$root/proto" "sub$i"
    i=$((i + 1))
done
i=0
while [ $i -lt 39 ]; do
    git clone -q --bare proto "bare$i.git"
    i=$((i + 1))
done
i=0
while [ $i -lt 20 ]; do
    cp -a proto "broken$i"
    case $((i % 4)) in
    0) echo '[' >"broken$i/.git/config" ;;
    1) rm "broken$i/.git/HEAD" ;;
    2) rm -rf "broken$i/.git/objects" ;;
    3) rm -rf "broken$i/.git" && echo 'gitdir: /nowhere' >"broken$i/.git" ;;
    esac
    i=$((i + 1))
done
picture() {
    find . \( -type f -printf '%p %m ' -exec sha256sum {} \; \) -o -printf '%p %m %l\n' | sort
}
measure() {
    begin=$(date +%s%N)
    "$leakwarden" "$@" --all . >"$scratch/said" && code=0 || code=$?
    end=$(date +%s%N)
    printf '%-10s %5d ms, exit %d: %s\n' "$1" $(((end - begin) / 1000000)) "$code" "$(grep ' repositories: ' "$scratch/said")"
}
picture >"$scratch/before"
measure install
picture >"$scratch/installed"
measure install
picture | diff -q - "$scratch/installed" >/dev/null && echo "the second run changed nothing"
measure doctor
measure uninstall
picture | diff - "$scratch/before" >"$scratch/changed" && echo "uninstalling left every file, mode and link as it was"
cat "$scratch/changed"
