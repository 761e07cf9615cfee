import { stringify } from "yaml";
import type { Link, OwnerCase } from "./cases";
import { isIPv6 } from "./column";

/**
 * What a case's bridge makes of its host, in cloud-init's words: its network-config, version 1 (cloudinit.readthedocs.io, "Networking
 * config Version 1"). It passes version 2 on to netplan as it is, and so would not render it.
 */
export function networkConfig({ links, args }: OwnerCase): string {
  const { ports, addresses, routes, nameservers, searchDomains, macAddress, ...rest } = args as Args;
  const had = ports.map((port) => links[port]!);
  const mac = macAddress ?? Object.values(links).find((link) => link.mac)!.mac;
  const bridge: Link = {
    dhcp4: had.some((link) => link.dhcp4) && (addresses ?? []).every(isIPv6),
    dhcp6: had.some((link) => link.dhcp6),
    acceptRa: had.some((link) => link.acceptRa),
    addresses: addresses ?? had.flatMap((link) => link.addresses ?? []),
    routes: routes ?? had.flatMap((link) => link.routes ?? []),
    nameservers: nameservers ?? had.flatMap((link) => link.nameservers ?? []),
    searchDomains: searchDomains ?? had.flatMap((link) => link.searchDomains ?? []),
  };
  const params = {
    bridge_stp: rest.stp ? "on" : "off",
    bridge_fd: rest.forwardDelay ?? 0,
    ...(rest.helloTime !== undefined && { bridge_hello: rest.helloTime }),
    ...(rest.maxAge !== undefined && { bridge_maxage: rest.maxAge }),
    ...(rest.ageingTime !== undefined && { bridge_ageing: rest.ageingTime }),
    ...(rest.priority !== undefined && { bridge_bridgeprio: rest.priority }),
    ...(rest.maxWait !== undefined && { bridge_maxwait: rest.maxWait }),
  };
  const config = [
    ...Object.entries(links).map(([name, link]) =>
      entry(name, link, ports.includes(name) ? [] : subnets(link), ports.includes(name) ? rest.mtu : undefined),
    ),
    {
      type: "bridge",
      name: "br0",
      bridge_interfaces: ports,
      mac_address: mac,
      ...(rest.mtu !== undefined && { mtu: rest.mtu }),
      params,
      subnets: subnets(bridge),
    },
  ];
  return stringify({ network: { version: 1, config } });
}

type Args = Link &
  Readonly<Partial<Record<"forwardDelay" | "helloTime" | "maxAge" | "ageingTime" | "priority" | "maxWait", number>>> & {
    readonly ports: readonly string[];
    readonly stp?: boolean;
    readonly macAddress?: string;
  };

function entry(name: string, { mac, bond, vlan, mtu }: Link, own: readonly unknown[], given: number | undefined) {
  return {
    name,
    ...(mac && { type: "physical", mac_address: mac }),
    ...(bond && { type: "bond", bond_interfaces: bond.of, params: { "bond-mode": bond.mode, "bond-miimon": 100 } }),
    ...(vlan && { type: "vlan", vlan_id: vlan.id, vlan_link: vlan.over }),
    ...((given ?? mtu) !== undefined && { mtu: given ?? mtu }),
    ...(own.length > 0 && { subnets: own }),
  };
}

/** Each address is a subnet; what is reached over it stands with the first of its family that reaches it. */
function subnets({ dhcp4, dhcp6, acceptRa, addresses = [], routes = [], nameservers = [], searchDomains = [] }: Link) {
  const first = (isV6: boolean) => addresses.find((address) => isIPv6(address) === isV6);
  const statics = addresses.map((address, n) => {
    const isFirst = address === first(isIPv6(address));
    const own = routes.filter(({ via }) => isFirst && isIPv6(via) === isIPv6(address));
    const gateway = own.find(({ to, metric }) => to === "default" && metric === undefined);
    const others = own.filter((route) => route !== gateway).map(({ to, via, metric }) => ({
      destination: to === "default" ? (isIPv6(via) ? "::/0" : "0.0.0.0/0") : to,
      gateway: via,
      ...(metric !== undefined && { metric }),
    })); // prettier-ignore
    return {
      type: isIPv6(address) ? "static6" : "static",
      address,
      ...(gateway && { gateway: gateway.via }),
      ...(others.length > 0 && { routes: others }),
      ...(n === 0 && nameservers.length > 0 && { dns_nameservers: nameservers }),
      ...(n === 0 && searchDomains.length > 0 && { dns_search: searchDomains }),
    };
  });
  return [
    ...statics,
    ...(dhcp4 ? [{ type: "dhcp4" }] : []),
    ...(dhcp6 ? [{ type: "ipv6_dhcpv6-stateful" }] : []),
    ...(acceptRa ? [{ type: "ipv6_slaac" }] : []),
  ];
}
