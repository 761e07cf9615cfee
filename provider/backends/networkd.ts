import type { Managed } from "../facts";
import type { LinkState } from "../hostState";
import { byFamily, withPrefix } from "./addressing";
import { dhcpFamilies, dropIns, isOn } from "./networkctl";
import type { Backend, BridgePlan, Files, Found } from "./backend";
import { normalRoute } from "./ifupdownCommands";
import type { IniSection } from "./iniFile";
import { baseOf, netdevFileOf, networkFileOf, pathOf, routeOf, secondsOf, sectionsOf } from "./networkdFiles";
import { render } from "./networkdRender";
import { runtime } from "./runtime";

/** systemd-networkd: .netdev and .network files of /etc/systemd/network. */
export const networkd: Backend = { owner: "networkd", manager: "networkd", find, unsupported, render };

function find(name: string, link: LinkState, files: Files, managed?: Managed): Found {
  const file = managed?.file ?? networkFileOf(files, name, link.mac);
  if (file === undefined || files[file] === undefined) return runtime.find(name, link, files);
  const netdev = link.kind === "bridge" ? netdevFileOf(files, name) : undefined;
  const paths = [file, ...dropIns(file, files), ...(netdev === undefined ? [] : [netdev])];
  const texts = Object.fromEntries(paths.map((path) => [path, files[path]!]));
  const sections = sectionsOf(texts, ".network");
  const mac = [...sections, ...sectionsOf(texts, ".netdev")].map((section) => section.get("MACAddress")).find(Boolean);
  const dhcp = dhcpFamilies(ofNetwork(sections, "DHCP").at(-1));
  return {
    dhcp4: dhcp.includes(4),
    dhcp6: dhcp.includes(6),
    addresses: byFamily(addressesOf(sections)),
    routes: routesOf(sections),
    nameservers: wordsOf(sections, "DNS"),
    searchDomains: wordsOf(sections, "Domains"),
    ...(mac !== undefined && { macAddress: mac.toLowerCase() }),
    ...(managed?.iaid !== undefined && { iaid: managed.iaid }),
    sections: texts,
    ...(netdev !== undefined && { bridge: bridgeOptions(sectionsOf(texts, ".netdev"))! }),
  };
}

const ofNetwork = (sections: readonly IniSection[], key: string): string[] =>
  sections.filter(({ name }) => name === "Network").flatMap((section) => section.values(key));

const wordsOf = (sections: readonly IniSection[], key: string): string[] =>
  ofNetwork(sections, key).flatMap((value) => value.split(/\s+/));

const addressesOf = (sections: readonly IniSection[]): string[] =>
  sections
    .filter(({ name }) => name === "Network" || name === "Address")
    .flatMap((section) => section.values("Address"))
    .map(withPrefix);

const routesOf = (sections: readonly IniSection[]): string[] => {
  const gateways = ofNetwork(sections, "Gateway").filter((value) => !value.startsWith("_"));
  return [
    ...new Set([
      ...gateways.map((via) => normalRoute(`default via ${via}`)),
      ...sections.flatMap((section) => routeOf(section) ?? []),
    ]),
  ];
};

function bridgeOptions(sections: readonly IniSection[]): Found["bridge"] {
  const get = (key: string) => sections.filter(({ name }) => name === "Bridge").flatMap((s) => s.values(key)).at(-1); // prettier-ignore
  const seconds = (name: string, key: string, otherwise?: number) => {
    const value = secondsOf(get(key)) ?? otherwise;
    return value === undefined ? {} : { [name]: value };
  };
  const [priority, vlans] = [get("Priority"), get("VLANFiltering")];
  const mtu = sections.find(({ name }) => name === "NetDev")?.get("MTUBytes");
  return {
    stp: isOn(get("STP")),
    ...seconds("forwardDelay", "ForwardDelaySec", 15),
    ...seconds("helloTime", "HelloTimeSec"),
    ...seconds("maxAge", "MaxAgeSec"),
    ...seconds("ageingTime", "AgeingTimeSec"),
    ...(priority !== undefined && { priority: Number(priority) }),
    ...(vlans !== undefined && { vlanFiltering: isOn(vlans) }),
    ...(mtu !== undefined && /^\d+$/.test(mtu) && { mtu: Number(mtu) }),
  };
}

function unsupported(bridge: BridgePlan, found: Readonly<Record<string, Found>> = {}): string | undefined {
  if (bridge.maxWait > 0)
    return "maxWait is ifup(8)'s; systemd-networkd brings the bridge up and waits for nobody (forwardDelay: 0 needs no wait)";
  const first = baseOf(pathOf(bridge.name, "network"));
  for (const [name, { sections }] of Object.entries(found)) {
    const early = Object.keys(sections).find((path) => path.endsWith(".network") && baseOf(path) < first);
    if (early !== undefined && name !== bridge.name)
      return `systemd-networkd reads ${early} for ${name} before ${first}, and goes by the first (systemd.network(5)); give the file a name with a higher number`;
  }
  return undefined;
}
