import { gatewayRoute, isSameAddress, reaches, withPrefix } from "./addressing";
import { dhcpFamilies, isOn } from "./networkctl";
import type { Backend, BridgePlan, Found } from "./backend";
import { normalRoute } from "./ifupdownCommands";
import { IniSection, printIni } from "./iniFile";
import { baseOf, NETWORKD, pathOf, routeOf, secondsOf, sectionsOf } from "./networkdFiles";

/**
 * The ports' own files stay as they are: the bridge's are read before them, and systemd-networkd goes by the first that matches a link.
 * What a port's file says of the way over it moves to the bridge's, with what nobody here knows; what it says of the NIC, to the port's.
 */
export const render: Backend["render"] = (bridge, found) => {
  const own = found[bridge.name];
  const ports = [...bridge.ports, ...bridge.left];
  const moved = ports.flatMap((port) => moving(found[port]));
  const said = own && Object.keys(own.sections).length > 0 ? sectionsOf(own.sections, ".network") : undefined;
  const iaid = bridge.dhcp4 ? [own, ...ports.map((port) => found[port])].find((link) => link?.iaid)?.iaid : undefined;
  const mark = `# ${bridge.mark}\n`;
  const place = (kind: "netdev" | "network") => {
    const path = Object.keys(own?.sections ?? {}).find((path) => path.endsWith(`.${kind}`));
    return path === undefined ? pathOf(bridge.name, kind) : `${NETWORKD}/${baseOf(path)}`;
  };
  const isPort = (port: string) => said !== undefined && sectionsOf(found[port]?.sections ?? {}, ".network").some((section) => section.get("Bridge") === bridge.name); // prettier-ignore
  return {
    files: {
      [place("netdev")]: withMark(mark, netdev(bridge, own), own),
      [place("network")]: withMark(mark, network(bridge, said ?? moved, iaid), own),
      ...Object.fromEntries(
        ports
          .filter((port) => !isPort(port))
          .map((port) => [pathOf(bridge.name, `port-${port}.network`), mark + portFile(port, bridge, found[port])]),
      ),
    },
  };
};

/** An adopted file has one already where we wrote it, and none where it says already what it is to say. */
const withMark = (mark: string, text: string, own: Found | undefined) =>
  text.includes(mark) || Object.values(own?.sections ?? {}).includes(text) ? text : mark + text;

/** Sections that are about the NIC, or about it as a port: systemd.network(5). */
const isNics = (name: string) =>
  /^(Match|Link|SR-IOV|Bridge|BridgeFDB|BridgeMDB|BridgeVLAN|CAN|IPoIB|QDisc|.*Qdisc.*|NetworkEmulator|TokenBucketFilter|.*Queue.*|.*Class|PIE|.*PIE|FairQueueing.*|.*FIFO.*|ControlledDelay|CAKE|TrivialLinkEqualizer|.*Mitigation.*)?$/.test(
    name,
  );
/** What of `[Network]` is the NIC's own: what stands on it, and how it meets its neighbour on the wire. */
const NICS =
  /^(VLAN|MACVLAN|MACVTAP|IPVLAN|IPVTAP|VXLAN|Tunnel|MACsec|Xfrm|LLDP|EmitLLDP|BindCarrier|Bond|ActiveSlave|PrimarySlave|Bridge|IgnoreCarrierLoss)$/;

function moving(found: Found | undefined): IniSection[] {
  if (!found || !reaches(found)) return [];
  return sectionsOf(found.sections, ".network")
    .filter(({ name }) => !isNics(name))
    .map((section) => {
      const copy = section.copy();
      if (section.name === "Network") copy.keep((key) => !NICS.test(key));
      return copy;
    });
}

function portFile(port: string, bridge: BridgePlan, found: Found | undefined): string {
  const sections = sectionsOf(found?.sections ?? {}, ".network").filter(({ name }) => isNics(name) && name !== "");
  const kept = sections.filter(({ name }) => name !== "Match").map((section) => section.copy());
  if (bridge.mtu !== undefined) one(kept, "Link").set("MTUBytes", String(bridge.mtu));
  const match = new IniSection("Match");
  match.set("Name", port);
  const network = new IniSection("Network");
  const nics = sectionsOf(found?.sections ?? {}, ".network").filter(({ name }) => name === "Network");
  for (const section of nics)
    for (const key of section.keys)
      if (NICS.test(key) && key !== "Bridge") network.set(key, ...network.values(key), ...section.values(key));
  if (bridge.ports.includes(port)) network.set("Bridge", bridge.name);
  return printIni([match, ...kept.filter(({ isEmpty }) => !isEmpty), network]);
}

function netdev(bridge: BridgePlan, own: Found | undefined): string {
  const sections = own ? sectionsOf(own.sections, ".netdev") : [];
  const device = one(sections, "NetDev");
  device.set("Name", bridge.name);
  device.set("Kind", "bridge");
  if (bridge.macAddress !== undefined) device.set("MACAddress", bridge.macAddress);
  if (bridge.mtu !== undefined) device.set("MTUBytes", String(bridge.mtu));
  const options = one(sections, "Bridge");
  if (own === undefined || isOn(options.get("STP")) !== bridge.stp) options.set("STP", bridge.stp ? "yes" : "no");
  const seconds = (key: string, value: number | undefined, otherwise: number) => {
    if (value !== undefined && (secondsOf(options.get(key)) ?? (own ? otherwise : undefined)) !== value)
      options.set(key, String(value));
  };
  seconds("ForwardDelaySec", bridge.forwardDelay, 15);
  seconds("HelloTimeSec", bridge.helloTime, 2);
  seconds("MaxAgeSec", bridge.maxAge, 20);
  seconds("AgeingTimeSec", bridge.ageingTime, 300);
  if (bridge.priority !== undefined) options.set("Priority", String(bridge.priority));
  if (bridge.vlanFiltering !== undefined && isOn(options.get("VLANFiltering")) !== bridge.vlanFiltering)
    options.set("VLANFiltering", bridge.vlanFiltering ? "yes" : "no");
  return printIni(sections);
}

function network(bridge: BridgePlan, said: readonly IniSection[], iaid: string | undefined): string {
  const isOwn = said.some(({ name }) => name === "Match");
  const sections = [...said];
  if (!isOwn) {
    const match = new IniSection("Match");
    match.set("Name", bridge.name);
    sections.unshift(match);
  }
  const network = one(sections, "Network");
  const others = sections.filter((section) => section.name === "Network" && section !== network);
  writeDhcp(bridge, network, others);
  const kept = writeRoutes(bridge, writeAddresses(bridge, sections, network), network);
  const words = (key: string, wanted: readonly string[]) => {
    const is = [network, ...others].flatMap((section) => section.values(key)).flatMap((value) => value.split(/\s+/));
    if (is.join() === wanted.join()) return;
    for (const section of others) section.remove(key);
    network.set(key, ...wanted);
  };
  words("DNS", bridge.nameservers);
  words("Domains", bridge.searchDomains);
  if (iaid !== undefined && !kept.some(({ name, keys }) => name === "DHCPv4" && keys.includes("IAID"))) {
    one(kept, "DHCPv4").set("IAID", iaid);
  }
  return printIni(kept.filter(({ name, isEmpty }) => !isEmpty || name === ""));
}

function writeDhcp({ dhcp4, dhcp6 }: BridgePlan, network: IniSection, others: readonly IniSection[]): void {
  const wanted = dhcp4 && dhcp6 ? "yes" : dhcp4 ? "ipv4" : dhcp6 ? "ipv6" : "no";
  const is = [network, ...others].flatMap((section) => section.values("DHCP")).at(-1);
  if (dhcpFamilies(is).join() === dhcpFamilies(wanted).join()) return;
  for (const section of others) section.remove("DHCP");
  if (wanted === "no") network.remove("DHCP");
  else network.set("DHCP", wanted);
}

function writeAddresses(bridge: BridgePlan, sections: readonly IniSection[], network: IniSection): IniSection[] {
  const isWanted = (address: string) => bridge.addresses.some((wanted) => isSameAddress(withPrefix(address), wanted));
  const said: string[] = [];
  const kept = sections.filter((section) => {
    if (section.name === "Network") section.keep((key, value) => key !== "Address" || isWanted(value));
    if (section.name !== "Network" && section.name !== "Address") return true;
    const own = section.values("Address");
    said.push(...own);
    return section.name === "Network" || own.some(isWanted);
  });
  const missing = bridge.addresses.filter((address) => !said.some((is) => isSameAddress(withPrefix(is), address)));
  if (missing.length > 0) network.set("Address", ...network.values("Address"), ...missing);
  return kept;
}

function writeRoutes(bridge: BridgePlan, sections: readonly IniSection[], network: IniSection): IniSection[] {
  const wanted = bridge.routes.map(normalRoute);
  const said: string[] = [];
  const isWanted = (words: string) => {
    said.push(words);
    return wanted.includes(words);
  };
  const kept = sections.filter((section) => {
    if (section.name === "Network")
      section.keep(
        (key, via) => key !== "Gateway" || via.startsWith("_") || isWanted(normalRoute(`default via ${via}`)),
      );
    const words = routeOf(section);
    return words === undefined || isWanted(words);
  });
  for (const words of wanted.filter((words) => !said.includes(words))) {
    const { to, via, metric, isReached } = gatewayRoute(words, bridge);
    if (to === "default" && metric === undefined && isReached) {
      network.set("Gateway", ...network.values("Gateway"), via);
      continue;
    }
    const route = new IniSection("Route");
    if (to !== "default") route.set("Destination", to);
    route.set("Gateway", via);
    if (metric !== undefined) route.set("Metric", metric);
    if (!isReached) route.set("GatewayOnLink", "yes");
    kept.push(route);
  }
  return kept;
}

/** The first section of a name; a new one at the end where there is none. */
function one(sections: IniSection[], name: string): IniSection {
  const found = sections.find((section) => section.name === name);
  if (found) return found;
  const fresh = new IniSection(name);
  sections.push(fresh);
  return fresh;
}
