#!/bin/sh
# leakwarden-hook v3 id=@HOOK@ sum=@SUM@
# Runs leakwarden, then the hook that was here before; both get what git says on standard input.
leakwarden=@BINARY@
leakwarden_input=$(cat; echo .)
leakwarden_input=${leakwarden_input%.}
if [ -x "$leakwarden" ]; then
    printf '%s' "$leakwarden_input" | LEAKWARDEN_GIT=$PPID "$leakwarden" hook @HOOK@ "$@" || {
        code=$?
        # What is over cannot be stopped.
        [ @HOOK@ = post-rewrite ] || exit $code
    }
else
    echo "leakwarden: $leakwarden is missing, so nothing is looked at here." >&2
    echo "leakwarden: install it again, or remove this hook: $0" >&2
    [ @MISSING@ = warn ] || [ @HOOK@ = post-rewrite ] || exit 3
fi
