import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type LabHost, down, must, up, useOwnLab } from "../lab/lab";
import { namespaceOf } from "../lab/state";
import { providersOf } from "./processes";
import { type Snapshot, expectAsBefore, snapshot } from "./snapshot";
import { Stack } from "./stack";

const names = [...Array(20).keys()].map((i) => `kvm${i + 1}`);
const OFF = "kvm13";
let hosts: LabHost[];
let before: Snapshot[];

beforeAll(async () => {
  useOwnLab("fleet");
  hosts = [];
  for (const name of names) hosts.push(await up(name));
  before = await Promise.all(hosts.map(snapshot));
}, 180_000);
afterAll(() => down());

const plug = (name: string, state: "up" | "down") =>
  must(["ip", "-n", namespaceOf("sw"), "link", "set", `p-${name}`, state]);
const deployed = async () => {
  const made = await Promise.all(hosts.map(({ sh }) => sh("test -e /sys/class/net/br0 && virsh -q net-info lab")));
  return names.filter((_, i) => made[i]!.code === 0);
};

describe("one provider for 1, 5 and 20 hosts", () => {
  let stack: Stack;
  const peaks = new Map<number, number>();

  beforeAll(async () => (stack = await Stack.create({ example: "fleet" })));
  afterAll(() => stack.remove());

  const chooses = (count: number) => stack.must("config", "set", "hosts", JSON.stringify(names.slice(0, count)));

  it.each([1, 5])("is one process for %s", async (count) => {
    await chooses(count);
    const { code, peak, seconds, processes } = await measured(stack, "up");
    expect({ code, processes }).toEqual({ code: 0, processes: 1 });
    expect(await deployed()).toEqual(names.slice(0, count));
    peaks.set(count, peak);
    say(count, seconds, peak);
    await stack.destroy();
  });

  it("goes on with 19 where one of 20 is off, and says which", async () => {
    await chooses(20);
    await plug(OFF, "down");
    const { code, said, peak, seconds, processes } = await measured(stack, "up", "--continue-on-error");
    say(20, seconds, peak);
    expect(code).not.toBe(0);
    expect(said).toMatch(new RegExp(`${OFF}.*(?:no answer|timed out|unreachable|no route)`, "i"));
    expect(processes).toBe(1);
    await plug(OFF, "up");
    expect(await deployed()).toEqual(names.filter((name) => name !== OFF));
    expect(peak).toBeLessThan(1.5 * peaks.get(1)!);
  });

  it("finishes it with the next up, and gives all of them back", async () => {
    await stack.up();
    expect(await deployed()).toEqual(names);
    await stack.expectNoChanges();
    await stack.destroy();
    for (const [i, host] of hosts.entries()) expectAsBefore(await snapshot(host), before[i]!);
  });
});

describe("waves of stacks, by the Automation API", () => {
  let stack: Stack;
  beforeAll(async () => (stack = await Stack.create({ example: "fleet-waves" })));
  afterAll(() => stack.remove());

  it("stop at the first that fails: the canary", async () => {
    await plug("kvm1", "down");
    const { code, stdout, stderr } = await stack.node("index.ts", "kvm1", "kvm2", "kvm3");
    await plug("kvm1", "up");
    expect(stdout + stderr).toContain("stopped: kvm1 failed; not begun: kvm2, kvm3");
    expect(code).toBe(1);
    expect((await Promise.all(hosts.slice(0, 3).map((host) => host.sh("ls /sys/class/net/br0")))).map(({ code }) => code)).toEqual([2, 2, 2]); // prettier-ignore
  });

  it("go through the fleet", async () => {
    const { code, stdout, stderr } = await stack.node("index.ts", "kvm1", "kvm2", "kvm3");
    expect(`${stdout}${stderr}`).toMatch(/wave 1: 1 of 1 deployed[^]*wave 2: 2 of 2 deployed/);
    expect(code).toBe(0);
    for (const host of hosts.slice(0, 3)) await host.must("test -d /sys/class/net/br0/brif/eth0");
  });
});

const say = (count: number, seconds: number, peak: number) =>
  process.stdout.write(`fleet: ${count} host(s): ${seconds.toFixed(1)} s, peak memory of the provider ${(peak / 1024).toFixed(0)} MiB\n`); // prettier-ignore

/** A run, and what its providers' processes had of memory at the most (KiB: VmHWM of proc(5)). */
async function measured(stack: Stack, ...args: string[]) {
  const began = performance.now();
  const run = stack.start(...args, "--yes", "--skip-preview");
  const peaks = new Map<number, number>();
  while (run.isAlive()) {
    for (const pid of providersOf(run.pid)) peaks.set(pid, memoryOf(pid) ?? peaks.get(pid) ?? 0);
    await sleep(100);
  }
  const { code, stdout, stderr } = await run.ended;
  const seconds = (performance.now() - began) / 1000;
  return { code, said: stdout + stderr, seconds, peak: Math.max(...peaks.values()), processes: peaks.size };
}

function memoryOf(pid: number): number | undefined {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch {
    return undefined; // it has just ended
  }
}
