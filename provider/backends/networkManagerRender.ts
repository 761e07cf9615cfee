import { reaches } from "./addressing";
import type { Backend, BridgePlan, Found } from "./backend";
import { IniSection, printIni } from "./iniFile";
import * as keyfile from "./networkManagerFiles";
import { writeDomains, writeFamily } from "./networkManagerFamily";
import { uuidOf } from "./uuid";

/**
 * What a port's profile says of the way over it moves to the bridge's; what it says of the NIC stays. A profile that is not this NIC's
 * alone, or not the administrator's, stays as it is, and the port gets one that goes before it.
 */
export const render: Backend["render"] = (bridge, found) => {
  const own = found[bridge.name];
  const ports = [...bridge.ports, ...bridge.left];
  const first = ports.map((port) => found[port]).find((port) => port && reaches(port));
  const mark = `# ${bridge.mark}\n`;
  const [path, text] = Object.entries(own?.sections ?? {})[0] ?? [keyfile.pathOf(bridge.name), ""];
  const said = text === "" ? fresh(bridge, first) : keyfile.parseKeyfile(text);
  write(bridge, said, own ?? first, text !== "");
  const printed = printIni(said.filter(({ isEmpty, name }) => !isEmpty || name === ""));
  return {
    files: {
      [path]: printed === text || text.includes(mark) ? printed : mark + printed,
      ...Object.fromEntries(
        ports.map((port) => portFile(bridge, keyfile.valueOf(said, "connection", "uuid"), port, found[port])),
      ),
    },
  };
};

const isWay = ({ name }: IniSection) => keyfile.isWay(name);

const one = (sections: IniSection[], name: string): IniSection => {
  const had = sections.find((section) => keyfile.sectionName(section.name) === name);
  if (!had) sections.push(new IniSection(name));
  return had ?? sections.at(-1)!;
};

const profile = (entries: Readonly<Record<string, string>>): IniSection => {
  const section = new IniSection("connection");
  for (const [key, value] of Object.entries(entries)) section.set(key, value);
  return section;
};

/** NetworkManager finds a profile again by its UUID, whatever it is called by then. */
const uuid = (bridge: BridgePlan, name = "") => uuidOf(`${bridge.mark} ${bridge.name} ${name}`);

function fresh(bridge: BridgePlan, first: Found | undefined): IniSection[] {
  const sections = [profile({ id: bridge.name, uuid: uuid(bridge), type: "bridge", "interface-name": bridge.name })];
  const moved = Object.values(first?.sections ?? {}).flatMap(keyfile.parseKeyfile);
  const connection = moved.find(({ name }) => name === "connection");
  for (const key of connection?.keys.filter((key) => keyfile.WAY.test(key)) ?? [])
    sections[0]!.set(key, connection!.get(key)!);
  return [...sections, new IniSection("ethernet"), new IniSection("bridge"), ...moved.filter(isWay).map((section) => section.copy())]; // prettier-ignore
}

/** The bridge's own: only what differs is touched. `isSaid`: it has a profile already, which leaves out what is NetworkManager's default. */
function write(bridge: BridgePlan, sections: IniSection[], from: Found | undefined, isSaid: boolean): void {
  const options = one(sections, "bridge");
  if (keyfile.isYes(options.get("stp") ?? "true") !== bridge.stp) options.set("stp", String(bridge.stp));
  const number = (key: string, value: number | undefined, otherwise: number) => {
    const is = options.get(key) ?? (isSaid ? otherwise : undefined);
    if (value !== undefined && Number(is ?? -1) !== value) options.set(key, String(value));
  };
  if (bridge.stp || !isSaid) number("forward-delay", bridge.forwardDelay, 15);
  number("hello-time", bridge.helloTime, 2);
  number("max-age", bridge.maxAge, 20);
  number("ageing-time", bridge.ageingTime, 300);
  number("priority", bridge.priority, 32768);
  const { vlanFiltering } = bridge;
  if (vlanFiltering !== undefined && keyfile.isYes(options.get("vlan-filtering") ?? "false") !== vlanFiltering)
    options.set("vlan-filtering", String(vlanFiltering));
  if (bridge.macAddress !== undefined && keyfile.macOf(sections) !== bridge.macAddress)
    one(sections, "ethernet").set("cloned-mac-address", bridge.macAddress);
  setMtu(bridge, sections);
  for (const family of [4, 6] as const)
    writeFamily(bridge, one(sections, `ipv${family}`), family, from?.metric ?? 425, isSaid);
  writeDomains(bridge, one(sections, "ipv4"), one(sections, "ipv6"));
  const v4 = one(sections, "ipv4");
  // A NIC's lease is its client's, whichever link that has: by default it goes by the link's MAC.
  const identity = bridge.dhcp4 ? from?.clientId : undefined;
  const isSame = v4.get("dhcp-client-id") === undefined && identity === `01:${bridge.macAddress}`;
  if (identity !== undefined && !isSame && !isSaid) v4.set("dhcp-client-id", identity);
}

function setMtu({ mtu }: BridgePlan, sections: IniSection[]): void {
  if (mtu !== undefined) one(sections, "ethernet").set("mtu", String(mtu));
}

/** A port is reached by nobody: its profile says whose port it is, and what is the NIC's own. */
function portFile(
  bridge: BridgePlan,
  own: string | undefined,
  port: string,
  found: Found | undefined,
): [path: string, text: string] {
  const isPort = bridge.ports.includes(port);
  const [path = "", text = ""] = Object.entries(found?.sections ?? {})[0] ?? [];
  const had = keyfile.parseKeyfile(text);
  const isOwn = path.startsWith(`${keyfile.PROFILES}/`) && keyfile.isOneLinks(had, port);
  const sections = isOwn ? had.filter((section) => !isWay(section)) : shadow(bridge, port, had);
  const connection = one(sections, "connection");
  if (isOwn) {
    connection.remove(...connection.keys.filter((key) => keyfile.WAY.test(key)));
    // Whoever started it by hand means the bridge to be there now.
    if (connection.get("autoconnect") !== undefined && !keyfile.isYes(connection.get("autoconnect"))) connection.remove("autoconnect"); // prettier-ignore
  }
  const master = connection.get("controller") ?? connection.get("master");
  if (isPort && master !== undefined && [bridge.name, own].includes(master)) return [path, text];
  connection.remove("master", "slave-type", "controller", "port-type");
  if (isPort) {
    connection.set("master", bridge.name);
    connection.set("slave-type", "bridge");
  } else for (const name of ["ipv4", "ipv6"]) one(sections, name).set("method", "disabled");
  setMtu(bridge, sections);
  const printed = printIni(sections);
  return isOwn ? [path, printed] : [keyfile.pathOf(bridge.name, port), `# ${bridge.mark}\n${printed}`];
}

/** Of profiles that fit, NetworkManager takes the one with the highest priority. */
function shadow(bridge: BridgePlan, port: string, had: readonly IniSection[]): IniSection[] {
  const priority = Math.min(Math.max(0, Number(keyfile.valueOf(had, "connection", "autoconnect-priority") ?? 0)) + 1, 999); // prettier-ignore
  const type = keyfile.typeOf(had) || "ethernet";
  const kept = had.filter((section) => !isWay(section) && !/^(connection|match|user|\..*)?$/.test(section.name));
  return [
    profile({
      id: `${bridge.name} port ${port}`,
      uuid: uuid(bridge, port),
      type,
      "interface-name": port,
      "autoconnect-priority": String(priority),
    }),
    ...kept,
  ];
}
