import { inSubnet, isIPv6 } from "../parse";
import { gatewayRoute, isSameAddress, reaches } from "./addressing";
import type { Backend, BridgePlan, Found } from "./backend";
import { IfcfgFile, isFalse, isTrue } from "./ifcfgFile";
import { GLOBAL, KINDS, nickOf, othersOf, ownOf, ownPath, pathOf, routeLines, routeOf, type Kind } from "./ifcfgFiles";
import { addresses4, addresses6, bridgingOptions, gateways, isDhcp, numbered } from "./ifcfgKeys";
import { moveCommand, normalRoute } from "./ifupdownCommands";

/**
 * The bridge has a file of its own, and each port's gets `BRIDGE=`. What a port's files say of the way over it moves to the bridge's, also what
 * nobody here knows; what they say of the NIC stays. The ports' files are the switch: until they are written, the bridge has no port.
 */
export const render: Backend["render"] = (bridge, found, files) => {
  const own = found[bridge.name];
  const ports = [...bridge.ports, ...bridge.left];
  const moved = ports.flatMap((port) => (found[port] && reaches(found[port]) ? [{ port, texts: found[port].sections }] : [])); // prettier-ignore
  const adopted = own && ownPath(own.sections);
  const file = adopted === undefined ? fresh(bridge, bridge.name, "Bridge") : new IfcfgFile(own!.sections[adopted]!);
  if (adopted === undefined) {
    const said = ports.map((port) => ownOf(found[port]?.sections ?? {}));
    file.set("NM_CONTROLLED", said.map((port) => port.get("NM_CONTROLLED")).find(Boolean));
    for (const { texts } of moved) file.append(ownOf(texts).only((key) => !NICS.test(key)));
  }
  const kept = Object.fromEntries(KINDS.map((kind) => [kind, linesOf(kind, bridge, own, moved)])) as Record<Kind, string[]>; // prettier-ignore
  write(bridge, file, new IfcfgFile(files[GLOBAL] ?? ""), kept, own !== undefined);
  const nick = adopted === undefined ? bridge.name : nickOf(adopted);
  return {
    files: {
      [adopted ?? pathOf("ifcfg", bridge.name)]: file.text,
      ...Object.fromEntries(
        KINDS.flatMap((kind): [string, string | null][] => {
          const [path = pathOf(kind, nick)] = own ? othersOf(own.sections, kind) : [];
          if (kept[kind].length > 0) return [[path, kept[kind].map((line) => `${line}\n`).join("")]];
          return own?.sections[path] === undefined ? [] : [[path, null]];
        }),
      ),
      ...Object.assign({}, ...ports.map((port) => portFiles(port, bridge, found[port]))),
    },
  };
};

const fresh = (bridge: BridgePlan, device: string, type: string) =>
  new IfcfgFile(`# ${bridge.mark}\nDEVICE=${device}\nTYPE=${type}\nONBOOT=yes\n`);

/** What a NIC keeps when it becomes a port: which one it is, who brings it up, and its own hardware's settings. */
const NICS =
  /^(DEVICE|NAME|UUID|TYPE|DEVICETYPE|HWADDR|MACADDR|GENERATE_MAC_SEED|MTU|ONBOOT|AUTOCONNECT.*|NM_CONTROLLED|USERCTL|HOTPLUG|ETHTOOL_.*|MASTER.*|SLAVE|BOND.*|TEAM_.*|VLAN|VLAN_.*|VID|PHYSDEV|REORDER_HDR|GVRP|MVRP|SUBCHANNELS|NETTYPE|PORTNAME|CTCPROT|OPTIONS|LINKDELAY|DEVTIMEOUT|BRIDGE.*|BRIDGING_OPTS|KEY_MGMT|IEEE_8021X.*|DCB.*|SRIOV.*|TC_.*)$/;

function portFiles(port: string, bridge: BridgePlan, found: Found | undefined): Record<string, string | null> {
  const texts = found?.sections ?? {};
  const path = ownPath(texts);
  const file = path === undefined ? fresh(bridge, port, "Ethernet") : new IfcfgFile(texts[path]!);
  file.remove((key) => !NICS.test(key) && key !== "BOOTPROTO");
  // By its MAC it would be found no more: the bridge has the same.
  if (file.get("DEVICE") === undefined) file.set("DEVICE", port);
  if (path === undefined || file.get("BOOTPROTO") !== undefined) file.set("BOOTPROTO", "none");
  if (isFalse(file.get("ONBOOT"))) file.set("ONBOOT", "yes");
  file.set("BRIDGE", bridge.ports.includes(port) ? bridge.name : undefined);
  if (bridge.mtu !== undefined) file.set("MTU", String(bridge.mtu));
  // A file of a link that nobody configured is there as long as it is a port.
  const isGone = path === undefined && !bridge.ports.includes(port);
  return {
    ...(isGone ? {} : { [path ?? pathOf("ifcfg", port)]: file.text }),
    ...(found && reaches(found) ? Object.fromEntries(KINDS.flatMap((kind) => othersOf(texts, kind)).map((other) => [other, null])) : {}), // prettier-ignore
  };
}

/** What the bridge's route- or rule- file says: its own, or its ports', with the bridge in their place, and without the routes that it is not to have. */
function linesOf(
  kind: Kind,
  bridge: BridgePlan,
  own: Found | undefined,
  moved: readonly { port: string; texts: Found["sections"] }[],
): string[] {
  const said = own
    ? othersOf(own.sections, kind).flatMap((path) => routeLines(own.sections[path]!))
    : moved.flatMap(({ port, texts }) =>
        othersOf(texts, kind)
          .flatMap((path) => routeLines(texts[path]!))
          .map((line) => moveCommand(line, port, bridge.name)),
      );
  const wanted = bridge.routes.map(normalRoute);
  return said.filter((line) => {
    const words = kind.startsWith("route") ? routeOf(line) : undefined;
    // With DHCP the plan says nothing of IPv4 routes that files set.
    return words === undefined || wanted.includes(words) || (bridge.dhcp4 && !isIPv6(words) && !words.startsWith("default ")); // prettier-ignore
  });
}

function write(
  bridge: BridgePlan,
  file: IfcfgFile,
  global: IfcfgFile,
  lines: Record<Kind, string[]>,
  isOwn: boolean,
): void {
  if (bridge.dhcp4 !== isDhcp(file) || file.get("BOOTPROTO") === undefined) file.set("BOOTPROTO", bridge.dhcp4 ? "dhcp" : "none"); // prettier-ignore
  writeAddresses(bridge, file);
  if (bridge.dhcp6 !== isTrue(file.get("DHCPV6C"))) file.set("DHCPV6C", bridge.dhcp6 ? "yes" : undefined);
  const has6 = bridge.dhcp6 || [...bridge.addresses, ...bridge.routes].some(isIPv6);
  if (has6 && !isTrue(file.get("IPV6INIT"))) file.set("IPV6INIT", "yes");
  writeRoutes(bridge, file, global, lines);
  const names = (key: string, wanted: readonly string[]) => {
    if (numbered(file, key).join() === wanted.join()) return;
    file.remove((other) => new RegExp(`^${key}\\d+$`).test(other));
    wanted.forEach((value, i) => file.set(`${key}${i + 1}`, value));
  };
  names("DNS", bridge.nameservers);
  const domains = bridge.searchDomains.join(" ");
  if ((file.get("DOMAIN") ?? "").split(/\s+/).join(" ") !== domains) file.set("DOMAIN", domains || undefined);
  const mac = bridge.macAddress;
  if (mac !== undefined && file.get("MACADDR")?.toLowerCase() !== mac) file.set("MACADDR", mac);
  if (bridge.mtu !== undefined) file.set("MTU", String(bridge.mtu));
  if (!isOwn || isTrue(file.get("STP")) !== bridge.stp) file.set("STP", bridge.stp ? "yes" : "no");
  if (Number(file.get("DELAY") ?? (isOwn ? 15 : NaN)) !== bridge.forwardDelay) file.set("DELAY", String(bridge.forwardDelay)); // prettier-ignore
  writeOptions(bridge, file);
}

/** The kernel's own values, which hold where the file says nothing (br_device.c). */
const DEFAULTS = { hello_time: 200, max_age: 2000, ageing_time: 30000, priority: 32768, vlan_filtering: 0 };

function writeOptions({ helloTime, maxAge, ageingTime, priority, vlanFiltering }: BridgePlan, file: IfcfgFile): void {
  const options = bridgingOptions(file);
  const hundredths = (seconds: number | undefined) => (seconds === undefined ? undefined : Math.round(seconds * 100));
  const wanted = { hello_time: hundredths(helloTime), max_age: hundredths(maxAge), ageing_time: hundredths(ageingTime), priority, vlan_filtering: vlanFiltering === undefined ? undefined : Number(vlanFiltering) }; // prettier-ignore
  for (const [key, value] of Object.entries(wanted) as [keyof typeof DEFAULTS, number | undefined][])
    if (value !== undefined && Number(options.get(key) ?? DEFAULTS[key]) !== value) options.set(key, String(value));
  const words = [...options].map(([key, value]) => `${key}=${value}`).join(" ");
  if (words !== "") file.set("BRIDGING_OPTS", words);
}

const same = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((address, i) => isSameAddress(address, b[i]));

function writeAddresses(bridge: BridgePlan, file: IfcfgFile): void {
  const [wanted4, wanted6] = [bridge.addresses.filter((it) => !isIPv6(it)), bridge.addresses.filter(isIPv6)];
  if (!same(addresses4(file), wanted4)) {
    file.remove((key) => /^(IPADDR|PREFIX|NETMASK|BROADCAST|NETWORK|ARPCHECK|ARPUPDATE)\d*$/.test(key));
    wanted4.forEach((address, i) => {
      const [ip = "", prefix = ""] = address.split("/");
      file.set(`IPADDR${i || ""}`, ip);
      file.set(`PREFIX${i || ""}`, prefix);
    });
  }
  if (same(addresses6(file), wanted6)) return;
  file.set("IPV6ADDR", wanted6[0]);
  file.set("IPV6ADDR_SECONDARIES", wanted6.slice(1).join(" ") || undefined);
}

function writeRoutes(bridge: BridgePlan, file: IfcfgFile, global: IfcfgFile, lines: Record<Kind, string[]>): void {
  const wanted = bridge.routes.map(normalRoute);
  const [first] = addresses4(file);
  const candidates = (six: boolean) =>
    wanted.filter((words) => /^default via \S+$/.test(words) && isIPv6(words) === six);
  const via = (words: string | undefined) => words?.slice("default via ".length);
  const isSaid = (six: boolean) => gateways(file, global).filter((words) => isIPv6(words) === six).every((words) => wanted.includes(words)); // prettier-ignore
  if (!isSaid(false) || gateways(file, global).every(isIPv6)) {
    file.remove((key) => /^(GATEWAY|METRIC)$/.test(key));
    if (isSaid(false))
      file.set("GATEWAY", bridge.dhcp4 ? undefined : via(candidates(false).find((words) => first && inSubnet(via(words)!, first)))); // prettier-ignore
    // That of /etc/sysconfig/network is for any link that reaches it.
    else file.set("DEFROUTE", "no");
  }
  if (!isSaid(true) || !gateways(file, global).some(isIPv6)) file.set("IPV6_DEFAULTGW", via(candidates(true)[0]));
  const said = new Set([...gateways(file, global), ...[...lines.route, ...lines.route6].flatMap((line) => routeOf(line) ?? [])]); // prettier-ignore
  for (const words of wanted.filter((words) => !said.has(words))) {
    const { isReached } = gatewayRoute(words, bridge);
    const line = `${words} dev ${bridge.name}${isReached ? "" : " onlink"}`;
    (isIPv6(words) ? lines.route6 : lines.route).push(line);
  }
}
