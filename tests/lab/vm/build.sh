#!/usr/bin/env bash
# Builds what lab VMs boot from: the disk of a freshly installed Debian 12, its kernel, and an initramfs of busybox.
# usage: build.sh OUTDIR. It is shell since it is packaging. Nothing is installed on the machine.
set -euo pipefail
out=$1 here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "$out/work.XXXXXX") # beside the result: /tmp may be too small
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
root=$work/root

packages=(
  systemd systemd-sysv libpam-systemd dbus udev kmod openssh-server sudo procps iputils-ping less nano
  ifupdown isc-dhcp-client bridge-utils vlan ifenslave iproute2 nftables iptables tcpdump
  linux-image-cloud-amd64 libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients dnsmasq-base
  python3 python3-dbus libyaml-0-2 # other owners of the network are programs of Python's (../ownerRoot.ts)
)
sources=/etc/apt/sources.list.d/debian.sources # the machine's own mirror, where it is a Debian 12 itself
grep -qsw bookworm "$sources" || sources=
# INITRD=No: Debian's own initramfs takes long to make, and it is not what boots here.
INITRD=No mmdebstrap --quiet --mode=root --variant=minbase --format=directory --components=main \
  --include="$(IFS=, && echo "${packages[*]}")" \
  --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' --dpkgopt=force-unsafe-io \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --customize-hook="bash '$here/customize.sh' \"\$1\"" \
  bookworm "$root" $sources
release=$(basename "$root"/lib/modules/*)
mv "$root/boot/vmlinuz-$release" "$out/vmlinuz"

initramfs=$work/initramfs
mkdir -p "$initramfs"/{bin,proc,sys,dev,disk,host,modules}
cp "$(command -v busybox)" "$initramfs/bin/busybox"
for applet in sh mount insmod sleep cp sync switch_root; do ln -s busybox "$initramfs/bin/$applet"; done
install -m 755 "$here/init.sh" "$initramfs/init"
for module in virtio_pci virtio_blk virtio_net ext4; do
  modprobe -d "$root" -S "$release" --show-depends "$module" 2> /dev/null || true # built in
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
  cp "$file" "$initramfs/modules/"
  basename "$file" >> "$initramfs/modules/order"
done
(cd "$initramfs" && find . | busybox cpio -o -H newc -R 0:0 2> /dev/null | gzip) > "$out/initrd.gz"

# With a journal and Debian's defaults: what a power cut leaves is what it would leave on a real host.
truncate -s 4G "$out/disk.img"
mke2fs -q -t ext4 -L root -E lazy_itable_init=0,root_owner=0:0 -d "$root" "$out/disk.img"
