import * as pulumi from "@pulumi/pulumi";
import type { InterfaceState, ReservationState } from "../provider/hostState";
import type { GuestConfig } from "../provider/resources/guestConfig";
import type { BandwidthRate, Vlan } from "./networkParts";
import { KvmnetResource, type Outputs, type ResourceArgs } from "./resource";

/** See {@link GuestInterfaceArgs.bandwidth}. */
export interface InterfaceBandwidth {
  /** To the guest. Default: no limit. */
  inbound?: pulumi.Input<
    | (BandwidthRate & {
        /**
         * KiB a second that the guest has at least, of what the network it is in has for `inbound`; refused on a bridge, and in a network that has no
         * inbound `bandwidth`. Default: none.
         */
        floor?: pulumi.Input<number | undefined>;
      })
    | undefined
  >;
  /** From the guest. Default: no limit. */
  outbound?: pulumi.Input<BandwidthRate | undefined>;
}

/** See {@link GuestInterfaceArgs.filter}. */
export interface InterfaceFilter {
  /** Name of the filter: `clean-traffic`. One that the host's libvirt does not have is refused (`virsh nwfilter-list`). */
  name: pulumi.Input<string>;
  /** The filter's parameters, a value or a list of values each: `{ IP: "192.168.1.20" }`. Default: none. */
  parameters?: pulumi.Input<Record<string, pulumi.Input<string | string[]>> | undefined>;
}

/**
 * Arguments of {@link GuestInterface}. One of `bridge`, `network` and `user` is needed; two are refused.
 *
 * On a running guest libvirt changes `bridge`, `network`, `portgroup`, `linkState`, `vlan`, `bandwidth`, `filter` and `isolated` live. All else, and a
 * change to or from `user`, is defined and has its effect at the guest's next start, unless `reattach`: the preview says so (“next start”), and until then
 * the output `pending` names it.
 */
export interface GuestInterfaceArgs extends ResourceArgs {
  /**
   * Name of the guest (libvirt's domain). One that does not exist is a warning in preview, as it may be made by the same
   * stack, and an error in `up`, before anything is touched. Changing it replaces the interface.
   * A name that is a number, or a UUID, is refused: virsh(1) takes it for another guest's.
   */
  domain: pulumi.Input<string>;
  /**
   * MAC address of the interface: `52:54:00:ad:4c:86`. One with the multicast bit is refused; one that the guest has already
   * is a conflict, unless `adopt`. Default: `52:54:00` and a digest that stays the same. Changing it replaces the interface.
   */
  mac?: pulumi.Input<string | undefined>;
  /**
   * The bridge that the interface hangs on: `br0.name`.
   * See https://libvirt.org/formatdomain.html#bridge-to-lan
   */
  bridge?: pulumi.Input<string | undefined>;
  /**
   * The libvirt network that the interface hangs on: `lab.name`.
   * See https://libvirt.org/formatdomain.html#virtual-network
   */
  network?: pulumi.Input<string | undefined>;
  /** The port group of the network, for its VLAN and bandwidth. One that the network does not have is refused. Default: the network's own default. */
  portgroup?: pulumi.Input<string | undefined>;
  /**
   * A network of QEMU's own, behind NAT, with no device on the host: `slirp`, QEMU's own, or `passt`, which needs libvirt 9.0 and passt(1) on the host.
   * Refused beside what is a device's: `portgroup`, `vlan`, `bandwidth`, `filter`, `mtu`, `isolated`, `tapName`, `queues`.
   * See https://libvirt.org/formatdomain.html#userspace-connection-using-slirp
   */
  user?: pulumi.Input<"slirp" | "passt" | undefined>;
  /**
   * The device that the guest sees: `virtio`, `e1000`, `rtl8139`, … Default: `virtio`.
   * See https://libvirt.org/formatdomain.html#setting-the-nic-model
   */
  model?: pulumi.Input<string | undefined>;
  /**
   * Whether the cable is plugged in. Default: `up`.
   * See https://libvirt.org/formatdomain.html#modifying-virtual-link-state
   */
  linkState?: pulumi.Input<"up" | "down" | undefined>;
  /**
   * The VLAN of the guest's frames, `{ tags: [{ id: 42 }] }`, of which the guest knows nothing; or a trunk of several.
   * On a Linux bridge it needs libvirt 11.0; before that it is refused but on Open vSwitch (`<virtualport type='openvswitch'>` in the network).
   * Default: none. See https://libvirt.org/formatdomain.html#setting-vlan-tag-on-supported-network-types-only
   */
  vlan?: pulumi.Input<Vlan | undefined>;
  /**
   * How much may pass, each way. Default: no limit.
   * See https://libvirt.org/formatdomain.html#quality-of-service
   */
  bandwidth?: pulumi.Input<InterfaceBandwidth | undefined>;
  /**
   * libvirt's filter for what passes, as one against forged addresses: `{ name: "clean-traffic", parameters: { IP: "192.168.1.20" } }`.
   * Default: none. See https://libvirt.org/formatnwfilter.html
   */
  filter?: pulumi.Input<InterfaceFilter | undefined>;
  /** Bytes of the largest packet, 68 to 65535: the tap's, and what a virtio guest is told. Needs libvirt 3.1.0. Default: the bridge's own. */
  mtu?: pulumi.Input<number | undefined>;
  /**
   * Keep the guest from others that are isolated on the same bridge. Needs libvirt 6.1.0. Default: `false`.
   * See https://libvirt.org/formatdomain.html#isolating-guests-network-traffic-from-each-other
   */
  isolated?: pulumi.Input<boolean | undefined>;
  /**
   * Where the interface stands in the guest's boot order, from 1. Refused where another device stands there, or where the guest boots by
   * `<os><boot>`, as libvirt takes one or the other. Default: none. See https://libvirt.org/formatdomain.html#specifying-boot-order
   */
  bootOrder?: pulumi.Input<number | undefined>;
  /**
   * Name of the interface's device on the host: at most 15 bytes; one that is there already, and one that libvirt could make up itself (`vnet3`), is
   * refused. Default: libvirt's choice, which the output `tap` tells. See https://libvirt.org/formatdomain.html#overriding-the-target-element
   */
  tapName?: pulumi.Input<string | undefined>;
  /** Queues of a virtio NIC, 1 to 256, at best one for each CPU of the guest. Default: 1. See https://libvirt.org/formatdomain.html#setting-nic-driver-specific-options */
  queues?: pulumi.Input<number | undefined>;
  /**
   * Detach and attach the interface of a running guest for what cannot change live (“link bounce” in the preview). The guest's system loses the
   * device for a moment, and with it the addresses that it has there. Default: `false`: such a change waits for the guest's next start.
   */
  reattach?: pulumi.Input<boolean | undefined>;
  /**
   * The guest's IPv4 address. Without a prefix, `192.168.123.10`, it is reserved in the `network`, whose DHCP server then always leases it. With one,
   * `192.168.1.20/24`, the guest sets it itself: `guestConfig` has the text for that. Refused outside the network's subnet, or where another
   * interface has it. Default: whatever is leased.
   */
  address?: pulumi.Input<string | undefined>;
  /** An IPv6 address with prefix that the guest sets itself. Default: none but those that routers advertise. */
  address6?: pulumi.Input<string | undefined>;
  /** Gateway of a guest that sets its `address` itself; in the same subnet. Default: none. */
  gateway?: pulumi.Input<string | undefined>;
  /** Gateway of a guest that sets its `address6` itself. Default: none but those that routers advertise. */
  gateway6?: pulumi.Input<string | undefined>;
  /** Addresses of DNS servers, for `guestConfig`. Default: those that DHCP tells. */
  nameservers?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  /** Domains in which the guest looks up names, for `guestConfig`. Default: those that DHCP tells. */
  searchDomains?: pulumi.Input<pulumi.Input<string>[] | undefined>;
}

/**
 * A guest's network interface, on a bridge or on a libvirt network. On a running guest it is plugged in live and kept for the
 * next boot; on one that is off it is kept only. Deleting it unplugs it; an adopted one is put back as it was, and what the arguments
 * do not speak of, it keeps as it was found.
 * See https://libvirt.org/formatdomain.html#network-interfaces
 *
 * @example
 * ```ts
 * new kvmnet.GuestInterface("web-lan", { domain: "web", bridge: br0.name }, { provider: kvm1 });
 * new kvmnet.GuestInterface("web-nat", { domain: "web", network: lab.name, address: "192.168.123.10" }, { provider: kvm1 });
 * ```
 */
export class GuestInterface extends KvmnetResource {
  /** Name of the guest. */
  declare readonly domain: pulumi.Output<string>;
  /** MAC address: as given, or the one made up for it. Known in preview. */
  declare readonly mac: pulumi.Output<string>;
  /** The host's end of the interface: `vnet3`. Absent while the guest does not run. */
  declare readonly tap: pulumi.Output<string | undefined>;
  /** The guest's address as far as it is known: the reservation, or the lease. Absent where there is neither. */
  declare readonly currentAddress: pulumi.Output<string | undefined>;
  /**
   * What is defined otherwise than the running guest has it, and waits for its next start: `["model", "mtu"]`. A change of it is no drift;
   * a guest that was started anew has none.
   */
  declare readonly pending: pulumi.Output<string[]>;
  /**
   * The guest's own configuration of the interface: what is typed into the guest by hand, or given to it by cloud-init (all of a guest's interfaces in
   * one text: {@link cloudInitNetworkConfig}). It goes by the MAC, and asks for a lease where there is no `address` with a prefix. Known in preview.
   */
  declare readonly guestConfig: pulumi.Output<GuestConfig>;
  /**
   * What virt-install(1) takes after `--network` to make a guest with this interface: `bridge=br0,model=virtio,mac=52:54:00:ad:4c:86`. What it
   * has no word for is said by XPath, which virt-install 3.2 reads. Known in preview.
   */
  declare readonly virtInstall: pulumi.Output<string>;
  /** What the reviewer reads: `domain/mac` → libvirt's XML of the interface. */
  declare readonly interfaces: pulumi.Output<Record<string, InterfaceState | null> | undefined>;
  /** What the reviewer reads: `network/mac` → the address reserved in the network's DHCP server. */
  declare readonly reservations: pulumi.Output<Record<string, ReservationState | null> | undefined>;

  constructor(name: string, args: GuestInterfaceArgs, opts?: pulumi.CustomResourceOptions) {
    super("GuestInterface", name, args, outputs, opts);
  }
}

const outputs: Outputs<GuestInterface> = {
  domain: undefined,
  mac: undefined,
  tap: undefined,
  currentAddress: undefined,
  pending: undefined,
  guestConfig: undefined,
  virtInstall: undefined,
  interfaces: undefined,
  reservations: undefined,
};
