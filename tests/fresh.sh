#!/bin/sh
# Proves that `make test` brings everything it needs: a new Debian 12 folder (debootstrap), a clean
# clone of the committed work in it, and nothing else. Wants root. The folder is removed at the end.
#
#   make test-fresh              the whole of `make test`
#   make test-fresh TARGET=setup only what `make run` needs
set -eu
[ "$(id -u)" = 0 ] || { echo "make test-fresh needs root: it builds a Debian 12 folder and changes root into it." >&2; exit 1; }
command -v debootstrap >/dev/null || sh image/install-packages.sh /dev/stdin <<P
debootstrap
P
target=${TARGET:-test}
mirror=${MIRROR:-http://deb.debian.org/debian}
folder=$(mktemp -d /var/tmp/tipring-fresh.XXXXXX)
chmod 755 "$folder" # apt fetches as a user of its own

finish() {
    for place in dev/pts dev/shm dev sys proc; do
        umount -R "$folder/$place" 2>/dev/null || true
    done
    umount "$folder" 2>/dev/null || true
    # Never remove a folder in which something of the host is still mounted.
    grep -q " $folder[/ ]" /proc/mounts || rm -rf "$folder"
}
trap finish EXIT INT TERM

echo "Building a new Debian 12 in $folder"
debootstrap --variant=minbase --include=make,git,ca-certificates bookworm "$folder" "$mirror" >/dev/null
# A root that is a mount of its own, as on a machine: without it no test could have a mount namespace.
mount --bind "$folder" "$folder"
mount --make-private "$folder"
mount -t proc proc "$folder/proc"
mount --bind /sys "$folder/sys"
mount --bind /dev "$folder/dev"
# Private, or what is mounted in the folder would also appear on the host's /dev.
mount --make-private "$folder/sys"
mount --make-private "$folder/dev"
mount --bind /dev/pts "$folder/dev/pts"
mount -t tmpfs tmpfs "$folder/dev/shm"
# How this machine reaches package servers (name service, certificates, apt and pip settings) is not the project's business: copy it.
for file in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/ssl/certs /usr/local/share/ca-certificates ${FRESH_COPY:-}; do
    [ -e "$file" ] || continue
    mkdir -p "$folder$(dirname "$file")"
    cp -aL "$file" "$folder$(dirname "$file")/" 2>/dev/null || true
done
git clone -q . "$folder/root/tipring"
chroot "$folder" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 CI=true \
    ${PIP_CERT:+PIP_CERT="$PIP_CERT"} ${https_proxy:+https_proxy="$https_proxy"} \
    make -C /root/tipring "$target" </dev/null
echo "make $target works on a fresh Debian 12."
