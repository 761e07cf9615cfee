import type { LinkState, Manager } from "./hostState";

/** What must be known of a host beside the state of its network. */
export interface Facts {
  readonly hostname: string;
  /** PRETTY_NAME of os-release. */
  readonly os: string;
  readonly kernel: string;
  /** Commands that are on root's PATH, of those that somebody asks for. */
  readonly commands: readonly string[];
  /** Why libvirt did not answer; undefined when it did. */
  readonly libvirtError?: string;
  readonly libvirtVersion?: string;
  /** Names of libvirt's network filters; undefined where it does not say. */
  readonly filters?: readonly string[];
  /** br_netfilter is loaded. */
  readonly bridgeNetfilter: boolean;
  /** False: the kernel cannot filter VLANs on a bridge. Undefined where it has no bridge that tells. */
  readonly vlanFiltering?: boolean;
  /** The addresses of the SSH connection that asked: client, client port, server, server port. */
  readonly ssh?: { readonly client: string; readonly server: string };
  /** systemd is PID 1. */
  readonly systemd: boolean;
  /** Docker, Kubernetes and the like, by their processes' names. */
  readonly containerRuntimes: readonly string[];
  readonly dhcpClients: readonly DhcpClient[];
  /** Daemons that bring up links, and run. */
  readonly daemons?: readonly Manager[];
  /** Links that a daemon has in its hands, and by what. */
  readonly managed?: Readonly<Record<string, Managed>>;
}

export interface DhcpClient {
  readonly pid: number;
  readonly link: string;
  readonly family: 4 | 6;
  /** None where the client is a daemon's own. */
  readonly argv: readonly string[];
}

/** What a daemon says of a link that it brings up. */
export interface Managed {
  readonly by: Manager;
  /** The file of its own that says how. */
  readonly file?: string;
  /** By what the DHCP server knows the link's client, beside the host's DUID (RFC 4361): another one would get another lease. */
  readonly iaid?: string;
  /** The same in one word, `01:52:54:00:12:34:56`, where the daemon says it so (RFC 2132 9.14). */
  readonly clientId?: string;
  /** The metric of its routes over the link that have none of their own. */
  readonly metric?: number;
  /** Families for which it has a lease on the link. */
  readonly leases?: readonly (4 | 6)[];
}

export interface ObservedNetwork {
  /** `net-dumpxml --inactive`; of a transient network the live one. */
  readonly xml: string;
  readonly active: boolean;
  readonly autostart: boolean;
  readonly persistent: boolean;
  readonly liveXml?: string;
  readonly leases: readonly { readonly mac: string; readonly address: string }[];
}

export interface ObservedDomain {
  readonly xml: string;
  readonly running: boolean;
  readonly persistent: boolean;
  readonly liveXml?: string;
}

/** Addresses and routes that a DHCP client (or a router's advertisement) brought, in iproute2's words. They move with their client. */
export interface Leased {
  readonly addresses: readonly string[];
  readonly routes: readonly string[];
}

/** All that one probe reads of a host. */
export interface Observed {
  readonly facts: Facts;
  /** Texts of the configuration files that somebody may want to know, in reading order. */
  readonly files: Readonly<Record<string, string>>;
  readonly links: Readonly<Record<string, LinkState>>;
  readonly leased: Readonly<Record<string, Leased>>;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly networks: Readonly<Record<string, ObservedNetwork>>;
  readonly domains: Readonly<Record<string, ObservedDomain>>;
  /** What changes replaced whose outcome the state may not have, by their resources (`keepsake`). */
  readonly kept?: Readonly<Record<string, string>>;
}
