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
  const isProvider = (child: number) => commands.get(child)?.includes("dynamic-provider/index.js") ?? false;
  // Not what a provider starts: until it is another program it has the provider's name.
  const below = (of: number): number[] =>
    (children.get(of) ?? []).flatMap((child) => (isProvider(child) ? [child] : below(child)));
  return below(pid);
}
