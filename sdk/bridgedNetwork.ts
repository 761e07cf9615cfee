import type * as pulumi from "@pulumi/pulumi";
import { LibvirtNetwork, type NetworkArgs, networkOutputs } from "./network";
import type { BridgedPortgroup, Virtualport, Vlan } from "./networkParts";
import type { Outputs } from "./resource";

/** Arguments of {@link BridgedNetwork}. */
export interface BridgedNetworkArgs extends Omit<NetworkArgs, "portgroups"> {
  /**
   * The bridge that its guests hang on: `br0.name`, or one that the host has already. One that is not there is a warning in preview, and an
   * error in `up`, before anything is touched.
   */
  bridge: pulumi.Input<string>;
  /** Classes of guests. Default: none. A change is live, for guests that are plugged in later. */
  portgroups?: pulumi.Input<pulumi.Input<BridgedPortgroup>[] | undefined>;
  /** VLAN of the guests. Default: none. On a Linux bridge it needs libvirt 11.0 (refused in preview with an older one), on an Open vSwitch any. */
  vlan?: pulumi.Input<Vlan | undefined>;
  /** Where the bridge is no Linux bridge, what it is. Default: a Linux bridge. */
  virtualport?: pulumi.Input<Virtualport | undefined>;
}

/**
 * A name of libvirt's for a bridge: guests name the network, and move when it is another bridge on another host (as in migrations).
 * They are on the LAN as on the bridge itself. See https://libvirt.org/formatnetwork.html#using-an-existing-host-bridge
 *
 * @example
 * ```ts
 * const br0 = new kvmnet.Bridge("br0", { ports: ["eth0"] }, { provider: kvm1 });
 * new kvmnet.BridgedNetwork("lan", { bridge: br0.name }, { provider: kvm1 });
 * ```
 */
export class BridgedNetwork extends LibvirtNetwork {
  constructor(name: string, args: BridgedNetworkArgs, opts?: pulumi.CustomResourceOptions) {
    super("BridgedNetwork", name, args, outputs, opts);
  }
}

const outputs: Outputs<BridgedNetwork> = networkOutputs;
