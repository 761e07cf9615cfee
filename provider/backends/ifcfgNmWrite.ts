import { isIPv6 } from "../parse";
import { gatewayRoute } from "./addressing";
import type { BridgePlan } from "./backend";
import { isFalse, type IfcfgFile } from "./ifcfgFile";
import { ownOf } from "./ifcfgFiles";
import { bridgingOptions } from "./ifcfgKeys";
import { gatewayOf, gateways, isStp, lineRoute, method6, metricOf, neverDefault } from "./ifcfgNmKeys";
import { writeAddresses, writeNames, type Said } from "./ifcfgRender";
import { normalRoute } from "./ifupdownCommands";
import { routeWords } from "./networkManagerFiles";

/** A bridge's own in NetworkManager (ipv4.route-metric in nm-settings(5)). */
const METRIC = 425;

/** The bridge in the words of NetworkManager's reader, and in none that it warns of. */
export function write(bridge: BridgePlan, said: Said): void {
  const { file, isOwn, from } = said;
  writeAddresses(bridge, file);
  writeIPv6(bridge, said);
  const has = { 4: bridge.dhcp4 || bridge.addresses.some((it) => !isIPv6(it)), 6: bridge.dhcp6 || bridge.addresses.some(isIPv6) }; // prettier-ignore
  for (const family of [4, 6] as const) {
    // A bridge's own metric would be another than the NIC's: what is reached over several links would go another way.
    const metric = ownOf(from?.sections ?? {}).get(`IPV${family}_ROUTE_METRIC`) ?? from?.metric?.toString();
    if (!isOwn) file.set(`IPV${family}_ROUTE_METRIC`, has[family] ? metric : undefined);
  }
  writeRoutes(bridge, said);
  writeNames(bridge, file);
  // A NIC's lease is its client's, whichever link that has: by default it goes by the link's MAC.
  const identity = bridge.dhcp4 && !isOwn && file.get("DHCP_CLIENT_ID") === undefined ? from?.clientId : undefined;
  if (identity !== undefined && identity !== `01:${bridge.macAddress}`) file.set("DHCP_CLIENT_ID", identity);
  writeBridge(bridge, file, isOwn);
}

function writeIPv6({ dhcp6, addresses }: BridgePlan, { file, global }: Said): void {
  const is = method6(file, global);
  const wanted = dhcp6 ? "auto" : addresses.some(isIPv6) ? "manual" : is === "auto" ? "manual" : is;
  if (wanted === is) return;
  file.set("IPV6INIT", "yes");
  file.set("IPV6_DISABLED", undefined);
  file.set("IPV6_AUTOCONF", wanted === "auto" ? "yes" : "no");
  if (wanted !== "auto") file.set("DHCPV6C", undefined);
}

function writeRoutes(bridge: BridgePlan, { file, global, lines, from }: Said): void {
  const wanted = bridge.routes.map(normalRoute);
  const otherwise = from?.metric ?? METRIC;
  // With DHCP the plan says nothing of IPv4 routes that files set.
  const isLeft = (words: string) => bridge.dhcp4 && !isIPv6(words) && !words.startsWith("default ");
  for (const kind of ["route", "route6"] as const)
    lines[kind] = lines[kind].filter((line) => {
      const words = lineRoute(line, file, otherwise);
      return words === undefined || wanted.includes(words) || isLeft(words);
    });
  const written = [...lines.route, ...lines.route6].flatMap((line) => lineRoute(line, file, otherwise) ?? []);
  for (const family of [4, 6] as const) writeGateway(bridge, file, global, family, otherwise, wanted.filter((words) => !written.includes(words))); // prettier-ignore
  written.push(...gateways(file, global, otherwise));
  for (const words of wanted.filter((words) => !written.includes(words))) {
    const { isReached, metric } = gatewayRoute(words, bridge);
    // It gives one without a metric the bridge's.
    const all = metric === undefined ? `${words} metric ${isIPv6(words) ? 1024 : 0}` : words;
    (isIPv6(words) ? lines.route6 : lines.route).push(`${all} dev ${bridge.name}${isReached ? "" : " onlink"}`);
  }
}

/** The first default route that has the bridge's metric; the others have a file. */
function writeGateway(
  bridge: BridgePlan,
  file: IfcfgFile,
  global: IfcfgFile,
  family: 4 | 6,
  otherwise: number,
  wanted: readonly string[],
): void {
  const [key, way] = family === 4 ? ["GATEWAY", "DEFROUTE"] : ["IPV6_DEFAULTGW", "IPV6_DEFROUTE"];
  const isOurs = (words: string) => isIPv6(words) === (family === 6);
  const words = (via: string) =>
    routeWords(family === 4 ? "0.0.0.0/0" : "::/0", via, metricOf(file, family, otherwise));
  const defaults = wanted.filter((words) => words.startsWith("default ") && isOurs(words));
  if (defaults.length > 0 && isFalse(file.get(way))) file.set(way, undefined);
  const isNever = neverDefault(file, global, family);
  const is = gatewayOf(file, global, family);
  if (is !== undefined && !isNever && defaults.includes(words(is))) return;
  file.remove((other) => (family === 4 ? /^GATEWAY\d*$/.test(other) : other === key));
  if (isNever || !bridge.addresses.some(isOurs)) return;
  const via = defaults
    .map((route) => gatewayRoute(route, bridge))
    .find((route) => route.isReached && defaults.includes(words(route.via)))?.via;
  if (via !== undefined) file.set(key, via);
}

/** NetworkManager's own defaults, in seconds. */
const DEFAULTS = { hello_time: 2, max_age: 20, ageing_time: 300, priority: 32768, vlan_filtering: 0 };
const STP_ONLY = ["hello_time", "max_age", "priority"];

function writeBridge(bridge: BridgePlan, file: IfcfgFile, isOwn: boolean): void {
  const { stp, forwardDelay, helloTime, maxAge, ageingTime, priority, vlanFiltering } = bridge;
  // What it does not heed stays as somebody wrote it.
  const isKept = isOwn && isStp(file) === stp;
  if (!isKept) file.set("STP", stp ? "yes" : "no");
  if (!stp && !isKept) file.set("DELAY", undefined);
  if (stp && Number(file.get("DELAY") ?? (isOwn ? 15 : NaN)) !== forwardDelay) file.set("DELAY", String(forwardDelay));
  const options = bridgingOptions(file);
  const wanted = { hello_time: helloTime, max_age: maxAge, ageing_time: ageingTime, priority, vlan_filtering: vlanFiltering === undefined ? undefined : Number(vlanFiltering) }; // prettier-ignore
  for (const [key, value] of Object.entries(wanted) as [keyof typeof DEFAULTS, number | undefined][])
    if (value !== undefined && Number(options.get(key) ?? DEFAULTS[key]) !== value) options.set(key, String(value));
  if (!stp && !isKept) for (const key of STP_ONLY) options.delete(key);
  const words = [...options].map(([key, value]) => `${key}=${value}`).join(" ");
  if (words !== (file.get("BRIDGING_OPTS") ?? "")) file.set("BRIDGING_OPTS", words || undefined);
}
