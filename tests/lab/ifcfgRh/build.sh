#!/usr/bin/env bash
# NetworkManager of Debian's source package, with its plugin ifcfg-rh, which Debian leaves out; the plugin alone does not fit Debian's daemon, which
# keeps its symbols to itself. All that a wired host has no need of is left out. It is shell as it is a build. In: an empty directory, its own.
# Out: usr/ in it. Run in a mount namespace of its own: what it is built with is installed in a layer over the machine's root, and gone afterwards.
set -euo pipefail
out=$1
mount -t tmpfs tmpfs /mnt # a directory of the root's cannot be laid over the root
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
for path in /proc /dev "$out"; do
  mkdir -p "/mnt/root$path"
  mount --rbind "$path" "/mnt/root$path"
done
chroot /mnt/root bash -euo pipefail -s "$out" << 'END'
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
  [ ! -f "$list" ] || sed -i -E '/^deb /{p; s/^deb /deb-src /}; s/^Types:.*/Types: deb deb-src/' "$list"
done
apt=(apt-get -q -o APT::Sandbox::User=root)
"${apt[@]}" update
DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends dpkg-dev gcc libc6-dev pkg-config gettext meson xsltproc \
  libglib2.0-dev libndp-dev libudev-dev libdbus-1-dev uuid-dev < /dev/null
version=$(apt-cache policy network-manager | sed -n 's/^ *Candidate: //p') # which the rest of the host has
mkdir /build
cd /build
"${apt[@]}" source "network-manager=$version"
cd network-manager-*/
off=()
for option in ppp modem_manager ovs wifi wext concheck introspection qt nmtui nmcli libpsl polkit selinux systemd_journal firewalld_zone ifupdown; do off+=("-D$option=false"); done
meson setup ../made --buildtype=plain --prefix=/usr --sysconfdir=/etc --localstatedir=/var \
  -Difcfg_rh=true -Dtests=no -Dreadline=none -Dcrypto=null -Dlibaudit=no -Dsession_tracking=no -Dsystemdsystemunitdir=no "${off[@]}"
ninja -C ../made src/core/NetworkManager src/core/settings/plugins/ifcfg-rh/libnm-settings-plugin-ifcfg-rh.so

plugins=$1/usr/lib/$(gcc -print-multiarch)/NetworkManager/${version%-*}
mkdir -p "$1/usr/sbin" "$plugins" "$1/usr/share/dbus-1/system.d"
cp ../made/src/core/NetworkManager "$1/usr/sbin"
cp ../made/src/core/settings/plugins/ifcfg-rh/libnm-settings-plugin-ifcfg-rh.so "$plugins"
cp src/core/settings/plugins/ifcfg-rh/nm-ifcfg-rh.conf "$1/usr/share/dbus-1/system.d"
strip "$1/usr/sbin/NetworkManager" "$plugins"/*.so
END
