import type { LinkState } from "../hostState";
import type { Backend, BridgePlan, Files, Found } from "./backend";
import { byFamily } from "./addressing";
import { normalRoute } from "./ifupdownCommands";
import { Draft, firstWord, isOn } from "./ifupdownDraft";
import { render } from "./ifupdownRender";
import { IFSTATE, sources } from "./ifupdownSources";
import { isMadeByIfup, parseStanza, sections } from "./interfacesFile";
import { runtime } from "./runtime";

/** Debian's ifupdown with bridge-utils: /etc/network/interfaces and what it sources. */
export const ifupdown: Backend = {
  owner: "ifupdown",
  find,
  unsupported,
  render,
  state: (name) => ({
    files: { [`${IFSTATE}.${name}`]: `${name}\n` },
    sections: { [`${IFSTATE}#${name}`]: `${name}=${name}\n` },
  }),
};

function find(name: string, link: LinkState, files: Files): Found {
  const { paths } = sources(files);
  const all = paths.flatMap((path) =>
    Object.entries(sections(files[path]!)).map(([section, text]) => [`${path}#${section}`, section, text] as const),
  );
  const own = all.filter(([, section]) => section.split(" ")[1] === name);
  const stanzas = all.filter(([, section]) => section.startsWith("iface ")).map(([, , text]) => parseStanza(text));
  const drafts = stanzas
    .filter(({ iface }) => iface === name)
    .map((stanza) => {
      const template = stanzas.find(({ iface }) => iface === stanza.inherits);
      return new Draft({ ...stanza, options: [...(template?.options ?? []), ...stanza.options] });
    });
  // Nobody configures the link here, or it is brought up by hand: what the kernel says is all there is.
  if (drafts.length === 0) return runtime.find(name, link, files);

  const statics = drafts.filter(({ method }) => method === "static");
  const commands = drafts.flatMap((draft) => draft.commands(name)).filter(({ removes }) => !removes);
  const gateways = statics.flatMap((draft) => {
    const [gateway, metric] = [draft.get("gateway"), draft.get("metric")];
    return gateway === undefined ? [] : [normalRoute(`default via ${gateway}${metric ? ` metric ${metric}` : ""}`)];
  });
  const words = (kind: "route" | "address") => commands.filter((it) => it.kind === kind).map((it) => it.words);
  const hardware = drafts.flatMap((draft) => [...draft.values("bridge_hw"), ...draft.values("hwaddress")]);
  const mac = hardware.flatMap((value) => /(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i.exec(value) ?? [])[0];
  const bridge = bridgeOptions(drafts);
  const uses = (family: string) => drafts.some((draft) => draft.family === family && draft.method === "dhcp");
  const addresses = [...statics.flatMap(({ address }) => address ?? []), ...words("address")];
  return {
    dhcp4: uses("inet"),
    dhcp6: uses("inet6"),
    addresses: byFamily(addresses),
    routes: [...new Set([...gateways, ...words("route")])],
    nameservers: [...new Set(drafts.flatMap((draft) => draft.words("dns-nameservers", "dns-nameserver")))],
    searchDomains: [...new Set(drafts.flatMap((draft) => draft.words("dns-search")))],
    ...(mac !== undefined && { macAddress: mac.toLowerCase() }),
    sections: Object.fromEntries(own.map(([key, , text]) => [key, text])),
    ...(bridge && { bridge }),
  };
}

/** The stanzas' bridge options by BridgePlan's names; what is left out there is what the kernel does then, as far as the plan must know it. */
function bridgeOptions(drafts: readonly Draft[]): Found["bridge"] {
  const first = (keyword: string) => drafts.flatMap((draft) => draft.values(keyword))[0];
  const ports = first("bridge_ports");
  if (ports === undefined) return undefined;
  const number = (name: string, keyword: string, otherwise?: number) => {
    const value = firstWord(first(keyword));
    const is = value === undefined || Number.isNaN(Number(value)) ? otherwise : Number(value);
    return is === undefined ? {} : { [name]: is };
  };
  const [hw, vlanAware] = [first("bridge_hw"), first("bridge_vlan_aware")];
  return {
    ports,
    stp: isOn(first("bridge_stp")),
    ...number("forwardDelay", "bridge_fd", 15),
    ...number("helloTime", "bridge_hello"),
    ...number("maxAge", "bridge_maxage"),
    ...number("ageingTime", "bridge_ageing"),
    ...number("priority", "bridge_bridgeprio"),
    ...number("maxWait", "bridge_maxwait"),
    ...number("mtu", "mtu"),
    ...(vlanAware !== undefined && { vlanFiltering: vlanAware === "yes" }),
    ...(hw !== undefined && { hw }),
  };
}

function unsupported(
  bridge: BridgePlan,
  found: Readonly<Record<string, Found>> = {},
  files: Files = {},
): string | undefined {
  if (bridge.name.includes("."))
    return `${bridge.name}: ifupdown takes a name with a dot for a VLAN (interfaces(5), VLAN INTERFACES); choose another name for the bridge`;
  const word = bridge.ports.find((port) => /^(none|all|regex|noregex)$/.test(port));
  if (word)
    return `a port named ${word} cannot stand in bridge_ports, where that word has a meaning of its own (bridge-utils-interfaces(5))`;
  const { auto } = sources(files);
  const had = String(found[bridge.name]?.bridge?.["ports"] ?? "").split(/\s+/);
  const late = bridge.ports.find(
    (port) =>
      auto.includes(bridge.name) &&
      auto.indexOf(port) > auto.indexOf(bridge.name) &&
      !had.includes(port) &&
      Object.values(found[port]?.sections ?? {}).some((text) => isMadeByIfup(port, text)),
  );
  if (late)
    return `ifup makes ${late} after ${bridge.name}, by the order of \`auto\` in its files, and a bridge leaves out a port that is not there yet (bridge-utils-interfaces(5)): put ${late} before it, or destroy the bridge and declare it with all its ports`;
  const links = [bridge.name, ...bridge.ports, ...bridge.left];
  for (const path of sources(files).paths)
    for (const section of Object.keys(sections(files[path]!))) {
      const [, link, number] = /^iface ([^:]+):(\S+)/.exec(section) ?? [];
      if (link !== undefined && links.includes(link))
        return `${path} has an address of ${link} in a stanza of its own, ${link}:${number}, which would not be the bridge's; write it as one more stanza of ${link}`;
    }
  return undefined;
}
