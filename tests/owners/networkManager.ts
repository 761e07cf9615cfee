import type { Link } from "./cases";
import { bondOf, isIPv6, paragraphs, type Column, type Links } from "./column";

/** /etc/NetworkManager/system-connections: keyfiles, as `nmcli connection add` writes them. */
export const networkManager: Column = {
  name: "networkmanager",
  owner: "NetworkManager",
  commands: ["systemctl", "nmcli"],
  manager: "NetworkManager",
  files: (links) => Object.fromEntries(Object.keys(links).map((name) => [pathOf(name), profile(name, links)])),
  managed: (name, link) => ({
    file: `/${pathOf(name)}`,
    metric: metricOf(link),
    ...((link.dhcp4 ?? link.dhcp6 ?? link.acceptRa) && {
      leases: [...(link.dhcp4 ? [4 as const] : []), ...(link.dhcp6 || link.acceptRa ? [6 as const] : [])],
    }),
    ...(link.dhcp4 && { clientId: "01:52:54:00:aa:00:01" }),
  }),
  metric: metricOf,
  autoIsDhcp6: true,
  timesNeedStp: true,
};

const pathOf = (name: string) => `etc/NetworkManager/system-connections/${name}.nmconnection`;

/** ipv4.route-metric in nm-settings(5). */
export function metricOf({ bond, vlan }: Link): number {
  return bond ? 300 : vlan ? 400 : 100;
}

function profile(name: string, links: Links): string {
  const link = links[name]!;
  const { mac, bond, vlan, mtu } = link;
  const master = bondOf(links, name);
  const uuid = `6a1a2d5f-5a0e-4d5c-8f2e-0000000000${String(Object.keys(links).indexOf(name)).padStart(2, "0")}`;
  return paragraphs(
    [
      "[connection]",
      `id=${name}`,
      `uuid=${uuid}`,
      `type=${bond ? "bond" : vlan ? "vlan" : "ethernet"}`,
      `interface-name=${name}`,
      ...(master ? [`master=${master}`, "slave-type=bond"] : []),
    ],
    mac || mtu ? ["[ethernet]", ...(mac ? [`mac-address=${mac.toUpperCase()}`] : []), ...(mtu ? [`mtu=${mtu}`] : [])] : [],
    bond ? ["[bond]", "miimon=100", `mode=${bond.mode}`] : [],
    vlan ? ["[vlan]", "flags=1", `id=${vlan.id}`, `parent=${vlan.over}`] : [],
    ...(master ? [] : [family(link, 4), family(link, 6)]),
  );
} // prettier-ignore

function family(link: Link, number: 4 | 6): string[] {
  const isOurs = (words: string) => isIPv6(words) === (number === 6);
  const addresses = (link.addresses ?? []).filter(isOurs);
  const routes = (link.routes ?? []).filter(({ via }) => isOurs(via));
  const nameservers = (link.nameservers ?? []).filter(isOurs);
  const gateway = routes.find(({ to, metric }) => to === "default" && metric === undefined);
  const isAuto = number === 4 ? link.dhcp4 : (link.dhcp6 ?? link.acceptRa);
  const method = isAuto ? "auto" : addresses.length > 0 ? "manual" : number === 4 ? "disabled" : "ignore";
  const all = number === 4 ? "0.0.0.0/0" : "::/0";
  return [
    `[ipv${number}]`,
    ...addresses.map((address, n) => `address${n + 1}=${address}${n === 0 && gateway ? `,${gateway.via}` : ""}`),
    ...(nameservers.length > 0 ? [`dns=${nameservers.join(";")};`] : []),
    ...(number === 4 && link.searchDomains ? [`dns-search=${link.searchDomains.join(";")};`] : []),
    `method=${method}`,
    ...routes
      .filter((route) => route !== gateway)
      .map(({ to, via, metric }, n) => `route${n + 1}=${to === "default" ? all : to},${via}${metric ? `,${metric}` : ""}`),
  ];
} // prettier-ignore
