#!/usr/bin/env bash
# PID 1 of a lab host: what systemd does on a real one, in its order, as far as the network needs it. It is shell as every
# init script was. In: nothing. Prints READY when the host is up.
set -u

# Modules and sysctls that /etc asks for. Only the network's are the host's own; the rest would be the machine's.
sed -s '/^[[:space:]]*[#;]/d; /^[[:space:]]*$/d' /etc/modules-load.d/*.conf 2> /dev/null | while read -r module _; do
  modprobe -q "$module" || true
done
sysctl --quiet --system --pattern '^net\.' || true

# A daemon that owns eth0, where there is one. It takes a /sys that cannot be written for a container's, and waits for no udev.
start() { unshare --mount sh -c 'mount -o remount,bind,ro /sys; exec "$@"' sh "$@" >> "/var/log/${1##*/}.log" 2>&1 & }
case $(cat /etc/kvmnet-lab) in
  networkd | netplan)
    mkdir -p /run/dbus /run/systemd/netif /run/systemd/network
    ! command -v netplan > /dev/null || netplan generate
    chown systemd-network: /run/systemd/netif
    chmod -f 644 /etc/systemd/network/*
    dbus-daemon --system --fork --nopidfile
    start /lib/systemd/systemd-networkd
    for _ in $(seq 200); do ip route | grep -q default && break; sleep 0.05; done
    ;;
  *NetworkManager | ifcfg-nm)
    mkdir -p /run/dbus /run/NetworkManager /var/lib/NetworkManager
    ! command -v netplan > /dev/null || netplan generate
    dbus-daemon --system --fork --nopidfile
    # --debug: not in the background either, and what it logs goes to stderr; there is no syslog here.
    start /usr/sbin/NetworkManager --debug
    for _ in $(seq 200); do ip route | grep -q default && break; sleep 0.05; done
    ;;
esac

if [ -x /usr/share/ifupdown2/sbin/start-networking ]; then
  /usr/share/ifupdown2/sbin/start-networking start # its networking.service; udev has no part in it
else
  ifup -a || true
  for link in /sys/class/net/*; do # udev's part: `allow-hotplug`
    ifquery --list --allow=hotplug | grep -qxF "${link##*/}" && ifup --allow=hotplug "${link##*/}"
  done
fi

/usr/sbin/sshd -E /var/log/sshd.log
/usr/sbin/virtlogd -d
/usr/sbin/libvirtd -d
until virsh -q -c qemu:///system list > /dev/null 2>&1; do sleep 0.05; done
echo READY

# PID 1 must reap, or libvirt waits for zombies. Bash does so by itself, woken up for it by the trap.
trap : CHLD
sleep infinity &
while :; do wait; done
