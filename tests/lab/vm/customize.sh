#!/usr/bin/env bash
# Makes a lab host of a bare Debian, as far as all hosts are alike: run by mmdebstrap, outside of it. usage: customize.sh ROOT
# What one host has of its own (name, network, keys) comes with its first boot (init.sh, identity.ts).
set -euo pipefail
root=$1
in_root() { chroot "$root" "$@"; }

printf '/dev/vda / ext4 errors=remount-ro 0 0\n' > "$root/etc/fstab"
printf '# /etc/sysctl.conf - Configuration file for setting system variables\n' > "$root/etc/sysctl.conf"
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/resolv.conf" "$root/etc/hostname"
: > "$root/etc/machine-id"

# As on hosts in namespaces (../install.sh): root, and admin who may use sudo, both with the password "lab".
printf 'PermitRootLogin yes\nPasswordAuthentication yes\nUseDNS no\n' > "$root/etc/ssh/sshd_config.d/lab.conf"
in_root useradd --create-home --shell /bin/bash --user-group --groups sudo,libvirt admin
printf 'root:lab\nadmin:lab\n' | in_root chpasswd
printf 'admin ALL=(ALL:ALL) NOPASSWD: ALL\n' > "$root/etc/sudoers.d/admin"
chmod 440 "$root/etc/sudoers.d/admin"
rm -rf "$root"/etc/libvirt/qemu/networks/*.xml "$root"/etc/libvirt/qemu/networks/autostart/*
printf 'security_driver = "none"\nuser = "root"\ngroup = "root"\n' >> "$root/etc/libvirt/qemu.conf"

# Emulated, a host is some ten times slower: nothing runs that no test asks for, and nobody logs in on the console.
printf 'blacklist %s\n' kvm_amd kvm_intel powernow_k8 psmouse pcspkr > "$root/etc/modprobe.d/lab.conf"
units=(
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
  getty@tty1.service serial-getty@ttyS0.service libvirt-guests.service systemd-pstore.service
  dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount
  user@.service user-runtime-dir@.service systemd-update-utmp.service systemd-update-utmp-runlevel.service
  systemd-machined.service systemd-binfmt.service proc-sys-fs-binfmt_misc.automount systemd-sysusers.service systemd-random-seed.service
  systemd-hostnamed.service systemd-journal-flush.service systemd-update-done.service systemd-tmpfiles-clean.timer logrotate.timer modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service modprobe@fuse.service modprobe@loop.service
)
for unit in "${units[@]}"; do ln -sfn /dev/null "$root/etc/systemd/system/$unit"; done
# A machine has hundreds of devices, of which these count; to look at all of them is a third of a boot.
install -d "$root/etc/systemd/system/systemd-udev-trigger.service.d"
cat > "$root/etc/systemd/system/systemd-udev-trigger.service.d/lab.conf" << 'UNIT'
[Service]
ExecStart=
ExecStart=-udevadm trigger --type=devices --action=add --subsystem-match=net --subsystem-match=block --subsystem-match=misc
UNIT
sed -i 's/^session.*pam_motd/#&/; s/^session.*pam_mail/#&/' "$root/etc/pam.d/sshd"
install -d "$root/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\n' > "$root/etc/systemd/journald.conf.d/lab.conf"

# The lab's own way in works whatever the host's network is like: a NIC in a namespace that nobody on the host looks at,
# and an sshd there that runs what it is told in the host's own namespace.
cat > "$root/etc/systemd/system/lab-way-in.service" << 'UNIT'
[Unit]
DefaultDependencies=no
After=systemd-remount-fs.service systemd-tmpfiles-setup.service
Before=network-pre.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target
[Service]
RuntimeDirectory=sshd
RuntimeDirectoryPreserve=yes
ExecStartPre=ip netns add way-in
ExecStartPre=ip link set eth1 netns way-in
ExecStartPre=ip -n way-in addr add 169.254.1.2/30 dev eth1
ExecStartPre=ip -n way-in link set eth1 up
ExecStart=nsenter --net=/run/netns/way-in /usr/sbin/sshd -D -e -f /etc/ssh/way-in.conf
[Install]
WantedBy=sysinit.target
UNIT
cat > "$root/etc/ssh/way-in.conf" << 'CONF'
HostKey /etc/ssh/ssh_host_ed25519_key
AuthorizedKeysFile /etc/ssh/way-in.pub
PermitRootLogin yes
UseDNS no
PidFile none
MaxSessions 100
ForceCommand exec nsenter --net=/proc/1/ns/net -- sh -c "$SSH_ORIGINAL_COMMAND"
CONF
install -m 755 "$(dirname "$0")/quick-init.sh" "$root/usr/local/sbin/quick-init"
in_root systemctl --quiet enable lab-way-in.service
in_root systemctl --quiet set-default multi-user.target
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/boot/initrd*
