import * as pulumi from "@pulumi/pulumi";
import type { NetworkState } from "../provider/hostState";
import { KvmnetResource, type Outputs, type ResourceArgs } from "./resource";

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
export interface NatNetworkDhcp {
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

/** Arguments of {@link NatNetwork}. */
export interface NatNetworkArgs extends ResourceArgs {
  /**
   * Name of the libvirt network. Default: the resource's name. Changing it replaces the network. A network of that name that
   * is not ours is a conflict, unless `adopt`.
   */
  name?: pulumi.Input<string | undefined>;
  /**
   * The host's IPv4 address in the network, with prefix: `192.168.123.1/24`; the guests' gateway and DNS server. Refused
   * without a prefix, or where the subnet overlaps with one on the host or of another network, which is named.
   */
  address: pulumi.Input<string>;
  /** The DHCP server's range. Default: none; guests then need fixed addresses. */
  dhcp?: pulumi.Input<NatNetworkDhcp | undefined>;
  /** The host's IPv6 address in the network, with prefix: `fd00:123::1/64`. Default: none. */
  address6?: pulumi.Input<string | undefined>;
  /**
   * Name of the network's bridge device: at most 15 bytes, no slash, colon or white space; one that is in use is refused.
   * Default: `virbrN`, the next that is free. See https://libvirt.org/formatnetwork.html#connectivity
   */
  bridgeName?: pulumi.Input<string | undefined>;
  /**
   * DNS domain of the guests: `lab.example`. Default: none.
   * See `domain` in https://libvirt.org/formatnetwork.html#connectivity
   */
  domain?: pulumi.Input<string | undefined>;
  /** Bytes of the largest packet on the network. Needs libvirt 3.1.0. Default: the kernel's, 1500. */
  mtu?: pulumi.Input<number | undefined>;
  /** Start the network when the host boots. Default: `true`. */
  autostart?: pulumi.Input<boolean | undefined>;
  /** Let the guests out through this device of the host only: `eth0`. Default: whichever the route says. */
  forwardInterface?: pulumi.Input<string | undefined>;
}

/**
 * A libvirt network behind the host: guests have addresses of their own there and reach the world through the host's (NAT).
 * It is persistent, started, and starts with the host. See https://libvirt.org/formatnetwork.html#nat-based-network
 *
 * Most changes restart nothing: DHCP range and reservations are updated live. One that needs the network restarted says so in
 * preview and names the guests on it. Deleting the network is refused while guests of others hang on it.
 *
 * @example
 * ```ts
 * const lab = new kvmnet.NatNetwork(
 *   "lab",
 *   { address: "192.168.123.1/24", dhcp: { start: "192.168.123.2", end: "192.168.123.254" } },
 *   { provider: kvm1 },
 * );
 * ```
 */
export class NatNetwork extends KvmnetResource {
  /** Name of the libvirt network: what a guest interface's `network` takes. Known in preview. */
  declare readonly name: pulumi.Output<string>;
  /** libvirt's identity of the network. */
  declare readonly uuid: pulumi.Output<string>;
  /** Name of the network's bridge device: `virbr1`. */
  declare readonly bridge: pulumi.Output<string>;
  /** MAC address of the bridge device. */
  declare readonly macAddress: pulumi.Output<string>;
  /** The host's IPv4 address in the network, with prefix. */
  declare readonly address: pulumi.Output<string>;
  /** The host's IPv6 address in the network, with prefix; absent where it has none. */
  declare readonly address6: pulumi.Output<string | undefined>;
  /** What the reviewer reads: name → libvirt's XML, whether it runs, and whether it starts with the host. */
  declare readonly networks: pulumi.Output<Record<string, NetworkState | null> | undefined>;

  constructor(name: string, args: NatNetworkArgs, opts?: pulumi.CustomResourceOptions) {
    super("NatNetwork", name, args, outputs, opts);
  }
}

const outputs: Outputs<NatNetwork> = {
  name: undefined,
  uuid: undefined,
  bridge: undefined,
  macAddress: undefined,
  address: undefined,
  address6: undefined,
  networks: undefined,
};
