import { setTimeout as sleep } from "node:timers/promises";
import type { Observed } from "../../../provider/facts";
import type { HostSession } from "../../../provider/host/session";
import { guestLog, type LabHost } from "../../lab/lab";
import { numbers as all, peerOf } from "./lab";

/** What the kernel, libvirt, dnsmasq and a guest show at a moment. */
export interface Look {
  readonly observed: Observed;
  readonly ifindex: Readonly<Record<string, number>>;
  /** Of each network: its process, and how many bytes that has read: a SIGHUP makes it read its files again, /etc/hosts first. */
  readonly dnsmasq: Readonly<Record<string, { readonly pid: number; readonly read: number }>>;
  readonly etcHosts: number;
  /** How many lines the guest's console has. */
  readonly lines: number;
}

const SCRIPT = `
echo "hosts $(wc -c < /etc/hosts)"
for l in /sys/class/net/*; do echo "link \${l##*/} $(cat $l/ifindex)"; done
for f in /run/libvirt/network/*.pid; do [ ! -e $f ] || { p=$(cat $f); n=\${f##*/}; echo "dnsmasq \${n%.pid} $p $(sed -n 's/^rchar: //p' /proc/$p/io)"; }; done`;

export async function look(host: LabHost, session: HostSession): Promise<Look> {
  const observed = await session.observe();
  const words = (await host.must(SCRIPT)).split("\n").map((line) => line.split(" "));
  const of = (kind: string) => words.filter(([first]) => first === kind);
  return {
    observed,
    ifindex: Object.fromEntries(of("link").map(([, name, index]) => [name, Number(index)])),
    dnsmasq: Object.fromEntries(
      of("dnsmasq").map(([, name, pid, read]) => [name, { pid: Number(pid), read: Number(read) }]),
    ),
    etcHosts: Number(of("hosts")[0]![1]),
    lines: (await consoleOf(host)).length,
  };
}

const consoleOf = async (host: LabHost) => (await guestLog(host, "a")).split("\n").slice(0, -1);

/** The sequence numbers of the answers that guest a has had from the other guest in that network; an undefined one: it began anew. */
function answers(lines: readonly string[], n: number): (number | undefined)[] {
  const peer = peerOf(n);
  return lines.flatMap((line) => {
    if (line.startsWith(`PING ${peer} `)) return [undefined];
    const sequence = line.startsWith(`64 bytes from ${peer}: seq=`) ? /seq=(\d+)/.exec(line)?.[1] : undefined;
    return sequence === undefined ? [] : [Number(sequence)];
  });
}

/** Waits until guest a hears guest b again in each of these networks, and says how many of its pings since `before` were not answered, in all networks. */
export async function lostSince(
  host: LabHost,
  before: Look,
  numbers: readonly number[],
): Promise<Readonly<Record<number, number>>> {
  const now = (await consoleOf(host)).length;
  for (let left = 300; ; left--) {
    const lines = await consoleOf(host);
    const heard = (n: number) => answers(lines.slice(now), n).filter((sequence) => sequence !== undefined).length > 1;
    if (numbers.every(heard)) return Object.fromEntries(all.map((n) => [n, lost(lines, before.lines, n)]));
    if (left === 0)
      throw new Error(
        `guest a does not hear guest b in network ${numbers.filter((n) => !heard(n)).join(", ")}: ${lines.slice(-20).join("\n")}`,
      );
    await sleep(50);
  }
}

function lost(lines: readonly string[], since: number, n: number): number {
  const last = answers(lines.slice(0, since), n).at(-1);
  let count = 0;
  answers(lines.slice(since), n).reduce((before, sequence) => {
    // A ping that began anew had been told by the kernel that there is no way.
    if (before === undefined || sequence === undefined) count += sequence === undefined ? 1 : 0;
    else count += Math.max(0, sequence - before - 1);
    return sequence;
  }, last);
  return count;
}
