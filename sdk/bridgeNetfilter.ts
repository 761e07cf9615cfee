import * as pulumi from "@pulumi/pulumi";
import { KvmnetResource, type Outputs, type ResourceArgs } from "./resource";

/** Arguments of {@link BridgeNetfilter}. */
export interface BridgeNetfilterArgs extends ResourceArgs {
  /**
   * Whether bridged IPv4 traffic passes iptables: `net.bridge.bridge-nf-call-iptables`. The kernel's default is yes, once
   * br_netfilter is loaded. Default: left as it is.
   */
  iptables?: pulumi.Input<boolean | undefined>;
  /** Whether bridged IPv6 traffic passes ip6tables: `net.bridge.bridge-nf-call-ip6tables`. Default: left as it is. */
  ip6tables?: pulumi.Input<boolean | undefined>;
  /** Whether bridged ARP traffic passes arptables: `net.bridge.bridge-nf-call-arptables`. Default: left as it is. */
  arptables?: pulumi.Input<boolean | undefined>;
}

/**
 * Whether the host's firewall sees what guests on its bridges send each other and the LAN. Off is what a KVM host wants: a
 * FORWARD policy of DROP else cuts bridged guests off. Docker and Kubernetes need it on: where one of them runs on the host,
 * preview warns and says what would break.
 *
 * The keys exist only while the module br_netfilter is loaded. So a udev rule stands beside the file in /etc/sysctl.d and
 * applies it when the module comes (sysctl.d(5)); nothing loads the module for it. A host has one of it. Deleting
 * it gives back the values that were there before.
 *
 * See https://docs.kernel.org/networking/ip-sysctl.html (bridge-nf-call-*).
 *
 * @example
 * ```ts
 * new kvmnet.BridgeNetfilter("netfilter", { iptables: false, ip6tables: false, arptables: false }, { provider: kvm1 });
 * ```
 */
export class BridgeNetfilter extends KvmnetResource {
  /** Whether bridged IPv4 traffic passes iptables, as given. */
  declare readonly iptables: pulumi.Output<boolean | undefined>;
  /** Whether bridged IPv6 traffic passes ip6tables, as given. */
  declare readonly ip6tables: pulumi.Output<boolean | undefined>;
  /** Whether bridged ARP traffic passes arptables, as given. */
  declare readonly arptables: pulumi.Output<boolean | undefined>;
  /** What the reviewer reads: the file in /etc/sysctl.d and the udev rule, path → text. */
  declare readonly files: pulumi.Output<Record<string, string | null> | undefined>;
  /** What the reviewer reads: the running values, key → value; absent while br_netfilter is not loaded. */
  declare readonly sysctls: pulumi.Output<Record<string, string | null> | undefined>;

  constructor(name: string, args: BridgeNetfilterArgs, opts?: pulumi.CustomResourceOptions) {
    super("BridgeNetfilter", name, args, outputs, opts);
  }
}

const outputs: Outputs<BridgeNetfilter> = {
  iptables: undefined,
  ip6tables: undefined,
  arptables: undefined,
  files: undefined,
  sysctls: undefined,
};
