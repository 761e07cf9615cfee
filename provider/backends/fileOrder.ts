import type { Manager } from "../hostState";
import type { Files } from "./backend";
import { isPortFile, SCRIPTS } from "./ifcfgFiles";
import { inOrder, type Change } from "./networkManagerOrder";

/** The order in which files are written, and go: whoever boots in between has one network or the other. */
export function fileOrder(changes: readonly Change[], files: Files, managers: readonly Manager[]): readonly Change[] {
  const isIfcfg = changes.some(([path]) => path.startsWith(`${SCRIPTS}/`));
  if (managers.length === 0 && !isIfcfg) return changes;
  // The one that is written last is the switch, and so the first to go.
  const written = changes.filter(([, text]) => text !== null);
  const isPort = ([path, text]: Change) => isPortFile(path, text);
  const removed = changes.filter(([, text]) => text === null).toReversed();
  const portsLast = [...written.filter((change) => !isPort(change)), ...written.filter(isPort), ...removed];
  return inOrder(portsLast, files, managers.includes("NetworkManager"));
}
