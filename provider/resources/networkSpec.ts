import { childrenOf, onOneLine, parseXml } from "../libvirt/xml";
import {
  boolean,
  cidr,
  domainName,
  integer,
  interfaceName,
  libvirtName,
  line,
  oneOf,
  text,
  type Arguments,
} from "../parse";
import { parseDhcp, checkDhcp, type DhcpSpec } from "./dhcpSpec";
import { parseDns, type DnsSpec } from "./dnsSpec";
import type { NetworkModel } from "./networkModels";
import {
  parseBandwidth,
  parseNat,
  parsePortgroup,
  parseVirtualport,
  parseVlan,
  type BandwidthSpec,
  type NatSpec,
  type PortgroupSpec,
  type VirtualportSpec,
  type VlanSpec,
} from "./networkParts";
import { checkAddresses, parseRoute, type RouteSpec } from "./routeSpec";

/** A libvirt network as the program says it; of what its model has no argument for it has nothing. */
export interface NetworkSpec {
  readonly name: string;
  readonly autostart: boolean;
  readonly title: string | undefined;
  readonly description: string | undefined;
  readonly metadata: string | undefined;
  readonly portgroups: readonly PortgroupSpec[] | undefined;
  readonly isolatedPorts: boolean | undefined;
  readonly bridgeName: string | undefined;
  readonly stp: boolean | undefined;
  readonly delay: number | undefined;
  readonly macTableManager: string | undefined;
  readonly zone: string | undefined;
  readonly mtu: number | undefined;
  readonly bandwidth: BandwidthSpec | undefined;
  readonly guestIpv6: boolean | undefined;
  readonly address: string | undefined;
  readonly dhcp: DhcpSpec | undefined;
  readonly address6: string | undefined;
  readonly dhcp6: DhcpSpec | undefined;
  readonly addresses: readonly string[] | undefined;
  readonly routes: readonly RouteSpec[] | undefined;
  readonly domain: string | undefined;
  readonly dns: DnsSpec | undefined;
  readonly dnsmasqOptions: readonly string[] | undefined;
  readonly forwardInterface: string | undefined;
  readonly nat: NatSpec | undefined;
  readonly bridge: string | undefined;
  readonly vlan: VlanSpec | undefined;
  readonly virtualport: VirtualportSpec | undefined;
}

/** An argument that the model has not is refused with the others that are not known (lifecycle.ts). */
export const parseNetwork =
  (model: NetworkModel) =>
  (args: Arguments, name: string): NetworkSpec => {
    const has = (key: string) => model.args.includes(key);
    const spec: NetworkSpec = {
      name: args.named(libvirtName, name),
      autostart: args.optional("autostart", boolean) ?? true,
      title: args.optional("title", line),
      description: args.optional("description", line),
      metadata: args.optional("metadata", metadata),
      portgroups: args.objects("portgroups", parsePortgroup(has("vlan"))),
      isolatedPorts: args.optional("isolatedPorts", boolean),
      bridgeName: args.optional("bridgeName", interfaceName),
      stp: args.optional("stp", boolean),
      delay: args.optional("delay", integer(0, 30, "seconds")),
      macTableManager: args.optional("macTableManager", oneOf("kernel", "libvirt")),
      zone: args.optional("zone", zone),
      mtu: args.optional("mtu", integer(68, 65535, "bytes")),
      bandwidth: args.object("bandwidth", parseBandwidth),
      guestIpv6: args.optional("guestIpv6", boolean),
      address: has("address") ? args.required("address", cidr) : undefined,
      dhcp: args.object("dhcp", parseDhcp("ipv4")),
      address6: args.optional("address6", cidr),
      dhcp6: args.object("dhcp6", parseDhcp("ipv6")),
      addresses: args.list("addresses", cidr),
      routes: args.objects("routes", parseRoute),
      domain: args.optional("domain", domainName),
      dns: args.object("dns", parseDns),
      dnsmasqOptions: args.list("dnsmasqOptions", line),
      forwardInterface: args.optional("forwardInterface", interfaceName),
      nat: args.object("nat", parseNat),
      bridge: has("bridge") ? args.required("bridge", interfaceName) : undefined,
      vlan: args.object("vlan", parseVlan),
      virtualport: args.object("virtualport", parseVirtualport),
    };
    checkAddresses(spec, args);
    checkDhcp("dhcp", spec.address, spec.dhcp, args);
    checkDhcp("dhcp6", spec.address6, spec.dhcp6, args);
    if (spec.dns?.localOnly !== undefined && !args.has("domain"))
      args.problem("dns.localOnly", "needs a `domain`: the names in it are then answered here alone");
    const defaults = (spec.portgroups ?? []).flatMap((portgroup, i) => (portgroup?.default ? [i] : []));
    for (const i of defaults.slice(1)) args.problem(`portgroups[${i}].default`, "another portgroup is the default");
    return spec;
  };

/** firewalld's own rule: 17 characters at most, so that names of chains stay short. */
const zone = (value: unknown): string => {
  if (typeof value !== "string" || !/^[A-Za-z0-9_-]{1,17}$/.test(value))
    throw new Error(`${JSON.stringify(value)} is not the name of a firewalld zone: up to 17 letters, digits, _ and -`);
  return value;
};

/** Elements, each of an application and its namespace. */
const metadata = (value: unknown): string => {
  const elements = childrenOf(parseXml(`<metadata>${text(value)}</metadata>`));
  if (elements.length === 0) throw new Error("has no XML element");
  const spaces = elements.map((element) => {
    const [prefix, local] = element.nodeName.split(":");
    const space = element.getAttribute(local === undefined ? "xmlns" : `xmlns:${prefix}`);
    if (!space) throw new Error(`<${element.nodeName}> needs a namespace of its own (xmlns)`);
    return space;
  });
  if (new Set(spaces).size < spaces.length)
    throw new Error("has two elements of one namespace: libvirt takes one of each");
  return elements.map(onOneLine).join("");
};
