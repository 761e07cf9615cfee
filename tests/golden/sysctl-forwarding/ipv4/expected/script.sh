_kvmnet_transaction() {
umask 077

probe_ssh() {
  [ -z "${KVMNET_SSH:-$SSH_CONNECTION}" ] || { echo "${KVMNET_SSH:-$SSH_CONNECTION}"; return; }
  p=$PPID
  while [ "${p:-1}" -gt 1 ]; do
    c=$(tr '\0' '\n' 2>/dev/null < "/proc/$p/environ" | sed -n 's/^SSH_CONNECTION=//p')
    [ -z "$c" ] || { echo "$c"; return; }
    p=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$p/status" 2>/dev/null)
  done
}

dir=/run/kvmnet/0123456789abcdef0123456789abcdef
cannot_write() { echo "cannot write $1 (is /run full or read-only?); nothing was touched" >&2; [ "$1" = "$dir" ] || rm -rf "$dir"; exit 3; }
mkdir -p /run/kvmnet && mkdir "$dir" || cannot_write "$dir"
sed 's/^|//' <<'KVMNET_0123456789abcdef0123456789abcdef' | cat > "$dir/script" || cannot_write "$dir/script"
|umask 022
|trap '' HUP PIPE INT TERM
|dir=/run/kvmnet/0123456789abcdef0123456789abcdef
|N=0123456789abcdef0123456789abcdef
|part() {
|  kvmnet_h=$1
|  case $1 in *'
|'*) kvmnet_h=$(printf %s "$1" | tr '\n' '?') ;; esac
|  printf '\n@%s %s\n' "$N" "$kvmnet_h"
|}
|
|lock() {
|  kvmnet_end=$(($(now) + $1))
|  until flock -n 9; do
|    [ "$(now)" -lt "$kvmnet_end" ] || { part locked; cat /run/kvmnet/holder 2>/dev/null; return 1; }
|    sleep 0.1 2>/dev/null || sleep 1
|  done
|}
|now() { read -r kvmnet_u _ < /proc/uptime; echo "${kvmnet_u%%.*}"; }
|progress() { printf '%s\n' "$1" >&3; } 2>/dev/null
|stale() { [ "$ok" = 1 ] && part "stale $1"; ok=0; }
|# kind change number title: runs one step. Not in a condition, or the shell would not mind a failing line in it (set -e).
|step() {
|  [ "$ok" = 1 ] || return 0
|  progress "$2 $4"
|  part "step $2 $3 $4"
|  (set -e; "$1_$2_$3") 2>&1
|  kvmnet_rc=$?
|  [ "$kvmnet_rc" = 0 ] || { ok=0; part "failed $2 $3 $kvmnet_rc"; }
|}
|undo() {
|  part "undo $1 $2 $3"
|  (set -e; "undo_$1_$2") 2>&1
|  kvmnet_rc=$?
|  [ "$kvmnet_rc" = 0 ] || part "undo failed $1 $2 $kvmnet_rc"
|}
|# The operator has to be seen again over a new connection, or all comes back.
|confirm() {
|  [ "$ok" = 1 ] || return 0
|  : > "$dir/pending"
|  kvmnet_end=$(($(now) + window))
|  until [ -e "$dir/confirm" ]; do
|    [ "$(now)" -lt "$kvmnet_end" ] || { ok=0; part unconfirmed; return; }
|    sleep 0.05 2>/dev/null || sleep 1
|  done
|}
|result() { : > "$dir/ended.$1"; part "result $1 $2"; }
|
|put_file() {
|  [ ! -L "$1" ] || { echo "$1 is a symbolic link; a file of ours is never written through one" >&2; return 1; }
|  [ ! -e "$1" ] || [ -f "$1" ] || { echo "$1 is no regular file" >&2; return 1; }
|  mkdir -p "${1%/*}" || return 1
|  # What a power cut left of an earlier one: nobody else is at work.
|  rm -f "${1%/*}"/.kvmnet.??????
|  kvmnet_new=$(mktemp "${1%/*}/.kvmnet.XXXXXX") || return 1
|  { if [ -e "$1" ]; then cp -p "$1" "$kvmnet_new"; else file_mode "$1" "$kvmnet_new"; fi &&
|    printf %s "$2" | cat > "$kvmnet_new" && to_disk "$kvmnet_new" && mv -f "$kvmnet_new" "$1" && to_disk "${1%/*}"; } ||
|    { rm -f "$kvmnet_new"; return 1; }
|}
|# NetworkManager reads no profile that others may read.
|file_mode() { case $1 in /etc/NetworkManager/*) chmod 600 "$2" ;; *) chmod 644 "$2" ;; esac; }
|remove_file() { rm -f "$1" && { [ ! -d "${1%/*}" ] || to_disk "${1%/*}"; }; }
|to_disk() { sync "$1" 2>/dev/null || sync; }
|
|# change name text: on the disk before anything is replaced. What an earlier try kept, whose outcome never arrived, comes back where this one fails.
|keep() {
|  part "step $1 0 keep what it found"
|  kvmnet_kept=/var/lib/kvmnet/$2
|  (umask 077 && mkdir -p /var/lib/kvmnet && rm -f /var/lib/kvmnet/*.new && { [ ! -e "$kvmnet_kept" ] || cp "$kvmnet_kept" "$dir/kept.$1"; } &&
|    printf %s "$3" | cat > "$kvmnet_kept.new" && to_disk "$kvmnet_kept.new" && mv "$kvmnet_kept.new" "$kvmnet_kept" && to_disk /var/lib/kvmnet) 2>&1 ||
|    { part "failed $1 0 1"; rm -f "$kvmnet_kept.new"; rmdir /var/lib/kvmnet 2>/dev/null; return 1; }
|}
|unkeep() { if [ -e "$dir/kept.$1" ]; then mv "$dir/kept.$1" "/var/lib/kvmnet/$2"; else drop_kept "$2"; fi; }
|drop_kept() { rm -f "/var/lib/kvmnet/$1"; rmdir /var/lib/kvmnet 2>/dev/null || :; }
|
|dhcp_stop() {
|  # Once more after each that was killed: it may just have begun to run in the background, under another number.
|  for kvmnet_i in 1 2 3 4 5 6 7 8 9; do dhcp_killed "$@" || break; done
|  # dhclient does not start while the process of its pid file lives, and a pid may be used again by then.
|  rm -f "/run/dhclient.$1.pid" "/run/dhclient6.$1.pid" "/run/dhclient-$1.pid" "/run/dhclient6-$1.pid"
|  # What its script has begun, it ends: an address that came later would stay.
|  for kvmnet_i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
|    dhcp_scripted "$1" || break
|    sleep 0.1 2>/dev/null || sleep 1
|  done
|}
|dhcp_killed() {
|  kvmnet_k=1
|  for kvmnet_d in /proc/[0-9]*; do
|    read -r kvmnet_c 2>/dev/null < "$kvmnet_d/comm" || continue
|    case $kvmnet_c in dhclient | dhcpcd | udhcpc) ;; *) continue ;; esac
|    # A container's client is in /proc too, and its link may have the same name.
|    [ "$(readlink "$kvmnet_d/ns/net")" = "$(readlink /proc/self/ns/net)" ] || continue
|    kvmnet_l=" $(tr '\0' ' ' 2>/dev/null < "$kvmnet_d/cmdline")" || continue
|    case $kvmnet_l in *" $1 " | *" -i $1 "*) ;; *) continue ;; esac
|    case $2$kvmnet_l in 6*" -6 "*) ;; 6*) continue ;; 4*" -6 "*) continue ;; esac
|    ! kill -9 "${kvmnet_d#/proc/}" 2>/dev/null || kvmnet_k=0
|  done
|  return "$kvmnet_k"
|}
|dhcp_scripted() {
|  for kvmnet_d in /proc/[0-9]*; do
|    read -r kvmnet_c 2>/dev/null < "$kvmnet_d/comm" || continue
|    case $kvmnet_c in dhclient-script | dhcpcd-run-hook* | default.script) ;; *) continue ;; esac
|    ! tr '\0' '\n' 2>/dev/null < "$kvmnet_d/environ" | grep -qx "interface=$1" || return 0
|  done
|  return 1
|}
|dhcp_start() {
|  (trap - HUP PIPE INT TERM; exec "$@") > /dev/null 2>&1 3>&- 9>&- < /dev/null &
|  # Until it has another name than ours, nobody would find it who has to stop it.
|  for kvmnet_i in 1 2 3 4 5 6 7 8 9 10; do
|    read -r kvmnet_c 2>/dev/null < "/proc/$!/comm" && [ "$kvmnet_c" != "${1##*/}" ] || break
|    sleep 0.1 2>/dev/null || sleep 1
|  done
|}
|
|virsh_q() { LC_ALL=C virsh -q -c qemu:///system "$@"; }
|# For guards: one virsh answers for all that a transaction is to make. Each costs some 25 ms.
|net_was_there() {
|  [ -n "$kvmnet_nets" ] || kvmnet_nets="$(virsh_q net-list --all --name) /"
|  printf '%s
|' "${kvmnet_nets% /}" | grep -qxF -- "$1"
|}
|# 0: yes, 1: no, 2: libvirt does not say
|listed() { kvmnet_l=$(virsh_q "$1" $3 --name) || return 2; printf '%s\n' "$kvmnet_l" | grep -qxF -- "$2"; }
|net_exists() { listed net-list "$1" --all; }
|net_active() { listed net-list "$1"; }
|net_define() { printf %s "$1" | virsh_q net-define /dev/stdin; }
|# For the way back: where libvirt cannot write, what it holds still is not touched.
|net_redefine() { [ "$(virsh_q net-dumpxml --inactive "$1" 2>/dev/null)" = "$2" ] || net_define "$2"; }
|# network, running guests' taps on it: libvirt does not put them on the bridge of a network that starts
|net_start() {
|  kvmnet_e=$(virsh_q net-start "$1" 2>&1) || net_active "$1" || { echo "$kvmnet_e" >&2; return 1; }
|  [ $# = 1 ] || net_plug "$@"
|}
|net_plug() {
|  kvmnet_b=$(net_bridge "$1"); shift
|  for kvmnet_t in "$@"; do nic_plug "$kvmnet_t" "$kvmnet_b" || return 1; done
|}
|net_bridge() { virsh_q net-dumpxml "$1" | sed -n "s/.*<bridge name='\([^']*\)'.*/\1/p"; }
|# tap, or tap/isolated; bridge
|nic_plug() {
|  [ -e "/sys/class/net/${1%/*}" ] || return 0
|  ip link set dev "${1%/*}" master "$2" || return 1
|  case $1 in */isolated) ip link set dev "${1%/*}" type bridge_slave isolated on ;; esac
|}
|net_stop() { if net_active "$1"; then virsh_q net-destroy "$1"; else [ $? = 1 ]; fi; }
|net_undefine() { if listed net-list "$1" "--all --persistent"; then virsh_q net-undefine "$1"; else [ $? = 1 ]; fi; }
|net_autostart() { if [ "$2" = on ]; then virsh_q net-autostart "$1"; else virsh_q net-autostart "$1" --disable; fi; }
|# The taps are those that are there when its turn comes, a guest's that was started meanwhile too.
|net_bounce() {
|  net_active "$1" || { net_start "$@"; return; }
|  for kvmnet_t in "/sys/class/net/$(net_bridge "$1")/brif/"*; do
|    if [ "$(cat "$kvmnet_t/isolated" 2>/dev/null)" = 1 ]; then set -- "$@" "${kvmnet_t##*/}/isolated"; else set -- "$@" "${kvmnet_t##*/}"; fi
|  done
|  virsh_q net-destroy "$1" && net_start "$@"
|}
|# To change the DHCP of a network, libvirt takes all its firewall rules away for a moment, and puts those that refuse back before those that let
|# through: who talks to the world is told that there is no way. So what has been let through already is, where libvirt's rules are asked, while it is
|# at that. And where no other rule looks at connections, the kernel would stop to track them with the last one that does (nf_ct_netns_put), and NAT
|# with it: an answer to a guest would come to the host itself, which resets the connection.
|net_hold() {
|  for kvmnet_f in iptables ip6tables; do
|    $kvmnet_f -w -N kvmnet_hold || continue
|    for kvmnet_d in -i -o; do $kvmnet_f -w -A kvmnet_hold $kvmnet_d "$1" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT || :; done
|    kvmnet_at=$($kvmnet_f -w -S FORWARD | grep '^-A' | grep -n LIBVIRT_FW | head -n 1)
|    [ -z "$kvmnet_at" ] || $kvmnet_f -w -I FORWARD "${kvmnet_at%%:*}" -j kvmnet_hold || :
|  done 2>/dev/null
|}
|net_release() {
|  for kvmnet_f in iptables ip6tables; do
|    $kvmnet_f -w -D FORWARD -j kvmnet_hold || :
|    $kvmnet_f -w -F kvmnet_hold && $kvmnet_f -w -X kvmnet_hold || :
|  done 2>/dev/null
|}
|# network, --config or --live, "back" or nothing, then for each change: a text by which the definition shows that it has the element, what to say
|# to virsh if so, and what if not. One virsh is told all, however many they are; it goes on after an error, and says no more of it than a line.
|# On the way back some are made already, or were never unmade: what counts is what the network is like afterwards.
|net_update() {
|  kvmnet_n=$1 kvmnet_s=$2 kvmnet_back=$3 kvmnet_i=--inactive; shift 3
|  if [ "$kvmnet_s" = --live ]; then net_active "$kvmnet_n" || { [ $? = 1 ]; return; }; kvmnet_i=; fi
|  kvmnet_x=$(virsh_q net-dumpxml $kvmnet_i "$kvmnet_n" 2>/dev/null) || { net_exists "$kvmnet_n"; [ $? = 1 ] || return 1; }
|  kvmnet_x=$(printf '%s\n' "$kvmnet_x" | sed 's/^ *//' | tr -d '\n')
|  kvmnet_c='' kvmnet_u=0
|  kvmnet_b=$(printf '%s\n' "$kvmnet_x" | sed "s/.*<bridge name='\([^']*\)'.*/\1/")
|  [ "$kvmnet_s" = --config ] || net_hold "$kvmnet_b"
|  while [ $# -gt 0 ]; do
|    case $kvmnet_x in *"$1"*) kvmnet_w=$2 ;; *) kvmnet_w=$3 ;; esac
|    [ -z "$kvmnet_w" ] || kvmnet_c="$kvmnet_c$kvmnet_w $kvmnet_s; "
|    [ "${#kvmnet_c}" -lt 60000 ] || net_say || kvmnet_u=1
|    shift 3
|  done
|  net_say || kvmnet_u=1
|  [ "$kvmnet_s" = --config ] || net_release
|  [ "$kvmnet_u" = 0 ] || [ -n "$kvmnet_back" ]
|}
|# One argument may have 128 kB.
|net_say() {
|  [ -n "$kvmnet_c" ] || return 0
|  kvmnet_e=$(virsh_q "$kvmnet_c" 2>&1) && case "
|$kvmnet_e" in *"
|error: "*) false ;; esac || { printf '%s\n' "$kvmnet_e" >&2; kvmnet_c=; return 1; }
|  kvmnet_c=
|}
|dom_exists() { listed list "$1" --all; }
|dom_running() { listed list "$1"; }
|# domain, mac, --inactive or nothing
|has_nic() { virsh_q domiflist "$1" $3 2>/dev/null | grep -qiF -- "$2"; }
|# domain, mac, the persistent element, the live one (which has an alias and a tap of its own); one that is empty is as it should be.
|# A fifth word: where libvirt does not change it live, it is detached and attached.
|nic_put() {
|  [ -z "$3" ] || if has_nic "$1" "$2" --inactive; then nic_virsh update-device "$1" "$3" --config; else nic_virsh attach-device "$1" "$3" --config; fi || return 1
|  [ -n "$4" ] && dom_running "$1" || return 0
|  if ! has_nic "$1" "$2"; then nic_virsh attach-device "$1" "$4" --live
|  elif [ -z "$5" ]; then nic_virsh update-device "$1" "$4" --live
|  else nic_virsh update-device "$1" "$4" --live 2>/dev/null || { nic_detach "$1" "$2" && nic_virsh attach-device "$1" "$4" --live; }; fi
|}
|nic_virsh() { printf %s "$3" | virsh_q "$1" "$2" /dev/stdin "$4"; }
|nic_undefine() {
|  dom_exists "$1" || { [ $? = 1 ]; return; }
|  ! has_nic "$1" "$2" --inactive || nic_virsh detach-device "$1" "$(any_nic "$2")" --config
|}
|nic_remove() {
|  nic_undefine "$1" "$2" || return 1
|  ! dom_running "$1" || nic_detach "$1" "$2"
|}
|# To detach a device: libvirt finds it by its MAC, and only wants to see some source, and neither an alias nor an address that differ.
|any_nic() { echo "<interface type='network'><mac address='$1'/><source network='default'/></interface>"; }
|# A guest lets go of a device when its own kernel has: wait for that.
|nic_detach() {
|  has_nic "$1" "$2" || return 0
|  nic_virsh detach-device "$1" "$(any_nic "$2")" --live || return 1
|  kvmnet_i=0
|  while has_nic "$1" "$2"; do
|    kvmnet_i=$((kvmnet_i + 1)); [ "$kvmnet_i" -lt 50 ] || { echo "guest $1 does not let go of interface $2 (its system answers no PCI hot-unplug); shut it down first" >&2; return 1; }
|    sleep 0.2 2>/dev/null || sleep 1
|  done
|}
|
|probe_ssh() {
|  [ -z "${KVMNET_SSH:-$SSH_CONNECTION}" ] || { echo "${KVMNET_SSH:-$SSH_CONNECTION}"; return; }
|  p=$PPID
|  while [ "${p:-1}" -gt 1 ]; do
|    c=$(tr '\0' '\n' 2>/dev/null < "/proc/$p/environ" | sed -n 's/^SSH_CONNECTION=//p')
|    [ -z "$c" ] || { echo "$c"; return; }
|    p=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$p/status" 2>/dev/null)
|  done
|}
|
|probe() {
|  part os; cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release 2>/dev/null
|  part hostname; cat /proc/sys/kernel/hostname
|  part kernel; cat /proc/sys/kernel/osrelease
|  part ssh; probe_ssh
|  part systemd; [ ! -d /run/systemd/system ] || echo yes
|  part commands
|  for c in ifup ifquery ifreload ip brctl virsh resolvconf systemctl nmcli netplan networkctl cloud-init dhclient dhcpcd udhcpc passt; do
|    ! command -v "$c" >/dev/null || echo "$c"
|  done
|  part addr; ip -j -d addr show 2>&1
|  part route4; ip -j -4 route show table main
|  part route6; ip -j -6 route show table main 2>/dev/null
|  # grep, since a shell's read asks for a byte at a time, and /proc/sys answers only the first.
|  part sysctl; (cd /proc/sys && grep -s . net/ipv4/ip_forward net/ipv6/conf/all/forwarding \
|    net/bridge/bridge-nf-call-iptables net/bridge/bridge-nf-call-ip6tables net/bridge/bridge-nf-call-arptables)
|  part processes; probe_processes
|  # In the words that the daemon has for people: what it keeps below /run is private.
|  [ ! -e /run/systemd/netif/state ] || ! command -v networkctl >/dev/null ||
|    { part networkctl; LC_ALL=C networkctl status --all --no-pager --full --lines=0 2>/dev/null; }
|  [ ! -d /run/NetworkManager ] || ! command -v nmcli >/dev/null || {
|    part nmdevices; LC_ALL=C nmcli -t -e no -f all device show 2>/dev/null
|    part nmconnections; LC_ALL=C nmcli -t -e no -f UUID,FILENAME connection show 2>/dev/null
|  }
|  probe_files /etc/network/interfaces
|  for f in /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf /etc/sysctl.conf /etc/udev/rules.d/*.rules \
|    /lib/netplan/*.yaml /etc/netplan/*.yaml /run/netplan/*.yaml /etc/sysconfig/network /etc/sysconfig/network-scripts/ifcfg-* \
|    /etc/sysconfig/network-scripts/route* /etc/sysconfig/network-scripts/rule* /etc/systemd/network/* \
|    /etc/systemd/network/*.d/*.conf /run/systemd/network/* /run/systemd/network/*.d/*.conf /usr/lib/systemd/network/*.network \
|    /run/network/ifstate /run/network/ifstate.*; do
|    # A link shows another file again (Debian: 99-sysctl.conf).
|    [ ! -f "$f" ] || [ -L "$f" ] || { part "file $f"; cat "$f"; }
|  done
|  for f in /var/lib/kvmnet/*; do [ ! -f "$f" ] || { part "kept ${f##*/}"; cat "$f"; }; done
|  # Of the rest, passwords and keys among it, nothing is anybody's business.
|  for f in /etc/cloud/cloud.cfg /etc/cloud/cloud.cfg.d/*.cfg; do
|    case $f in */99-disable-network-config.cfg) [ ! -f "$f" ] || { part "file $f"; cat "$f"; } ;;
|      *) [ ! -f "$f" ] || { part "file $f"; grep -E '^ *(network|config) *:' "$f"; } ;; esac
|  done
|  # Passwords and keys are nobody's business.
|  for f in /etc/NetworkManager/system-connections/* /run/NetworkManager/system-connections/* /usr/lib/NetworkManager/system-connections/*; do
|    [ -f "$f" ] || continue
|    part "file $f"
|    if grep -qiE '^[[:space:]]*(\[(802-1x|(wifi|802-11-wireless)-security|vpn.*|wireguard.*|gsm|cdma|pppoe|adsl|macsec)\]|[^#=]*(password|secret|psk|private-key|wep-key|cak)[^=]*=)' "$f"
|    then printf '%s\n' '# pulumi-kvmnet: it holds secrets, which are not read'; grep -E '^(\[connection\]|id=|uuid=|type=|interface-name=)' "$f"
|    else cat "$f"; fi
|  done
|  ! command -v virsh >/dev/null || probe_libvirt
|}
|
|probe_processes() {
|  for d in /proc/[0-9]*; do
|    read -r c 2>/dev/null < "$d/comm" || continue
|    case $c in
|      dhclient | dhcpcd | udhcpc)
|        # Root's: anybody may call a program so, and what it was started with, root would start again (dhcpClient.ts).
|        grep -q '^Uid:[^0-9]*0[^0-9]*0[^0-9]*0[^0-9]' "$d/status" 2>/dev/null || continue
|        # Not a container's, which has a network of its own.
|        [ "$(readlink "$d/ns/net")" = "$(readlink /proc/self/ns/net)" ] || continue
|        a=$(tr '\0\n' '\001 ' 2>/dev/null < "$d/cmdline")
|        # One that has just ended has no arguments any more.
|        [ -z "$a" ] || printf '%s %s %s\n' "${d#/proc/}" "$c" "$a" ;;
|      systemd-network | NetworkManager)
|        [ "$(readlink "$d/ns/net")" != "$(readlink /proc/self/ns/net)" ] || echo "${d#/proc/} $c" ;;
|      dockerd | containerd | kubelet | kube-proxy | crio | podman) echo "${d#/proc/} $c" ;;
|    esac
|  done
|}
|
|# A file of interfaces(5) and what it sources, in reading order, each once. Globs only: words like $(…) stay what they are.
|probe_files() {
|  case "$probed " in *" $1 "*) return ;; esac
|  [ -f "$1" ] || return 0
|  probed="$probed $1"
|  part "file $1"; cat "$1"
|  for w in $(sed -n 's/^[[:space:]]*source[[:space:]]\{1,\}//p' "$1"); do
|    case $w in /*) ;; *) w=$(dirname "$1")/$w ;; esac
|    for g in $w; do probe_files "$g"; done
|  done
|  for w in $(sed -n 's/^[[:space:]]*source-dir\(ectory\)\{0,1\}[[:space:]]\{1,\}//p' "$1"); do
|    case $w in /*) ;; *) w=$(dirname "$1")/$w ;; esac
|    for g in $w/*; do probe_files "$g"; done
|  done
|}
|
|probe_libvirt() {
|  v='virsh -q -c qemu:///system'
|  list=$(export LC_ALL=C; $v "version --daemon; $(for q in 'net-list --name' 'net-list --all --name' 'net-list --all --autostart --name' 'net-list --all --transient --name' \
|    'list --name' 'list --all --name' 'list --all --transient --name' nwfilter-list; do printf "echo '\n@%s list %s\n'; %s; " "$N" "$q" "$q"; done)" 2>&1)
|  part libvirt; printf '%s\n' "$list"
|  ask=
|  # Names go to virsh in its own single quotes, and behind their option, since one may begin with a dash. 60 kB a call: one argument may have 128 kB.
|  q() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }
|  flush() { [ -z "$ask" ] || (export LC_ALL=C; $v "$ask") 2>/dev/null; ask=; }
|  ask() {
|    ask="$ask echo '
|@$N $1 '$(q "$2")'
|'; $3; "
|    [ ${#ask} -lt 60000 ] || flush
|  }
|  printf '%s\n' "$list" | {
|    what=
|    while IFS= read -r line; do
|      case $line in
|        "@$N list net-list --all --name") what=net ;;
|        "@$N list net-list --name") what=netlive ;;
|        "@$N list list --all --name") what=dom ;;
|        "@$N list list --name") what=domlive ;;
|        "@$N "*) what= ;;
|        '' | error:*) ;;
|        *)
|          case $what in
|            net) ask network "$line" "net-dumpxml --inactive --network $(q "$line")" ;;
|            netlive) ask livenetwork "$line" "net-dumpxml --network $(q "$line")"; ask leases "$line" "net-dhcp-leases --network $(q "$line")" ;;
|            dom) ask domain "$line" "dumpxml --inactive --domain $(q "$line")" ;;
|            domlive) ask livedomain "$line" "dumpxml --domain $(q "$line")" ;;
|          esac ;;
|      esac
|    done
|    flush
|  }
|}
|
|exec 9> /run/kvmnet/lock
|lock 120 || { : > "$dir/finished"; exit; }
|printf '%s\n' 'golden test' > /run/kvmnet/holder
|window=60
|# sysctl-forwarding ipv4
|do_0_0() {
|printf '%s\n' 1 > /proc/sys/net/ipv4/ip_forward
|}
|do_0_1() {
|put_file /etc/sysctl.d/60-kvmnet-forwarding.conf '# Managed by pulumi-kvmnet (office/prod, SysctlForwarding forwarding).
|net.ipv4.ip_forward = 1
|'
|}
|undo_0_0() {
|printf '%s\n' 0 > /proc/sys/net/ipv4/ip_forward
|}
|undo_0_1() {
|remove_file /etc/sysctl.d/60-kvmnet-forwarding.conf
|}
|back_0() {
|[ ! -e "$dir/committing.0" ] || undo 0 1 'remove /etc/sysctl.d/60-kvmnet-forwarding.conf'
|undo 0 0 'sysctl net.ipv4.ip_forward = 0'
|:
|result 0 reverted
|}
|change_0() {
|ok=1
|{ [ ! -e /etc/sysctl.d/60-kvmnet-forwarding.conf ]; } || stale /etc/sysctl.d/60-kvmnet-forwarding.conf
|{ [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 0 ]; } || stale 'sysctl net.ipv4.ip_forward'
|[ "$ok" = 1 ] || { result 0 stale; return; }
|:
|:
|: > "$dir/begun.0"
|step do 0 0 'sysctl net.ipv4.ip_forward = 1'
|:
|[ "$ok" = 0 ] || : > "$dir/committing.0"
|step do 0 1 'write /etc/sysctl.d/60-kvmnet-forwarding.conf'
|if [ "$ok" = 1 ]; then result 0 done; else back_0; fi
|}
|# The shell before us was killed between two steps: the changes that it began and did not end go back.
|if [ "$1" = back ]; then
|:
|[ ! -e "$dir/begun.0" ] || [ -e "$dir/ended.0" ] || { part "killed 0"; back_0; }
|else
|:
|change_0
|fi
|rm -f /run/kvmnet/holder
|part observed
|probe
|: > "$dir/finished"
KVMNET_0123456789abcdef0123456789abcdef
head -c 4194304 /dev/zero > "$dir/room" || cannot_write "$dir/room"
rm "$dir/room"
KVMNET_SSH=$(probe_ssh); export KVMNET_SSH
setsid sh -c 'sh "$0/script" > "$0/transcript" 2>&1; [ -e "$0/finished" ] || sh "$0/script" back >> "$0/transcript" 2>&1; : > "$0/done"; (trap "" HUP; sleep 180; rm -rf "$0") > /dev/null 2>&1 < /dev/null 3>&- &' /run/kvmnet/0123456789abcdef0123456789abcdef 3>&2 > /dev/null 2>&1 < /dev/null &
wait $!
if [ -e /run/kvmnet/0123456789abcdef0123456789abcdef/done ]; then cat /run/kvmnet/0123456789abcdef0123456789abcdef/transcript && printf '\n%s\n' '@0123456789abcdef0123456789abcdef delivered' && read -r _ && rm -rf /run/kvmnet/0123456789abcdef0123456789abcdef || :
else printf '\n@%s pending\n' 0123456789abcdef0123456789abcdef; fi
exit
}
_kvmnet_transaction
