import type * as pulumi from "@pulumi/pulumi";
import { AddressedNetwork, type AddressedNetworkArgs, addressedOutputs } from "./network";
import type { Outputs } from "./resource";

/** Arguments of {@link OpenNetwork}. */
export type OpenNetworkArgs = AddressedNetworkArgs;

/**
 * As {@link RoutedNetwork}, but libvirt leaves the host's firewall alone: who may reach whom is yours to say, with nftables(8) or firewalld.
 * Without rules of yours, the guests are as reachable as the host's forwarding makes them. Needs libvirt 2.2.0.
 * See `open` in https://libvirt.org/formatnetwork.html#connectivity
 *
 * @example
 * ```ts
 * new kvmnet.OpenNetwork("dmz", { address: "10.20.0.1/24" }, { provider: kvm1 });
 * ```
 */
export class OpenNetwork extends AddressedNetwork {
  constructor(name: string, args: OpenNetworkArgs, opts?: pulumi.CustomResourceOptions) {
    super("OpenNetwork", name, args, outputs, opts);
  }
}

const outputs: Outputs<OpenNetwork> = addressedOutputs;
