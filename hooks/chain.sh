before="${0%/*}/@HOOK@.leakwarden-orig"
[ -f "$before" ] && [ -x "$before" ] || exit 0
# The hook that was here may be this script again, or call it: it is run once.
here="$(CDPATH= cd -- "${0%/*}" && pwd -P)/@HOOK@"
case ":$LEAKWARDEN_CHAINED:" in *":$here:"*) exit 0 ;; esac
LEAKWARDEN_CHAINED="$LEAKWARDEN_CHAINED:$here"
export LEAKWARDEN_CHAINED
[ -n "${leakwarden_input+set}" ] || exec "$before" "$@"
printf '%s' "$leakwarden_input" | "$before" "$@"
