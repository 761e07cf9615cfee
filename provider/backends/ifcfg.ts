import type { LinkState } from "../hostState";
import { byFamily } from "./addressing";
import type { Backend, BridgePlan, Files, Found } from "./backend";
import {
  GLOBAL,
  isIgnored,
  othersOf,
  ownOf,
  ownPath,
  pathOf,
  routeLines,
  routeOf,
  SCRIPTS,
  textsOf,
} from "./ifcfgFiles";
import { IfcfgFile, isTrue } from "./ifcfgFile";
import { addresses4, addresses6, bridgingOptions, gateways, isDhcp, numbered } from "./ifcfgKeys";
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
    forwardDelay: 15,
    ...number("forwardDelay", options.get("forward_delay"), 100),
    ...number("forwardDelay", file.get("DELAY")),
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
  const links = [plan.name, ...plan.ports, ...plan.left];
  if (plan.maxWait > 0)
    return "maxWait is ifupdown's; network-scripts bring the bridge up and wait for nobody (forwardDelay: 0 needs no wait)";
  if (plan.forwardDelay % 1 !== 0) return `network-scripts take whole seconds for DELAY, and not ${plan.forwardDelay}`;
  if (plan.nameservers.length > 3)
    return `network-scripts take three nameservers (DNS1 to DNS3, and no more in resolv.conf(5)), and not ${plan.nameservers.length}`;
  if (isIgnored(plan.name) || /-range$|:/.test(plan.name))
    return `network-scripts pass over a file of the name ifcfg-${plan.name}; choose another name for the bridge`;
  const alias = Object.keys(files).find((path) => links.some((link) => path.startsWith(`${pathOf("ifcfg", link)}:`) || path.startsWith(`${pathOf("ifcfg", link)}-range`))); // prettier-ignore
  if (alias !== undefined)
    return `${alias} has addresses of its link beside that one's file, which would not be the bridge's; write them there as IPADDR1, PREFIX1`;
  for (const [name, { sections }] of Object.entries(found))
    for (const [path, text] of Object.entries(sections)) {
      const program = path.startsWith(`${SCRIPTS}/ifcfg-`) ? new IfcfgFile(text).program : undefined;
      if (program !== undefined)
        return `${path}, of ${name}, is more than assignments, of which only a shell knows what they come to: ${program.trim()}`;
    }
  const [device, path] = [GLOBAL, ...Object.values(found).flatMap(({ sections }) => Object.keys(sections))]
    .map((path) => [new IfcfgFile(files[path] ?? "").get("GATEWAYDEV"), path] as const)
    .find(([device]) => device !== undefined && plan.ports.includes(device)) ?? []; // prettier-ignore
  if (device !== undefined) return `${path} says GATEWAYDEV=${device}, which will be a port; take it out, or name ${plan.name} there`; // prettier-ignore
  return undefined;
}
