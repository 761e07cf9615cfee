import type { Managed } from "../facts";
import type { HostState, LinkState, Manager } from "../hostState";

export const owners = ["ifcfg", "ifupdown", "netplan", "NetworkManager", "networkd", "runtime"] as const;
export type Owner = (typeof owners)[number];

/** What a bridge is to be: every value is given or was found, nothing is left to default any more. */
export interface BridgePlan {
  readonly name: string;
  readonly ports: readonly string[];
  /** Ports of before whose configuration it has still; they stay bare until it is gone. */
  readonly left: readonly string[];
  readonly dhcp4: boolean;
  readonly dhcp6: boolean;
  readonly addresses: readonly string[];
  /** `ip route` words without `dev`: `default via 10.0.0.1`, `10.9.0.0/16 via 10.0.0.254 metric 10`. */
  readonly routes: readonly string[];
  readonly nameservers: readonly string[];
  readonly searchDomains: readonly string[];
  readonly macAddress?: string;
  readonly stp: boolean;
  readonly forwardDelay: number;
  readonly helloTime?: number;
  readonly maxAge?: number;
  readonly ageingTime?: number;
  readonly priority?: number;
  /** Undefined where nobody ever spoke of it. */
  readonly vlanFiltering?: boolean;
  /** Seconds that ifup waits for the ports to forward (bridge_maxwait). */
  readonly maxWait: number;
  readonly mtu?: number;
  /** First line of every file of ours, without the comment sign: whose it is. */
  readonly mark: string;
}

/**
 * What an owner's configuration says of one link (a port, or a bridge to be adopted). It is read once, when the link is
 * taken over, and kept in the resource's inputs: from then on the bridge is rendered from it, whatever the host says by then.
 */
export interface Found {
  readonly dhcp4: boolean;
  readonly dhcp6: boolean;
  readonly addresses: readonly string[];
  readonly routes: readonly string[];
  readonly nameservers: readonly string[];
  readonly searchDomains: readonly string[];
  readonly macAddress?: string;
  /** By what the DHCP server knows the link's client, where a daemon would choose another for the bridge. */
  readonly iaid?: string;
  readonly clientId?: string;
  /** The metric of a daemon's routes over the link that have none of their own, where it chooses by the kind of link. */
  readonly metric?: number;
  /** What the owner's files say of the link: `path#section` → text, or a whole file's path → text. */
  readonly sections: Readonly<Record<string, string>>;
  /** Bridge options, where the link is a bridge. */
  readonly bridge?: Readonly<Record<string, string | number | boolean>>;
}

/** Texts of the owner's configuration files on the host: path → text. */
export type Files = Readonly<Record<string, string>>;

/** Who owns a host's network configuration: what writes its files and brings its links up at boot. */
export interface Backend {
  readonly owner: Owner;
  /** The daemon that has to be told when the files are written, and takes over what the kernel has by then (takeOver.ts). */
  readonly manager?: Manager;
  /** What the configuration and the kernel say of a link. `link`: what the kernel says (observed); `managed`: what a daemon says. */
  find(name: string, link: LinkState, files: Files, managed?: Managed): Found;
  /** Why this owner cannot express the bridge; undefined where it can. */
  unsupported(bridge: BridgePlan, found?: Readonly<Record<string, Found>>, files?: Files): string | undefined;
  /**
   * The owner's files for the bridge and its ports. `found` has each port's, and the bridge's own where it is adopted.
   * `files` tells where a new stanza belongs (is interfaces.d sourced?).
   */
  render(
    bridge: BridgePlan,
    found: Readonly<Record<string, Found>>,
    files: Files,
  ): Pick<HostState, "files" | "sections">;
  /** What the owner would have written below /run when it brought up the bridge: it knows it as up then, and can take it down. */
  state?(bridge: string): Pick<HostState, "files" | "sections">;
}
