import type { Link } from "./cases";
import { networkManager } from "./networkManager";
import { bondOf, isIPv6, type Column, type Links } from "./column";

const SCRIPTS = "etc/sysconfig/network-scripts";

/** /etc/sysconfig/network-scripts, as anaconda and sysconfig.txt have it. */
export const ifcfg: Column = {
  name: "ifcfg",
  owner: "ifcfg",
  commands: ["ifup", "brctl", "dhclient"],
  files: (links) => filesOf(links, assignments),
};

/** The same where NetworkManager reads it, as it writes it itself (RHEL 8 and 9). */
export const ifcfgNm: Column = {
  ...networkManager,
  name: "ifcfg-nm",
  owner: "ifcfg",
  files: (links) => filesOf(links, assignmentsNm),
  managed: (name, link) => ({ ...networkManager.managed!(name, link), file: `/${SCRIPTS}/ifcfg-${name}` }),
};

const filesOf = (links: Links, assignments: (name: string, link: Link, links: Links) => string[]) =>
  Object.fromEntries([
    ["etc/sysconfig/network", "# Created by anaconda\nNETWORKING=yes\n"],
    [`${SCRIPTS}/ifcfg-lo`, "DEVICE=lo\nIPADDR=127.0.0.1\nNETMASK=255.0.0.0\nONBOOT=yes\nNAME=loopback\n"],
    ...Object.entries(links).flatMap(([name, link]) => [
      [`${SCRIPTS}/ifcfg-${name}`, text(assignments(name, link, links))],
      ...(["route", "route6"] as const).flatMap((kind) => {
        const lines = own(link)
          .filter(({ via }) => isIPv6(via) === (kind === "route6"))
          .map(({ to, via, metric }) => `${to} via ${via} dev ${name}${metric ? ` metric ${metric}` : ""}`);
        return lines.length > 0 ? [[`${SCRIPTS}/${kind}-${name}`, text(lines)]] : [];
      }),
    ]),
  ]) as Record<string, string>;

const text = (lines: readonly string[]) => `${lines.join("\n")}\n`;

/** The default route of the first of each family is its gateway; the others have a file. */
const isGateway = ({ to }: { readonly to: string }) => to === "default";
const own = ({ routes = [] }: Link) => routes.filter((route) => !isGateway(route));
const gateway = ({ routes = [] }: Link, six: boolean) =>
  routes.find((route) => isGateway(route) && isIPv6(route.via) === six);

function assignments(name: string, link: Link, links: Links): string[] {
  const { addresses = [], nameservers = [], searchDomains = [], bond, vlan, mtu, mac } = link;
  const [v4, v6] = [addresses.filter((it) => !isIPv6(it)), addresses.filter(isIPv6)];
  const [via4, via6] = [gateway(link, false), gateway(link, true)];
  const master = bondOf(links, name);
  const is6 = v6.length > 0 || link.dhcp6 || link.acceptRa;
  return [
    `DEVICE=${name}`,
    ...(mac && !bond ? [`HWADDR=${mac.toUpperCase()}`] : []),
    ...(bond ? ["TYPE=Bond", "BONDING_MASTER=yes", `BONDING_OPTS="mode=${bond.mode} miimon=100"`] : []),
    ...(vlan ? ["VLAN=yes"] : []),
    ...(bond || vlan ? [] : ["TYPE=Ethernet"]),
    "ONBOOT=yes",
    "NM_CONTROLLED=no",
    ...(master ? [`MASTER=${master}`, "SLAVE=yes"] : []),
    `BOOTPROTO=${link.dhcp4 ? "dhcp" : "none"}`,
    ...v4.flatMap((address, i) => {
      const [ip = "", prefix = ""] = address.split("/");
      return [`IPADDR${i || ""}=${ip}`, `PREFIX${i || ""}=${prefix}`];
    }),
    ...(via4 ? [`GATEWAY=${via4.via}`, ...(via4.metric ? [`METRIC=${via4.metric}`] : [])] : []),
    ...(is6 ? ["IPV6INIT=yes"] : []),
    ...(v6[0] ? [`IPV6ADDR=${v6[0]}`] : []),
    ...(via6 ? [`IPV6_DEFAULTGW=${via6.via}`] : []),
    ...(link.dhcp6 ? ["DHCPV6C=yes"] : []),
    ...nameservers.map((server, i) => `DNS${i + 1}=${server}`),
    ...(searchDomains.length > 0 ? [`DOMAIN="${searchDomains.join(" ")}"`] : []),
    ...(mtu ? [`MTU=${mtu}`] : []),
  ];
}

function assignmentsNm(name: string, link: Link, links: Links): string[] {
  const is6 = link.addresses?.some(isIPv6) || link.dhcp6 || link.acceptRa;
  const isAuto6 = link.dhcp6 || link.acceptRa;
  const metric = gateway(link, false)?.metric;
  return [
    ...assignments(name, link, links)
      .filter((line) => !/^(NM_CONTROLLED|IPV6INIT|DHCPV6C|METRIC)=/.test(line))
      .map((line) => (line === "VLAN=yes" ? "VLAN=yes\nTYPE=Vlan" : line)),
    ...(metric ? [`IPV4_ROUTE_METRIC=${metric}`] : []),
    "PROXY_METHOD=none",
    "BROWSER_ONLY=no",
    "DEFROUTE=yes",
    "IPV4_FAILURE_FATAL=no",
    ...(is6 ? ["IPV6INIT=yes", `IPV6_AUTOCONF=${isAuto6 ? "yes" : "no"}`, "IPV6_DEFROUTE=yes"] : ["IPV6INIT=no"]),
    `NAME=${name}`,
    `UUID=6a1a2d5f-5a0e-4d5c-8f2e-0000000000${String(Object.keys(links).indexOf(name)).padStart(2, "0")}`,
  ];
}
