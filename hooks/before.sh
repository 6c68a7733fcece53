#!/bin/sh
# leakwarden-hook v2 id=@HOOK@
# Runs leakwarden, then the hook that was here before. `leakwarden uninstall` brings that one back.
unset leakwarden_input
leakwarden=@BINARY@
if [ -x "$leakwarden" ]; then
    [ ! -f "${0%/*}/@HOOK@.leakwarden-orig" ] || export LEAKWARDEN_CHAIN=1
    LEAKWARDEN_GIT=$PPID "$leakwarden" hook @HOOK@ "$@" || exit $?
else
    echo "leakwarden: $leakwarden is missing, so this commit is NOT scanned." >&2
    echo "leakwarden: install it again, or remove this hook: $0" >&2
    [ @MISSING@ = warn ] || exit 3
fi
