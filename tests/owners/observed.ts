import type { Described } from "../golden/simulatedHost";
import type { Link, Route } from "./cases";
import { bondOf, isIPv6, type Column, type Links } from "./column";

export const routeWords = ({ to, via, metric }: Route, otherwise?: number): string =>
  `${to} via ${via}${(metric ?? otherwise) ? ` metric ${metric ?? otherwise}` : ""}`;

/** What the kernel says then is the same whoever set it up, but for who is whose DHCP client. */
export function observed(column: Column, links: Links): Described {
  const { commands, manager, managed } = column;
  const clients = Object.entries(links).flatMap(([link, { dhcp4, dhcp6, acceptRa }]) => {
    const isAsked6 = dhcp6 || (acceptRa && column.autoIsDhcp6);
    return [...(dhcp4 ? [4 as const] : []), ...(isAsked6 ? [6 as const] : [])].map((family) => ({
      pid: manager ? 0 : 600 + family,
      link,
      family,
      argv: manager ? [] : ["dhclient", `-${family}`, "-pf", `/run/dhclient${family === 6 ? "6" : ""}.${link}.pid`, link],
    }));
  }); // prettier-ignore
  const leased = Object.entries(links).filter(([, { dhcp4, dhcp6, acceptRa }]) => dhcp4 || dhcp6 || acceptRa);
  return {
    facts: {
      commands: ["ip", "virsh", ...commands],
      ...(manager && { daemons: [manager] }),
      ...(manager && managed && { managed: mapped(links, (link, name) => ({ by: manager, ...managed(name, link) })) }),
      ...(clients.length > 0 && { dhcpClients: clients }),
      ...(leased.some(([, { dhcp4 }]) => dhcp4) && { ssh: { client: "10.0.0.254", server: "10.0.0.151" } }),
    },
    links: mapped(links, (link, name) => ({
      mac: macOf(name, links),
      ...(link.bond && { kind: "bond" }),
      ...(link.vlan && { kind: "vlan", over: link.vlan.over }),
      ...(bondOf(links, name) && { master: bondOf(links, name)! }),
      ...(manager && { manager }),
      ...(link.mtu && { mtu: link.mtu }),
      ...(link.addresses && { addresses: link.addresses }),
      ...(link.routes && { routes: link.routes.map((route) => routeWords(route, column.metric?.(link))) }),
    })),
    ...(leased.length > 0 && { leased: Object.fromEntries(leased.map(([name, link]) => [name, leases(link)])) }),
  };
}

const mapped = <T>(links: Links, of: (link: Link, name: string) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(links).map(([name, link]) => [name, of(link, name)]));

function macOf(name: string, links: Links): string {
  const { mac, bond, vlan } = links[name]!;
  return mac ?? macOf(bond ? bond.of[0]! : vlan!.over, links);
}

function leases({ dhcp4, dhcp6, acceptRa }: Link) {
  const time = "valid_lft 3412 preferred_lft 3412";
  const addresses = [
    ...(dhcp4 ? [`10.0.0.151/24 brd 10.0.0.255 ${time}`] : []),
    ...(dhcp6 ? [`fd00::151/128 ${time}`] : []),
    ...(acceptRa ? [`fd00::5054:ff:feaa:1/64 ${time}`] : []),
  ];
  return { addresses, routes: addresses.some((words) => !isIPv6(words)) ? ["default via 10.0.0.1 proto dhcp"] : [] };
}
