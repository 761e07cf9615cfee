#!/usr/bin/env bash
# Makes a freshly installed Debian host of a copy of the machine's root: run once, inside the host, before its first boot.
# It is shell as it is a list of files and commands. In: NAME, UUID, INTERFACES, OWNER, OWNER_FILE, OWNER_TEXT, RESOLV and KEY (may log in by SSH).
set -euo pipefail

echo "$NAME" > /etc/hostname
printf '127.0.0.1\tlocalhost\n127.0.1.1\t%s.lab\t%s\n\n::1\tlocalhost ip6-localhost ip6-loopback\n' "$NAME" "$NAME" > /etc/hosts
rm -f /etc/resolv.conf # it may be a link into the machine's /run
printf '%s' "$RESOLV" > /etc/resolv.conf
echo "${UUID//-/}" > /etc/machine-id

# Network configuration, all of it the host's own.
rm -rf /etc/network/interfaces.d /etc/udev/rules.d /etc/sysctl.d /etc/modules-load.d /etc/netplan /etc/NetworkManager \
  /etc/systemd/network /etc/cloud /etc/sysconfig /var/lib/dhcp /etc/nftables.conf
mkdir -p /etc/network/interfaces.d /etc/udev/rules.d /etc/sysctl.d /etc/modules-load.d /var/lib/dhcp
printf '%s' "$INTERFACES" > /etc/network/interfaces
case $OWNER in netplan | *NetworkManager | ifcfg-nm) ldconfig ;; esac # what dpkg does when it installs a library
if [[ $OWNER = *NetworkManager ]]; then # as Debian's package has it
  rm -rf /var/lib/NetworkManager
  mkdir -p /etc/NetworkManager/system-connections
  printf '[main]\nplugins=ifupdown,keyfile\n\n[ifupdown]\nmanaged=false\n' > /etc/NetworkManager/NetworkManager.conf
fi
if [ "$OWNER" = ifcfg-nm ]; then # as RHEL 8 has it
  rm -rf /var/lib/NetworkManager
  mkdir -p /etc/NetworkManager/system-connections /etc/sysconfig/network-scripts
  printf '[main]\nplugins=ifcfg-rh,keyfile\n' > /etc/NetworkManager/NetworkManager.conf
  printf '# Created by anaconda\n' > /etc/sysconfig/network
fi
[ -z "$OWNER_FILE" ] || { mkdir -p "${OWNER_FILE%/*}" && (umask 077 && printf '%s' "$OWNER_TEXT" > "$OWNER_FILE"); }
printf '# /etc/sysctl.conf - Configuration file for setting system variables\n' > /etc/sysctl.conf
ln -s ../sysctl.conf /etc/sysctl.d/99-sysctl.conf
printf '# /etc/modules: kernel modules to load at boot time.\n' > /etc/modules
ln -s ../modules /etc/modules-load.d/modules.conf

# libvirt: no networks, no guests. Guests run as root without a security driver and without cgroups, which namespaces of
# the machine's kernel do not have for themselves.
rm -rf /etc/libvirt/qemu /etc/libvirt/hooks /etc/libvirt/storage /var/lib/libvirt /var/cache/libvirt
mkdir -p /etc/libvirt/qemu/networks/autostart /etc/libvirt/qemu/autostart /etc/libvirt/hooks /var/lib/libvirt/{dnsmasq,images,qemu,boot}
cat > /etc/libvirt/qemu.conf << 'QEMU'
security_driver = "none"
user = "root"
group = "root"
cgroup_controllers = []
namespaces = []
remember_owner = 0
QEMU
cat > /etc/libvirt/libvirtd.conf << LIBVIRTD
unix_sock_group = "libvirt"
unix_sock_rw_perms = "0770"
auth_unix_rw = "none"
host_uuid = "$UUID"
LIBVIRTD

# SSH: Debian's defaults, with root's password and key allowed; host keys of its own.
rm -rf /etc/ssh/sshd_config.d /etc/ssh/ssh_config.d /etc/ssh/ssh_host_*
mkdir -p /etc/ssh/sshd_config.d /etc/ssh/ssh_config.d
cp /usr/share/openssh/sshd_config /etc/ssh/sshd_config
printf 'PermitRootLogin yes\nPasswordAuthentication yes\nUseDNS no\n' > /etc/ssh/sshd_config.d/lab.conf
ssh-keygen -q -t ed25519 -N '' -C "root@$NAME" -f /etc/ssh/ssh_host_ed25519_key
ssh-keygen -q -t ecdsa -N '' -C "root@$NAME" -f /etc/ssh/ssh_host_ecdsa_key

# Users: root, and admin who may do everything through sudo without a password. Both have the password "lab".
rm -rf /etc/sudoers.d
install -d -m 750 /etc/sudoers.d
printf 'admin ALL=(ALL:ALL) NOPASSWD: ALL\n' > /etc/sudoers.d/admin
chmod 440 /etc/sudoers.d/admin
getent passwd admin > /dev/null || useradd --no-log-init --shell /bin/bash --user-group --groups sudo admin
printf 'root:lab\nadmin:lab\n' | chpasswd
cp -rT /etc/skel /root
cp -rT /etc/skel /home/admin
for home in /root /home/admin; do
  install -d -m 700 "$home/.ssh"
  printf '%s\n' "$KEY" > "$home/.ssh/authorized_keys"
  chmod 600 "$home/.ssh/authorized_keys"
done
chown -R admin: /home/admin
chmod 700 /root

rm -f /var/log/sshd.log /var/log/guest-*.log
echo "$OWNER" > /etc/kvmnet-lab # installed
