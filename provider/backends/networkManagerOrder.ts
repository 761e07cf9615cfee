import { IfcfgFile } from "./ifcfgFile";
import { isScript } from "./ifcfgFiles";
import { method4, PORT } from "./ifcfgNmKeys";
import { reachesOver } from "./networkManagerFamily";
import { isProfile, parseKeyfile, typeOf } from "./networkManagerFiles";
import { printIni } from "./iniFile";

export type Change = readonly [path: string, text: string | null];

/**
 * Profiles are written one by one, and whoever boots in between finds some old and some new. A bridge that comes or goes does not start
 * by itself meanwhile: a port's profile starts it. The port over which the host is reached goes first, and comes back last.
 */
export function inOrder(
  changes: readonly Change[],
  files: Readonly<Record<string, string>>,
  readsScripts = false,
): Change[] {
  const isRead = (path: string) => isProfile(path) || (readsScripts && isScript(path));
  const profiles = changes.filter(([path]) => isRead(path));
  const isBridge = ([path, text]: Change) => typeIn(path, text ?? files[path] ?? "") === "bridge";
  const [bridges, ports] = [profiles.filter(isBridge), profiles.filter((change) => !isBridge(change))];
  const others = changes.filter(([path]) => !isRead(path));
  const rank = ([path, text]: Change) => (reaches(path, files[path]) ? -1 : reaches(path, text ?? undefined) ? 1 : 0);
  const idle = bridges.flatMap(([path, text]): Change[] =>
    ports.length > 0 && (text === null || files[path] === undefined)
      ? [[path, startedByPorts(path, text ?? files[path] ?? "")]]
      : [],
  );
  return [...others, ...idle, ...ports.toSorted((a, b) => rank(a) - rank(b)), ...bridges];
}

const typeIn = (path: string, text: string): string =>
  isScript(path) ? (new IfcfgFile(text).get("TYPE") ?? "").toLowerCase() : typeOf(parseKeyfile(text));

function reaches(path: string, text: string | undefined): boolean {
  if (!isScript(path)) return reachesOver(text);
  const file = new IfcfgFile(text ?? "");
  return text !== undefined && !PORT.some((key) => file.get(key) !== undefined) && method4(file) !== "none";
}

function startedByPorts(path: string, text: string): string {
  if (isScript(path)) {
    const file = new IfcfgFile(text);
    file.set("ONBOOT", "no");
    return file.text;
  }
  const sections = parseKeyfile(text);
  sections.find(({ name }) => name === "connection")?.set("autoconnect", "false");
  return printIni(sections);
}
