#!/bin/sh
# An init for boots of which only the network counts, in a third of systemd's time: sshd, and ifup as networking.service and udev do it.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/sshd /run/network /run/lock /dev/pts
mount -t devpts devpts /dev/pts
ln -s /proc/self/fd /dev/fd
hostname -F /etc/hostname
# The lab's own way in (lab-way-in.service).
ip netns add way-in
ip link set eth1 netns way-in
ip -n way-in addr add 169.254.1.2/30 dev eth1
ip -n way-in link set eth1 up
nsenter --net=/run/netns/way-in /usr/sbin/sshd -f /etc/ssh/way-in.conf
ifup -a
ifup -a --allow=hotplug
/usr/sbin/sshd
while :; do
  sleep 3600 &
  wait # and reap
done
