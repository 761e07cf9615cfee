import { readFileSync, readdirSync } from "node:fs";

/** The providers' processes below the CLI's. */
export function providersOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  const commands = new Map<number, string>();
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const parent = Number(/\) \S (\d+) /.exec(readFileSync(`/proc/${entry}/stat`, "utf8"))![1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
      commands.set(Number(entry), readFileSync(`/proc/${entry}/cmdline`, "utf8"));
    } catch {
      // it has just ended
    }
  }
  const below = (of: number): number[] => (children.get(of) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(pid).filter((child) => commands.get(child)?.includes("dynamic-provider/index.js"));
}
