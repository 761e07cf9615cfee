import { readFileSync, readdirSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessId {
  readonly pid: number;
  /** In clock ticks since the machine booted: field 22 of /proc/PID/stat. */
  readonly start: string;
}

/** Identifies a running process; undefined where there is none. */
export function identify(pid: number): ProcessId | undefined {
  const fields = statFields(pid);
  return fields?.[19] === undefined ? undefined : { pid, start: fields[19] };
}

/**
 * Whether this very process still runs. A zombie does not: in a container nobody may ever reap it. But one whose other threads
 * are still ending (field 20) has its files open.
 */
export function isAlive({ pid, start }: ProcessId): boolean {
  const fields = statFields(pid);
  if (fields === undefined || fields[19] !== start) return false;
  return (fields[0] !== "Z" && fields[0] !== "X") || Number(fields[17]) > 1;
}

/** Kills these processes and waits until they are gone. */
export async function kill(processes: readonly ProcessId[], timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const left = processes.filter(isAlive);
    if (left.length === 0) return;
    for (const { pid } of left) signal(pid);
    if (Date.now() > deadline) {
      throw new Error(`Unable to end process ${left.map((p) => p.pid).join(", ")} within ${timeoutMs / 1000} s.`);
    }
    await sleep(10);
  }
}

/** All processes in a network namespace, whatever their process or mount namespace. */
export function inNetworkNamespace(file: string): ProcessId[] {
  const wanted = namespaceKey(file);
  if (wanted === undefined || wanted === namespaceKey("/proc/self/ns/net")) return []; // never the machine's own
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && namespaceKey(`/proc/${name}/ns/net`) === wanted)
    .map((name) => identify(Number(name)))
    .filter((found) => found !== undefined);
}

/** The first child of a process. */
export function childOf(pid: number): number | undefined {
  try {
    const first = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0];
    return first ? Number(first) : undefined;
  } catch {
    return undefined;
  }
}

/** The fields of /proc/PID/stat from the third on: the second, a name in parentheses, may hold spaces itself. */
function statFields(pid: number): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .trim()
      .split(" ");
  } catch {
    return undefined;
  }
}

function namespaceKey(file: string): string | undefined {
  try {
    const { dev, ino } = statSync(file);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it ended by itself in the meantime
  }
}
