import * as pulumi from "@pulumi/pulumi";
import { KvmnetResource, type Outputs, type ResourceArgs } from "./resource";

/** Arguments of {@link SysctlForwarding}. */
export interface SysctlForwardingArgs extends ResourceArgs {
  /**
   * Whether the host forwards IPv4 packets between its interfaces: `net.ipv4.ip_forward`. libvirt turns it on itself when a
   * NAT network starts. Default: left as it is.
   */
  ipv4?: pulumi.Input<boolean | undefined>;
  /**
   * Whether the host forwards IPv6 packets: `net.ipv6.conf.all.forwarding`. A host that forwards no longer listens to router
   * advertisements, so it loses addresses and routes that it has from them, unless `accept_ra` of that interface is 2: preview
   * warns where it is so. Default: left as it is.
   */
  ipv6?: pulumi.Input<boolean | undefined>;
}

/**
 * IP forwarding between the host's interfaces: the running value, and a file in /etc/sysctl.d for the next boot. A host has
 * one of it. Deleting it gives back the values that were there before. A file of others that sets the same keys later, and so
 * wins, is a conflict that names it.
 *
 * See https://docs.kernel.org/networking/ip-sysctl.html and sysctl.d(5).
 *
 * @example
 * ```ts
 * new kvmnet.SysctlForwarding("forwarding", { ipv4: true }, { provider: kvm1 });
 * ```
 */
export class SysctlForwarding extends KvmnetResource {
  /** Whether IPv4 is forwarded, as given. */
  declare readonly ipv4: pulumi.Output<boolean | undefined>;
  /** Whether IPv6 is forwarded, as given. */
  declare readonly ipv6: pulumi.Output<boolean | undefined>;
  /** What the reviewer reads: the file in /etc/sysctl.d, path → text. */
  declare readonly files: pulumi.Output<Record<string, string | null> | undefined>;
  /** What the reviewer reads: the running values, key → value. */
  declare readonly sysctls: pulumi.Output<Record<string, string | null> | undefined>;

  constructor(name: string, args: SysctlForwardingArgs, opts?: pulumi.CustomResourceOptions) {
    super("SysctlForwarding", name, args, outputs, opts);
  }
}

const outputs: Outputs<SysctlForwarding> = { ipv4: undefined, ipv6: undefined, files: undefined, sysctls: undefined };
