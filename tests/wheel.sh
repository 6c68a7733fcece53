#!/bin/sh
# The Python wheel: built, looked into, and installed from the file in each way that people install such
# programs. Needs python3; maturin, uv and pipx come into a virtual environment of their own, in the target
# folder. Where they cannot be had, it says so and passes.
set -eu
source=$(cd "$(dirname "$0")/.." && pwd)
fail() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "SKIPPED: tests/wheel.sh: $*"; exit 0; }
command -v python3 >/dev/null || skip "python3 is not on this machine"
target=$(cargo metadata --format-version 1 --no-deps --manifest-path "$source/Cargo.toml" |
    sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
tools=$target/wheel-tools
{ python3 -m venv "$tools" && "$tools/bin/pip" install -q maturin==1.16.0 uv==0.13.9 pipx==1.18.4; } >/dev/null 2>&1 ||
    skip "maturin, uv and pipx could not be installed"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' HUP INT TERM

program=${LEAKWARDEN_PROGRAM:-$(sh "$source/install/release.sh")}
said=$("$program" --version)
wheel=$(PATH="$tools/bin:$PATH" sh "$source/install/wheel/build.sh" "$scratch/wheel")
python3 - "$wheel" "$program" "$said" <<'PYTHON'
import hashlib, sys, zipfile

wheel, program, said = zipfile.ZipFile(sys.argv[1]), sys.argv[2], sys.argv[3]
names = wheel.namelist()
binary = [n for n in names if n.endswith(".data/scripts/leakwarden")]
assert len(binary) == 1, names
assert wheel.getinfo(binary[0]).external_attr >> 16 & 0o111, "the program is not executable"
same = hashlib.sha256(wheel.read(binary[0])).digest() == hashlib.sha256(open(program, "rb").read()).digest()
print("the wheel holds", "the release build itself" if same else "its own build")
for licence in ("LICENSE-MIT", "LICENSE-APACHE"):
    inside = [n for n in names if n.endswith("/" + licence)]
    assert inside and len(wheel.read(inside[0])) > 1000, (licence, names)
metadata = wheel.read(next(n for n in names if n.endswith("/METADATA"))).decode()
assert f"\nVersion: {said.split()[1]}\n" in metadata and "\nName: leakwarden\n" in metadata, metadata
assert not [n for n in names if n.endswith(".py")], names
PYTHON

# A home of its own, and no index: what is installed is the file and nothing else.
HOME=$scratch/home
mkdir "$HOME"
unset PYTHONPATH VIRTUAL_ENV XDG_DATA_HOME XDG_CONFIG_HOME XDG_CACHE_HOME PIPX_HOME UV_TOOL_DIR || :
export HOME PIP_NO_INDEX=1 UV_OFFLINE=1 UV_PYTHON_DOWNLOADS=never
same() { [ "$("$@")" = "$said" ] || fail "$* says something else"; }

python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install -q "$wheel"
same "$scratch/venv/bin/leakwarden" --version
"$scratch/venv/bin/pip" uninstall -q -y leakwarden
[ ! -e "$scratch/venv/bin/leakwarden" ] || fail "pip does not remove it"
"$tools/bin/pipx" install -q "$wheel" >/dev/null 2>&1 || fail "pipx does not install it"
same "$HOME/.local/bin/leakwarden" --version
"$tools/bin/pipx" uninstall leakwarden >/dev/null 2>&1
same "$tools/bin/uvx" -q --from "$wheel" leakwarden --version
"$tools/bin/uv" tool install -q "$wheel"
same "$HOME/.local/bin/leakwarden" --version
echo "wheel: pip, pipx, uvx and uv tool run $said"
