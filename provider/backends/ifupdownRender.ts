import type { Backend, BridgePlan, Files } from "./backend";
import { bridgeStanzas } from "./ifupdownBridge";
import { isNicCommand } from "./ifupdownCommands";
import { Draft, isCommand, plain } from "./ifupdownDraft";
import { INTERFACES, sources } from "./ifupdownSources";
import { autoInterfaces, isMadeByIfup, parseStanza, type StanzaOption } from "./interfacesFile";

/** What another program than ifupdown wants to be told otherwise: the bridge's stanzas as it takes them. */
export type Dialect = (stanzas: Draft[], plan: BridgePlan, ports: readonly { port: string; draft: Draft }[]) => Draft[];

/**
 * The bridge's stanzas in the file of its port's, so that one rename(2) is the switch: a machine that loses its power between two files
 * would boot with both, or neither. Without such a file, in one of their own where ifupdown reads it; an adopted bridge's stay where they are. The ports' stanzas become `manual` in place: bridge_ports brings the ports up, and `auto eth0` or `allow-hotplug eth0` beside
 * it do no harm then (`ip link set eth0 up`, which it is; an `auto br0` in front of it has made it a port by then).
 */
export const render = (
  ...[bridge, found, files, dialect = (stanzas) => stanzas]: [...Parameters<Backend["render"]>, Dialect?]
): ReturnType<Backend["render"]> => {
  const own = draftsOf(found[bridge.name]?.sections ?? {}, bridge.name, files);
  const taken = [...bridge.ports, ...bridge.left].flatMap((port) =>
    draftsOf(found[port]?.sections ?? {}, port, files).map((draft) => ({ port, draft })),
  );
  const moved = taken.flatMap(({ port, draft }) => {
    const moves = movesFrom(draft, port);
    return isManual(draft) && !draft.options.some(moves) ? [] : [draft.moved(port, bridge.name, moves)];
  });
  const stanzas = dialect(bridgeStanzas(bridge, own, moved), bridge, taken);

  const sections: Record<string, string | null> = {};
  for (const { port, draft } of taken) {
    const moves = movesFrom(draft, port);
    draft.keep((option) => !moves(option));
    draft.become(port, isManual(draft) ? draft.method : "manual");
    if (bridge.mtu !== undefined && draft.get("mtu") !== undefined && Number(draft.get("mtu")) !== bridge.mtu)
      draft.set("mtu", String(bridge.mtu));
    sections[draft.key!] = draft.text;
  }

  const isAuto = sources(files).paths.some((path) => isNamedWithOthers(files[path]!, bridge.name));
  const auto = isAuto ? [] : [`auto ${bridge.name}`];
  const path = `/etc/network/interfaces.d/${bridge.name}`;
  // After what ifup makes first: the end of the main file is read last.
  const made = taken.filter(({ port, draft }) => isMadeByIfup(port, draft.text)).map(({ draft }) => pathOf(draft.key!));
  const portsHome = made.includes(INTERFACES) ? INTERFACES : (made.at(-1) ?? (taken[0] && pathOf(taken[0].draft.key!)));
  if (own.length === 0 && portsHome === undefined && sources(files).reads(path)) {
    const [first, ...rest] = stanzas.map(({ text }) => text);
    return {
      files: { [path]: `${[`# ${bridge.mark}`, ...auto, first, ...rest.map((text) => `\n${text}`)].join("\n")}\n` },
      sections,
    };
  }
  if (own.length === 0) stanzas[0]!.comment(bridge.mark);
  const home = own[0] ? pathOf(own[0].key!) : (portsHome ?? INTERFACES);
  const selections = Object.entries(found[bridge.name]?.sections ?? {}).filter(([key]) => !/#iface /.test(key));
  Object.assign(sections, Object.fromEntries(selections));
  const isSelected = selections.some(([key]) => /#(allow-)?auto /.test(key));
  if (!isSelected) for (const line of auto) sections[`${home}#${line}`] = line;
  return { sections: { ...sections, ...named(stanzas, own, home, bridge.name) } };
};

/** A method that does nothing by itself. */
const isManual = ({ method }: Draft) => method === "manual" || method === "loopback";

/** What goes from a port's stanza to the bridge's; from a manual one just the addresses and routes that its commands set. */
function movesFrom(draft: Draft, port: string): (option: StanzaOption) => boolean {
  if (!isManual(draft)) return (option) => !isNics(option);
  const set = draft.commands(port).map(({ option }) => option);
  return (option) => set.includes(option);
}

/**
 * What a NIC keeps when it becomes a port: its own hardware's settings (ethtool's, wpasupplicant's, ifenslave's and vlan's scripts, and
 * link.defn), which would be wrong or unknown on a bridge. All else is about what is reached over it, and moves.
 */
const isNics = ({ keyword, value }: StanzaOption): boolean =>
  isCommand(keyword)
    ? isNicCommand(value)
    : /^(hwaddress|mtu|description|media|rfkill|ethtool|(ethernet|hardware|link|offload|driver|wpa|wireless|bond|vlan|tx|rx)-.*|slaves)$/.test(
        plain(keyword),
      );

/** A line `auto eth0 br0`, which is no section of the bridge's. */
const isNamedWithOthers = (text: string, name: string): boolean =>
  text.split("\n").some((line) => {
    const named = autoInterfaces(line);
    return named.length > 1 && named.includes(name);
  });

/** The `iface` stanzas among a link's sections, in the order in which ifupdown reads them, which the keys' order is not (an object's order is lost in Pulumi's engine). */
function draftsOf(sections: Readonly<Record<string, string>>, iface: string, files: Files): Draft[] {
  const order = Object.keys(files);
  const place = (key: string) => {
    const [, , family = "", number = "1"] = nameOf(key).split(" ");
    const path = order.indexOf(pathOf(key));
    return [
      family === "inet" ? "0" : family,
      String(path < 0 ? 9999 : path).padStart(4, "0"),
      number.padStart(4, "0"),
    ].join(" ");
  };
  return Object.keys(sections)
    .filter((key) => nameOf(key).startsWith(`iface ${iface} `))
    .sort((a, b) => place(a).localeCompare(place(b)))
    .map((key) => new Draft(parseStanza(sections[key]!), key));
}

const pathOf = (key: string) => key.slice(0, key.indexOf("#"));
const nameOf = (key: string) => key.slice(key.indexOf("#") + 1);

/** The stanzas by their sections' names; a name that has no stanza any more is null. New ones stand where the bridge's first does. */
function named(
  stanzas: readonly Draft[],
  own: readonly Draft[],
  home: string,
  iface: string,
): Record<string, string | null> {
  const result: Record<string, string | null> = Object.fromEntries(own.map(({ key }) => [key!, null]));
  const count = new Map<string, number>();
  for (const draft of stanzas) {
    const base = `${draft.key ? pathOf(draft.key) : home}#iface ${iface} ${draft.family}`;
    const number = (count.get(base) ?? 0) + 1;
    count.set(base, number);
    result[number === 1 ? base : `${base} ${number}`] = draft.text;
  }
  return result;
}
