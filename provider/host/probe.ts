import { WITHHELD } from "../backends/networkManagerFiles";
import { quote } from "../shell";
import { KEPT } from "./kept";

/**
 * The connection that we came by. sudo drops SSH_CONNECTION, so ask the process that the session began with; a transaction,
 * which outlives its session, is told by who started it.
 */
export const sshFunction = `
probe_ssh() {
  [ -z "\${KVMNET_SSH:-$SSH_CONNECTION}" ] || { echo "\${KVMNET_SSH:-$SSH_CONNECTION}"; return; }
  p=$PPID
  while [ "\${p:-1}" -gt 1 ]; do
    c=$(tr '\\0' '\\n' 2>/dev/null < "/proc/$p/environ" | sed -n 's/^SSH_CONNECTION=//p')
    [ -z "$c" ] || { echo "$c"; return; }
    p=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$p/status" 2>/dev/null)
  done
}
`;

/**
 * The script that reads all that is to be known of a host's network, in one trip. It changes nothing. Its answer is a
 * transcript of parts (transcript.ts); `observe.ts` beside it reads that.
 *
 * Few processes: a whole host's libvirt is two `virsh`, since one process answers many questions (0.05 s for a hundred, not 1.3 s).
 * POSIX sh, for dash and busybox; no bash, no jq, no python on the host.
 */
export const probeScript = `${sshFunction}
probe() {
  part os; cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release 2>/dev/null
  part hostname; cat /proc/sys/kernel/hostname
  part kernel; cat /proc/sys/kernel/osrelease
  part ssh; probe_ssh
  part systemd; [ ! -d /run/systemd/system ] || echo yes
  part commands
  for c in ifup ifquery ifreload ip brctl virsh resolvconf systemctl nmcli netplan networkctl cloud-init dhclient dhcpcd udhcpc passt; do
    ! command -v "$c" >/dev/null || echo "$c"
  done
  part addr; ip -j -d addr show 2>&1
  part route4; ip -j -4 route show table main
  part route6; ip -j -6 route show table main 2>/dev/null
  # grep, since a shell's read asks for a byte at a time, and /proc/sys answers only the first.
  part sysctl; (cd /proc/sys && grep -s . net/ipv4/ip_forward net/ipv6/conf/all/forwarding \\
    net/bridge/bridge-nf-call-iptables net/bridge/bridge-nf-call-ip6tables net/bridge/bridge-nf-call-arptables)
  part processes; probe_processes
  # In the words that the daemon has for people: what it keeps below /run is private.
  [ ! -e /run/systemd/netif/state ] || ! command -v networkctl >/dev/null ||
    { part networkctl; LC_ALL=C networkctl status --all --no-pager --full --lines=0 2>/dev/null; }
  [ ! -d /run/NetworkManager ] || ! command -v nmcli >/dev/null || {
    part nmdevices; LC_ALL=C nmcli -t -e no -f all device show 2>/dev/null
    part nmconnections; LC_ALL=C nmcli -t -e no -f UUID,FILENAME connection show 2>/dev/null
  }
  probe_files /etc/network/interfaces
  for f in /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf /etc/sysctl.conf /etc/udev/rules.d/*.rules \\
    /lib/netplan/*.yaml /etc/netplan/*.yaml /run/netplan/*.yaml /etc/sysconfig/network /etc/sysconfig/network-scripts/ifcfg-* \\
    /etc/sysconfig/network-scripts/route* /etc/sysconfig/network-scripts/rule* /etc/systemd/network/* \\
    /etc/systemd/network/*.d/*.conf /run/systemd/network/* /run/systemd/network/*.d/*.conf /usr/lib/systemd/network/*.network \\
    /run/network/ifstate /run/network/ifstate.*; do
    # A link shows another file again (Debian: 99-sysctl.conf).
    [ ! -f "$f" ] || [ -L "$f" ] || { part "file $f"; cat "$f"; }
  done
  for f in ${KEPT}/*; do [ ! -f "$f" ] || { part "kept \${f##*/}"; cat "$f"; }; done
  # Of the rest, passwords and keys among it, nothing is anybody's business.
  for f in /etc/cloud/cloud.cfg /etc/cloud/cloud.cfg.d/*.cfg; do
    case $f in */99-disable-network-config.cfg) [ ! -f "$f" ] || { part "file $f"; cat "$f"; } ;;
      *) [ ! -f "$f" ] || { part "file $f"; grep -E '^ *(network|config) *:' "$f"; } ;; esac
  done
  # Passwords and keys are nobody's business.
  for f in /etc/NetworkManager/system-connections/* /run/NetworkManager/system-connections/* /usr/lib/NetworkManager/system-connections/*; do
    [ -f "$f" ] || continue
    part "file $f"
    if grep -qiE '^[[:space:]]*(\\[(802-1x|(wifi|802-11-wireless)-security|vpn.*|wireguard.*|gsm|cdma|pppoe|adsl|macsec)\\]|[^#=]*(password|secret|psk|private-key|wep-key|cak)[^=]*=)' "$f"
    then printf '%s\\n' ${quote(WITHHELD.trim())}; grep -E '^(\\[connection\\]|id=|uuid=|type=|interface-name=)' "$f"
    else cat "$f"; fi
  done
  ! command -v virsh >/dev/null || probe_libvirt
}

probe_processes() {
  for d in /proc/[0-9]*; do
    read -r c 2>/dev/null < "$d/comm" || continue
    case $c in
      dhclient | dhcpcd | udhcpc)
        # Root's: anybody may call a program so, and what it was started with, root would start again (dhcpClient.ts).
        grep -q '^Uid:[^0-9]*0[^0-9]*0[^0-9]*0[^0-9]' "$d/status" 2>/dev/null || continue
        # Not a container's, which has a network of its own.
        [ "$(readlink "$d/ns/net")" = "$(readlink /proc/self/ns/net)" ] || continue
        a=$(tr '\\0\\n' '\\001 ' 2>/dev/null < "$d/cmdline")
        # One that has just ended has no arguments any more.
        [ -z "$a" ] || printf '%s %s %s\\n' "\${d#/proc/}" "$c" "$a" ;;
      systemd-network | NetworkManager)
        [ "$(readlink "$d/ns/net")" != "$(readlink /proc/self/ns/net)" ] || echo "\${d#/proc/} $c" ;;
      dockerd | containerd | kubelet | kube-proxy | crio | podman) echo "\${d#/proc/} $c" ;;
    esac
  done
}

# A file of interfaces(5) and what it sources, in reading order, each once. Globs only: words like $(…) stay what they are.
probe_files() {
  case "$probed " in *" $1 "*) return ;; esac
  [ -f "$1" ] || return 0
  probed="$probed $1"
  part "file $1"; cat "$1"
  for w in $(sed -n 's/^[[:space:]]*source[[:space:]]\\{1,\\}//p' "$1"); do
    case $w in /*) ;; *) w=$(dirname "$1")/$w ;; esac
    for g in $w; do probe_files "$g"; done
  done
  for w in $(sed -n 's/^[[:space:]]*source-dir\\(ectory\\)\\{0,1\\}[[:space:]]\\{1,\\}//p' "$1"); do
    case $w in /*) ;; *) w=$(dirname "$1")/$w ;; esac
    for g in $w/*; do probe_files "$g"; done
  done
}

probe_libvirt() {
  v='virsh -q -c qemu:///system'
  list=$(export LC_ALL=C; $v "version --daemon; $(for q in 'net-list --name' 'net-list --all --name' 'net-list --all --autostart --name' 'net-list --all --transient --name' \\
    'list --name' 'list --all --name' 'list --all --transient --name' nwfilter-list; do printf "echo '\\n@%s list %s\\n'; %s; " "$N" "$q" "$q"; done)" 2>&1)
  part libvirt; printf '%s\\n' "$list"
  ask=
  # Names go to virsh in its own single quotes, and behind their option, since one may begin with a dash. 60 kB a call: one argument may have 128 kB.
  q() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\\\\\''/g")"; }
  flush() { [ -z "$ask" ] || (export LC_ALL=C; $v "$ask") 2>/dev/null; ask=; }
  ask() {
    ask="$ask echo '
@$N $1 '$(q "$2")'
'; $3; "
    [ \${#ask} -lt 60000 ] || flush
  }
  printf '%s\\n' "$list" | {
    what=
    while IFS= read -r line; do
      case $line in
        "@$N list net-list --all --name") what=net ;;
        "@$N list net-list --name") what=netlive ;;
        "@$N list list --all --name") what=dom ;;
        "@$N list list --name") what=domlive ;;
        "@$N "*) what= ;;
        '' | error:*) ;;
        *)
          case $what in
            net) ask network "$line" "net-dumpxml --inactive --network $(q "$line")" ;;
            netlive) ask livenetwork "$line" "net-dumpxml --network $(q "$line")"; ask leases "$line" "net-dhcp-leases --network $(q "$line")" ;;
            dom) ask domain "$line" "dumpxml --inactive --domain $(q "$line")" ;;
            domlive) ask livedomain "$line" "dumpxml --domain $(q "$line")" ;;
          esac ;;
      esac
    done
    flush
  }
}
`;
