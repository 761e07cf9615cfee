import type { Link } from "./cases";
import { isIPv6, paragraphs, type Column } from "./column";

/** /etc/network/interfaces, as Debian's installer and its wiki have it. */
export const ifupdown: Column = {
  name: "ifupdown",
  owner: "ifupdown",
  commands: ["ifup", "ifquery", "brctl", "systemctl", "dhclient"],
  files: (links) => ({
    "etc/network/interfaces": paragraphs(
      ["source /etc/network/interfaces.d/*"],
      ["auto lo", "iface lo inet loopback"],
      ...Object.entries(links).map(([name, link]) => [`auto ${name}`, ...stanzas(name, link)]),
    ),
    "run/network/ifstate": ["lo", ...Object.keys(links)].map((name) => `${name}=${name}\n`).join(""),
  }),
};

function stanzas(name: string, link: Link): string[] {
  const { addresses = [], routes = [], nameservers = [], searchDomains = [], bond, mtu } = link;
  const open = [...routes];
  const own = [
    ...(bond ? [`bond-slaves ${bond.of.join(" ")}`, `bond-mode ${bond.mode}`, "bond-miimon 100"] : []),
    ...(nameservers.length > 0 ? [`dns-nameservers ${nameservers.join(" ")}`] : []),
    ...(searchDomains.length > 0 ? [`dns-search ${searchDomains.join(" ")}`] : []),
    ...(mtu ? [`mtu ${mtu}`] : []),
  ];
  const statics = addresses.map((address) => {
    const gateway = open.findIndex(({ to, via }) => to === "default" && isIPv6(via) === isIPv6(address));
    const [route] = gateway < 0 ? [] : open.splice(gateway, 1);
    return {
      header: `iface ${name} ${isIPv6(address) ? "inet6" : "inet"} static`,
      options: [
        `address ${address}`,
        ...(route ? [`gateway ${route.via}`, ...(route.metric ? [`metric ${route.metric}`] : [])] : []),
      ],
    };
  });
  const dynamic = [
    ...(link.dhcp4 ? ["inet dhcp"] : []),
    ...(link.dhcp6 ? ["inet6 dhcp"] : []),
    ...(link.acceptRa ? ["inet6 auto"] : []),
  ].map((method) => ({ header: `iface ${name} ${method}`, options: [] as string[] }));
  const all = [...statics, ...dynamic];
  if (all.length === 0) all.push({ header: `iface ${name} inet manual`, options: [] });
  all[0]!.options.push(...own);
  all.at(statics.length - 1)!.options.push(
    ...open.map(({ to, via, metric }) => `up ip route add ${to} via ${via}${metric ? ` metric ${metric}` : ""} dev $IFACE`),
  ); // prettier-ignore
  return all.flatMap(({ header, options }) => [header, ...options.map((option) => `    ${option}`)]);
}
