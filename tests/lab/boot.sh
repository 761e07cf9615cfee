#!/usr/bin/env bash
# Boots a lab host: run in new mount, UTS, PID and IPC namespaces inside the host's network namespace. It is shell, since
# it is what a host's initramfs is: mounts, a new root, and then init. Bash, as Debian's own early boot needs no more.
# In: NAME, DISK (a tmpfs that outlives the boot, as a disk does), LAYER (what lies between it and the machine's root), INSTALL and INIT (the texts of install.sh and init.sh),
# and what install.sh needs. The scripts come as text since the new root may not show the directory they are in.
set -euo pipefail
root=$DISK/root
# A copy of a disk that a test has put beside it, as it was at another moment: the host boots from that.
[ ! -e "$DISK/next" ] || { rm -rf "$DISK"/{upper,work} && mv "$DISK/next" "$DISK/upper"; }
mkdir -p "$DISK"/{upper,work,root,root-home,home}
# Of layers of one overlay none may lie in another.
[ -z "$LAYER" ] || [ -e "$DISK/layer" ] || cp -a "$LAYER" "$DISK/layer"
mount -t overlay overlay -o "lowerdir=${LAYER:+$DISK/layer:}/,upperdir=$DISK/upper,workdir=$DISK/work" "$root"
hostname "$NAME"

# What is the machine's own business stays out: its home directories, and through /run and /tmp its services.
mount --bind "$DISK/root-home" "$root/root"
mount --bind "$DISK/home" "$root/home"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mkdir -p "$root"/run/{sshd,lock,network}

# pivot_root rather than chroot: the host then holds none of the machine's mounts (such as another lab's namespaces, which
# would live as long as this host), and nsenter lands in the host's root by itself.
cd "$root"
pivot_root . .
umount -l .
exec chroot . env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
  NAME="$NAME" UUID="$UUID" INTERFACES="$INTERFACES" OWNER="$OWNER" OWNER_FILE="$OWNER_FILE" OWNER_TEXT="$OWNER_TEXT" RESOLV="$RESOLV" KEY="$KEY" bash -s "$INSTALL" "$INIT" << 'SWITCH'
set -e
cd /
[ -e /etc/kvmnet-lab ] || bash -c "$1"
exec env -u OWNER_FILE -u OWNER_TEXT -u NAME -u UUID -u INTERFACES -u RESOLV -u KEY bash -c "$2" init < /dev/null
SWITCH
