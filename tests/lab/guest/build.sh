#!/usr/bin/env bash
# Builds what lab guests boot from: Debian's cloud kernel and an initramfs of busybox. usage: build.sh OUTDIR
# It is shell since it is packaging: download, unpack, copy, cpio. Nothing is installed on the machine.
set -euo pipefail
out=$1 here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

apt=(apt-get -q -o DPkg::Lock::Timeout=300 -o APT::Sandbox::User=root)
package() { apt-cache depends linux-image-cloud-amd64 2> /dev/null | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1; }
[ -n "$(package)" ] || "${apt[@]}" update
[ -n "$(package)" ] || { echo "No package linux-image-cloud-amd64: lab guests need Debian on amd64." >&2; exit 1; }
# The lists may name a version the mirror has replaced since.
(cd "$work" && { "${apt[@]}" download "$(package)" || { "${apt[@]}" update && "${apt[@]}" download "$(package)"; }; })
dpkg-deb -x "$work"/*.deb "$work/kernel"
modules=$work/kernel
[ -d "$modules/lib/modules" ] || modules=$work/kernel/usr
release=$(basename "$modules"/lib/modules/*)

guest=$work/guest
mkdir -p "$guest"/{bin,proc,sys,dev,run,modules}
cp "$(command -v busybox)" "$guest/bin/busybox"
busybox --list | grep -vx busybox | while read -r applet; do ln -s busybox "$guest/bin/$applet"; done
install -m 755 "$here/init.sh" "$guest/init"
install -m 755 "$here/lease.sh" "$guest/lease.sh"
depmod -b "$modules" "$release"
for module in virtio_pci virtio_net; do
  modprobe -d "$modules" -S "$release" --show-depends "$module" 2> /dev/null || true # built in
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
  name=$(basename "${file%.xz}")
  case $file in *.xz) xz -dc "$file" ;; *) cat "$file" ;; esac > "$guest/modules/$name"
  echo "$name" >> "$guest/modules/order"
done
mknod "$guest/dev/console" c 5 1
(cd "$guest" && find . | busybox cpio -o -H newc -R 0:0 2> /dev/null | gzip -1) > "$out/initrd.gz"
cp "$work"/kernel/boot/vmlinuz-* "$out/vmlinuz"
