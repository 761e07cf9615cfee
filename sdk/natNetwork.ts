import type * as pulumi from "@pulumi/pulumi";
import { AddressedNetwork, type AddressedNetworkArgs, addressedOutputs } from "./network";
import type { Nat } from "./networkParts";
import type { Outputs } from "./resource";

/** Arguments of {@link NatNetwork}. */
export interface NatNetworkArgs extends AddressedNetworkArgs {
  /** Let the guests out through this device of the host only: `eth0`. Default: whichever the route says. A change is live. */
  forwardInterface?: pulumi.Input<string | undefined>;
  /** How guests' packets look outside. Default: like the host's own. */
  nat?: pulumi.Input<Nat | undefined>;
}

/**
 * A libvirt network behind the host: guests have addresses of their own there and reach the world through the host's (NAT).
 * It is persistent, started, and starts with the host. See https://libvirt.org/formatnetwork.html#nat-based-network
 *
 * Reservations, DNS records and DHCP ranges are updated while it runs. A change that needs the network restarted says so in
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
export class NatNetwork extends AddressedNetwork {
  constructor(name: string, args: NatNetworkArgs, opts?: pulumi.CustomResourceOptions) {
    super("NatNetwork", name, args, outputs, opts);
  }
}

const outputs: Outputs<NatNetwork> = addressedOutputs;
