import { isMap, isScalar, isSeq, parseDocument, stringify, YAMLMap, type Pair, type YAMLSeq } from "yaml";
import { isIPv6 } from "../parse";
import { gatewayRoute, isSameAddress, reaches } from "./addressing";
import type { Backend, BridgePlan, Files, Found } from "./backend";
import { normalRoute } from "./ifupdownCommands";
import { isYes, netplanFiles, routeOf } from "./netplanDevices";
import { columnFor } from "./netplanFile";
import { NETWORKD } from "./networkdFiles";

/** Where the bridge is written: to its own file where it is adopted, to its first port's, else to the administrator's last. */
export function homeOf(bridge: BridgePlan, found: Readonly<Record<string, Found>>, files: Files): string | undefined {
  const said = [bridge.name, ...bridge.ports].flatMap((name) => Object.keys(found[name]?.sections ?? {}));
  return said[0]?.split("#")[0] ?? netplanFiles(files).findLast((path) => path.startsWith("/etc/netplan/"));
}

/**
 * What a port's part says of the way over it moves to the bridge's with its comments, with what nobody here knows; what it says of the
 * NIC stays.
 */
export const render: Backend["render"] = (bridge, found, files) => {
  const home = homeOf(bridge, found, files)!;
  const own = Object.entries(found[bridge.name]?.sections ?? {})[0];
  const ports = [...bridge.ports, ...bridge.left].flatMap((port) =>
    Object.entries(found[port]?.sections ?? {}).map(([key, text]) => ({ port, key, part: new Part(text) })),
  );
  const part = own ? new Part(own[1]) : Part.fresh(bridge.name, columnFor(files[home] ?? "", "bridges") ?? 4);
  for (const { port, part: said } of ports) if (reaches(found[port]!)) part.take(said);
  const isPort = (name: string) => bridge.ports.includes(name);
  const ids = bridge.ports.map((port) => Object.keys(found[port]?.sections ?? {})[0]?.replace(/^[^#]*#[^.]*\./, "") ?? port); // prettier-ignore
  write(bridge, part, ids);
  const iaid = bridge.dhcp4 ? Object.entries(found).find(([name, { iaid }]) => iaid && (name === bridge.name || isPort(name)))?.[1].iaid : undefined; // prettier-ignore
  const sections: Record<string, string> = {
    [own?.[0] ?? `${home}#bridges.${bridge.name}`]: part.text(bridge.mark),
  };
  for (const { port, key, part } of ports) {
    if (bridge.mtu !== undefined) part.map.set("mtu", bridge.mtu);
    // A key without a value reads as if something had been forgotten.
    if (part.map.items.length === 0 && reaches(found[port]!)) part.map.set("dhcp4", false);
    sections[key] = part.text();
  }
  // netplan takes no port that it has not been told of, be it by its name alone.
  for (const port of bridge.ports.filter((port) => Object.keys(found[port]?.sections ?? {}).length === 0)) {
    const said = Part.fresh(port, columnFor(files[home] ?? "", "ethernets") ?? 4);
    said.map.set("dhcp4", false);
    if (bridge.mtu !== undefined) said.map.set("mtu", bridge.mtu);
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

/** What is the NIC's own: netplan-yaml(5), "Properties for physical device types" and of bonds and VLANs. */
const NICS =
  /^(match|set-name|wakeonlan|emit-lldp|.*-offload|renderer|macaddress|mtu|openvswitch|virtual-function-count|embedded-switch-mode|delay-virtual-functions-rebind|infiniband-mode|id|link|interfaces|parameters|auth|access-points|wakeonwlan|regulatory-domain|activation-mode|ignore-carrier)$/;

type Map_ = YAMLMap<unknown, unknown>;
type Item = Pair<unknown, unknown>;
const keyText = ({ key }: Item) => String(isScalar(key) ? key.value : key);

/** One device of a file, as a document of its own. */
class Part {
  private readonly column: number;
  private readonly document;
  private readonly before: string;

  constructor(private readonly said: string) {
    this.column = said.length - said.trimStart().length;
    this.document = parseDocument(said.replaceAll(new RegExp(`^ {${this.column}}`, "gm"), ""));
    const root = this.document.contents as unknown as Map_;
    const value = root.items[0]!.value;
    if (!isMap(value)) root.items[0]!.value = new YAMLMap();
    this.before = JSON.stringify(this.map);
  }

  static fresh = (name: string, column: number) => new Part(`${" ".repeat(column)}${stringify({ [name]: {} }).trimEnd()}`); // prettier-ignore

  get map(): Map_ {
    const map = (this.document.contents as unknown as Map_).items[0]!.value as Map_;
    map.flow = false;
    return map;
  }

  get(key: string): unknown {
    return (this.map.toJSON() as Record<string, unknown>)[key];
  }

  /** What is not the NIC's own. What both say stays as the first said it; lists are added up. */
  take(port: Part): void {
    const items = port.map.items as Item[];
    const moving = items.filter((item) => !NICS.test(keyText(item)));
    port.map.items = items.filter((item) => !moving.includes(item)) as never;
    for (const item of moving) {
      const had = this.map.get(keyText(item), true);
      if (had === undefined) this.map.items.push(item as never);
      else if (isSeq(had) && isSeq(item.value)) had.items.push(...item.value.items);
    }
  }

  set(key: string, value: unknown, flow = false): void {
    const node = this.document.createNode(value);
    if (flow && isSeq(node)) (node as YAMLSeq).flow = true;
    const item = (this.map.items as Item[]).find((item) => keyText(item) === key);
    if (item) item.value = node;
    else this.map.items.push(this.document.createPair(key, node) as never);
  }

  node = (value: unknown) => this.document.createNode(value);

  /** As it stood, where nothing of it has changed. */
  text(mark?: string): string {
    if (JSON.stringify(this.map) === this.before) return this.said;
    const lines = this.document.toString({ lineWidth: 0, flowCollectionPadding: false }).trimEnd().split("\n");
    if (mark !== undefined && !this.said.includes(mark)) lines.splice(1, 0, `  # ${mark}`);
    return lines.map((line) => (line === "" ? line : " ".repeat(this.column) + line)).join("\n");
  }
}

function write(bridge: BridgePlan, part: Part, ids: readonly string[]): void {
  const is = (key: string, value: unknown) => JSON.stringify(part.get(key)) === JSON.stringify(value);
  const put = (key: string, value: unknown, flow = false) => is(key, value) || part.set(key, value, flow);
  if ([...((part.get("interfaces") as string[]) ?? [])].toSorted().join() !== [...ids].toSorted().join() || ids.length === 0)
    put("interfaces", ids, true); // prettier-ignore
  if (bridge.macAddress !== undefined && String(part.get("macaddress")).toLowerCase() !== bridge.macAddress)
    put("macaddress", bridge.macAddress);
  for (const [key, value] of [["dhcp4", bridge.dhcp4], ["dhcp6", bridge.dhcp6]] as const)
    if (isYes(part.get(key)) !== value) put(key, value); // prettier-ignore
  writeAddresses(bridge, part);
  writeRoutes(bridge, part);
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

function writeRoutes(bridge: BridgePlan, part: Part): void {
  const wanted = bridge.routes.map(normalRoute);
  const said: string[] = [];
  const isWanted = (words: string) => {
    said.push(words);
    return wanted.includes(words);
  };
  for (const key of ["gateway4", "gateway6"]) {
    const via = part.get(key);
    if (typeof via === "string" && !isWanted(normalRoute(`default via ${via}`))) part.map.delete(key);
  }
  const list = part.map.get("routes", true);
  const kept = isSeq(list)
    ? list.items.filter((item) => {
        const words = routeOf((item as { toJSON(): unknown }).toJSON());
        return words === undefined || isWanted(words);
      })
    : [];
  const missing = wanted.filter((words) => !said.includes(words)).map((words) => {
    const { to, via, metric, isReached } = gatewayRoute(words, bridge);
    return { to: to === "default" ? (isIPv6(via) ? "::/0" : "0.0.0.0/0") : to, via, ...(metric && { metric: Number(metric) }), ...(!isReached && { "on-link": true }) };
  }); // prettier-ignore
  if (isSeq(list)) {
    list.items = kept;
    for (const route of missing) list.add(part.node(route));
    if (list.items.length === 0) part.map.delete("routes");
  } else if (missing.length > 0) part.set("routes", missing);
}
