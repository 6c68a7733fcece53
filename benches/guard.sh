#!/bin/sh
# Measures the guard: when it is ready, memory, CPU when idle, from write to warning (alone and beside a build), 1,000
# secrets planted during work, bursts, lost events, kill -9, and 20 minutes of churn. Half an hour with git and python3;
# `--small` takes a minute. `--help` lists what can be chosen.
#
#   sh benches/guard.sh [leakwarden] [options]
set -eu
command -v python3 >/dev/null || { echo "SKIPPED: benches/guard.sh: python3 is not on this machine"; exit 0; }
exec python3 "$(dirname "$0")/guard/churn.py" "$@"
