import { isIPv6 } from "../parse";
import { gatewayRoute, isSameAddress } from "./addressing";
import type { BridgePlan } from "./backend";
import { normalRoute } from "./ifupdownCommands";
import type { IniSection } from "./iniFile";
import * as keyfile from "./networkManagerFiles";

/** What a bridge is to have of one family. */
interface Way {
  readonly family: 4 | 6;
  readonly leases: boolean;
  readonly addresses: readonly string[];
  readonly routes: readonly string[];
  /** Of what has none of its own. */
  readonly metric: number;
}

/**
 * `[ipv4]` or `[ipv6]` of a bridge's profile: only what differs is touched. `metric`: of the routes that have none. `isSaid`: the bridge
 * has the profile already, and its metric with it.
 */
export function writeFamily(
  bridge: BridgePlan,
  section: IniSection,
  family: 4 | 6,
  metric: number,
  isSaid: boolean,
): void {
  const isOurs = (words: string) => isIPv6(words) === (family === 6);
  const way: Way = {
    family,
    leases: family === 4 ? bridge.dhcp4 : bridge.dhcp6,
    addresses: bridge.addresses.filter(isOurs),
    routes: bridge.routes.filter(isOurs).map(normalRoute),
    metric: keyfile.metricOf([section], family, metric),
  };
  writeMethod(section, way);
  const { leases, addresses } = way;
  if (!leases && addresses.length === 0) {
    // Where there is no address, NetworkManager takes none of it (nm-settings(5)).
    section.remove(
      ...section.keys.filter((key) => /^(address|route|dns|gateway|never-default|dhcp-|ignore-auto)/.test(key)),
    );
    return;
  }
  if (!leases) section.remove(...section.keys.filter((key) => key.startsWith("dhcp-")));
  // A bridge's own metric would be another than the NIC's: what is reached over several links would go another way.
  if (!isSaid && section.get("route-metric") === undefined) section.set("route-metric", String(way.metric));
  writeRoutes(bridge, section, way, writeAddresses(bridge, section, way));
  const dns = bridge.nameservers.filter(isOurs);
  if (keyfile.listOf(section.get("dns")).join() !== dns.join()) setList(section, "dns", dns);
}

const setList = (section: IniSection, key: string, values: readonly string[]): void =>
  values.length > 0 ? section.set(key, `${values.join(";")};`) : section.remove(key);

/** Search domains are no family's. */
export function writeDomains(bridge: BridgePlan, v4: IniSection, v6: IniSection): void {
  const said = [v4, v6].flatMap((section) => keyfile.listOf(section.get("dns-search")));
  if ([...new Set(said)].join() === bridge.searchDomains.join()) return;
  const [home, other] = /^(auto|manual)$/.test(v4.get("method") ?? "auto") ? [v4, v6] : [v6, v4];
  setList(home, "dns-search", bridge.searchDomains);
  other.remove("dns-search");
}

function writeMethod(section: IniSection, { family, leases, addresses }: Way): void {
  const is = section.get("method");
  const isLease = /^(auto|dhcp)$/.test(is ?? "auto");
  const none = family === 4 ? "disabled" : "link-local";
  const method = leases
    ? isLease
      ? is
      : "auto"
    : addresses.length > 0
      ? "manual"
      : isLease || is === "manual"
        ? none
        : is;
  if (method !== is && method !== undefined) section.set("method", method);
}

const freeKey = (section: IniSection, key: string): string => {
  for (let n = 1; ; n++) if (!section.keys.includes(`${key}${n}`)) return `${key}${n}`;
};

/** Says whether the gateway that stands with an address, or for itself, is one of the routes. */
function writeAddresses(bridge: BridgePlan, section: IniSection, { family, addresses, routes, metric }: Way): boolean {
  const via = keyfile.gatewayOf([section], family);
  const words = via === undefined ? "" : keyfile.routeWords("::/0", via, metric);
  // One that is not in a subnet of the bridge NetworkManager would give a route of its own.
  const isKept = routes.includes(words) && addresses.length > 0 && gatewayRoute(words, bridge).isReached;
  const items = keyfile.itemsOf([section], family, "address");
  for (const item of items) {
    const isWanted = addresses.some((address) => isSameAddress(keyfile.addressOf(item), address));
    if (!isWanted) section.remove(item.key);
    else if (item.words[2] && !isKept) section.set(item.key, keyfile.addressOf(item));
  }
  if (!isKept) section.remove("gateway");
  else if (keyfile.gatewayOf([section], family) === undefined) section.set("gateway", via!);
  for (const address of addresses)
    if (!items.some((item) => isSameAddress(keyfile.addressOf(item), address)))
      section.set(freeKey(section, "address"), address);
  return isKept;
}

function writeRoutes(bridge: BridgePlan, section: IniSection, way: Way, hasGateway: boolean): void {
  const { family, addresses, routes, metric } = way;
  const said = hasGateway ? keyfile.routesOf([section], family, metric).slice(0, 1) : [];
  for (const item of keyfile.itemsOf([section], family, "route")) {
    const words = keyfile.routeOf(item, metric);
    said.push(words);
    if (words !== "other" && !routes.includes(words)) section.remove(item.key, `${item.key}_options`);
  }
  if (routes.some((words) => words.startsWith("default "))) section.remove("never-default");
  for (const words of routes.filter((words) => !said.includes(words))) {
    const { to, via, metric: own, isReached } = gatewayRoute(words, bridge);
    const number = own === undefined ? (family === 4 ? 0 : 1024) : Number(own);
    if (
      to === "default" &&
      number === metric &&
      isReached &&
      addresses.length > 0 &&
      section.get("gateway") === undefined
    ) {
      section.set("gateway", via);
      continue;
    }
    const key = freeKey(section, "route");
    section.set(key, `${to === "default" ? (family === 4 ? "0.0.0.0/0" : "::/0") : to},${via},${number}`);
    if (!isReached) section.set(`${key}_options`, "onlink=true");
  }
}

/** Whether the profile itself has a way to the host: it is no port, and has IP. */
export function reachesOver(text: string | undefined): boolean {
  const sections = keyfile.parseKeyfile(text ?? "");
  const isOn = (family: 4 | 6) => /^(auto|dhcp|manual)$/.test(keyfile.methodOf(sections, family));
  return text !== undefined && !keyfile.isPort(sections) && (isOn(4) || isOn(6));
}
