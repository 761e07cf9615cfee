import { reachesOver } from "./networkManagerFamily";
import { isProfile, parseKeyfile, typeOf } from "./networkManagerFiles";
import { printIni } from "./iniFile";

type Change = readonly [path: string, text: string | null];

/**
 * Profiles are written one by one, and whoever boots in between finds some old and some new. A bridge that comes or goes does not start
 * by itself meanwhile: a port's profile starts it. The port over which the host is reached goes first, and comes back last.
 */
export function inOrder(changes: readonly Change[], files: Readonly<Record<string, string>>): Change[] {
  const profiles = changes.filter(([path]) => isProfile(path));
  const isBridge = ([path, text]: Change) => typeOf(parseKeyfile(text ?? files[path] ?? "")) === "bridge";
  const [bridges, ports] = [profiles.filter(isBridge), profiles.filter((change) => !isBridge(change))];
  const others = changes.filter(([path]) => !isProfile(path));
  const rank = ([path, text]: Change) => (reachesOver(files[path]) ? -1 : reachesOver(text ?? undefined) ? 1 : 0);
  const idle = bridges.flatMap(([path, text]): Change[] =>
    ports.length > 0 && (text === null || files[path] === undefined)
      ? [[path, startedByPorts(text ?? files[path] ?? "")]]
      : [],
  );
  return [...others, ...idle, ...ports.toSorted((a, b) => rank(a) - rank(b)), ...bridges];
}

function startedByPorts(text: string): string {
  const sections = parseKeyfile(text);
  sections.find(({ name }) => name === "connection")?.set("autoconnect", "false");
  return printIni(sections);
}
