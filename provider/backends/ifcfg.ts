import type { LinkState } from "../hostState";
import { byFamily } from "./addressing";
import type { Backend, BridgePlan, Files, Found } from "./backend";
import { GLOBAL, othersOf, ownOf, ownPath, routeLines, routeOf, textsOf } from "./ifcfgFiles";
import { IfcfgFile, isTrue } from "./ifcfgFile";
import { addresses4, addresses6, bridgingOptions, forwardDelayOf, gateways, isDhcp, numbered } from "./ifcfgKeys";
import { unfit } from "./ifcfgLimits";
import { rendered } from "./ifcfgRender";
import { write } from "./ifcfgScripts";
import { runtime } from "./runtime";

/** network-scripts of RHEL and CentOS: /etc/sysconfig/network-scripts/ifcfg-* and their route- and rule- files (sysconfig.txt). */
export const ifcfg: Backend = { owner: "ifcfg", find, unsupported, render: rendered(write) };

function find(name: string, link: LinkState, files: Files): Found {
  const texts = textsOf(files, name, link.mac);
  if (ownPath(texts) === undefined) return runtime.find(name, link, files);
  const file = ownOf(texts);
  const mac = file.get("MACADDR");
  const dhcp4 = isDhcp(file);
  const global = new IfcfgFile(files[GLOBAL] ?? "");
  const lines = (["route", "route6"] as const).flatMap((kind) => othersOf(texts, kind)).flatMap((path) => routeLines(texts[path]!)); // prettier-ignore
  return {
    dhcp4,
    dhcp6: isTrue(file.get("DHCPV6C")),
    addresses: byFamily([...(dhcp4 ? [] : addresses4(file)), ...addresses6(file)]),
    routes: [...new Set([...gateways(file, global), ...lines.flatMap((line) => routeOf(line) ?? [])])],
    nameservers: numbered(file, "DNS"),
    searchDomains: (file.get("DOMAIN") ?? "").split(/\s+/).filter(Boolean),
    ...(mac !== undefined && { macAddress: mac.toLowerCase() }),
    sections: texts,
    ...(file.get("TYPE")?.toLowerCase() === "bridge" && { bridge: bridgeOptions(file) }),
  };
}

function bridgeOptions(file: IfcfgFile): NonNullable<Found["bridge"]> {
  const options = bridgingOptions(file);
  const number = (name: string, value: string | undefined, unit = 1) =>
    value === undefined || Number.isNaN(Number(value)) ? {} : { [name]: Number(value) / unit };
  return {
    stp: isTrue(file.get("STP")),
    forwardDelay: forwardDelayOf(file) ?? 15,
    ...number("helloTime", options.get("hello_time"), 100),
    ...number("maxAge", options.get("max_age"), 100),
    ...number("ageingTime", options.get("ageing_time"), 100),
    ...number("priority", options.get("priority")),
    ...number("mtu", file.get("MTU")),
    ...(options.has("vlan_filtering") && { vlanFiltering: options.get("vlan_filtering") === "1" }),
  };
}

function unsupported(
  plan: BridgePlan,
  found: Readonly<Record<string, Found>> = {},
  files: Files = {},
): string | undefined {
  if (plan.maxWait > 0)
    return "maxWait is ifupdown's; network-scripts bring the bridge up and wait for nobody (forwardDelay: 0 needs no wait)";
  if (plan.forwardDelay % 1 !== 0) return `network-scripts take whole seconds for DELAY, and not ${plan.forwardDelay}`;
  if (plan.nameservers.length > 3)
    return `network-scripts take three nameservers (DNS1 to DNS3, and no more in resolv.conf(5)), and not ${plan.nameservers.length}`;
  return unfit(plan, found, files);
}
