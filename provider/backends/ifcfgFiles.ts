import { isIPv6 } from "../parse";
import type { Files } from "./backend";
import { parseCommand, prefixOf } from "./ifupdownCommands";
import { IfcfgFile } from "./ifcfgFile";

export const SCRIPTS = "/etc/sysconfig/network-scripts";
/** What holds for all links, as GATEWAY does. */
export const GLOBAL = "/etc/sysconfig/network";

/** What `ifup` of network-scripts and ifcfg-rh pass over ($__sed_discard_ignored_files in /etc/init.d/functions). */
export const isIgnored = (name: string): boolean => /(~|\.bak|\.old|\.orig|\.rpm(new|orig|save)|,v)$/.test(name);

/** The file of a link: it names it, or its MAC, or is named after it. */
export function fileOf(files: Files, link: string, mac: string | undefined): string | undefined {
  const all = Object.keys(files).filter((path) => path.startsWith(`${SCRIPTS}/ifcfg-`) && !isIgnored(path));
  const said = (path: string, key: string) => new IfcfgFile(files[path]!).get(key);
  return (
    all.find((path) => said(path, "DEVICE") === link) ??
    all.find(
      (path) =>
        said(path, "DEVICE") === undefined &&
        (path === `${SCRIPTS}/ifcfg-${link}` || (mac !== undefined && said(path, "HWADDR")?.toLowerCase() === mac)),
    )
  );
}

/** The kinds of file beside a link's own that say what is reached over it. */
export const KINDS = ["route", "route6", "rule", "rule6"] as const;
export type Kind = (typeof KINDS)[number];

/** `eth0` of `ifcfg-eth0`: by this name, and by the device's, its other files are called (ifup-routes). */
export const nickOf = (path: string): string => path.slice(`${SCRIPTS}/ifcfg-`.length);
export const pathOf = (kind: Kind | "ifcfg", name: string): string => `${SCRIPTS}/${kind}-${name}`;

/** A link's own file: what NetworkManager reads, and the others with it. */
export const isScript = (path: string): boolean => path.startsWith(`${SCRIPTS}/ifcfg-`);

/** All that is said of a link: its file first. */
export function textsOf(files: Files, link: string, mac: string | undefined): Record<string, string> {
  const own = fileOf(files, link, mac);
  if (own === undefined) return {};
  const names = new Set([link, nickOf(own)]);
  const others = KINDS.flatMap((kind) => [...names].map((name) => pathOf(kind, name)));
  return Object.fromEntries([own, ...others].filter((path) => files[path] !== undefined).map((path) => [path, files[path]!])); // prettier-ignore
}

/** The file itself, of those. */
export const ownOf = (texts: Readonly<Record<string, string>>): IfcfgFile =>
  new IfcfgFile(texts[ownPath(texts) ?? ""] ?? "");
export const ownPath = (texts: Readonly<Record<string, string>>): string | undefined =>
  Object.keys(texts).find(isScript);

export const othersOf = (texts: Readonly<Record<string, string>>, kind: Kind): string[] =>
  Object.keys(texts).filter((path) => path.startsWith(`${SCRIPTS}/${kind}-`));

/** The lines of a route- file, in `ip route`'s words; those of its older format are put into these. */
export function routeLines(text: string): string[] {
  if (!/^\s*ADDRESS\d+=/m.test(text)) return text.split("\n").filter((line) => line !== "");
  const file = new IfcfgFile(text);
  const lines: string[] = [];
  for (let i = 0; file.get(`ADDRESS${i}`) !== undefined; i++) {
    const [via, metric] = [file.get(`GATEWAY${i}`), file.get(`METRIC${i}`)];
    const prefix = prefixOf(file.get(`NETMASK${i}`) ?? "32") ?? 32;
    lines.push(`${file.get(`ADDRESS${i}`)}/${prefix}${via ? ` via ${via}` : ""}${metric ? ` metric ${metric}` : ""}`);
  }
  return lines;
}

/** The route that a line sets, where a bridge can be given it; undefined for all else, which is kept as it is. */
export function routeOf(line: string): string | undefined {
  if (/^\s*(#|$)/.test(line)) return undefined;
  const command = parseCommand(`ip ${isIPv6(line) ? "-6 " : ""}route add ${line.trim()}`);
  return command && / via /.test(command.words) ? command.words : undefined;
}

/** The port's own file, which is there without us, too, or goes. */
export const isPortFile = (path: string, text: string | null): boolean =>
  path.startsWith(`${SCRIPTS}/`) && (text === null || /^\s*BRIDGE=/m.test(text));
