import * as pulumi from "@pulumi/pulumi";
import type { LinkState } from "../provider/hostState";
import { KvmnetResource, type Outputs, type ResourceArgs } from "./resource";

/** A route through the bridge, as ip-route(8) has it. */
export interface BridgeRoute {
  /** `default`, or a network: `10.9.0.0/16`. */
  to: pulumi.Input<string>;
  /** The gateway's address; it must be reachable by one of the bridge's addresses. */
  via: pulumi.Input<string>;
  /** Preference among routes to the same network, lowest first. Default: the kernel's, 0 for IPv4 and 1024 for IPv6. */
  metric?: pulumi.Input<number | undefined>;
}

/** Arguments of {@link Bridge}. Where it says “taken over”: read from the ports once, when the bridge is made, and kept. */
export interface BridgeArgs extends ResourceArgs {
  /**
   * Name of the device: at most 15 bytes, no slash, colon or white space. Default: the resource's name. Changing it
   * replaces the bridge. A device of that name that is not ours is a conflict, unless `adopt`.
   */
  name?: pulumi.Input<string | undefined>;
  /**
   * The devices under the bridge, each the name of a NIC: `["eth0"]`; `[]` is a bridge for guests alone. Refused: a port that
   * is not on the host, is the bridge itself, stands twice, or hangs on another bridge.
   * See bridge_ports in bridge-utils-interfaces(5).
   */
  ports: pulumi.Input<pulumi.Input<string>[]>;
  /** Lease the bridge's IPv4 address by DHCP. Default: taken over: whether a port does. */
  dhcp4?: pulumi.Input<boolean | undefined>;
  /**
   * Lease the bridge's IPv6 address by DHCPv6. Default: taken over: whether a port does. NetworkManager does so where a router says it
   * (`ipv6.method=auto`, nm-settings(5)): there it goes with the router's advertisements.
   */
  dhcp6?: pulumi.Input<boolean | undefined>;
  /**
   * The bridge's own addresses with prefix, IPv4 and IPv6: `["10.0.0.11/24"]`. `[]` is none. An address without a prefix is
   * refused. Default: taken over from the ports. See `address` in interfaces(5).
   */
  addresses?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  /** Routes through the bridge: `[{ to: "default", via: "10.0.0.1" }]`. Default: taken over from the ports. */
  routes?: pulumi.Input<pulumi.Input<BridgeRoute>[] | undefined>;
  /** Addresses of DNS servers, for resolvconf(8). Default: taken over from the ports. */
  nameservers?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  /** Domains in which short host names are looked up, for resolvconf(8): `["lab.example"]`. Default: taken over from the ports. */
  searchDomains?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  /**
   * MAC address of the bridge: `52:54:00:12:34:56`. One with the multicast bit is refused. Default: taken over from the first
   * port, so that a DHCP lease and the neighbours' entries stay. See bridge_hw in bridge-utils-interfaces(5).
   */
  macAddress?: pulumi.Input<string | undefined>;
  /**
   * Speak the spanning tree protocol. Default: `false`. Some data centres shut a switch port that hears it (BPDU guard).
   * See bridge_stp in bridge-utils-interfaces(5).
   */
  stp?: pulumi.Input<boolean | undefined>;
  /**
   * Seconds that a port listens, and again learns, before it forwards; 2 to 30 with STP on. Default: 0 with STP off, so that
   * a guest's first DHCP request is not lost, and 15 (the kernel's) with STP on. See bridge_fd, brctl(8) setfd.
   */
  forwardDelay?: pulumi.Input<number | undefined>;
  /** Seconds between two hello packets of STP, 1 to 10. Default: the kernel's, 2. See bridge_hello, brctl(8) sethello. */
  helloTime?: pulumi.Input<number | undefined>;
  /** Seconds until a silent STP neighbour is taken for dead, 6 to 40. Default: the kernel's, 20. See bridge_maxage, brctl(8). */
  maxAge?: pulumi.Input<number | undefined>;
  /** Seconds until a learned MAC address is forgotten. Default: the kernel's, 300. See bridge_ageing, brctl(8) setageing. */
  ageingTime?: pulumi.Input<number | undefined>;
  /**
   * STP priority, 0 to 65535: the bridge with the lowest becomes the root. Default: the kernel's, 32768.
   * See bridge_bridgeprio, brctl(8) setbridgeprio.
   */
  priority?: pulumi.Input<number | undefined>;
  /**
   * The bridge looks at VLAN tags, as a switch does: a port passes the VLANs that it is a member of, at first VLAN 1, without a tag (`bridge vlan` in
   * bridge(8), `vlan_filtering` in ip-link(8)). Default: `false`, and of a bridge that is adopted, as it is. Refused: by netplan with systemd-networkd, for
   * which it has no word, and where the kernel is known to be without (CONFIG_BRIDGE_VLAN_FILTERING). ifupdown has `bridge_vlan_aware` since bridge-utils 1.7 (Debian 12).
   */
  vlanFiltering?: pulumi.Input<boolean | undefined>;
  /** Seconds that ifup(8) waits at boot for the ports to forward. Default: 0. See bridge_maxwait. Refused: with a daemon as owner. */
  maxWait?: pulumi.Input<number | undefined>;
  /** Bytes of the largest packet, without the Ethernet header; no port may have less. Default: the ports' own. */
  mtu?: pulumi.Input<number | undefined>;
  /**
   * Whose files the bridge is written to, and who brings it up: `ifupdown` (/etc/network/interfaces, interfaces.d; also where ifupdown2 reads them), `ifcfg` (/etc/sysconfig/network-scripts of RHEL and CentOS, for who reads it: network-scripts, or NetworkManager's ifcfg-rh), `netplan`
   * (/etc/netplan, with systemd-networkd or NetworkManager as renderer), `NetworkManager` (/etc/NetworkManager/system-connections), `networkd`
   * (systemd-networkd: /etc/systemd/network), or `runtime` (ip(8) only: lost at reboot). Default: detected from what configures the ports now, and kept. Refused: an
   * owner that is not on the host.
   */
  owner?: pulumi.Input<"ifcfg" | "ifupdown" | "netplan" | "NetworkManager" | "networkd" | "runtime" | undefined>;
}

/**
 * A Linux bridge with the host's NICs under it and guests on it: the guests are then on the LAN, side by side with the host.
 *
 * What the ports have (addresses or DHCP, routes, DNS, MAC) moves to the bridge, and the NIC that carries the SSH session may
 * be among them: the change is applied on the host as one batch, and taken back by the host itself unless it can be reached
 * again. Deleting the bridge gives the ports' own configuration back, byte for byte; it is refused while guests of
 * others hang on the bridge.
 *
 * @example
 * ```ts
 * const br0 = new kvmnet.Bridge("br0", { ports: ["eth0"] }, { provider: kvm1 });
 * new kvmnet.Bridge("br1", { ports: ["eth1"], dhcp4: false, addresses: ["10.1.0.1/24"], mtu: 9000 }, { provider: kvm1 });
 * ```
 */
export class Bridge extends KvmnetResource {
  /** Name of the device: what a guest interface's `bridge` takes. Known in preview. */
  declare readonly name: pulumi.Output<string>;
  /** The devices under the bridge. */
  declare readonly ports: pulumi.Output<string[]>;
  /** MAC address of the bridge; absent where the kernel may choose (no ports). */
  declare readonly macAddress: pulumi.Output<string | undefined>;
  /** Whether the IPv4 address is leased by DHCP. */
  declare readonly dhcp4: pulumi.Output<boolean>;
  /** Whether the IPv6 address is leased by DHCPv6. */
  declare readonly dhcp6: pulumi.Output<boolean>;
  /** The addresses that are set, with prefix: as given, or as taken over from the ports. Leased ones: `currentAddresses`. */
  declare readonly addresses: pulumi.Output<string[]>;
  /** The routes that are set: as given, or as taken over from the ports. */
  declare readonly routes: pulumi.Output<pulumi.Unwrap<BridgeRoute>[]>;
  /** The DNS servers: as given, or as taken over from the ports. */
  declare readonly nameservers: pulumi.Output<string[]>;
  /** The domains in which short host names are looked up: as given, or as taken over from the ports. */
  declare readonly searchDomains: pulumi.Output<string[]>;
  /** All addresses that the bridge has now, with prefix, leased ones too. Known after `up`. */
  declare readonly currentAddresses: pulumi.Output<string[]>;
  /** Whose files hold the bridge: as given, or as detected. */
  declare readonly owner: pulumi.Output<"ifcfg" | "ifupdown" | "netplan" | "NetworkManager" | "networkd" | "runtime">;
  /** What the reviewer reads: whole files to be written, path → text; `null` is a file to be removed. */
  declare readonly files: pulumi.Output<Record<string, string | null> | undefined>;
  /** What the reviewer reads: parts of shared files, `path#section` → text; `null` is a part to be removed. */
  declare readonly sections: pulumi.Output<Record<string, string | null> | undefined>;
  /** What the kernel is to say of the bridge and its ports: name → state. */
  declare readonly links: pulumi.Output<Record<string, LinkState | null> | undefined>;

  constructor(name: string, args: BridgeArgs, opts?: pulumi.CustomResourceOptions) {
    super("Bridge", name, args, outputs, opts);
  }
}

const outputs: Outputs<Bridge> = {
  name: undefined,
  ports: undefined,
  macAddress: undefined,
  dhcp4: undefined,
  dhcp6: undefined,
  addresses: undefined,
  routes: undefined,
  nameservers: undefined,
  searchDomains: undefined,
  currentAddresses: undefined,
  owner: undefined,
  files: undefined,
  sections: undefined,
  links: undefined,
};
