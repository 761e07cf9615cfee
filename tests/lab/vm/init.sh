#!/bin/sh
# Init of a lab VM's initramfs: finds the disk, installs the host on its first boot, and hands over to systemd.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module"; done < /modules/order
tries=0
until [ -b /dev/vda ] || [ "$tries" = 100 ]; do
  sleep 0.05
  tries=$((tries + 1))
done
mount -t ext4 -o errors=remount-ro /dev/vda /disk
if [ ! -e /disk/etc/kvmnet-lab ]; then
  cp -a /host/. /disk/
  : > /disk/etc/kvmnet-lab
  sync # a power cut in the first seconds must not take away what the host is
fi
init=/sbin/init
read -r command_line < /proc/cmdline
for word in $command_line; do
  case $word in init=*) init=${word#init=} ;; esac
done
for mounted in proc sys dev; do mount -o move "/$mounted" "/disk/$mounted"; done
exec switch_root /disk "$init"
