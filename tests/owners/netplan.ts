import { stringify } from "yaml";
import type { Link } from "./cases";
import { isIPv6, IAID, type Column } from "./column";

/** /etc/netplan, as Ubuntu's installer writes it. */
export const netplan: Column = {
  name: "netplan",
  owner: "netplan",
  commands: ["netplan", "systemctl", "networkctl"],
  manager: "networkd",
  files: (links) => {
    const kindOf = ({ bond, vlan }: Link) => (bond ? "bonds" : vlan ? "vlans" : "ethernets");
    const kinds = ["ethernets", "bonds", "vlans"].map((kind) => [
      kind,
      Object.entries(links).filter(([, link]) => kindOf(link) === kind).map(([name, link]) => [name, device(link)] as const),
    ] as const); // prettier-ignore
    const network = {
      version: 2,
      ...Object.fromEntries(kinds.flatMap(([kind, all]) => (all.length > 0 ? [[kind, Object.fromEntries(all)]] : []))),
    };
    return { "etc/netplan/00-installer-config.yaml": stringify({ network }, { flowCollectionPadding: false }) };
  },
  managed: (name, { dhcp4 }) => ({
    file: `/run/systemd/network/10-netplan-${name}.network`,
    ...(dhcp4 && { iaid: IAID }),
  }),
};

/** netplan's words for a link. */
export function device({ bond, vlan, dhcp4, dhcp6, acceptRa, addresses, routes, nameservers, searchDomains, mtu }: Link) {
  return {
    ...(bond && { interfaces: bond.of, parameters: { mode: bond.mode, "mii-monitor-interval": 100 } }),
    ...(vlan && { id: vlan.id, link: vlan.over }),
    ...(dhcp4 && { dhcp4 }),
    ...(dhcp6 && { dhcp6 }),
    ...(acceptRa && { "accept-ra": true }),
    ...(addresses && { addresses }),
    ...(routes && {
      routes: routes.map(({ to, ...rest }) => ({ to: to === "default" ? (isIPv6(rest.via) ? "::/0" : "0.0.0.0/0") : to, ...rest })),
    }),
    ...((nameservers ?? searchDomains) && {
      nameservers: { ...(nameservers && { addresses: nameservers }), ...(searchDomains && { search: searchDomains }) },
    }),
    ...(mtu && { mtu }),
  };
} // prettier-ignore
