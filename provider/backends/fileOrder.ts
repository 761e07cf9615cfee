import type { Manager } from "../hostState";
import type { Files } from "./backend";
import { isPortFile, SCRIPTS } from "./ifcfgFiles";
import { portOf } from "./networkdFiles";
import { inOrder, type Change } from "./networkManagerOrder";

/** The order in which files are written, and go: whoever boots in between has one network or the other. `isReached`: the host, over the link. */
export function fileOrder(
  changes: readonly Change[],
  files: Files,
  managers: readonly Manager[],
  isReached: (link: string) => boolean,
): readonly Change[] {
  const isIfcfg = changes.some(([path]) => path.startsWith(`${SCRIPTS}/`));
  if (managers.length === 0 && !isIfcfg) return changes;
  // Of networkd's ports that one is the switch: after another's file the bridge would have a carrier, and the addresses that the NIC still has.
  const rank = ([path]: Change) => {
    const port = portOf(path);
    return port === undefined ? 0 : isReached(port) ? 1 : 2;
  };
  const ranked = changes.toSorted((a, b) => rank(a) - rank(b));
  // What is written last goes first.
  const written = ranked.filter(([, text]) => text !== null);
  const isPort = ([path, text]: Change) => isPortFile(path, text);
  const removed = ranked.filter(([, text]) => text === null).toReversed();
  const portsLast = [...written.filter((change) => !isPort(change)), ...written.filter(isPort), ...removed];
  return inOrder(portsLast, files, managers.includes("NetworkManager"));
}
