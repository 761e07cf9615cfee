import { isSeq } from "yaml";
import type { Manager } from "../hostState";
import { isIPv6 } from "../parse";
import { gatewayRoute, isSameAddress, reaches } from "./addressing";
import type { Backend, BridgePlan, Files, Found } from "./backend";
import { normalRoute } from "./ifupdownCommands";
import { isYes, netplanFiles, rendererOf, routeOf, routeWords, type Metric } from "./netplanDevices";
import { columnFor } from "./netplanFile";
import { Part } from "./netplanPart";
import { NETWORKD } from "./networkdFiles";

/** Where the bridge is written: to its own file where it is adopted, to its first port's, else to the administrator's last. */
export function homeOf(bridge: BridgePlan, found: Readonly<Record<string, Found>>, files: Files): string | undefined {
  const said = [bridge.name, ...bridge.ports].flatMap((name) => Object.keys(found[name]?.sections ?? {}));
  return said[0]?.split("#")[0] ?? netplanFiles(files).findLast((path) => path.startsWith("/etc/netplan/"));
}

/** What another renderer is told otherwise. */
export interface Dialect {
  readonly renderer: Manager;
  /** Takes from a port's part what is the renderer's alone, of the way over the port. */
  take?(bridge: Part, port: Part): void;
  /** The metric of a route of the bridge that says none. `from`: what the bridge was, or its first port that anything is reached over. */
  metric?(bridge: Part, from: Found | undefined, family: 4 | 6): number | undefined;
  /** What netplan has no word for. `isSaid`: the bridge had a part of its own. */
  write?(plan: BridgePlan, bridge: Part, from: Found | undefined, isSaid: boolean): void;
  /** A port that has left, and stays bare. */
  leave?(port: Part): void;
}

/**
 * What a port's part says of the way over it moves to the bridge's with its comments, with what nobody here knows; what it says of the
 * NIC stays.
 */
export const renderFor =
  (dialect: Dialect): Backend["render"] =>
  (bridge, found, files) => {
    const home = homeOf(bridge, found, files)!;
    const own = Object.entries(found[bridge.name]?.sections ?? {})[0];
    const ports = [...bridge.ports, ...bridge.left].flatMap((port) =>
      Object.entries(found[port]?.sections ?? {}).map(([key, text]) => ({ port, key, part: new Part(text) })),
    );
    const part = own ? new Part(own[1]) : Part.fresh(bridge.name, columnFor(files[home] ?? "", "bridges") ?? 4);
    for (const { port, part: said } of ports)
      if (reaches(found[port]!)) {
        part.take(said);
        dialect.take?.(part, said);
      }
    const isPort = (name: string) => bridge.ports.includes(name);
    const ids = bridge.ports.map((port) => Object.keys(found[port]?.sections ?? {})[0]?.replace(/^[^#]*#[^.]*\./, "") ?? port); // prettier-ignore
    const from = found[bridge.name] ?? bridge.ports.map((port) => found[port]).find((port) => port && reaches(port));
    write(bridge, part, ids, (family) => dialect.metric?.(part, from, family));
    dialect.write?.(bridge, part, from, own !== undefined);
    const setRenderer = (said: Part, kind: string) => {
      if ((said.get("renderer") ?? rendererOf(files, undefined, kind)) !== dialect.renderer) said.set("renderer", dialect.renderer); // prettier-ignore
    };
    setRenderer(part, "bridges");
    const iaid = bridge.dhcp4 ? Object.entries(found).find(([name, { iaid }]) => iaid && (name === bridge.name || isPort(name)))?.[1].iaid : undefined; // prettier-ignore
    const sections: Record<string, string> = {
      [own?.[0] ?? `${home}#bridges.${bridge.name}`]: part.text(bridge.mark),
    };
    for (const { port, key, part } of ports) {
      if (bridge.mtu !== undefined) part.map.set("mtu", bridge.mtu);
      // A key without a value reads as if something had been forgotten.
      if (part.map.items.length === 0 && reaches(found[port]!)) part.map.set("dhcp4", false);
      if (!isPort(port)) dialect.leave?.(part);
      sections[key] = part.text();
    }
    // netplan takes no port that it has not been told of, be it by its name alone.
    for (const port of bridge.ports.filter((port) => Object.keys(found[port]?.sections ?? {}).length === 0)) {
      const said = Part.fresh(port, columnFor(files[home] ?? "", "ethernets") ?? 4);
      said.map.set("dhcp4", false);
      if (bridge.mtu !== undefined) said.map.set("mtu", bridge.mtu);
      setRenderer(said, "ethernets");
      sections[`${home}#ethernets.${port}`] = said.text();
    }
    return {
      sections,
      // netplan has no word for it, and leaves room for such files (netplan.io, "How to use systemd drop-ins").
      ...(iaid !== undefined && {
        files: {
          [`${NETWORKD}/10-netplan-${bridge.name}.network.d/05-kvmnet.conf`]: `# ${bridge.mark}\n[DHCPv4]\nIAID=${iaid}\n`,
        },
      }),
    };
  };

function write(bridge: BridgePlan, part: Part, ids: readonly string[], otherwise: Metric): void {
  const is = (key: string, value: unknown) => JSON.stringify(part.get(key)) === JSON.stringify(value);
  const put = (key: string, value: unknown, flow = false) => is(key, value) || part.set(key, value, flow);
  if ([...((part.get("interfaces") as string[]) ?? [])].toSorted().join() !== [...ids].toSorted().join() || ids.length === 0)
    put("interfaces", ids, true); // prettier-ignore
  if (bridge.macAddress !== undefined && String(part.get("macaddress")).toLowerCase() !== bridge.macAddress)
    put("macaddress", bridge.macAddress);
  for (const [key, value] of [["dhcp4", bridge.dhcp4], ["dhcp6", bridge.dhcp6]] as const)
    if (isYes(part.get(key)) !== value) put(key, value); // prettier-ignore
  writeAddresses(bridge, part);
  writeRoutes(bridge, part, otherwise);
  const dns = (part.get("nameservers") ?? {}) as { addresses?: string[]; search?: string[] };
  const words = { addresses: bridge.nameservers, search: bridge.searchDomains };
  for (const key of ["addresses", "search"] as const)
    if ((dns[key] ?? []).join() !== words[key].join())
      put("nameservers", { ...((part.get("nameservers") ?? {}) as object), [key]: words[key] });
  if (bridge.mtu !== undefined) put("mtu", bridge.mtu);
  const had = (part.get("parameters") ?? {}) as Record<string, unknown>;
  const parameters: Record<string, unknown> = { ...had };
  const say = (key: string, value: number | boolean | undefined) => {
    if (value !== undefined && Number(parameters[key]) !== Number(value)) parameters[key] = value;
  };
  if (isYes(had["stp"] ?? true) !== bridge.stp || Object.keys(had).length === 0) parameters["stp"] = bridge.stp;
  say("forward-delay", bridge.forwardDelay);
  say("hello-time", bridge.helloTime);
  say("max-age", bridge.maxAge);
  say("ageing-time", bridge.ageingTime);
  say("priority", bridge.priority);
  put("parameters", parameters);
}

function writeAddresses(bridge: BridgePlan, part: Part): void {
  const list = part.map.get("addresses", true);
  const textOf = (item: unknown) => {
    const value = (item as { toJSON?(): unknown }).toJSON?.() ?? item;
    return typeof value === "object" && value !== null ? Object.keys(value)[0]! : String(value);
  };
  const said = isSeq(list) ? list.items.map(textOf) : [];
  const missing = bridge.addresses.filter((address) => !said.some((is) => isSameAddress(is, address)));
  const gone = said.filter((is) => !bridge.addresses.some((address) => isSameAddress(is, address)));
  if (missing.length === 0 && gone.length === 0) return;
  if (!isSeq(list)) part.set("addresses", missing, true);
  else {
    list.items = list.items.filter((item) => !gone.includes(textOf(item)));
    for (const address of missing) list.add(address);
    if (list.items.length === 0) part.map.delete("addresses");
  }
}

function writeRoutes(bridge: BridgePlan, part: Part, otherwise: Metric): void {
  const wanted = bridge.routes.map(normalRoute);
  const said: string[] = [];
  const isWanted = (words: string) => {
    said.push(words);
    return wanted.includes(words);
  };
  for (const family of [4, 6] as const) {
    const via = part.get(`gateway${family}`);
    if (typeof via === "string" && !isWanted(routeWords("default", via, otherwise(family)))) part.map.delete(`gateway${family}`); // prettier-ignore
  }
  const list = part.map.get("routes", true);
  const kept = isSeq(list)
    ? list.items.filter((item) => {
        const words = routeOf((item as { toJSON(): unknown }).toJSON(), otherwise);
        return words === undefined || isWanted(words);
      })
    : [];
  const missing = wanted.filter((words) => !said.includes(words)).map((words) => {
    const { to, via, metric, isReached } = gatewayRoute(words, bridge);
    const family = isIPv6(via) ? 6 : 4;
    // Without a metric it would have the renderer's, and is to have the kernel's.
    const number = metric === undefined ? (otherwise(family) === undefined ? undefined : family === 4 ? 0 : 1024) : Number(metric);
    return { to: to === "default" ? (family === 6 ? "::/0" : "0.0.0.0/0") : to, via, ...(number !== undefined && { metric: number }), ...(!isReached && { "on-link": true }) };
  }); // prettier-ignore
  if (isSeq(list)) {
    list.items = kept;
    for (const route of missing) list.add(part.node(route));
    if (list.items.length === 0) part.map.delete("routes");
  } else if (missing.length > 0) part.set("routes", missing);
}
