#!/bin/sh
# leakwarden-hook v3 id=@HOOK@ sum=@SUM@
# Runs leakwarden, then the hook that was here before. `leakwarden uninstall` brings that one back.
unset leakwarden_input
leakwarden=@BINARY@
if [ -x "$leakwarden" ]; then
    export LEAKWARDEN_GIT=$PPID
    # With no other hook to run, leakwarden takes the place of this shell: one process less.
    [ -f "${0%/*}/@HOOK@.leakwarden-orig" ] || exec "$leakwarden" hook @HOOK@ "$@"
    LEAKWARDEN_CHAIN=1 "$leakwarden" hook @HOOK@ "$@" || exit $?
    unset LEAKWARDEN_GIT
else
    echo "leakwarden: $leakwarden is missing, so this commit is NOT scanned." >&2
    echo "leakwarden: install it again, or remove this hook: $0" >&2
    [ @MISSING@ = warn ] || exit 3
fi
