import * as pulumi from "@pulumi/pulumi";
import type { NetworkState } from "../provider/hostState";
import type { NetworkDhcp, NetworkDhcp6 } from "./networkDhcp";
import type { NetworkDns } from "./networkDns";
import type { Bandwidth, NetworkRoute, Portgroup } from "./networkParts";
import { KvmnetResource, type ResourceArgs } from "./resource";

/**
 * What every libvirt network takes. What is left out is as libvirt has it by default; in a network that was taken over (`adopt`), as it was
 * found there. An empty list says that there is to be none.
 *
 * Every change of a running network is said in the preview with what it disturbs: `live`, `dnsmasq reload`, `dnsmasq restart`, or `network bounce`,
 * for which the guests are named that lose the network for a moment. Where nothing else is said of an argument, its change is a bounce.
 */
export interface NetworkArgs extends ResourceArgs {
  /**
   * Name of the libvirt network. Default: the resource's name. Changing it replaces the network. A network of that name that
   * is not ours is a conflict, unless `adopt`.
   */
  name?: pulumi.Input<string | undefined>;
  /** Start the network when the host boots. Default: `true`. A change is live. */
  autostart?: pulumi.Input<boolean | undefined>;
  /** One line for people. Default: none. Needs libvirt 9.7. A running network has it at its next start. */
  title?: pulumi.Input<string | undefined>;
  /** More for people, on one line too. Default: none. Needs libvirt 9.7. A running network has it at its next start. */
  description?: pulumi.Input<string | undefined>;
  /**
   * XML of applications, libvirt's `<metadata>`: elements with a namespace of their own, one each. Default: what applications have put there
   * stays. Needs libvirt 2.1. A running network has it at its next start. https://libvirt.org/formatnetwork.html#general-metadata
   */
  metadata?: pulumi.Input<string | undefined>;
  /** Guests on it reach the host and what is beyond, but not one another. Default: `false`. Needs libvirt 6.1. */
  isolatedPorts?: pulumi.Input<boolean | undefined>;
  /** Classes of guests. Default: none. A change is live, for guests that are plugged in later. */
  portgroups?: pulumi.Input<pulumi.Input<Portgroup>[] | undefined>;
}

/** What a network with a bridge of its own takes. */
export interface OwnBridgeArgs extends NetworkArgs {
  /**
   * Name of the network's bridge device: at most 15 bytes, no slash, colon or white space; one that is in use is refused.
   * Default: `virbrN`, the next that is free. See https://libvirt.org/formatnetwork.html#connectivity
   */
  bridgeName?: pulumi.Input<string | undefined>;
  /** Bytes of the largest packet on the network, 68 to 65535. Needs libvirt 3.1. Default: the kernel's, 1500. */
  mtu?: pulumi.Input<number | undefined>;
  /** Spanning tree protocol on the bridge. Default: `true`, as libvirt's. */
  stp?: pulumi.Input<boolean | undefined>;
  /** Seconds until the bridge forwards for a port that comes up, 0 to 30. Default: 0. */
  delay?: pulumi.Input<number | undefined>;
  /**
   * Who fills the bridge's table of MAC addresses: the `kernel`, which learns, or `libvirt`, which knows them from the guests. Default: `kernel`.
   * See `macTableManager` in https://libvirt.org/formatnetwork.html#connectivity
   */
  macTableManager?: pulumi.Input<"kernel" | "libvirt" | undefined>;
  /** firewalld's zone of the bridge. Default: firewalld's `libvirt`. Needs firewalld on the host, and libvirt 5.1. */
  zone?: pulumi.Input<string | undefined>;
  /** Limits of the bridge: of all guests together. Default: none. For each guest, see `portgroups`. */
  bandwidth?: pulumi.Input<Bandwidth | undefined>;
  /** Let guests talk IPv6 among themselves though the host has no IPv6 address here. Default: `false`. `ipv6` in https://libvirt.org/formatnetwork.html#general-metadata */
  guestIpv6?: pulumi.Input<boolean | undefined>;
}

/** What a network takes in which the host has an address. */
export interface AddressedNetworkArgs extends OwnBridgeArgs {
  /**
   * The host's IPv4 address in the network, with prefix: `192.168.123.1/24`; the guests' DNS server, and their gateway where the network
   * leads out. Refused without a prefix, or where the subnet overlaps with one on the host or of another network, which is named.
   */
  address: pulumi.Input<string>;
  /** The DHCP server. Default: none; guests then need fixed addresses. */
  dhcp?: pulumi.Input<NetworkDhcp | undefined>;
  /** The host's IPv6 address in the network, with prefix: `fd00:123::1/64`. Default: none. */
  address6?: pulumi.Input<string | undefined>;
  /** The DHCP server of IPv6, in the subnet of `address6`. Default: none; guests then configure themselves by the router's advertisements. */
  dhcp6?: pulumi.Input<NetworkDhcp6 | undefined>;
  /**
   * Further addresses of the host, of both families, with prefix: `["10.1.0.1/24"]`. libvirt leases in one subnet of a family, that of
   * `address` or `address6`. Refused where they overlap. Default: none.
   */
  addresses?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  /** Routes of the host to what lies behind guests. Default: none. */
  routes?: pulumi.Input<pulumi.Input<NetworkRoute>[] | undefined>;
  /**
   * DNS domain of the guests: `lab.example`. Default: none.
   * See `domain` in https://libvirt.org/formatnetwork.html#connectivity
   */
  domain?: pulumi.Input<string | undefined>;
  /** The DNS server. Default: one that forwards to the host's. */
  dns?: pulumi.Input<NetworkDns | undefined>;
  /**
   * Lines for dnsmasq's configuration beyond all that libvirt knows: `["cname=www,web"]`. libvirt does not look at them: what dnsmasq(8) refuses
   * keeps the network from starting. Default: none. Needs libvirt 5.6. https://libvirt.org/formatnetwork.html#network-namespaces
   */
  dnsmasqOptions?: pulumi.Input<pulumi.Input<string>[] | undefined>;
}

/** What every libvirt network has. */
export abstract class LibvirtNetwork extends KvmnetResource {
  /** Name of the libvirt network: what a guest interface's `network` takes. Known in preview. */
  declare readonly name: pulumi.Output<string>;
  /** libvirt's identity of the network. */
  declare readonly uuid: pulumi.Output<string>;
  /** Name of the network's bridge device: `virbr1`. */
  declare readonly bridge: pulumi.Output<string>;
  /** What the reviewer reads: name → libvirt's XML, whether it runs, and whether it starts with the host. */
  declare readonly networks: pulumi.Output<Record<string, NetworkState | null> | undefined>;
}

/** A network in which the host has an address. */
export abstract class AddressedNetwork extends LibvirtNetwork {
  /** MAC address of the bridge device. */
  declare readonly macAddress: pulumi.Output<string>;
  /** The host's IPv4 address in the network, with prefix. */
  declare readonly address: pulumi.Output<string>;
  /** The host's IPv6 address in the network, with prefix; absent where it has none. */
  declare readonly address6: pulumi.Output<string | undefined>;
}

export const networkOutputs = { name: undefined, uuid: undefined, bridge: undefined, networks: undefined } as const;
export const addressedOutputs = {
  ...networkOutputs,
  macAddress: undefined,
  address: undefined,
  address6: undefined,
} as const;
