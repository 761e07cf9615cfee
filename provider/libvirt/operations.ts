import { command } from "../shell";
import type { RangeUpdate } from "./ranges";

/**
 * How a libvirt network or a guest's interface is changed with virsh. Each function makes sure of a state, whatever was there before,
 * so that the way back runs from any point of the way there.
 */
export const libvirtFunctions = `
virsh_q() { LC_ALL=C virsh -q -c qemu:///system "$@"; }
# For guards: one virsh answers for all that a transaction is to make. Each costs some 25 ms.
net_was_there() {
  [ -n "$kvmnet_nets" ] || kvmnet_nets="$(virsh_q net-list --all --name) /"
  printf '%s\n' "\${kvmnet_nets% /}" | grep -qxF -- "$1"
}
# 0: yes, 1: no, 2: libvirt does not say
listed() { kvmnet_l=$(virsh_q "$1" $3 --name) || return 2; printf '%s\\n' "$kvmnet_l" | grep -qxF -- "$2"; }
net_exists() { listed net-list "$1" --all; }
net_active() { listed net-list "$1"; }
net_define() { printf %s "$1" | virsh_q net-define /dev/stdin; }
# For the way back: where libvirt cannot write, what it holds still is not touched.
net_redefine() { [ "$(virsh_q net-dumpxml --inactive "$1" 2>/dev/null)" = "$2" ] || net_define "$2"; }
# network, running guests' taps on it: libvirt does not put them on the bridge of a network that starts
net_start() {
  kvmnet_e=$(virsh_q net-start "$1" 2>&1) || net_active "$1" || { echo "$kvmnet_e" >&2; return 1; }
  [ $# = 1 ] || net_plug "$@"
}
net_plug() {
  kvmnet_b=$(net_bridge "$1"); shift
  for kvmnet_t in "$@"; do nic_plug "$kvmnet_t" "$kvmnet_b" || return 1; done
}
net_bridge() { virsh_q net-dumpxml "$1" | sed -n "s/.*<bridge name='\\([^']*\\)'.*/\\1/p"; }
nic_plug() { [ ! -e "/sys/class/net/$1" ] || ip link set dev "$1" master "$2"; }
net_stop() { if net_active "$1"; then virsh_q net-destroy "$1"; else [ $? = 1 ]; fi; }
net_undefine() { if listed net-list "$1" "--all --persistent"; then virsh_q net-undefine "$1"; else [ $? = 1 ]; fi; }
net_autostart() { if [ "$2" = on ]; then virsh_q net-autostart "$1"; else virsh_q net-autostart "$1" --disable; fi; }
# The taps are those that are there when its turn comes, a guest's that was started meanwhile too.
net_bounce() {
  net_active "$1" || { net_start "$@"; return; }
  for kvmnet_t in "/sys/class/net/$(net_bridge "$1")/brif/"*; do set -- "$@" "\${kvmnet_t##*/}"; done
  virsh_q net-destroy "$1" && net_start "$@"
}
# To change the DHCP of a network, libvirt takes all its firewall rules away for a moment. Where no other rule looks at connections, the kernel stops
# to track them with the last one that does (nf_ct_netns_put), and NAT with it: an answer to a guest comes to the host itself, which resets the
# connection. A rule in a chain that nobody calls makes it go on.
net_update_live() {
  for kvmnet_f in iptables ip6tables; do ! $kvmnet_f -w -N kvmnet_hold || $kvmnet_f -w -A kvmnet_hold -m conntrack --ctstate ESTABLISHED || :; done 2>/dev/null
  kvmnet_u=0; virsh_q net-update "$@" --live || kvmnet_u=$?
  for kvmnet_f in iptables ip6tables; do $kvmnet_f -w -F kvmnet_hold && $kvmnet_f -w -X kvmnet_hold || :; done 2>/dev/null
  return $kvmnet_u
}
# network, parent index, then <range> elements: those before -- go, those after it come; only dnsmasq starts anew
net_ranges() {
  net_active "$1" || { [ $? = 1 ]; return; }
  kvmnet_n=$1 kvmnet_p=$2 kvmnet_do=delete; shift 2
  for kvmnet_r in "$@"; do
    if [ "$kvmnet_r" = -- ]; then kvmnet_do=add-last; continue; fi
    kvmnet_e=$(net_update_live "$kvmnet_n" "$kvmnet_do" ip-dhcp-range "$kvmnet_r" --parent-index "$kvmnet_p" 2>&1) ||
      net_range_is "$kvmnet_do" "$kvmnet_n" "$kvmnet_r" || { echo "$kvmnet_e" >&2; return 1; }
  done
}
# delete or add-last, network, <range> element: whether that is done already
net_range_is() {
  kvmnet_x=$(virsh_q net-dumpxml "$2") || return 1
  case $1$kvmnet_x in *"\${3%%[/>]*}"*) [ "$1" = add-last ] ;; *) [ "$1" = delete ] ;; esac
}
# network, mac, the <host> element or nothing, index of the <ip> it belongs to; both definitions, each from what it holds itself
net_reserve() {
  net_exists "$1" || { [ "$?$3" = 1 ]; return; }
  for kvmnet_s in --config --live; do
    case $kvmnet_s in
      --config) kvmnet_x=$(virsh_q net-dumpxml --inactive "$1"); kvmnet_c="virsh_q net-update" ;;
      --live) net_active "$1" || continue; kvmnet_x=$(virsh_q net-dumpxml "$1"); kvmnet_c=net_update_live; kvmnet_s= ;;
    esac
    if printf %s "$kvmnet_x" | grep -qiF "<host mac='$2'"; then
      if [ -n "$3" ]; then $kvmnet_c "$1" modify ip-dhcp-host "$3" --parent-index "$4" $kvmnet_s || return 1
      else $kvmnet_c "$1" delete ip-dhcp-host "<host mac='$2'/>" --parent-index "$4" $kvmnet_s || return 1; fi
    elif [ -n "$3" ]; then $kvmnet_c "$1" add-last ip-dhcp-host "$3" --parent-index "$4" $kvmnet_s || return 1; fi
  done
}
dom_exists() { listed list "$1" --all; }
dom_running() { listed list "$1"; }
# domain, mac, --inactive or nothing
has_nic() { virsh_q domiflist "$1" $3 2>/dev/null | grep -qiF -- "$2"; }
# domain, mac, the persistent element, the live one: a running guest's has an alias and a tap of its own
nic_put() {
  if has_nic "$1" "$2" --inactive; then nic_virsh update-device "$1" "$3" --config; else nic_virsh attach-device "$1" "$3" --config; fi || return 1
  dom_running "$1" || return 0
  if has_nic "$1" "$2"; then nic_virsh update-device "$1" "$4" --live; else nic_virsh attach-device "$1" "$4" --live; fi
}
nic_virsh() { printf %s "$3" | virsh_q "$1" "$2" /dev/stdin "$4"; }
# A guest lets go of a device when its own kernel has: wait for that.
nic_remove() {
  dom_exists "$1" || { [ $? = 1 ]; return; }
  ! has_nic "$1" "$2" --inactive || nic_virsh detach-device "$1" "$3" --config || return 1
  ! dom_running "$1" || ! has_nic "$1" "$2" || {
    nic_virsh detach-device "$1" "$3" --live || return 1
    kvmnet_i=0
    while has_nic "$1" "$2"; do
      kvmnet_i=$((kvmnet_i + 1)); [ "$kvmnet_i" -lt 50 ] || { echo "guest $1 does not let go of interface $2 (its system answers no PCI hot-unplug); shut it down first" >&2; return 1; }
      sleep 0.2 2>/dev/null || sleep 1
    done
  }
}
`;

export const net = {
  define: (xml: string) => command("net_define", xml),
  redefine: (name: string, xml: string) => command("net_redefine", name, xml),
  start: (name: string, taps: readonly string[]) => command("net_start", name, ...taps),
  stop: (name: string) => command("net_stop", name),
  undefine: (name: string) => command("net_undefine", name),
  autostart: (name: string, on: boolean) => command("net_autostart", name, on ? "on" : "off"),
  ranges: (name: string, { parentIndex, remove, add }: RangeUpdate) =>
    command("net_ranges", name, String(parentIndex), ...remove, "--", ...add),
  bounce: (name: string, taps: readonly string[]) => command("net_bounce", name, ...taps),
  reserve: (name: string, mac: string, element: string, index: number) =>
    command("net_reserve", name, mac, element, String(index)),
};

export const nic = {
  put: (domain: string, mac: string, xml: string, liveXml: string) => command("nic_put", domain, mac, xml, liveXml),
  plug: (tap: string, bridge: string) => command("nic_plug", tap, bridge),
  /** libvirt finds the device by its MAC; it only wants to see some source, and neither an alias nor an address that differ. */
  remove: (domain: string, mac: string) =>
    command(
      "nic_remove",
      domain,
      mac,
      `<interface type='network'><mac address='${mac}'/><source network='default'/></interface>`,
    ),
};
