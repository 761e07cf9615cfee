import type * as pulumi from "@pulumi/pulumi";
import { AddressedNetwork, type AddressedNetworkArgs, addressedOutputs } from "./network";
import type { Outputs } from "./resource";

/** Arguments of {@link RoutedNetwork}. */
export interface RoutedNetworkArgs extends AddressedNetworkArgs {
  /** Let the guests out through this device of the host only: `eth0`. Default: whichever the route says. A change is live. */
  forwardInterface?: pulumi.Input<string | undefined>;
}

/**
 * A libvirt network whose guests are seen by their own addresses, beyond the host too: the host routes between them and the LAN, without NAT.
 * The LAN's router needs a route to it (`lanRoutes`), which the preview names. Whom else the host forwards, its firewall says.
 * See https://libvirt.org/formatnetwork.html#routed-network-config
 *
 * @example
 * ```ts
 * const dmz = new kvmnet.RoutedNetwork("dmz", { address: "10.20.0.1/24" }, { provider: kvm1 });
 * export const forTheRouter = dmz.lanRoutes; // ["10.20.0.0/24 via 10.0.0.11"]
 * ```
 */
export class RoutedNetwork extends AddressedNetwork {
  /** The routes that the LAN's router needs, as ip-route(8) has them: `10.20.0.0/24 via 10.0.0.11`. */
  declare readonly lanRoutes: pulumi.Output<string[]>;

  constructor(name: string, args: RoutedNetworkArgs, opts?: pulumi.CustomResourceOptions) {
    super("RoutedNetwork", name, args, outputs, opts);
  }
}

const outputs: Outputs<RoutedNetwork> = { ...addressedOutputs, lanRoutes: undefined };
