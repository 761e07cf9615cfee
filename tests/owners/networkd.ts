import type { Link } from "./cases";
import { bondOf, paragraphs, vlansOver, IAID, type Column, type Links } from "./column";

/** /etc/systemd/network, in the words of systemd.network(5)'s examples. */
export const networkd: Column = {
  name: "networkd",
  owner: "networkd",
  commands: ["systemctl", "networkctl"],
  manager: "networkd",
  files: (links) =>
    Object.fromEntries(
      Object.entries(links).flatMap(([name, link]) => [
        ...netdev(name, link),
        [`etc/systemd/network/20-${name}.network`, network(name, link, links)],
      ]),
    ),
  managed: (name, { dhcp4 }) => ({ file: `/etc/systemd/network/20-${name}.network`, ...(dhcp4 && { iaid: IAID }) }),
};

function netdev(name: string, { bond, vlan }: Link): [string, string][] {
  const text = (kind: string, ...own: string[]) => paragraphs(["[NetDev]", `Name=${name}`, `Kind=${kind}`], own);
  const path = `etc/systemd/network/10-${name}.netdev`;
  if (bond) return [[path, text("bond", "[Bond]", `Mode=${bond.mode}`, "MIIMonitorSec=100ms")]];
  return vlan ? [[path, text("vlan", "[VLAN]", `Id=${vlan.id}`)]] : [];
}

function network(name: string, link: Link, links: Links): string {
  const { addresses = [], routes = [], nameservers = [], searchDomains = [], mtu } = link;
  const bond = bondOf(links, name);
  const plain = routes.filter(({ to, metric }) => to === "default" && metric === undefined);
  const dhcp = link.dhcp4 && link.dhcp6 ? "yes" : link.dhcp4 ? "ipv4" : link.dhcp6 ? "ipv6" : undefined;
  return paragraphs(
    ["[Match]", `Name=${name}`],
    mtu ? ["[Link]", `MTUBytes=${mtu}`] : [],
    [
      "[Network]",
      ...(bond ? [`Bond=${bond}`] : []),
      ...vlansOver(links, name).map((vlan) => `VLAN=${vlan}`),
      ...(dhcp ? [`DHCP=${dhcp}`] : []),
      ...(link.acceptRa ? ["IPv6AcceptRA=yes"] : []),
      ...addresses.map((address) => `Address=${address}`),
      ...plain.map(({ via }) => `Gateway=${via}`),
      ...nameservers.map((address) => `DNS=${address}`),
      ...(searchDomains.length > 0 ? [`Domains=${searchDomains.join(" ")}`] : []),
    ],
    ...routes
      .filter((route) => !plain.includes(route))
      .map(({ to, via, metric }) => [
        "[Route]",
        ...(to === "default" ? [] : [`Destination=${to}`]),
        `Gateway=${via}`,
        ...(metric ? [`Metric=${metric}`] : []),
      ]),
  );
}
