import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type LabHost, down, guest, must, up, useOwnLab } from "../lab/lab";
import { namespaceOf } from "../lab/state";
import { generator } from "../toolchain/random";
import { thoroughly } from "../toolchain/thoroughly";
import { providersOf } from "./processes";
import { type Snapshot, expectAsBefore, snapshot } from "./snapshot";
import { type Run, Stack } from "./stack";

/** What is done to a run, at a random moment of it. */
const interruptions: Record<string, (run: Run, host: LabHost, random: () => number) => Promise<void>> = {
  "kill -9 of the CLI": async ({ pid }) => signal(-pid, "SIGKILL"),
  "kill -9 of the provider": async (run) => {
    for (let left = 100; left > 0 && run.isAlive() && providersOf(run.pid).length === 0; left--) await sleep(50);
    for (const pid of providersOf(run.pid)) signal(pid, "SIGKILL");
  },
  "Ctrl-C twice": async ({ pid }, _host, random) => {
    signal(pid, "SIGINT");
    await sleep(100 + 900 * random());
    signal(pid, "SIGINT");
  },
  "network cut": async (_run, { name }, random) => {
    const port = (state: "down" | "up") => must(["ip", "-n", namespaceOf("sw"), "link", "set", `p-${name}`, state]);
    await port("down");
    await sleep(200 + 7800 * random());
    await port("up");
  },
};
const kinds = Object.keys(interruptions);
const verbs = ["create", "update", "destroy"] as const;

const program = (host: string, next: boolean) => `import * as kvmnet from "pulumi-kvmnet";
const on = { provider: new kvmnet.Provider("kvm1", { host: "${host}.lab", confirmTimeout: 4, connectTimeout: 5 }) };
new kvmnet.Bridge("br0", { ports: ["eth0"]${next ? `, mtu: 1400, ageingTime: 100` : ""} }, on);
new kvmnet.SysctlForwarding("forwarding", { ipv4: true${next ? ", ipv6: true" : ""} }, on);
const lab = new kvmnet.NatNetwork(
  "lab",
  { address: "192.168.123.1/24", dhcp: { start: "192.168.123.100", end: "192.168.123.${next ? 150 : 200}" } },
  on,
);
new kvmnet.GuestInterface("web", { domain: "web", network: lab.name, address: "192.168.123.${next ? 11 : 10}" }, on);
new kvmnet.BridgeNetfilter("netfilter", { iptables: false${next ? ", arptables: false" : ""} }, on);
`;

/** KVMNET_SEED chooses the moments of an earlier run again. */
const seed = Number(process.env.KVMNET_SEED ?? randomInt(1 << 30));
/** On each host: of each verb at least one. */
const RUNS = thoroughly(10, 3);
const hosts = ["kvm1", "kvm2", "kvm3"];
const outcomes: string[] = [];

beforeAll(() => useOwnLab("interrupted"));
afterAll(async () => {
  process.stdout.write(`interrupted: seed ${seed}, ${outcomes.length} runs\n${outcomes.sort().join("\n")}\n`);
  await down();
});

it.concurrent.each(hosts)(
  "interrupted runs on %s are each made good by one `pulumi up`, and none leaves a trace on the host",
  async (name) => {
    const offset = hosts.indexOf(name);
    const random = generator(seed + offset);
    const host = await up(name);
    await guest(host, "web", { shutOff: true });
    const before = await snapshot(host);
    const processes = await processesOf(host);
    const stack = await Stack.create({ text: "" });
    let failed = 0;
    try {
      for (let i = 0; i < RUNS; i++) {
        const [verb, kind] = [verbs[i % verbs.length]!, kinds[(i + offset) % kinds.length]!];
        if (verb === "create" && i > 0) await givesBack(host, stack, before);
        if (verb !== "destroy") stack.program(program(name, verb === "update"));
        const { code, when } = await interrupt(host, stack, verb === "destroy" ? "destroy" : "up", kind, random);
        outcomes.push(`${name} ${i}: ${verb}, ${kind} ${when}: exit ${code}`);
        if (code !== 0) failed++;
        await makeGood(stack);
        await expectNoTrace(host);
      }
      await givesBack(host, stack, before);
      await expectNoTrace(host);
      await eventually(async () => expect(await processesOf(host)).toBe(processes), 30);
      // Some come too late, and a network that was cut is waited for.
      expect(failed).toBeGreaterThanOrEqual(Math.floor(RUNS / 4));
    } finally {
      stack.remove();
      await host.down();
    }
  },
  900_000,
);

/** Some of the moments are counted from the run's beginning, most from when the host begins to work. */
async function interrupt(
  host: LabHost,
  stack: Stack,
  verb: "up" | "destroy",
  kind: string,
  random: () => number,
): Promise<{ code: number; when: string }> {
  await host.must("touch /tmp/run");
  const run = stack.start(verb, "--yes", "--skip-preview");
  const early = random() < 0.25;
  const began = "find /run/kvmnet -mindepth 1 -newer /tmp/run 2> /dev/null | grep -q .";
  if (!early) await host.sh(`for i in $(seq 200); do ${began} && exit; sleep 0.05; done`);
  const moment = 2.5 * random();
  await sleep(1000 * moment);
  const late = run.isAlive() ? "" : ", too late";
  await interruptions[kind]!(run, host, random);
  const { code } = await run.ended;
  return { code, when: `${moment.toFixed(2)} s after ${early ? "the run" : "the host"} began${late}` };
}

/** What README.md tells people to do. */
async function makeGood(stack: Stack): Promise<void> {
  let { code, stdout, stderr } = await stack.pulumi("up", "--refresh", "--yes", "--skip-preview");
  if (/the stack is currently locked by/.test(stdout + stderr)) {
    await stack.must("cancel", "--yes");
    ({ code, stdout, stderr } = await stack.pulumi("up", "--refresh", "--yes", "--skip-preview"));
  }
  if (code !== 0) throw new Error(`pulumi up failed (exit ${code}):\n${stdout}\n${stderr}`);
  await stack.must("preview", "--refresh", "--diff", "--expect-no-changes");
}

async function givesBack(host: LabHost, stack: Stack, before: Snapshot): Promise<void> {
  await stack.destroy();
  expectAsBefore(await snapshot(host), before);
}

/** No lock is held, no timer waits, and nothing is left of what was being done, but the empty lock file. */
async function expectNoTrace(host: LabHost): Promise<void> {
  expect(await host.must("flock -n /run/kvmnet/lock echo free")).toBe("free\n");
  await eventually(async () => {
    // Transcripts that were never fetched go after three minutes. That clock is put forward: what would be done then is done now.
    await host.must("for pid in $(pgrep -fx 'sleep 180'); do kill $pid || true; done");
    expect(await host.must("ls -d /var/lib/kvmnet/* 2> /dev/null; find /run/kvmnet -mindepth 1")).toBe(
      "/run/kvmnet/lock\n",
    );
    // All but the lab's own init.
    expect(await host.must("ps -N -p 1 -o args= | grep '[k]vmnet' || :")).toBe("");
  }, 10);
}

const processesOf = (host: LabHost) => host.must("ps -eo args= | grep -vE '^(bash -c|ps|grep|sort) ' | sort");

async function eventually(holds: () => Promise<void>, seconds: number): Promise<void> {
  for (const deadline = Date.now() + seconds * 1000; ; await sleep(500)) {
    try {
      return await holds();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it ended by itself in the meantime
  }
}
