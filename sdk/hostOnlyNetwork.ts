import type * as pulumi from "@pulumi/pulumi";
import { AddressedNetwork, type AddressedNetworkArgs, addressedOutputs } from "./network";
import type { Outputs } from "./resource";

/** Arguments of {@link HostOnlyNetwork}. */
export type HostOnlyNetworkArgs = AddressedNetworkArgs;

/**
 * A libvirt network of the guests and the host alone: they reach one another and the host, and nothing beyond it; nobody beyond it reaches them.
 * See https://libvirt.org/formatnetwork.html#isolated-network-config
 *
 * @example
 * ```ts
 * new kvmnet.HostOnlyNetwork("backend", { address: "192.168.50.1/24" }, { provider: kvm1 });
 * ```
 */
export class HostOnlyNetwork extends AddressedNetwork {
  constructor(name: string, args: HostOnlyNetworkArgs, opts?: pulumi.CustomResourceOptions) {
    super("HostOnlyNetwork", name, args, outputs, opts);
  }
}

const outputs: Outputs<HostOnlyNetwork> = addressedOutputs;
