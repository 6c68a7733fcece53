#!/bin/sh
# Runs each fuzz target for some seconds (default 60) on one core, one after the other: run.sh [SECONDS [TARGET...]].
# Ends with 1 where one found something; what it found lies in fuzz/artifacts. See docs/fuzzing.md.
set -eu
cd "$(dirname "$0")"
seconds=${1:-60}
[ $# -eq 0 ] || shift
# Addresses are the compiler's to check: there is no `unsafe` in the program.
cargo +nightly fuzz build --sanitizer none >&2
programs=${CARGO_TARGET_DIR:-target}/$(rustc +nightly -vV | sed -n 's/^host: //p')/release
targets=${*:-$(sed -n 's/^name = "\([a-z]*\)"$/\1/p' Cargo.toml)}
python3 seeds.py corpus/seeds
found=0
for target in $targets; do
    mkdir -p "corpus/$target" "artifacts/$target"
    case $target in
    rules | policies | exceptions | imports | diffs | records) words=documents most=4096 ;;
    repeats) words=carriers most=200 ;;
    *) words=carriers most=2048 ;;
    esac
    log=artifacts/$target.log
    if "$programs/$target" "corpus/$target" "corpus/seeds/$target" -max_total_time="$seconds" -timeout=10 \
        -report_slow_units=1 -rss_limit_mb=3000 -max_len="$most" -dict="dict/$words.dict" \
        -artifact_prefix="artifacts/$target/" -print_final_stats=1 >"$log" 2>&1; then
        said=ok
    else
        said="FOUND SOMETHING, see fuzz/$log" found=1
    fi
    count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    slow=$(grep -c '^Slowest unit' "$log" || true)
    echo "$target: $seconds s, ${count:-?} executions, $slow slow inputs: $said"
done
exit "$found"
