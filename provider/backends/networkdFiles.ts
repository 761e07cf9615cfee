import type { Files } from "./backend";
import { globMatches } from "./glob";
import { normalRoute } from "./ifupdownCommands";
import { parseIni, type IniSection } from "./iniFile";

export const NETWORKD = "/etc/systemd/network";

/** The files of a bridge. The switch is the last one that is written, its ports': until then the bridge has no carrier, and so no address. */
export const pathOf = (bridge: string, kind: "netdev" | "network" | `port-${string}.network`): string =>
  `${NETWORKD}/05-kvmnet-${bridge}.${kind}`;

/** The link whose file as a port it is. */
export const portOf = (path: string): string | undefined =>
  path.startsWith(`${NETWORKD}/05-kvmnet-`) ? /\.port-(.+)\.network$/.exec(path)?.[1] : undefined;

/** As systemd.network(5) orders them, and chooses among those of one name: /etc before /run before /usr/lib. */
export function unitFiles(files: Files, suffix: string): string[] {
  const folders = [NETWORKD, "/run/systemd/network", "/usr/local/lib/systemd/network", "/usr/lib/systemd/network"];
  const paths = folders.flatMap((folder) =>
    Object.keys(files).filter((path) => folderOf(path) === folder && path.endsWith(suffix)),
  );
  const first = new Map<string, string>();
  for (const path of paths) if (!first.has(baseOf(path))) first.set(baseOf(path), path);
  return [...first].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
}

export const baseOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);
const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/"));

/** Whether a file's `[Match]` is for the link, as far as it goes by name, or by MAC; other conditions need what only the daemon knows. */
export function matchesLink(text: string, name: string, mac: string | undefined): boolean {
  const match = parseIni(text).filter((section) => section.name === "Match");
  const words = (key: string) => match.flatMap((section) => section.values(key)).flatMap((value) => value.split(/\s+/));
  const [names, macs] = [words("Name"), [...words("MACAddress"), ...words("PermanentMACAddress")]];
  if (names.length === 0 && macs.length === 0) return false;
  const isNot = names[0]?.startsWith("!") ?? false;
  const isNamed = names.some((pattern) => globMatches(pattern.replace(/^!/, ""), name)) !== isNot;
  const isMac = macs.some((other) => other.toLowerCase().replaceAll("-", ":") === mac);
  return (names.length === 0 || isNamed) && (macs.length === 0 || isMac);
}

/** The file by which systemd-networkd would configure a link. */
export const networkFileOf = (files: Files, name: string, mac: string | undefined): string | undefined =>
  unitFiles(files, ".network").find((path) => matchesLink(files[path]!, name, mac));

/** The file that makes a device. */
export const netdevFileOf = (files: Files, name: string): string | undefined =>
  unitFiles(files, ".netdev").find((path) =>
    parseIni(files[path]!).some((section) => section.name === "NetDev" && section.get("Name") === name),
  );

/** All that is said of a link, in reading order: its file's sections, then its drop-ins'. */
export const sectionsOf = (texts: Readonly<Record<string, string>>, suffix: string): IniSection[] => {
  const own = Object.keys(texts).filter((path) => path.endsWith(suffix));
  const rest = Object.keys(texts).filter((path) => path.endsWith(".conf"));
  return [...own, ...rest.sort((a, b) => (baseOf(a) < baseOf(b) ? -1 : 1))].flatMap((path) => parseIni(texts[path]!));
};

/** The routes that a bridge can be given: with a gateway, in the main table. Others stay as they are written. */
export function routeOf(section: IniSection): string | undefined {
  const isOther = section.keys.some((key) => !/^(Gateway|Destination|Metric|GatewayOnLink)$/.test(key));
  const [via, to, metric] = [section.get("Gateway"), section.get("Destination"), section.get("Metric")];
  if (section.name !== "Route" || isOther || via === undefined || via.startsWith("_")) return undefined;
  return normalRoute(`${to ?? "default"} via ${via}${metric === undefined ? "" : ` metric ${metric}`}`);
}

/** A time span of systemd.time(7): `15`, `15s`, `1min 20s`, `500ms`. */
export function secondsOf(span: string | undefined): number | undefined {
  const units: Readonly<Record<string, number>> = { ms: 0.001, "": 1, s: 1, sec: 1, m: 60, min: 60, h: 3600, hr: 3600 };
  const parts = [...(span ?? "").matchAll(/([\d.]+)\s*([a-z]*)/g)];
  if (parts.length === 0 || parts.some(([, , unit]) => units[unit!] === undefined)) return undefined;
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * units[unit!]!, 0);
}
