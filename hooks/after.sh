#!/bin/sh
# leakwarden-hook v3 id=@HOOK@ sum=@SUM@
# Looks at a commit that pre-commit did not see, then runs the hook that was here before. Where
# pre-commit left word for this very process of git that it has seen all, no program is started. That
# counts once. A process with the number 1 or 0 may be any (a container, another system's shell).
unset leakwarden_input
leakwarden=@BINARY@
passed=
left="${GIT_DIR:-.git}/leakwarden/passed"
[ -f "$left" ] && [ ! -L "$left" ] && { read -r passed && read -r head && read -r tree; } 2>/dev/null < "$left"
case $PPID in 0 | 1) passed= ;; esac
if [ "$passed" = "$PPID" ]; then
    printf '?\n%s\n%s\n0\n' "$head" "$tree" 1<> "$left"
elif [ -x "$leakwarden" ]; then
    LEAKWARDEN_GIT=$PPID "$leakwarden" hook @HOOK@ "$@"
fi
