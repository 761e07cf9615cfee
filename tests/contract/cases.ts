import { HostSession, type ChangeRequest } from "../../provider/host/session";
import type { Observed } from "../../provider/facts";
import { plan } from "../../provider/plan";
import type { Change } from "../../provider/host/script";
import type { Properties } from "../../provider/resource";
import { bridge } from "../../provider/resources/bridge";
import { bridgeNetfilter } from "../../provider/resources/bridgeNetfilter";
import { guestInterface } from "../../provider/resources/guestInterface";
import { natNetwork } from "../../provider/resources/networks";
import { sysctlForwarding } from "../../provider/resources/sysctlForwarding";

/** Each resource on the hosts that it may meet: made, changed, given back. */
export interface Case {
  readonly title: string;
  readonly on?: "dhcp";
  /** Shell commands that make the host what the case needs. */
  readonly given?: string;
  readonly definition: unknown;
  /** `own` is the host's address on the LAN. */
  args(own: string): Properties;
  /** What an update changes it to. */
  then(own: string): Properties;
  /** What the host shows when it is made. */
  readonly shows: string;
}

const network = (start: string) =>
  `<network><name>default</name><forward mode='nat'/><bridge name='virbr0'/><ip address='192.168.122.1' prefix='24'>` +
  `<dhcp><range start='${start}' end='192.168.122.254'/></dhcp></ip></network>`;
const domain = `<domain type='qemu'><name>web</name><memory unit='MiB'>64</memory><os><type arch='x86_64'>hvm</type></os></domain>`;
const define = (kind: "define" | "net-define", xml: string) => `printf '%s' "${xml}" | virsh -q ${kind} /dev/stdin`;
const startedDefault = `${define("net-define", network("192.168.122.2"))} && virsh -q net-start default`;
const eth1 =
  "ip link add eth1 address 52:54:00:aa:00:02 type veth peer name eth1-lan && ip addr add 10.1.0.11/24 brd + dev eth1 && ip link set eth1 up && ip route add 10.2.0.0/16 via 10.1.0.1 dev eth1";

const br0 = { name: "br0", ports: ["eth0"] };
/** An address that no other host of the lab has. */
const fixed = (own: string) => ({
  ...br0,
  addresses: [`${own.replace(/\d+$/, (last) => String(Number(last) - 100))}/24`],
  routes: [{ to: "default", via: "10.0.0.1" }],
});
const br1 = { name: "br1", ports: ["eth1"], owner: "runtime", mtu: 1400 };
const lab = { name: "lab", address: "192.168.123.1/24" };
const adopted = { name: "default", adopt: true, address: "192.168.122.1/24", domain: "lab.test" };
const nic = { domain: "web", network: "default", mac: "52:54:00:ad:4c:86" };
const range = (subnet: string, start: number, end: number) => ({
  start: `${subnet}.${start}`,
  end: `${subnet}.${end}`,
});

export const cases: readonly Case[] = [
  { title: "a bridge over the NIC of the SSH connection", definition: bridge, shows: "test -e /sys/class/net/br0/brif/eth0",
    args: () => br0, then: (own) => ({ ...br0, mtu: 1400, addresses: [`${own}/24`, "10.9.0.1/24"] }) },
  { title: "a bridge over a NIC with DHCP", on: "dhcp", definition: bridge, shows: "pgrep -f 'dhclient.* br0$' && ip addr show br0 | grep 'inet .* dynamic'",
    args: () => br0, then: () => ({ ...br0, ageingTime: 100, mtu: 1400 }) },
  { title: "a NIC with DHCP under a static bridge", on: "dhcp", definition: bridge, shows: "ip addr show br0 | grep '10.0.0.5./24'",
    args: fixed, then: () => ({ ...br0, dhcp4: true }) },
  { title: "a bridge of the kernel alone", given: eth1, definition: bridge, shows: "ip route get 10.2.3.4 | grep 'dev br1'",
    args: () => ({ ...br1, stp: true, forwardDelay: 2 }), then: () => ({ ...br1, stp: false, addresses: ["10.1.0.12/24"] }) },
  { title: "a bridge without ports", definition: bridge, shows: "ip addr show br2 | grep fd03::1",
    args: () => ({ name: "br2", ports: [], addresses: ["10.3.0.1/24", "fd03::1/64"] }), then: () => ({ name: "br2", ports: [], addresses: ["10.3.0.2/24"], priority: 4096 }) },
  { title: "a network", definition: natNetwork, shows: "virsh net-info lab | grep -q 'Active: *yes'",
    args: () => ({ ...lab, dhcp: range("192.168.123", 2, 99) }), then: () => ({ ...lab, dhcp: range("192.168.123", 100, 199), autostart: false }) },
  { title: "a network that is adopted and changed while it runs", given: `${startedDefault} && virsh -q net-autostart default`, definition: natNetwork, shows: "virsh net-dumpxml default | grep 192.168.122.199",
    args: () => ({ ...adopted, dhcp: range("192.168.122", 100, 199), autostart: false }), then: () => ({ ...adopted, dhcp: range("192.168.122", 100, 199), address6: "fd12::1/64" }) },
  { title: "a guest's interface with a reservation", given: `${startedDefault} && ${define("define", domain)}`, definition: guestInterface,
    shows: "virsh domiflist web | grep 52:54:00:ad:4c:86 && virsh net-dumpxml default | grep 192.168.122.9",
    args: () => ({ ...nic, address: "192.168.122.9" }), then: () => ({ ...nic, address: "192.168.122.10", linkState: "down" }) },
  { title: "forwarding", definition: sysctlForwarding, shows: "grep 1 /proc/sys/net/ipv4/ip_forward && grep forwarding /etc/sysctl.d/60-kvmnet-forwarding.conf",
    args: () => ({ ipv4: true, ipv6: true }), then: () => ({ ipv4: false, ipv6: true }) },
  { title: "bridge netfilter", definition: bridgeNetfilter, shows: "test -e /etc/udev/rules.d/99-kvmnet-bridge-netfilter.rules",
    args: () => ({ iptables: false, ip6tables: false }), then: () => ({ iptables: true, arptables: false }) },
]; // prettier-ignore

/** Makes a host ready for the next case, whatever the one before left. */
export const clean = `for n in $(virsh -q net-list --name); do virsh -q net-destroy $n; done; for n in $(virsh -q net-list --all --name); do virsh -q net-undefine $n; done
for d in $(virsh -q list --all --name); do virsh -q undefine $d; done; ip link del eth1 2>/dev/null; echo 0 > /proc/sys/net/ipv4/ip_forward; rm -rf /run/kvmnet`;

export const urnOf = (type: string): string => `urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:${type}::x`;

/** What is planned of a change, whatever its title. */
export type Untitled = Omit<Change, "title">;

class Planned extends Error {
  constructor(readonly change: Untitled) {
    super("planned");
  }
}

/** A session that plans what it is asked for, on the host as it is, and does nothing. */
export class PlanningSession extends HostSession {
  override async change(request: ChangeRequest): Promise<Observed> {
    const observed = await this.observe();
    const planned = plan(request.desired(observed), observed, request.sideEffects);
    throw new Planned({ plan: planned, ...(request.keep && { keep: request.keep() }) });
  }
}

/** What an operation on a `PlanningSession` would have sent to the host. */
export async function planOf(operation: Promise<unknown>): Promise<Untitled> {
  try {
    await operation;
  } catch (error) {
    if (error instanceof Planned) return error.change;
    throw error;
  }
  throw new Error("it has not asked for a change");
}
