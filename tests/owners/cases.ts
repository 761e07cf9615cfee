/** A link as whoever installed the host configured it, in no owner's words. */
export interface Link {
  /** Of hardware; a bond and a VLAN have that of what they stand on. */
  readonly mac?: string;
  readonly bond?: { readonly of: readonly string[]; readonly mode: string };
  readonly vlan?: { readonly id: number; readonly over: string };
  readonly dhcp4?: boolean;
  readonly dhcp6?: boolean;
  /** It has addresses and a router by router advertisements (RFC 4862). */
  readonly acceptRa?: boolean;
  readonly addresses?: readonly string[];
  readonly routes?: readonly Route[];
  readonly nameservers?: readonly string[];
  readonly searchDomains?: readonly string[];
  readonly mtu?: number;
}

export interface Route {
  readonly to: string;
  readonly via: string;
  readonly metric?: number | undefined;
}

/** A host's links, and the `Bridge` that its program declares over one of them. Each owner has its cell of each case: the folder `OWNER-CASE` of tests/golden/owners. */
export interface OwnerCase {
  readonly title: string;
  /** What it is about, to who reads README's table. */
  readonly shows: string;
  readonly links: Readonly<Record<string, Link>>;
  readonly args: Readonly<Record<string, unknown>> & { readonly ports: readonly string[] };
  /** What the program says later. */
  readonly then?: OwnerCase["args"];
}

const eth0 = { mac: "52:54:00:aa:00:01" };
const eth1 = { mac: "52:54:00:aa:00:02" };
const lan = { addresses: ["10.0.0.11/24"], routes: [{ to: "default", via: "10.0.0.1" }] };
const second = { addresses: ["10.1.0.11/24"], routes: [{ to: "default", via: "10.1.0.1", metric: 200 }] };
const dns = { nameservers: ["10.0.0.1", "10.0.0.2"], searchDomains: ["office.lab", "lab"] };
const over = (...ports: string[]) => ({ ports });
const bond = { of: ["eth0", "eth1"], mode: "active-backup" };

/** One description of each case, for all owners: whoever adds a case or an owner is told by owners.test.ts what is missing. */
export const cases: readonly OwnerCase[] = [
  { title: "static", shows: "a static NIC, its nameservers and search domains", links: { eth0: { ...eth0, ...lan, ...dns } }, args: over("eth0") },
  { title: "dhcp", shows: "a NIC with DHCP: the bridge keeps its lease", links: { eth0: { ...eth0, dhcp4: true } }, args: over("eth0") },
  {
    title: "both-families", shows: "IPv4 and IPv6, static",
    links: {
      eth0: {
        ...eth0,
        addresses: ["10.0.0.11/24", "fd00::11/64"],
        routes: [...lan.routes, { to: "default", via: "fd00::1" }],
        nameservers: ["10.0.0.1", "fd00::1"],
        searchDomains: ["lab"],
      },
    },
    args: over("eth0"),
  },
  { title: "router-advertisements", shows: "IPv6 by router advertisements", links: { eth0: { ...eth0, ...lan, ...dns, acceptRa: true } }, args: over("eth0") },
  { title: "dhcp-of-both-families", shows: "DHCP and DHCPv6", links: { eth0: { ...eth0, dhcp4: true, dhcp6: true } }, args: over("eth0") },
  {
    title: "routes", shows: "several addresses, routes, metrics",
    links: {
      eth0: {
        ...eth0,
        addresses: ["10.0.0.11/24", "10.5.0.11/24"],
        routes: [
          { to: "default", via: "10.0.0.1", metric: 100 },
          { to: "10.9.0.0/16", via: "10.5.0.254" },
        ],
      },
    },
    args: over("eth0"),
  },
  {
    // The second NIC has a default route of its own, and becomes a port later.
    title: "two-nics", shows: "two NICs with a default route each, the second one a port later",
    links: {
      eth0: { ...eth0, ...lan, ...dns },
      eth1: { ...eth1, ...second, nameservers: ["10.0.0.1"], searchDomains: ["lab"] },
    },
    args: over("eth0"),
    then: over("eth0", "eth1"),
  },
  { title: "bond", shows: "a bond as port", links: { eth0, eth1, bond0: { bond, ...lan, ...dns } }, args: over("bond0") },
  {
    title: "bond-later", shows: "a bond as a second port later",
    links: { eth0: { ...eth0, ...lan }, eth1, eth2: { mac: "52:54:00:aa:00:03" }, bond0: { bond: { of: ["eth1", "eth2"], mode: "active-backup" } } },
    args: over("eth0"),
    then: over("eth0", "bond0"),
  },
  {
    title: "vlan", shows: "a VLAN as port, its NIC with addresses of its own",
    links: { eth0: { ...eth0, ...lan, ...dns }, "eth0.20": { vlan: { id: 20, over: "eth0" }, addresses: ["10.20.0.11/24"] } },
    args: over("eth0.20"),
  },
  {
    title: "vlan-on-bond", shows: "a VLAN on a bond as port",
    links: { eth0, eth1, bond0: { bond }, "bond0.20": { vlan: { id: 20, over: "bond0" }, ...lan, ...dns } },
    args: over("bond0.20"),
  },
  { title: "mtu", shows: "`mtu`, and given back", links: { eth0: { ...eth0, ...lan, mtu: 1400 } }, args: { ...over("eth0"), mtu: 9000 }, then: over("eth0") },
  {
    title: "stp-and-times", shows: "`stp`, `forwardDelay`, `helloTime`, `maxAge`, `ageingTime`, `priority`",
    links: { eth0: { ...eth0, ...lan } },
    args: { ...over("eth0"), stp: true, forwardDelay: 4, helloTime: 1, maxAge: 6, ageingTime: 120, priority: 4096 },
    then: over("eth0"),
  },
  {
    title: "mac-address", shows: "`macAddress`",
    links: { eth0: { ...eth0, ...lan } },
    args: { ...over("eth0"), macAddress: "02:00:00:00:00:01" },
  },
  {
    title: "arguments", shows: "`addresses`, `routes`, `nameservers`, `searchDomains`: static instead of DHCP",
    links: { eth0: { ...eth0, dhcp4: true } },
    args: {
      ...over("eth0"),
      addresses: ["10.0.0.12/24", "fd00::12/64"],
      routes: [{ to: "default", via: "10.0.0.1" }],
      nameservers: ["10.0.0.3"],
      searchDomains: ["new.lab"],
    },
  },
  {
    title: "vlan-filtering",
    shows: "`vlanFiltering`, and given back",
    links: { eth0: { ...eth0, ...lan } },
    args: { ...over("eth0"), vlanFiltering: true },
    then: over("eth0"),
  },
  { title: "max-wait", shows: "`maxWait`", links: { eth0: { ...eth0, ...lan } }, args: { ...over("eth0"), maxWait: 10 } },
]; // prettier-ignore
