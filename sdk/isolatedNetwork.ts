import type * as pulumi from "@pulumi/pulumi";
import { LibvirtNetwork, type OwnBridgeArgs, networkOutputs } from "./network";
import type { Outputs } from "./resource";

/** Arguments of {@link IsolatedNetwork}. */
export type IsolatedNetworkArgs = OwnBridgeArgs;

/**
 * A libvirt network of guests among themselves: the host has no address in it, so that there is no DHCP and no DNS, and no way in or out.
 * See https://libvirt.org/formatnetwork.html#isolated-network-config
 *
 * @example
 * ```ts
 * new kvmnet.IsolatedNetwork("cluster", {}, { provider: kvm1 });
 * ```
 */
export class IsolatedNetwork extends LibvirtNetwork {
  /** MAC address of the bridge device. */
  declare readonly macAddress: pulumi.Output<string>;

  constructor(name: string, args: IsolatedNetworkArgs, opts?: pulumi.CustomResourceOptions) {
    super("IsolatedNetwork", name, args, outputs, opts);
  }
}

const outputs: Outputs<IsolatedNetwork> = { ...networkOutputs, macAddress: undefined };
