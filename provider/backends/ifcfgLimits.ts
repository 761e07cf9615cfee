import type { BridgePlan, Files, Found } from "./backend";
import { IfcfgFile } from "./ifcfgFile";
import { GLOBAL, isIgnored, pathOf, SCRIPTS } from "./ifcfgFiles";

/** What stands in the files that no bridge can be given, whoever reads them. */
export function unfit(plan: BridgePlan, found: Readonly<Record<string, Found>>, files: Files): string | undefined {
  const links = [plan.name, ...plan.ports, ...plan.left];
  if (isIgnored(plan.name) || /-range$|:/.test(plan.name))
    return `network-scripts and NetworkManager pass over a file of the name ifcfg-${plan.name}; choose another name for the bridge`;
  const alias = Object.keys(files).find((path) => links.some((link) => path.startsWith(`${pathOf("ifcfg", link)}:`) || path.startsWith(`${pathOf("ifcfg", link)}-range`))); // prettier-ignore
  if (alias !== undefined)
    return `${alias} has addresses of its link beside that one's file, which would not be the bridge's; write them there as IPADDR1, PREFIX1`;
  for (const [name, { sections }] of Object.entries(found))
    for (const [path, text] of Object.entries(sections)) {
      const program = path.startsWith(`${SCRIPTS}/ifcfg-`) ? new IfcfgFile(text).program : undefined;
      if (program !== undefined)
        return `${path}, of ${name}, is more than assignments, of which only a shell knows what they come to: ${program.trim()}`;
    }
  const [device, path] = [GLOBAL, ...Object.values(found).flatMap(({ sections }) => Object.keys(sections))]
    .map((path) => [new IfcfgFile(files[path] ?? "").get("GATEWAYDEV"), path] as const)
    .find(([device]) => device !== undefined && plan.ports.includes(device)) ?? []; // prettier-ignore
  if (device !== undefined) return `${path} says GATEWAYDEV=${device}, which will be a port; take it out, or name ${plan.name} there`; // prettier-ignore
  return undefined;
}
