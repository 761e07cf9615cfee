#!/usr/bin/env bash
# NetworkManager of Debian's source package, with its plugin ifcfg-rh, which Debian leaves out; the plugin alone does not fit Debian's daemon, which
# keeps its symbols to itself. All that a wired host has no need of is left out. It is shell as it is a build. In: an empty directory, its own.
# Out: usr/ in it. Run in a mount namespace of its own: what it is built with is not installed, only unpacked, and laid over the machine's root.
set -euo pipefail
cd "$1"

# Lists of its own: the machine's have no source packages, and may be empty.
mkdir -p apt/lists/partial apt/cache/archives/partial apt/sources packages deps source
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
  [ ! -f "$list" ] || sed -E '/^deb /{p; s/^deb /deb-src /}; s/^Types:.*/Types: deb deb-src/' "$list" > "apt/sources/${list##*/}"
done
apt=(apt-get -q -o APT::Sandbox::User=root -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$PWD/apt/sources" -o "Dir::State::Lists=$PWD/apt/lists" -o "Dir::Cache=$PWD/apt/cache")
"${apt[@]}" update
version=$("${apt[@]/#apt-get/apt-cache}" policy network-manager | sed -n 's/^ *Candidate: //p') # which the rest of the host has
(cd source && "${apt[@]}" source "network-manager=$version")
mv source/network-manager-*/ tree
(cd packages && "${apt[@]}" download meson ninja-build xsltproc libxslt1.1 libxml2 libndp0 libndp-dev libudev-dev libdbus-1-dev uuid-dev libuuid1 \
  libglib2.0-0 libglib2.0-bin libglib2.0-dev libglib2.0-dev-bin libglib2.0-data libffi-dev zlib1g-dev libpcre2-dev libpcre2-16-0 libpcre2-posix3 \
  libmount-dev libblkid-dev libselinux1-dev libsepol-dev)
for deb in packages/*.deb; do dpkg -x "$deb" deps; done
for top in bin sbin lib; do
  [ ! -d deps/$top ] || { mkdir -p deps/usr/$top && cp -a deps/$top/. deps/usr/$top/ && rm -r deps/$top; }
done

# A directory of the root's cannot be laid over the root.
mount -t tmpfs tmpfs /mnt
mv deps /mnt/deps
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/mnt/deps:/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
for path in /proc /dev "$PWD"; do
  mkdir -p "/mnt/root$path"
  mount --rbind "$path" "/mnt/root$path"
done
off=()
for option in ppp modem_manager ovs wifi wext concheck introspection qt nmtui nmcli libpsl polkit selinux systemd_journal firewalld_zone ifupdown; do off+=("-D$option=false"); done
chroot /mnt/root sh -e -c 'cd "$1"; shift; ldconfig; meson setup ../build --buildtype=plain --prefix=/usr --sysconfdir=/etc --localstatedir=/var "$@"
  ninja -C ../build src/core/NetworkManager src/core/settings/plugins/ifcfg-rh/libnm-settings-plugin-ifcfg-rh.so' sh "$PWD/tree" \
  -Difcfg_rh=true -Dtests=no -Dreadline=none -Dcrypto=null -Dlibaudit=no -Dsession_tracking=no -Dsystemdsystemunitdir=no "${off[@]}"

plugins=usr/lib/$(gcc -print-multiarch)/NetworkManager/${version%-*}
mkdir -p usr/sbin "$plugins" usr/share/dbus-1/system.d
cp build/src/core/NetworkManager usr/sbin
cp build/src/core/settings/plugins/ifcfg-rh/libnm-settings-plugin-ifcfg-rh.so "$plugins"
cp tree/src/core/settings/plugins/ifcfg-rh/nm-ifcfg-rh.conf usr/share/dbus-1/system.d
strip usr/sbin/NetworkManager "$plugins"/*.so
rm -rf apt source packages tree build
