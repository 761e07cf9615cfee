import type { Facts } from "../facts";
import type { Manager } from "../hostState";
import type { Files } from "./backend";
import { fileOf, isScript } from "./ifcfgFiles";
import { IfcfgFile, isFalse } from "./ifcfgFile";

/** Who reads the links' ifcfg- files: NetworkManager where it says that it has one of them by such a file, else network-scripts. */
export function readerOf(
  links: readonly string[],
  { managed = {}, daemons = [] }: Facts,
  files: Files,
  macs: (link: string) => string | undefined,
): { readonly manager?: Manager; readonly refused?: string } {
  if (!daemons.includes("NetworkManager")) return {};
  const isRead = (link: string) => managed[link]?.by === "NetworkManager" && isScript(managed[link].file ?? "");
  if (links.some(isRead)) return { manager: "NetworkManager" };
  for (const link of links) {
    const path = fileOf(files, link, macs(link));
    if (path === undefined || isFalse(new IfcfgFile(files[path]!).get("NM_CONTROLLED"))) continue;
    const is = managed[link]?.file;
    const has = is ? `has ${link} by ${is}` : `does not say that it has ${link} by ${path}`;
    return { refused: `NetworkManager runs, but ${has}; NM_CONTROLLED=no in ${path} leaves it to network-scripts` };
  }
  return {};
}
