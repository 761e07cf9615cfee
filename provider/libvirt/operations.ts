import { command, quote } from "../shell";
import type { Update } from "./networkUpdate";

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
# tap, or tap/isolated; bridge
nic_plug() {
  [ -e "/sys/class/net/\${1%/*}" ] || return 0
  ip link set dev "\${1%/*}" master "$2" || return 1
  case $1 in */isolated) ip link set dev "\${1%/*}" type bridge_slave isolated on ;; esac
}
net_stop() { if net_active "$1"; then virsh_q net-destroy "$1"; else [ $? = 1 ]; fi; }
net_undefine() { if listed net-list "$1" "--all --persistent"; then virsh_q net-undefine "$1"; else [ $? = 1 ]; fi; }
net_autostart() { if [ "$2" = on ]; then virsh_q net-autostart "$1"; else virsh_q net-autostart "$1" --disable; fi; }
# The taps are those that are there when its turn comes, a guest's that was started meanwhile too.
net_bounce() {
  net_active "$1" || { net_start "$@"; return; }
  for kvmnet_t in "/sys/class/net/$(net_bridge "$1")/brif/"*; do
    if [ "$(cat "$kvmnet_t/isolated" 2>/dev/null)" = 1 ]; then set -- "$@" "\${kvmnet_t##*/}/isolated"; else set -- "$@" "\${kvmnet_t##*/}"; fi
  done
  virsh_q net-destroy "$1" && net_start "$@"
}
# To change the DHCP of a network, libvirt takes all its firewall rules away for a moment, and puts those that refuse back before those that let
# through: who talks to the world is told that there is no way. So what has been let through already is, where libvirt's rules are asked, while it is
# at that. And where no other rule looks at connections, the kernel would stop to track them with the last one that does (nf_ct_netns_put), and NAT
# with it: an answer to a guest would come to the host itself, which resets the connection.
net_hold() {
  for kvmnet_f in iptables ip6tables; do
    $kvmnet_f -w -N kvmnet_hold || continue
    for kvmnet_d in -i -o; do $kvmnet_f -w -A kvmnet_hold $kvmnet_d "$1" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT || :; done
    kvmnet_at=$($kvmnet_f -w -S FORWARD | grep '^-A' | grep -n LIBVIRT_FW | head -n 1)
    [ -z "$kvmnet_at" ] || $kvmnet_f -w -I FORWARD "\${kvmnet_at%%:*}" -j kvmnet_hold || :
  done 2>/dev/null
}
net_release() {
  for kvmnet_f in iptables ip6tables; do
    $kvmnet_f -w -D FORWARD -j kvmnet_hold || :
    $kvmnet_f -w -F kvmnet_hold && $kvmnet_f -w -X kvmnet_hold || :
  done 2>/dev/null
}
# network, --config or --live, "back" or nothing, then for each change: a text by which the definition shows that it has the element, what to say
# to virsh if so, and what if not. One virsh is told all, however many they are; it goes on after an error, and says no more of it than a line.
# On the way back some are made already, or were never unmade: what counts is what the network is like afterwards.
net_update() {
  kvmnet_n=$1 kvmnet_s=$2 kvmnet_back=$3 kvmnet_i=--inactive; shift 3
  if [ "$kvmnet_s" = --live ]; then net_active "$kvmnet_n" || { [ $? = 1 ]; return; }; kvmnet_i=; fi
  kvmnet_x=$(virsh_q net-dumpxml $kvmnet_i "$kvmnet_n" 2>/dev/null) || { net_exists "$kvmnet_n"; [ $? = 1 ] || return 1; }
  kvmnet_x=$(printf '%s\\n' "$kvmnet_x" | sed 's/^ *//' | tr -d '\\n')
  kvmnet_c='' kvmnet_u=0
  kvmnet_b=$(printf '%s\\n' "$kvmnet_x" | sed "s/.*<bridge name='\\([^']*\\)'.*/\\1/")
  [ "$kvmnet_s" = --config ] || net_hold "$kvmnet_b"
  while [ $# -gt 0 ]; do
    case $kvmnet_x in *"$1"*) kvmnet_w=$2 ;; *) kvmnet_w=$3 ;; esac
    [ -z "$kvmnet_w" ] || kvmnet_c="$kvmnet_c$kvmnet_w $kvmnet_s; "
    [ "\${#kvmnet_c}" -lt 60000 ] || net_say || kvmnet_u=1
    shift 3
  done
  net_say || kvmnet_u=1
  [ "$kvmnet_s" = --config ] || net_release
  [ "$kvmnet_u" = 0 ] || [ -n "$kvmnet_back" ]
}
# One argument may have 128 kB.
net_say() {
  [ -n "$kvmnet_c" ] || return 0
  kvmnet_e=$(virsh_q "$kvmnet_c" 2>&1) && case "
$kvmnet_e" in *"
error: "*) false ;; esac || { printf '%s\\n' "$kvmnet_e" >&2; kvmnet_c=; return 1; }
  kvmnet_c=
}
dom_exists() { listed list "$1" --all; }
dom_running() { listed list "$1"; }
# domain, mac, --inactive or nothing
has_nic() { virsh_q domiflist "$1" $3 2>/dev/null | grep -qiF -- "$2"; }
# domain, mac, the persistent element, the live one (which has an alias and a tap of its own); one that is empty is as it should be.
# A fifth word: where libvirt does not change it live, it is detached and attached.
nic_put() {
  [ -z "$3" ] || if has_nic "$1" "$2" --inactive; then nic_virsh update-device "$1" "$3" --config; else nic_virsh attach-device "$1" "$3" --config; fi || return 1
  [ -n "$4" ] && dom_running "$1" || return 0
  if ! has_nic "$1" "$2"; then nic_virsh attach-device "$1" "$4" --live
  elif [ -z "$5" ]; then nic_virsh update-device "$1" "$4" --live
  else nic_virsh update-device "$1" "$4" --live 2>/dev/null || { nic_detach "$1" "$2" && nic_virsh attach-device "$1" "$4" --live; }; fi
}
nic_virsh() { printf %s "$3" | virsh_q "$1" "$2" /dev/stdin "$4"; }
nic_undefine() {
  dom_exists "$1" || { [ $? = 1 ]; return; }
  ! has_nic "$1" "$2" --inactive || nic_virsh detach-device "$1" "$(any_nic "$2")" --config
}
nic_remove() {
  nic_undefine "$1" "$2" || return 1
  ! dom_running "$1" || nic_detach "$1" "$2"
}
# To detach a device: libvirt finds it by its MAC, and only wants to see some source, and neither an alias nor an address that differ.
any_nic() { echo "<interface type='network'><mac address='$1'/><source network='default'/></interface>"; }
# A guest lets go of a device when its own kernel has: wait for that.
nic_detach() {
  has_nic "$1" "$2" || return 0
  nic_virsh detach-device "$1" "$(any_nic "$2")" --live || return 1
  kvmnet_i=0
  while has_nic "$1" "$2"; do
    kvmnet_i=$((kvmnet_i + 1)); [ "$kvmnet_i" -lt 50 ] || { echo "guest $1 does not let go of interface $2 (its system answers no PCI hot-unplug); shut it down first" >&2; return 1; }
    sleep 0.2 2>/dev/null || sleep 1
  done
}
`;

export const net = {
  define: (xml: string) => command("net_define", xml),
  redefine: (name: string, xml: string) => command("net_redefine", name, xml),
  start: (name: string, taps: readonly string[]) => command("net_start", name, ...taps),
  stop: (name: string) => command("net_stop", name),
  undefine: (name: string) => command("net_undefine", name),
  autostart: (name: string, on: boolean) => command("net_autostart", name, on ? "on" : "off"),
  update: (name: string, which: "--config" | "--live", updates: readonly Update[], back: boolean) =>
    [
      command("net_update", name, which, back ? "back" : ""),
      ...updates.map(({ there, then, otherwise }) => `  ${[there, then, otherwise].map(quote).join(" ")}`),
    ].join(" \\\n"),
  bounce: (name: string, taps: readonly string[]) => command("net_bounce", name, ...taps),
};

export interface InterfacePut {
  /** The element to define; empty where it is defined so. */
  readonly persistent: string;
  /** The element for the running guest; empty where nothing of it changes now. */
  readonly live: string;
  /** Where libvirt does not change it live, it may be detached and attached. */
  readonly again: boolean;
}

export const nic = {
  put: (domain: string, mac: string, { persistent, live, again }: InterfacePut) =>
    command("nic_put", domain, mac, persistent, live, ...(again ? ["again"] : [])),
  plug: (tap: string, bridge: string) => command("nic_plug", tap, bridge),
  undefine: (domain: string, mac: string) => command("nic_undefine", domain, mac),
  remove: (domain: string, mac: string) => command("nic_remove", domain, mac),
};
