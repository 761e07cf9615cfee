import type { Properties } from "../../../provider/resource";
import { subnet } from "./lab";
import type { Row } from "./row";

type Values = Readonly<Record<string, unknown>>;
const within = (name: string) => (now: Properties, changed: Values) => ({
  [name]: { ...(now[name] as Values), ...changed },
});
const [dhcp, dhcp6, dns, nat] = [within("dhcp"), within("dhcp6"), within("dns"), within("nat")];
type Portgroup = Values & { readonly name: string };
const portgroup = (now: Properties, changed: Portgroup) => ({
  portgroups: [...(now["portgroups"] as Portgroup[]).filter(({ name }) => name !== changed.name), changed],
});
const host = (n: number, last: number) => ({ mac: "52:54:00:77:00:01", address: `${subnet(n)}.${last}`, name: "web" });
const subnet6 = (n: number) => `fd00:77:${n}:`;

/** What each model is made with. Without STP a port forwards at once: a bounce then costs what it costs, and not 4 s more. */
export const first = (type: string, n: number): Properties => ({
  name: type,
  portgroups: [{ name: "slow" }, { name: "main" }, { name: "tagged" }],
  ...(type === "BridgedNetwork" ? { bridge: "lan0" } : { bridgeName: `vb${n}`, stp: false }),
  ...(type !== "BridgedNetwork" &&
    type !== "IsolatedNetwork" && {
      address: `${subnet(n)}.1/24`,
      dhcp: { start: `${subnet(n)}.100`, end: `${subnet(n)}.199` },
      address6: `${subnet6(n)}:1/64`,
    }),
});

const live: Row[] = [
  { property: "autostart", change: "true → false", args: () => ({ autostart: false }), shows: "<!-- autostart off -->", named: "autostart", label: "live" },
  { property: "portgroups", change: "one more", args: (now) => portgroup(now, { name: "fast" }), shows: "<portgroup name='fast'>", label: "live" },
  { property: "portgroups.bandwidth", change: "none → 1000 KiB/s", args: (now) => portgroup(now, { name: "slow", bandwidth: { inbound: { average: 1000 } } }),
    shows: "<portgroup name='slow'><bandwidth><inbound average='1000'/></bandwidth></portgroup>", label: "live" },
  { property: "portgroups.default", change: "false → true", args: (now) => portgroup(now, { name: "main", default: true }),
    shows: "<portgroup name='main' default='yes'>", label: "live" },
  { property: "portgroups.vlan", change: "none → 42", only: ["BridgedNetwork"], args: (now) => portgroup(now, { name: "tagged", vlan: { tags: [{ id: 42 }] }, virtualport: { type: "openvswitch" } }),
    shows: "<vlan><tag id='42'/></vlan><virtualport type='openvswitch'/>", label: "live" },
  { property: "forwardInterface", change: "none → wan0", args: () => ({ forwardInterface: "wan0" }), shows: "dev='wan0'", label: "live" },
  { property: "forwardInterface", change: "wan0 → wan1", args: () => ({ forwardInterface: "wan1" }), shows: "dev='wan1'", label: "live" },
]; // prettier-ignore

const reload: Row[] = [
  { property: "dhcp.hosts", change: "one more", args: (now, n) => dhcp(now, { hosts: [host(n, 50)] }),
    shows: (n) => `<host mac='52:54:00:77:00:01' name='web' ip='${subnet(n)}.50'/>`, named: "reservations", label: "dnsmasq reload" },
  { property: "dhcp.hosts", change: "another address", args: (now, n) => dhcp(now, { hosts: [host(n, 51)] }),
    shows: (n) => `<host mac='52:54:00:77:00:01' name='web' ip='${subnet(n)}.51'/>`, named: "reservations", label: "dnsmasq reload" },
  { property: "dns.hosts", change: "one more", args: (now, n) => dns(now, { hosts: [{ address: `${subnet(n)}.5`, hostnames: ["db", "db.example"] }] }),
    shows: (n) => `<host ip='${subnet(n)}.5'><hostname>db</hostname><hostname>db.example</hostname></host>`, label: "dnsmasq reload" },
  { property: "dns.hosts", change: "another name", args: (now, n) => dns(now, { hosts: [{ address: `${subnet(n)}.5`, hostnames: ["db"] }] }),
    shows: (n) => `<host ip='${subnet(n)}.5'><hostname>db</hostname></host>`, label: "dnsmasq reload" },
]; // prettier-ignore

const restart: Row[] = [
  { property: "dhcp.end", change: ".199 → .150", args: (now, n) => dhcp(now, { end: `${subnet(n)}.150` }), shows: (n) => `end='${subnet(n)}.150'`, label: "dnsmasq restart" },
  { property: "dhcp.start", change: ".100 → .90", args: (now, n) => dhcp(now, { start: `${subnet(n)}.90` }), shows: (n) => `start='${subnet(n)}.90'`, label: "dnsmasq restart" },
  { property: "dhcp.leaseTime", change: "none → 7200", args: (now) => dhcp(now, { leaseTime: 7200 }), shows: "<lease expiry='7200' unit='seconds'/>", label: "dnsmasq restart" },
  { property: "dhcp.ranges", change: "one more", args: (now, n) => dhcp(now, { ranges: [{ start: `${subnet(n)}.200`, end: `${subnet(n)}.209` }] }),
    shows: (n) => `<range start='${subnet(n)}.200' end='${subnet(n)}.209'/>`, label: "dnsmasq restart" },
  { property: "dns.txt", change: "one more", args: (now) => dns(now, { txt: [{ name: "a.example", value: "b c" }] }), shows: "<txt name='a.example' value='b c'/>", label: "dnsmasq restart" },
  { property: "dns.srv", change: "one more", args: (now) => dns(now, { srv: [{ service: "ldap", protocol: "tcp", domain: "example", target: "db.example", port: 389, priority: 1, weight: 2 }] }),
    shows: "<srv service='ldap' protocol='tcp' domain='example' target='db.example' port='389' priority='1' weight='2'/>", label: "dnsmasq restart" },
]; // prettier-ignore

const bounce: readonly (Omit<Row, "label"> & Partial<Pick<Row, "label">>)[] = [
  { property: "mtu", change: "none → 1400", args: () => ({ mtu: 1400 }), shows: "<mtu size='1400'/>" },
  { property: "delay", change: "0 → 1", args: () => ({ delay: 1 }), shows: "delay='1'" },
  { property: "guestIpv6", change: "false → true", args: () => ({ guestIpv6: true }), shows: "ipv6='yes'" },
  { property: "domain", change: "none → lab.example", args: () => ({ domain: "lab.example" }), shows: "<domain name='lab.example'" },
  { property: "dns.localOnly", change: "false → true", args: (now) => dns(now, { localOnly: true }), shows: "localOnly='yes'" },
  { property: "dns.localPtr", change: "false → true", args: (now) => dns(now, { localPtr: true }), shows: "localPtr='yes'" },
  { property: "dns.forwarders", change: "one more", args: (now) => dns(now, { forwarders: [{ domain: "corp.example", address: "10.0.0.1" }] }),
    shows: "<forwarder domain='corp.example' addr='10.0.0.1'/>" },
  { property: "dns.forwardPlainNames", change: "true → false", args: (now) => dns(now, { forwardPlainNames: false }), shows: "forwardPlainNames='no'" },
  { property: "dnsmasqOptions", change: "one more", args: () => ({ dnsmasqOptions: ["dhcp-option=42,10.0.0.1"] }), shows: "<dnsmasq:option value='dhcp-option=42,10.0.0.1'/>" },
  { property: "dhcp.tftpRoot", change: "none → /srv", args: (now) => dhcp(now, { tftpRoot: "/srv" }), shows: "<tftp root='/srv'/>" },
  { property: "dhcp.bootp", change: "none → pxelinux.0", args: (now) => dhcp(now, { bootp: { file: "pxelinux.0" } }), shows: "<bootp file='pxelinux.0'/>" },
  { property: "address6", change: "::1 → ::2", args: (_, n) => ({ address6: `${subnet6(n)}:2/64` }), shows: (n) => `address='${subnet6(n)}:2' prefix='64'` },
  { property: "dhcp6", change: "none → ::100 to ::1ff", args: (now, n) => dhcp6(now, { start: `${subnet6(n)}:100`, end: `${subnet6(n)}:1ff` }), shows: (n) => `<range start='${subnet6(n)}:100' end='${subnet6(n)}:1ff'/>` , label: "dnsmasq restart" },
  { property: "addresses", change: "one more", args: (_, n) => ({ addresses: [`10.8${n}.0.1/24`] }), named: "ip", shows: (n) => `address='10.8${n}.0.1'` },
  { property: "routes", change: "one more", args: (_, n) => ({ routes: [{ to: `10.9${n}.0.0/16`, via: `${subnet(n)}.12` }] }), named: "route", shows: (n) => `address='10.9${n}.0.0'` },
  { property: "address", change: ".1 → .2", args: (_, n) => ({ address: `${subnet(n)}.2/24` }), shows: (n) => `address='${subnet(n)}.2'` },
  { property: "nat.port", change: "none → 2000 to 3000", args: (now) => nat(now, { port: { start: 2000, end: 3000 } }), shows: "<port start='2000' end='3000'/>" },
  { property: "nat.address", change: "none → 10.0.0.200", args: (now) => nat(now, { address: { start: "10.0.0.200", end: "10.0.0.200" } }), shows: "<address start='10.0.0.200' end='10.0.0.200'/>" },
  { property: "nat.ipv6", change: "false → true", args: (now) => nat(now, { ipv6: true }), shows: "<nat ipv6='yes'>" },
  { property: "bridgeName", change: "vb0 → vx0", args: (_, n) => ({ bridgeName: `vx${n}` }), shows: (n) => `<bridge name='vx${n}'` },
  { property: "stp", change: "false → true", args: () => ({ stp: true }), shows: "stp='on'" },
  { property: "dns.enable", change: "true → false", alone: true, args: () => ({ dns: { enable: false } }), shows: "<dns enable='no'/>" },
  { property: "bridge", change: "lan0 → lan1", args: () => ({ bridge: "lan1" }), shows: "<bridge name='lan1'", lost: "any" },
  { property: "virtualport", change: "none → openvswitch", args: () => ({ virtualport: { type: "openvswitch", profileId: "bronze" } }), shows: "<parameters profileid='bronze'/>", label: "live" },
  { property: "vlan", change: "none → 43", args: () => ({ vlan: { tags: [{ id: 43 }] } }), shows: "<tag id='43'/>", label: "live" },
  { property: "isolatedPorts", change: "false → true", alone: true, cutsOff: true, args: () => ({ isolatedPorts: true }), shows: "<port isolated='yes'/>", labels: { BridgedNetwork: "live" } },
]; // prettier-ignore

const nextStart: Row[] = [
  { property: "metadata", change: "none → an application's", args: () => ({ metadata: "<app:owner xmlns:app='urn:app'/>" }), shows: "urn:app", named: "urn:app", label: "next start" },
]; // prettier-ignore

/** Those that disturb least come first: after a bounce, libvirt's own answer to a live change is the same. */
export const networkRows: readonly Row[] = [
  ...live,
  ...nextStart,
  ...reload,
  ...restart,
  ...bounce.map((row): Row => ({ label: "network bounce", ...row })),
];

/** Arguments that need what a lab host has not, and what that is; and those that are but a text, for the guest itself. */
export const elsewhere: Readonly<Record<string, string>> = {
  title: "libvirt 9.7",
  description: "libvirt 9.7",
  vlan: "of an interface: libvirt 11, or Open vSwitch",
  zone: "firewalld",
  bootOrder: "a guest that boots by its devices' order",
  bandwidth: "tc's sfq in the kernel",
  macTableManager: "bridges that filter VLANs in the kernel",
  ...Object.fromEntries(
    ["address6", "gateway", "gateway6", "nameservers", "searchDomains"].map((name) => [
      name,
      "of an interface: told to the guest alone",
    ]),
  ),
};
