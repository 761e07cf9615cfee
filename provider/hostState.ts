/**
 * One plain JSON shape for what is desired of a host's network and what is observed there, and the operators on it.
 *
 * In every collection: an absent key is not ours, `null` must not exist, a value must equal. The same holds for the
 * fields inside a value, so a value says only what it has an opinion on.
 */
export interface HostState {
  /** Whole files of ours: path → text. */
  readonly files?: Readonly<Record<string, string | null>>;
  /** Parts of files that we share with others: `path#section` → text, e.g. `/etc/network/interfaces#iface eth0 inet`. */
  readonly sections?: Readonly<Record<string, string | null>>;
  /** Network devices of the kernel: name → state. */
  readonly links?: Readonly<Record<string, LinkState | null>>;
  /** Running values: key (`net.ipv4.ip_forward`) → value; `null` where the kernel has no such key. */
  readonly sysctls?: Readonly<Record<string, string | null>>;
  /** libvirt networks: name → state. */
  readonly networks?: Readonly<Record<string, NetworkState | null>>;
  /** DHCP reservations in libvirt networks: `network/mac`, or the DUID or host name of one for IPv6 → reservation. */
  readonly reservations?: Readonly<Record<string, ReservationState | null>>;
  /** Interfaces of libvirt domains: `domain/mac` → state. */
  readonly interfaces?: Readonly<Record<string, InterfaceState | null>>;
}

/** A daemon that brings links up, and is their DHCP client. */
export type Manager = "networkd" | "NetworkManager";

export interface LinkState {
  /** rtnl link kind as `ip -d link` says it (`bridge`, `veth`, …); absent for hardware. */
  readonly kind?: string;
  readonly up?: boolean;
  readonly mac?: string;
  /** `ip link`'s alias: our mark, where no file can hold it. */
  readonly alias?: string;
  readonly mtu?: number;
  /** The daemon that has the link in its hands. */
  readonly manager?: Manager;
  readonly master?: string | null;
  /** As a bridge's port it does not reach other isolated ones. Never desired, only found. */
  readonly isolated?: boolean;
  /** The link that this one stands on, as a VLAN does. Never desired, only found. */
  readonly over?: string;
  readonly bridge?: BridgeState;
  /** A DHCP client runs on the link. */
  readonly dhcp4?: boolean;
  readonly dhcp6?: boolean;
  /** Addresses that somebody set (not leased, not link-local, not by RA), with prefix, IPv4 first, each in the kernel's order. */
  readonly addresses?: readonly string[];
  /** Routes that somebody set, as `ip route` spells them without `dev`: `default via 10.0.0.1`. */
  readonly routes?: readonly string[];
  /** The same addresses and routes with every attribute, in iproute2's words: what giving back byte for byte needs. */
  readonly exact?: { readonly addresses: readonly string[]; readonly routes: readonly string[] };
}

/** Times in seconds, as ifupdown's bridge_fd and brctl have them; the kernel has hundredths. */
export interface BridgeState {
  readonly stp?: boolean;
  readonly forwardDelay?: number;
  readonly helloTime?: number;
  readonly maxAge?: number;
  readonly ageingTime?: number;
  readonly priority?: number;
  readonly vlanFiltering?: boolean;
}

export interface NetworkState {
  /** The persistent definition. */
  readonly xml: string;
  readonly active: boolean;
  readonly autostart: boolean;
  /** The running network is as the persistent definition says, or where it is not; true where it does not run. */
  readonly live: true | string;
}

export interface ReservationState {
  readonly address: string;
  /** The host name that goes with the address. */
  readonly name?: string;
  /** Seconds, 0: for ever. */
  readonly leaseTime?: number;
}

export interface InterfaceState {
  /** The `<interface>` element of the persistent definition. */
  readonly xml: string;
  /** The running guest has it so, too, but for what waits for its next start, or where it has not; true where the guest does not run, false where it has none. */
  readonly live: boolean | string;
  /** What waits for the guest's next start. Desired, it is empty: then nothing waits, and the interface is detached and attached instead. */
  readonly pending?: readonly string[];
}

export type Collection = keyof HostState;
export const collections: readonly Collection[] = [
  "links",
  "files",
  "sections",
  "sysctls",
  "networks",
  "reservations",
  "interfaces",
];

/** A difference between what is wanted and what was found, e.g. `{ path: ["links", "br0", "mtu"], wanted: 1500, found: 1400 }`. */
export interface Difference {
  readonly path: readonly string[];
  readonly wanted: unknown;
  readonly found: unknown;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Where `observed` is not what `desired` says; empty when the host is as desired. */
export function differences(desired: HostState, observed: HostState): Difference[] {
  const found: Difference[] = [];
  const compare = (path: string[], wanted: unknown, is: unknown) => {
    if (wanted === undefined) return;
    if (isRecord(wanted) && isRecord(is)) {
      for (const key of Object.keys(wanted)) compare([...path, key], wanted[key], is[key]);
    } else if (!equal(wanted, is ?? null)) {
      found.push({ path, wanted, found: is ?? null });
    }
  };
  for (const collection of collections) {
    for (const [key, wanted] of Object.entries(desired[collection] ?? {})) {
      compare([collection, key], wanted, observed[collection]?.[key]);
    }
  }
  return found;
}

/** Deep equality of JSON values; the order of keys does not count, an undefined value is no value. */
export function equal(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => equal(item, b[i]));
  if (isRecord(a) && isRecord(b)) {
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => equal(a[key], b[key]));
  }
  return a === b;
}

/** The state in which nothing that `state` names exists. */
export function absent(state: HostState): HostState {
  return mapCollections((collection) =>
    Object.fromEntries(Object.keys(state[collection] ?? {}).map((key) => [key, null])),
  );
}

/** `upper` laid over `lower`: what `upper` has no opinion on stays as `lower` says. */
export function overlay(lower: HostState, upper: HostState): HostState {
  return mapCollections((collection) => ({ ...lower[collection], ...upper[collection] }));
}

/** The part of `state` that `like` has an opinion on. What `state` does not name is `null` there. */
export function restrict(state: HostState, like: HostState): HostState {
  return mapCollections((collection) =>
    Object.fromEntries(Object.keys(like[collection] ?? {}).map((key) => [key, state[collection]?.[key] ?? null])),
  );
}

/** What `old` names and `next` does not. */
export function without(old: HostState, next: HostState): HostState {
  return mapCollections((collection) =>
    Object.fromEntries(Object.entries(old[collection] ?? {}).filter(([key]) => next[collection]?.[key] === undefined)),
  );
}

function mapCollections(of: (collection: Collection) => Record<string, unknown>): HostState {
  return Object.fromEntries(
    collections.map((collection) => [collection, of(collection)] as const).filter(([, c]) => Object.keys(c).length > 0),
  ) as HostState;
}
