import { copyFileSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type VmHost, operator } from "../lab/lab";
import { diskOf, loadHost } from "../lab/state";
import { type Run } from "./stack";

/** What is seen of a bridge's change from outside, in its order; `told` is the CLI's good end. */
export const EVENTS = ["script", "begun", "br0", "pending", "confirm", "committing", "written", "ended", "done", "told"] as const; // prettier-ignore
export type Event = (typeof EVENTS)[number];

/** A moment of a change: so many milliseconds after an event. */
export interface Point {
  readonly event: Event;
  readonly later: number;
}

/** A power cut: what was seen before it, and the disk that it leaves. */
export interface Cut extends Point {
  readonly last: string;
  readonly disk: string;
}

/** Moments by chance, in their order. */
export const pointsBy = (random: () => number, count: number): Point[] =>
  Array.from({ length: count }, () => ({
    event: EVENTS[Math.floor(random() * EVENTS.length)]!,
    later: Math.floor(random() * 500),
  })).sort((a, b) => EVENTS.indexOf(a.event) - EVENTS.indexOf(b.event) || a.later - b.later);

/**
 * At each point of a change the host's power is cut as far as its disk can tell: its QEMU is stopped, and what `kill -9` would leave is
 * what is in the disk's file then. So one change does for all points.
 */
export async function cutsOf(host: VmHost, run: Run, points: readonly Point[]): Promise<Cut[]> {
  const seen = watch(host, run);
  const cuts: Cut[] = [];
  for (const point of points) {
    await seen.until(point.event);
    await sleep(Math.max(0, seen.times.get(point.event)! + point.later - performance.now()));
    cuts.push({ ...point, last: seen.last(), disk: cutDisk(host, `cut-${cuts.length}`) });
  }
  return cuts;
}

/** The disk as it is without another moment of power. */
export function cutDisk(host: VmHost, name: string): string {
  const { pid } = loadHost(host.name)!.init!;
  const disk = join(diskOf(host.name), `${name}.qcow2`);
  const threads = `/proc/${pid}/task`;
  const stops = (id: string) => / T /.test(readFileSync(join(threads, id, "stat"), "utf8").replace(/^.*\)/s, ""));
  process.kill(pid, "SIGSTOP");
  while (!readdirSync(threads).every(stops)); // what one of them is just writing it writes to the end
  copyFileSync(join(diskOf(host.name), "disk.qcow2"), disk);
  process.kill(pid, "SIGCONT");
  return disk;
}

/** Names what appears of a change of br0 on the host, as it does, without a process that would cost it time. */
const WATCH = `exec {never}<> <(:); shopt -s nullglob; cd /run
say() { [[ $seen == *" $1 "* ]] || { seen+=" $1 "; echo "$1"; }; }
until [[ $seen == *" done "* ]]; do
  # Of all transactions, that which makes it.
  [ -n "$at" ] || for path in kvmnet/*/script; do read -rd "" text < "$path"; [[ $text != *"link add name br0 "* ]] || at=\${path%/*}; done
  [ -z "$at" ] || for path in "$at"/{script,begun.*,pending,confirm,committing.*,ended.*}; do path=\${path##*/}; say "\${path%.*}"; done
  [ ! -e /sys/class/net/br0 ] || say br0
  [ -z "$at" ] || { [ -d "$at" ] && [ ! -e "$at/done" ]; } || say "done" # and fetched already
  for path in /etc/network/interfaces /etc/{netplan,systemd/network,NetworkManager/system-connections,sysconfig/network-scripts}/*; do
    read -rd "" text < "$path"
    [[ $path$text != *br0* ]] || say written
  done
  read -rt 0.02 -u "$never"
done 2> /dev/null`;

interface Watch {
  readonly times: ReadonlyMap<string, number>;
  /** Or of the CLI's good end. */
  until(event: Event): Promise<void>;
  last(): string;
}

export function watch(host: VmHost, run: Run): Watch {
  const times = new Map<string, number>();
  const saw = (event: string): void => void (times.has(event) || times.set(event, performance.now()));
  const onOutput = (text: string) => text.split("\n").filter(Boolean).forEach(saw);
  host.sh(WATCH, { onOutput, timeoutMs: 500_000 }).catch(() => {}); // it ends with its host
  let failure = "";
  void run.ended.then(({ code, stdout, stderr }) => {
    if (code === 0) saw("told");
    else failure = `${stdout}\n${stderr}`;
  });
  return {
    times,
    last: () => [...times.keys()].at(-1) ?? "nothing",
    async until(event) {
      for (const deadline = Date.now() + 500_000; !times.has(event); await sleep(5)) {
        if (!failure && !times.has("told") && Date.now() < deadline) continue;
        throw new Error(`${event} was not seen on ${host.name}, only ${[...times.keys()].join(", ")}. ${failure}`);
      }
    },
  };
}

export type Kind = "old" | "new";
/** A host's network as it is written, and as it runs. */
export interface Network {
  readonly files: string;
  readonly links: string;
}

/** What a boot would begin with, and what the kernel has; temporary files, which nothing reads, and libvirt's links do not count. */
export async function networkOf(host: VmHost): Promise<Network> {
  const folders = "network netplan systemd/network NetworkManager/system-connections sysconfig/network-scripts";
  const files = await host.must(
    `cd /etc && for d in ${folders}; do [ ! -d $d ] || find $d -type f ! -name '.kvmnet.*' -exec sha256sum {} +; done | sort -k 2`,
  );
  // Not the link's own: bridge-utils takes a port's away at boot (addrgenmode none).
  const links = await host.must(
    `{ ip -br link; ip -o addr show scope global | cut -d ' ' -f 2- | sed 's/valid_lft.*//'; ip route; ip -6 route | grep -v ^fe80
     } | grep -v virbr; cd /sys/class/net && echo */brif/eth*`,
  );
  return { files, links };
}

/** A boot is not over when the first connection comes through. Of an owner with several files, each that was there is the old one or the new one; the bridge's may be one that does not start yet (fileOrder.ts). */
export async function untilWhole(host: VmHost, networks: Record<Kind, Network>): Promise<Kind> {
  const [old, now] = [networks.old, networks.new].map(({ files }) => files.split("\n"));
  const known = [...new Set([...old!, ...now!])];
  const changed = known.filter((file) => !old!.includes(file) || !now!.includes(file));
  const pathOf = (file: string) => file.split(/\s+/)[1];
  const isOneFile = new Set(changed.map(pathOf)).size === 1;
  const isFit = (file: string) => known.includes(file) || !old!.some((other) => pathOf(other) === pathOf(file));
  for (const deadline = Date.now() + 240_000; ; await sleep(500)) {
    const { files, links } = await networkOf(host);
    const is = (kind: Kind) => (isOneFile ? files === networks[kind].files : files.split("\n").every(isFit)); // prettier-ignore
    for (const kind of ["old", "new"] as const) if (links === networks[kind].links && is(kind)) return kind;
    if (Date.now() > deadline) expect({ files, links }).toEqual(networks[files === networks.old.files ? "old" : "new"]);
  }
}

export async function untilReached(host: VmHost): Promise<void> {
  const ssh = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", `root@${host.name}.lab`, "true"];
  for (const deadline = Date.now() + 240_000; (await operator(ssh)).code !== 0; await sleep(100))
    if (Date.now() > deadline) throw new Error(`${host.name} did not answer SSH within 4 minutes of its boot.`);
}
