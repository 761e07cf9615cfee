import type { Managed } from "../facts";
import type { LinkState } from "../hostState";
import { byFamily } from "./addressing";
import type { Backend, BridgePlan, Files, Found } from "./backend";
import { IfcfgFile } from "./ifcfgFile";
import { fileOf, GLOBAL, isScript, nickOf, othersOf, ownOf, ownPath, pathOf, routeLines, KINDS } from "./ifcfgFiles";
import { addresses4, bridgingOptions, numbered } from "./ifcfgKeys";
import { unfit } from "./ifcfgLimits";
import { addresses6, gateways, isStp, lineRoute, method4, method6, neverDefault, PORT } from "./ifcfgNmKeys";
import { write } from "./ifcfgNmWrite";
import { rendered } from "./ifcfgRender";
import { metricFor } from "./networkManager";
import { limitOf } from "./networkManagerLimits";
import { runtime } from "./runtime";

/** The files of network-scripts, where NetworkManager reads them (its plugin ifcfg-rh; RHEL 8 and 9): some of their words mean another thing to it. */
export const ifcfgNm: Backend = {
  owner: "ifcfg",
  manager: "NetworkManager",
  find,
  unsupported,
  render: rendered(write),
};

/** By the file's name only are its other files called. */
function textsOf(path: string, files: Files): Record<string, string> {
  const all = [path, ...KINDS.map((kind) => pathOf(kind, nickOf(path)))];
  return Object.fromEntries(all.flatMap((name) => (files[name] === undefined ? [] : [[name, files[name]]])));
}

function find(name: string, link: LinkState, files: Files, managed?: Managed): Found {
  const used = managed?.file !== undefined && isScript(managed.file) ? managed.file : undefined;
  const path = used ?? fileOf(files, name, link.mac);
  const metric = metricFor(link, managed);
  const known = { metric, ...(managed?.clientId !== undefined && { clientId: managed.clientId }) };
  if (path === undefined || files[path] === undefined) return { ...runtime.find(name, link, files), ...known };
  const texts = textsOf(path, files);
  const [file, global] = [ownOf(texts), new IfcfgFile(files[GLOBAL] ?? "")];
  const isPort = PORT.some((key) => file.get(key) !== undefined);
  const lines = (["route", "route6"] as const).flatMap((kind) => othersOf(texts, kind)).flatMap((other) => routeLines(texts[other]!)); // prettier-ignore
  const mac = file.get("MACADDR") ?? file.get("BRIDGE_MACADDR");
  return {
    ...known,
    dhcp4: !isPort && method4(file) === "auto",
    dhcp6: !isPort && method6(file, global) === "auto",
    addresses: byFamily([...addresses4(file), ...addresses6(file, global)]),
    routes: [...new Set([...gateways(file, global, metric), ...lines.flatMap((line) => lineRoute(line, file, metric) ?? [])])], // prettier-ignore
    nameservers: numbered(file, "DNS"),
    searchDomains: (file.get("DOMAIN") ?? "").split(/\s+/).filter(Boolean),
    ...(mac !== undefined && { macAddress: mac.toLowerCase() }),
    sections: texts,
    ...(file.get("TYPE")?.toLowerCase() === "bridge" && { bridge: bridgeOptions(file) }),
  };
}

/** It has seconds where network-scripts have hundredths, and heeds what is STP's only with STP on. */
function bridgeOptions(file: IfcfgFile): NonNullable<Found["bridge"]> {
  const options = bridgingOptions(file);
  const stp = isStp(file);
  const number = (name: string, value: string | undefined) =>
    value === undefined || Number.isNaN(Number(value)) ? {} : { [name]: Number(value) };
  return {
    stp,
    ...(stp && {
      forwardDelay: 15,
      ...number("forwardDelay", file.get("DELAY")),
      ...number("helloTime", options.get("hello_time")),
      ...number("maxAge", options.get("max_age")),
      ...number("priority", options.get("priority")),
    }),
    ...number("ageingTime", options.get("ageing_time")),
    ...number("mtu", file.get("MTU")),
    ...(options.has("vlan_filtering") && { vlanFiltering: options.get("vlan_filtering") === "1" }),
  };
}

function unsupported(
  plan: BridgePlan,
  found: Readonly<Record<string, Found>> = {},
  files: Files = {},
): string | undefined {
  const reason = limitOf(plan) ?? unfit(plan, found, files);
  if (reason !== undefined) return reason;
  const global = new IfcfgFile(files[GLOBAL] ?? "");
  for (const [name, { sections }] of Object.entries(found)) {
    const path = ownPath(sections);
    if (path === undefined) continue;
    const file = ownOf(sections);
    const rule = [...othersOf(sections, "rule"), ...othersOf(sections, "rule6")][0];
    if (rule !== undefined)
      return `where there is a ${rule}, NetworkManager takes no route from the files of ${name}, and no rule; write its lines into ${path} as ROUTING_RULE_1= or ROUTING_RULE6_1=, with a priority`;
    if (method4(file) === "other")
      return `${path} says BOOTPROTO=${file.get("BOOTPROTO")}, which a bridge is not given`;
    if (method6(file, global) === "other") return `${path} says IPV6_AUTOCONF=shared, which a bridge is not given`;
  }
  for (const family of [4, 6] as const) {
    const [key, dev] =
      family === 4 ? (["GATEWAY", "DEFROUTE"] as const) : (["IPV6_DEFAULTGW", "IPV6_DEFROUTE"] as const);
    const via = global.get(key)?.split("%")[0];
    const isThere = plan.addresses.some((address) => address.includes(":") === (family === 6));
    const isWanted = plan.routes.some((words) => words.startsWith("default via ") && words.includes(":") === (family === 6)); // prettier-ignore
    const isNever = Object.values(found).some(({ sections }) => neverDefault(ownOf(sections), global, family));
    // It warns of a gateway that is said not to be one.
    if (via !== undefined && isThere && !isWanted && !isNever)
      return `${GLOBAL} says ${key}=${via}, which NetworkManager gives every link with an address of its own that does not say ${dev}=no; take it out, or give ${plan.name} a default route`;
  }
  return undefined;
}
