#!/bin/sh
# Notes on a real session bus: the real notify-send, and a desktop that writes down what it is asked to show.
# Needs dbus-run-session, notify-send, and python3 with dbus and gi (Debian: dbus, libnotify-bin, python3-dbus,
# python3-gi).
set -eu
cd "$(dirname "$0")/.."
fail() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "SKIPPED: tests/desktop.sh: $*"; exit 0; }
for tool in dbus-run-session notify-send; do command -v "$tool" >/dev/null || skip "$tool is not on this machine"; done
# Debian's own: others have no dbus for Python.
python=/usr/bin/python3
"$python" -c 'import dbus.mainloop.glib, gi.repository.GLib' 2>/dev/null || skip "python3 has no dbus"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' HUP INT TERM
cat >"$scratch/desktop.py" <<'PYTHON'
import sys
import dbus, dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

NAME = "org.freedesktop.Notifications"

class Desktop(dbus.service.Object):
    @dbus.service.method(NAME, in_signature="susssasa{sv}i", out_signature="u")
    def Notify(self, app, replaces, icon, title, body, actions, hints, expires):
        with open(sys.argv[1], "a", encoding="utf-8") as file:
            file.write("%s|%s|%s\n" % (app, title, body.replace("\n", "/")))
        return 1

    @dbus.service.method(NAME, out_signature="ssss")
    def GetServerInformation(self):
        return ("desktop", "test", "1", "1.2")

    @dbus.service.method(NAME, out_signature="as")
    def GetCapabilities(self):
        return ["body", "body-markup"]

DBusGMainLoop(set_as_default=True)
name = dbus.service.BusName(NAME, dbus.SessionBus())
Desktop(name, "/org/freedesktop/Notifications")
open(sys.argv[1], "w").close()
GLib.MainLoop().run()
PYTHON

test=$(cargo test --locked --lib --no-run --message-format=json 2>/dev/null | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
[ -x "$test" ] || fail "the tests are not built"
# The inner shell's own words.
# shellcheck disable=SC2016
dbus-run-session -- sh -euc '
    "$1" "$2/desktop.py" "$2/notes" & desktop=$!
    for _ in 1 2 3 4 5 6 7 8 9 10; do [ -e "$2/notes" ] && break; sleep 0.2; done
    "$3" --exact guard::desk::tests::on_this_desktop --ignored >"$2/said" 2>&1 || { cat "$2/said"; exit 1; }
    kill "$desktop"
' sh "$python" "$scratch" "$test" || fail "nothing could be shown"

{
    printf '%s\n' 'leakwarden|-shop <b>: a secret in a tracked file|prix/é&lt;b&gt;\n&amp;.env:3/leakwarden guard warnings'
    printf '%s\n' 'leakwarden|2 more warnings in web|leakwarden guard warnings'
} >"$scratch/expected"
diff "$scratch/expected" "$scratch/notes" || fail "the desktop was asked to show something else"
echo "desktop: shown as promised"
