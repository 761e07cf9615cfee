import { isIPv6 } from "../parse";
import { isSameAddress, reaches } from "./addressing";
import type { Backend, BridgePlan, Found } from "./backend";
import { IfcfgFile, isFalse } from "./ifcfgFile";
import { GLOBAL, KINDS, nickOf, othersOf, ownOf, ownPath, pathOf, routeLines, type Kind } from "./ifcfgFiles";
import { addresses4, addresses6, isDhcp, numbered } from "./ifcfgKeys";
import { moveCommand } from "./ifupdownCommands";

/** What is written of the bridge, in the words of who reads it. `from`: the bridge itself where it is there already, or else the port that it takes over. */
export interface Said {
  readonly file: IfcfgFile;
  readonly global: IfcfgFile;
  /** Of its route- and rule- files; those of before are in it. */
  readonly lines: Record<Kind, string[]>;
  readonly isOwn: boolean;
  readonly from: Found | undefined;
}

/**
 * The bridge has a file of its own, and each port's gets `BRIDGE=`. What a port's files say of the way over it moves to the bridge's, also what
 * nobody here knows; what they say of the NIC stays. The ports' files are the switch: until they are written, the bridge has no port.
 */
export const rendered =
  (write: (bridge: BridgePlan, said: Said) => void): Backend["render"] =>
  (bridge, found, files) => {
    const own = found[bridge.name];
    const ports = [...bridge.ports, ...bridge.left];
    const moved = ports.flatMap((port) => (found[port] && reaches(found[port]) ? [{ port, texts: found[port].sections }] : [])); // prettier-ignore
    const adopted = own && ownPath(own.sections);
    const file = adopted === undefined ? fresh(bridge, bridge.name, "Bridge") : new IfcfgFile(own!.sections[adopted]!);
    if (adopted === undefined) {
      const said = ports.map((port) => ownOf(found[port]?.sections ?? {}));
      file.set("NM_CONTROLLED", said.map((port) => port.get("NM_CONTROLLED")).find(Boolean));
      for (const { texts } of moved) file.append(ownOf(texts).only((key) => !NICS.test(key)));
    }
    const lines = Object.fromEntries(KINDS.map((kind) => [kind, linesOf(kind, bridge, own, moved)])) as Record<Kind, string[]>; // prettier-ignore
    const from = own ?? ports.map((port) => found[port]).find((port) => port && reaches(port));
    write(bridge, { file, global: new IfcfgFile(files[GLOBAL] ?? ""), lines, isOwn: own !== undefined, from });
    const nick = adopted === undefined ? bridge.name : nickOf(adopted);
    return {
      files: {
        [adopted ?? pathOf("ifcfg", bridge.name)]: file.text,
        ...Object.fromEntries(
          KINDS.flatMap((kind): [string, string | null][] => {
            const [path = pathOf(kind, nick)] = own ? othersOf(own.sections, kind) : [];
            if (lines[kind].length > 0) return [[path, lines[kind].map((line) => `${line}\n`).join("")]];
            return own?.sections[path] === undefined ? [] : [[path, null]];
          }),
        ),
        ...Object.assign({}, ...ports.map((port) => portFiles(port, bridge, found[port]))),
      },
    };
  };

const fresh = (bridge: BridgePlan, device: string, type: string) =>
  new IfcfgFile(`# ${bridge.mark}\nDEVICE=${device}\nTYPE=${type}\nONBOOT=yes\n`);

/** What a NIC keeps when it becomes a port: which one it is, who brings it up, and its own hardware's settings. */
const NICS =
  /^(DEVICE|NAME|UUID|TYPE|DEVICETYPE|HWADDR|MACADDR|GENERATE_MAC_SEED|MTU|ONBOOT|AUTOCONNECT.*|NM_CONTROLLED|USERCTL|HOTPLUG|ETHTOOL_.*|MASTER.*|SLAVE|BOND.*|TEAM_.*|VLAN|VLAN_.*|VID|PHYSDEV|REORDER_HDR|GVRP|MVRP|SUBCHANNELS|NETTYPE|PORTNAME|CTCPROT|OPTIONS|LINKDELAY|DEVTIMEOUT|BRIDGE.*|BRIDGING_OPTS|KEY_MGMT|IEEE_8021X.*|DCB.*|SRIOV.*|TC_.*)$/;

function portFiles(port: string, bridge: BridgePlan, found: Found | undefined): Record<string, string | null> {
  const texts = found?.sections ?? {};
  const path = ownPath(texts);
  const file = path === undefined ? fresh(bridge, port, "Ethernet") : new IfcfgFile(texts[path]!);
  file.remove((key) => !NICS.test(key) && key !== "BOOTPROTO");
  // By its MAC it would be found no more: the bridge has the same.
  if (file.get("DEVICE") === undefined) file.set("DEVICE", port);
  if (path === undefined || file.get("BOOTPROTO") !== undefined) file.set("BOOTPROTO", "none");
  if (isFalse(file.get("ONBOOT"))) file.set("ONBOOT", "yes");
  if (!bridge.ports.includes(port) || file.get("BRIDGE") !== bridge.name) file.remove((key) => key === "BRIDGE_UUID");
  file.set("BRIDGE", bridge.ports.includes(port) ? bridge.name : undefined);
  if (bridge.mtu !== undefined) file.set("MTU", String(bridge.mtu));
  // A file of a link that nobody configured is there as long as it is a port.
  const isGone = path === undefined && !bridge.ports.includes(port);
  return {
    ...(isGone ? {} : { [path ?? pathOf("ifcfg", port)]: file.text }),
    ...(found && reaches(found) ? Object.fromEntries(KINDS.flatMap((kind) => othersOf(texts, kind)).map((other) => [other, null])) : {}), // prettier-ignore
  };
}

/** What the bridge's route- or rule- file says: its own, or its ports', with the bridge in their place. */
function linesOf(
  kind: Kind,
  bridge: BridgePlan,
  own: Found | undefined,
  moved: readonly { port: string; texts: Found["sections"] }[],
): string[] {
  return own
    ? othersOf(own.sections, kind).flatMap((path) => routeLines(own.sections[path]!))
    : moved.flatMap(({ port, texts }) =>
        othersOf(texts, kind)
          .flatMap((path) => routeLines(texts[path]!))
          .map((line) => moveCommand(line, port, bridge.name)),
      );
}

/** Nameservers, search domains, MAC and MTU: both readers have the same words for them, as for addresses. */
export function writeNames(bridge: BridgePlan, file: IfcfgFile): void {
  const names = (key: string, wanted: readonly string[]) => {
    if (numbered(file, key).join() === wanted.join()) return;
    file.remove((other) => new RegExp(`^${key}\\d+$`).test(other));
    wanted.forEach((value, i) => file.set(`${key}${i + 1}`, value));
  };
  names("DNS", bridge.nameservers);
  const domains = bridge.searchDomains.join(" ");
  if ((file.get("DOMAIN") ?? "").split(/\s+/).join(" ") !== domains) file.set("DOMAIN", domains || undefined);
  const mac = bridge.macAddress;
  if (mac !== undefined && file.get("MACADDR")?.toLowerCase() !== mac) file.set("MACADDR", mac);
  if (bridge.mtu !== undefined) file.set("MTU", String(bridge.mtu));
}

const same = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((address, i) => isSameAddress(address, b[i]));

export function writeAddresses(bridge: BridgePlan, file: IfcfgFile): void {
  if (bridge.dhcp4 !== isDhcp(file) || file.get("BOOTPROTO") === undefined) file.set("BOOTPROTO", bridge.dhcp4 ? "dhcp" : "none"); // prettier-ignore
  const [wanted4, wanted6] = [bridge.addresses.filter((it) => !isIPv6(it)), bridge.addresses.filter(isIPv6)];
  if (!same(addresses4(file), wanted4)) {
    file.remove((key) => /^(IPADDR|PREFIX|NETMASK|BROADCAST|NETWORK|ARPCHECK|ARPUPDATE)\d*$/.test(key));
    wanted4.forEach((address, i) => {
      const [ip = "", prefix = ""] = address.split("/");
      file.set(`IPADDR${i || ""}`, ip);
      file.set(`PREFIX${i || ""}`, prefix);
    });
  }
  if (same(addresses6(file), wanted6)) return;
  file.set("IPV6ADDR", wanted6[0]);
  file.set("IPV6ADDR_SECONDARIES", wanted6.slice(1).join(" ") || undefined);
}
