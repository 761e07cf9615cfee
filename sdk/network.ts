import * as pulumi from "@pulumi/pulumi";
import type { NetworkState } from "../provider/hostState";
import { KvmnetResource, type ResourceArgs } from "./resource";

/** An address that is always leased to the same guest: `<host>` in https://libvirt.org/formatnetwork.html#addressing */
export interface DhcpReservation {
  /** MAC address of the guest's interface: `52:54:00:12:34:56`. Refused where it stands twice. */
  mac: pulumi.Input<string>;
  /** The address to lease, in the network's subnet; it may lie outside `start` … `end`. Refused where it stands twice. */
  address: pulumi.Input<string>;
  /** Host name that the guest is told, and that the network's DNS answers to. Default: none. */
  name?: pulumi.Input<string | undefined>;
}

/** The network's DHCP server: `<dhcp>` in https://libvirt.org/formatnetwork.html#addressing */
export interface NetworkDhcp {
  /** First address to lease: `192.168.123.2`. Refused outside the subnet of `address`, or after `end`. */
  start: pulumi.Input<string>;
  /** Last address to lease: `192.168.123.254`. Refused outside the subnet of `address`. */
  end: pulumi.Input<string>;
  /**
   * Seconds that a lease holds: at least 120 (the least that dnsmasq(8) takes), 0 for ever. Needs libvirt 6.3.0.
   * Default: dnsmasq's, one hour.
   */
  leaseTime?: pulumi.Input<number | undefined>;
  /** Addresses kept for certain guests. A guest's own resource can do it too: `address` of `GuestInterface`. Default: none. */
  hosts?: pulumi.Input<pulumi.Input<DhcpReservation>[] | undefined>;
}

/** What every libvirt network takes. */
export interface NetworkArgs extends ResourceArgs {
  /**
   * Name of the libvirt network. Default: the resource's name. Changing it replaces the network. A network of that name that
   * is not ours is a conflict, unless `adopt`.
   */
  name?: pulumi.Input<string | undefined>;
  /** Start the network when the host boots. Default: `true`. */
  autostart?: pulumi.Input<boolean | undefined>;
}

/** What a network with a bridge of its own takes. */
export interface OwnBridgeArgs extends NetworkArgs {
  /**
   * Name of the network's bridge device: at most 15 bytes, no slash, colon or white space; one that is in use is refused.
   * Default: `virbrN`, the next that is free. See https://libvirt.org/formatnetwork.html#connectivity
   */
  bridgeName?: pulumi.Input<string | undefined>;
  /** Bytes of the largest packet on the network. Needs libvirt 3.1.0. Default: the kernel's, 1500. */
  mtu?: pulumi.Input<number | undefined>;
}

/** What a network takes in which the host has an address. */
export interface AddressedNetworkArgs extends OwnBridgeArgs {
  /**
   * The host's IPv4 address in the network, with prefix: `192.168.123.1/24`; the guests' DNS server, and their gateway where the network
   * leads out. Refused without a prefix, or where the subnet overlaps with one on the host or of another network, which is named.
   */
  address: pulumi.Input<string>;
  /** The DHCP server's range. Default: none; guests then need fixed addresses. */
  dhcp?: pulumi.Input<NetworkDhcp | undefined>;
  /** The host's IPv6 address in the network, with prefix: `fd00:123::1/64`. Default: none. */
  address6?: pulumi.Input<string | undefined>;
  /**
   * DNS domain of the guests: `lab.example`. Default: none.
   * See `domain` in https://libvirt.org/formatnetwork.html#connectivity
   */
  domain?: pulumi.Input<string | undefined>;
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
