#!/bin/sh
# leakwarden-hook v1 id=@HOOK@
# Runs leakwarden, then the hook that was here before. `leakwarden uninstall` brings that one back.
leakwarden=@BINARY@
if [ -x "$leakwarden" ]; then
    "$leakwarden" hook @HOOK@ "$@" || exit $?
else
    echo "leakwarden: $leakwarden is missing, so this commit is NOT scanned." >&2
    echo "leakwarden: install it again, or remove this hook: $0" >&2
    [ @MISSING@ = warn ] || exit 3
fi
before="${0%/*}/@HOOK@.leakwarden-orig"
[ -f "$before" ] && [ -x "$before" ] || exit 0
# The hook that was here may be this script again, or call it: it is run once.
here="$(CDPATH= cd -- "${0%/*}" && pwd -P)/@HOOK@"
case ":$LEAKWARDEN_CHAINED:" in *":$here:"*) exit 0 ;; esac
LEAKWARDEN_CHAINED="$LEAKWARDEN_CHAINED:$here"
export LEAKWARDEN_CHAINED
exec "$before" "$@"
