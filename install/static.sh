# shellcheck shell=sh
# Read by the other scripts: `host` is this machine's target, and RUSTFLAGS make the program static and
# position-independent where the C library can be linked so (Linux with glibc's libc.a): it starts quicker
# and does not depend on the machine's libraries.
#
# cargo is to be given --target "$host": that keeps the flags away from build scripts and macros, which
# cannot be static.
host=$(rustc -vV | sed -n 's/^host: //p')
case "$host" in
*-linux-gnu)
    libc=$(cc -print-file-name=libc.a 2>/dev/null || echo libc.a)
    if [ "$libc" != libc.a ] && [ -e "$libc" ]; then
        RUSTFLAGS="${RUSTFLAGS-} -C target-feature=+crt-static"
        export RUSTFLAGS
    fi
    ;;
esac
