#!/bin/bash
# Makes the Dockerfile's builder image where no image registry can be reached: Debian's packages by
# mmdebstrap, and this machine's own Rust toolchain. Only for tests; a real build pulls the image.
set -euo pipefail

image=${1:?usage: stand-in-base.sh IMAGE}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

mmdebstrap --quiet --variant=minbase --include=ca-certificates,gcc,libc6-dev \
    bookworm "$root"

# The toolchain without its documentation, the crates this machine already has, and its trust.
sysroot=$(rustc --print sysroot)
registry=${CARGO_HOME:-$HOME/.cargo}/registry
mkdir -p "$root/usr/local/rust/bin" "$root/usr/local/cargo/registry"
cp "$sysroot"/bin/{cargo,rustc} "$root/usr/local/rust/bin/"
cp -a "$sysroot/lib" "$root/usr/local/rust/"
for part in cache index; do
    [ ! -d "$registry/$part" ] || cp -a "$registry/$part" "$root/usr/local/cargo/registry/"
done
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"

tar -C "$root" --numeric-owner -c . | docker import \
    --change 'ENV PATH=/usr/local/rust/bin:/usr/sbin:/usr/bin:/sbin:/bin CARGO_HOME=/usr/local/cargo' \
    - "$image" >/dev/null
