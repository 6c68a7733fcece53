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
        # Addresses to set at the start as bits instead of 24 bytes each: half a megabyte less to read. The C
        # library that is linked in has to know them, as glibc does from 2.36 on.
        libc_version=$(getconf GNU_LIBC_VERSION 2>/dev/null || echo none)
        case "${libc_version#glibc }" in
        2.3[6-9]* | 2.[4-9][0-9]*) RUSTFLAGS="$RUSTFLAGS -C link-arg=-Wl,-z,pack-relative-relocs" ;;
        esac
        export RUSTFLAGS
    fi
    ;;
esac
