import type * as pulumi from "@pulumi/pulumi";
import { ComponentResource } from "@pulumi/pulumi/resource";
import { Bridge, type BridgeArgs } from "./bridge";
import { BridgedNetwork, type BridgedNetworkArgs } from "./bridgedNetwork";
import { BridgeNetfilter, type BridgeNetfilterArgs } from "./bridgeNetfilter";
import { GuestInterface, type GuestInterfaceArgs } from "./guestInterface";
import { HostOnlyNetwork, type HostOnlyNetworkArgs } from "./hostOnlyNetwork";
import { IsolatedNetwork, type IsolatedNetworkArgs } from "./isolatedNetwork";
import { NatNetwork, type NatNetworkArgs } from "./natNetwork";
import type { LibvirtNetwork } from "./network";
import { OpenNetwork, type OpenNetworkArgs } from "./openNetwork";
import type { ResourceArgs } from "./resource";
import { RoutedNetwork, type RoutedNetworkArgs } from "./routedNetwork";
import { SysctlForwarding, type SysctlForwardingArgs } from "./sysctlForwarding";

/** A part's own arguments: the host is the whole's, and its name is the key that it stands under. */
type Part<Args extends ResourceArgs> = Omit<Args, "host">;

/** A libvirt network of a {@link HostNetwork}: which of the models it is, and the arguments of that one's class. */
export type HostNetworkNetwork =
  | ({ model: "nat" } & Part<NatNetworkArgs>)
  | ({ model: "routed" } & Part<RoutedNetworkArgs>)
  | ({ model: "open" } & Part<OpenNetworkArgs>)
  | ({ model: "hostOnly" } & Part<HostOnlyNetworkArgs>)
  | ({ model: "isolated" } & Part<IsolatedNetworkArgs>)
  | ({ model: "bridged" } & Part<BridgedNetworkArgs>);

/** Arguments of {@link HostNetwork}. Each part takes what the class of its kind takes; all parts may be left out. */
export interface HostNetworkArgs {
  /** Which host of a fleet, as {@link ResourceArgs.host}. May be left out where the provider serves just one. */
  host?: pulumi.Input<string | undefined>;
  /** Device → the bridge: `{ br0: { ports: ["eth0"] } }`. */
  bridges?: Record<string, Part<BridgeArgs>>;
  /** Network → its model and arguments: `{ lab: { model: "nat", address: "192.168.123.1/24" } }`. */
  networks?: Record<string, HostNetworkNetwork>;
  /**
   * Guest (libvirt's domain) → its interfaces, by names of yours: `{ web: { lan: { bridge: "br0" }, nat: { network: "lab" } } }`. A `bridge`
   * or a `network` that is a key of the same object is made before the interface; any other is one that the host has already.
   */
  guests?: Record<string, Record<string, Omit<Part<GuestInterfaceArgs>, "domain">>>;
  /** IP forwarding of the host, as {@link SysctlForwarding}. */
  forwarding?: Part<SysctlForwardingArgs>;
  /** Whether bridged traffic passes the host's firewall, as {@link BridgeNetfilter}. */
  netfilter?: Part<BridgeNetfilterArgs>;
}

/**
 * The whole network of one host as one plain object, which may come from a file or a list: a component of the resources that the object
 * names. They are called by the component's name and their keys: `kvm1-br0`, `kvm1-lab`, `kvm1-web-nat`, `kvm1-forwarding`, `kvm1-netfilter`.
 *
 * @example
 * ```ts
 * new kvmnet.HostNetwork("kvm1", {
 *   bridges: { br0: { ports: ["eth0"] } },
 *   networks: { lab: { model: "nat", address: "192.168.123.1/24", dhcp: { start: "192.168.123.2", end: "192.168.123.254" } } },
 *   guests: { web: { lan: { bridge: "br0" }, nat: { network: "lab", address: "192.168.123.10" } } },
 *   forwarding: { ipv4: true },
 *   netfilter: { iptables: false, ip6tables: false, arptables: false },
 * }, { provider: kvm1 });
 * ```
 */
export class HostNetwork extends ComponentResource {
  /** The bridges, by device. */
  readonly bridges: Readonly<Record<string, Bridge>>;
  /** The libvirt networks, by name. */
  readonly networks: Readonly<Record<string, LibvirtNetwork>>;
  /** The guests' interfaces, by guest and then by their names in the object. */
  readonly guests: Readonly<Record<string, Readonly<Record<string, GuestInterface>>>>;
  readonly forwarding: SysctlForwarding | undefined;
  readonly netfilter: BridgeNetfilter | undefined;

  constructor(name: string, args: HostNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("kvmnet:index:HostNetwork", name, {}, opts);
    const { bridges = {}, networks = {}, guests = {}, forwarding, netfilter } = args;
    const on = { parent: this };
    const host = args.host !== undefined && { host: args.host };
    this.bridges = each(bridges, (part, key) => new Bridge(`${name}-${key}`, { name: key, ...part, ...host }, on));
    this.networks = each(networks, (part, key) => {
      const named = { name: key, ...part, ...host };
      switch (named.model) {
        case "nat":
          return new NatNetwork(`${name}-${key}`, own(named), on);
        case "routed":
          return new RoutedNetwork(`${name}-${key}`, own(named), on);
        case "open":
          return new OpenNetwork(`${name}-${key}`, own(named), on);
        case "hostOnly":
          return new HostOnlyNetwork(`${name}-${key}`, own(named), on);
        case "isolated":
          return new IsolatedNetwork(`${name}-${key}`, own(named), on);
        case "bridged": {
          const bridge = made(this.bridges, named.bridge);
          return new BridgedNetwork(`${name}-${key}`, { ...own(named), bridge }, on);
        }
        default:
          throw new Error(`networks.${key}.model of ${name} is ${String((part as { model: unknown }).model)}; it can be "nat", "routed", "open", "hostOnly", "isolated" or "bridged"`); // prettier-ignore
      }
    });
    this.guests = each(guests, (interfaces, domain) =>
      each(interfaces, (part, key) => {
        const bridge = made(this.bridges, part.bridge);
        const network = made(this.networks, part.network);
        const parts = { ...part, ...(bridge && { bridge }), ...(network && { network }) };
        return new GuestInterface(`${name}-${domain}-${key}`, { domain, ...parts, ...host }, on);
      }),
    );
    this.forwarding = forwarding && new SysctlForwarding(`${name}-forwarding`, { ...forwarding, ...host }, on);
    this.netfilter = netfilter && new BridgeNetfilter(`${name}-netfilter`, { ...netfilter, ...host }, on);
    this.registerOutputs();
  }
}

const each = <T, U>(parts: Readonly<Record<string, T>>, make: (part: T, key: string) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(parts).map(([key, part]) => [key, make(part, key)]));

/** What the class takes. */
function own<T extends { readonly model: string }>({ model: _, ...args }: T): Omit<T, "model"> {
  return args;
}

/** The name of a part as its resource has it, so that who names it comes after it. */
const made = <T extends pulumi.Input<string | undefined>>(
  parts: Readonly<Record<string, Bridge | LibvirtNetwork>>,
  name: T,
): T | pulumi.Output<string> => (typeof name === "string" && Object.hasOwn(parts, name) ? parts[name]!.name : name);
