import { inSubnet, isIPv6 } from "../parse";
import { gatewayRoute } from "./addressing";
import type { BridgePlan } from "./backend";
import { isTrue, type IfcfgFile } from "./ifcfgFile";
import { routeOf, type Kind } from "./ifcfgFiles";
import { addresses4, bridgingOptions, forwardDelayOf, gateways } from "./ifcfgKeys";
import { writeAddresses, writeNames, type Said } from "./ifcfgRender";
import { normalRoute } from "./ifupdownCommands";

/** The bridge in the words of network-scripts. */
export function write(bridge: BridgePlan, { file, global, lines, isOwn }: Said): void {
  writeAddresses(bridge, file);
  if (bridge.dhcp6 !== isTrue(file.get("DHCPV6C"))) file.set("DHCPV6C", bridge.dhcp6 ? "yes" : undefined);
  const has6 = bridge.dhcp6 || [...bridge.addresses, ...bridge.routes].some(isIPv6);
  if (has6 && !isTrue(file.get("IPV6INIT"))) file.set("IPV6INIT", "yes");
  writeRoutes(bridge, file, global, lines);
  writeNames(bridge, file);
  if (!isOwn || isTrue(file.get("STP")) !== bridge.stp) file.set("STP", bridge.stp ? "yes" : "no");
  writeOptions(bridge, file, isOwn);
}

/** The kernel's own values, which hold where the file says nothing (br_device.c). */
const DEFAULTS = { hello_time: 200, max_age: 2000, ageing_time: 30000, priority: 32768, vlan_filtering: 0 };

function writeOptions(bridge: BridgePlan, file: IfcfgFile, isOwn: boolean): void {
  const { forwardDelay, helloTime, maxAge, ageingTime, priority, vlanFiltering } = bridge;
  const options = bridgingOptions(file);
  if ((forwardDelayOf(file) ?? (isOwn ? 15 : undefined)) !== forwardDelay) {
    file.set("DELAY", String(forwardDelay));
    // RHEL 8's ifup-eth hands DELAY to ip(8), which takes it for hundredths (fedora-sysv/initscripts#213); RHEL 6 and 7 had brctl, and seconds.
    if (forwardDelay > 0) options.set("forward_delay", String(forwardDelay * 100));
    else options.delete("forward_delay");
  }
  const hundredths = (seconds: number | undefined) => (seconds === undefined ? undefined : Math.round(seconds * 100));
  const wanted = { hello_time: hundredths(helloTime), max_age: hundredths(maxAge), ageing_time: hundredths(ageingTime), priority, vlan_filtering: vlanFiltering === undefined ? undefined : Number(vlanFiltering) }; // prettier-ignore
  for (const [key, value] of Object.entries(wanted) as [keyof typeof DEFAULTS, number | undefined][])
    if (value !== undefined && Number(options.get(key) ?? DEFAULTS[key]) !== value) options.set(key, String(value));
  const words = [...options].map(([key, value]) => `${key}=${value}`).join(" ");
  if (words !== (file.get("BRIDGING_OPTS") ?? "")) file.set("BRIDGING_OPTS", words || undefined);
}

function writeRoutes(bridge: BridgePlan, file: IfcfgFile, global: IfcfgFile, lines: Record<Kind, string[]>): void {
  const wanted = bridge.routes.map(normalRoute);
  // With DHCP the plan says nothing of IPv4 routes that files set.
  const isLeft = (words: string) => bridge.dhcp4 && !isIPv6(words) && !words.startsWith("default ");
  for (const kind of ["route", "route6"] as const)
    lines[kind] = lines[kind].filter((line) => {
      const words = routeOf(line);
      return words === undefined || wanted.includes(words) || isLeft(words);
    });
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
