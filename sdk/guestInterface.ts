import * as pulumi from "@pulumi/pulumi";
import type { InterfaceState, ReservationState } from "../provider/hostState";
import { KvmnetResource, type Outputs, type ResourceArgs } from "./resource";

/** Arguments of {@link GuestInterface}. One of `bridge` and `network` is needed; both are refused. */
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
  /**
   * The device that the guest sees: `virtio`, `e1000`, `rtl8139`, … Default: `virtio`.
   * See https://libvirt.org/formatdomain.html#setting-the-nic-model
   */
  model?: pulumi.Input<string | undefined>;
  /**
   * The IPv4 address that the network always leases to this interface, without prefix: `192.168.123.10`. Refused without
   * `network`, outside the network's subnet, or where another interface has it. Default: whatever is leased.
   */
  address?: pulumi.Input<string | undefined>;
  /**
   * Whether the cable is plugged in. Default: `up`.
   * See https://libvirt.org/formatdomain.html#modifying-virtual-link-state
   */
  linkState?: pulumi.Input<"up" | "down" | undefined>;
}

/**
 * A guest's network interface, on a bridge or on a libvirt network. On a running guest it is plugged in live and kept for the
 * next boot; on one that is off it is kept only. Deleting it unplugs it; an adopted one is put back as it was.
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
   * What virt-install(1) takes after `--network` to make a guest with this interface:
   * `bridge=br0,mac=52:54:00:ad:4c:86,model=virtio`.
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
  virtInstall: undefined,
  interfaces: undefined,
  reservations: undefined,
};
