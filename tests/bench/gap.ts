import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { collections, type HostState } from "../../provider/hostState";
import { HostSession } from "../../provider/host/session";
import { lifecycle } from "../../provider/lifecycle";
import { plan } from "../../provider/plan";
import { capture } from "../../provider/project";
import type { ResourceDefinition } from "../../provider/resource";
import { bridge } from "../../provider/resources/bridge";
import { LocalTransport, probe } from "../contract/hosts";
import { Stack } from "../e2e/stack";
import { type LabHost, down, operatorCommand, operatorEnv, up, useOwnLab } from "../lab/lab";

/** `npm run bench:gap`: for how long a host and a guest on its bridge are not reached while a Bridge is made and taken back. */
async function main(runs: number): Promise<void> {
  useOwnLab("gap");
  try {
    for (const scenario of scenarios) for (const gap of await measure(scenario, runs)) console.log(report(gap));
  } finally {
    await down();
  }
}

/** Milliseconds between two pings, and so what cannot be told from no gap at all. */
export const INTERVAL = 10;

export interface Gap {
  /** `create, static host`. */
  readonly what: string;
  readonly ours: number;
  readonly byHand: number;
}

export const report = ({ what, ours, byHand }: Gap): string =>
  `gap: ${what}: ours ${ours.toFixed(1)} ms, by hand ${byHand.toFixed(1)} ms, ratio ${(ours / byHand).toFixed(2)}`;

export interface Scenario {
  readonly title: string;
  readonly dhcp?: boolean;
  /** Makes the host what it is before the change. */
  readonly given?: string;
  /** Who is pinged; the host by default. */
  readonly target?: string;
  readonly args: Readonly<Record<string, unknown>>;
}

const GUEST = "10.0.0.50";
export const scenarios: readonly Scenario[] = [
  { title: "host", args: { ports: ["eth0"] } },
  { title: "host with DHCP", dhcp: true, args: { ports: ["eth0"] } },
  {
    // A guest can only be reached before and after where its bridge was there before: made by hand, with STP on.
    title: "guest",
    target: GUEST,
    given: `ip -batch - <<'END'
link add br0 type bridge forward_delay 200 stp_state 1
link set dev br0 up
addr flush dev eth0
link set dev eth0 master br0
addr add 10.0.0.11/24 brd + dev br0
route add default via 10.0.0.1 dev br0
END
ip netns add web && ip link add tap0 type veth peer name eth0 netns web && ip link set tap0 master br0 up
ip -n web addr add ${GUEST}/24 dev eth0 && ip -n web link set eth0 up
until ping -c 1 -W 1 ${GUEST} > /dev/null; do sleep 0.1; done`,
    args: { ports: ["eth0"], adopt: true, stp: false, forwardDelay: 0, mtu: 1400, owner: "runtime" },
  },
];

/** The medians of several runs with Pulumi, and of as many of the same lines in one `ip -batch` on the host. */
export async function measure(scenario: Scenario, runs: number): Promise<Gap[]> {
  const { title, dhcp = false, given = ":", target, args } = scenario;
  const host = await up("kvm1", { dhcp, ...(!dhcp && { address: "10.0.0.11" }) });
  try {
    await host.must(given);
    const address = target ?? host.address;
    const byHand = await changesByHand(host, args);
    const floor = await medians(runs, address, () => byHand.create(host), () => byHand.remove(host)); // prettier-ignore
    const stack = await Stack.create({ text: program(args) });
    try {
      const ours = await medians(runs, address, () => stack.up(), () => stack.destroy()); // prettier-ignore
      return [
        { what: `create, ${title}`, ours: ours.create, byHand: floor.create },
        { what: `delete, ${title}`, ours: ours.remove, byHand: floor.remove },
      ];
    } finally {
      stack.remove();
    }
  } finally {
    await host.down();
  }
}

export const program = (args: Scenario["args"]): string => `import * as kvmnet from "pulumi-kvmnet";
const on = { provider: new kvmnet.Provider("kvm1", { host: "kvm1.lab" }) };
new kvmnet.Bridge("br0", ${JSON.stringify(args)}, on);
`;

/** The lines of `ip -batch` that we would send, to be run as a person would who has them ready. */
async function changesByHand(host: LabHost, args: Scenario["args"]) {
  const session = new HostSession(new LocalTransport(host), 10);
  const { inputs } = await lifecycle(bridge as ResourceDefinition<never>, () => session).check(
    {},
    { ...args, __urn: "urn:pulumi:dev::gap::pulumi-nodejs:dynamic/kvmnet:Bridge::br0" },
  );
  const observed = await session.observe();
  const { links = {} } = Object.fromEntries(collections.map((key) => [key, inputs[key] ?? {}])) as HostState;
  // A person's DHCP client stays where it is.
  const still = { ...observed, facts: { ...observed.facts, dhcpClients: [] } };
  const batch = async (desired: HostState, now: typeof observed) => {
    const { ops } = plan(desired, now);
    return ops.filter(({ title }) => title.startsWith("ip -batch"))[0]!.script;
  };
  const create = await batch({ links }, still);
  return {
    create: (host: LabHost) => host.must(create),
    remove: async (host: LabHost) => host.must(await batch(capture(observed, { links }), await probe(host))),
  };
}

async function medians(
  runs: number,
  address: string,
  create: () => Promise<unknown>,
  remove: () => Promise<unknown>,
): Promise<{ create: number; remove: number }> {
  const gaps = { create: [] as number[], remove: [] as number[] };
  for (let i = 0; i < runs; i++) {
    gaps.create.push(await longestGap(address, create));
    gaps.remove.push(await longestGap(address, remove));
  }
  return { create: median(gaps.create), remove: median(gaps.remove) };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!;

/** The longest time, in milliseconds, without an answer to the operator's pings while `work` is done. */
export async function longestGap(address: string, work: () => Promise<unknown>): Promise<number> {
  // With a real-time priority: Pulumi, on the same machine, must not keep ping from its turn.
  const ping = spawn(
    "chrt",
    ["--fifo", "50", ...operatorCommand(["ping", "-D", "-n", "-i", String(INTERVAL / 1000), address])],
    { env: operatorEnv(), stdio: ["ignore", "pipe", "inherit"] },
  );
  let said = "";
  ping.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  const ended = new Promise((resolve) => ping.once("close", resolve));
  try {
    await answered(() => answers(said).length > 20);
    await work();
    const since = Date.now() / 1000;
    await answered(() => answers(said).some((at) => at > since + 0.2));
  } finally {
    ping.kill("SIGINT");
    await ended;
  }
  const times = answers(said);
  return Math.max(...times.slice(1).map((at, i) => at - times[i]!)) * 1000;
}

/** When each answer came, in seconds. */
const answers = (said: string): number[] =>
  [...said.matchAll(/^\[(\d+\.\d+)\] \d+ bytes from /gm)].map(([, at]) => Number(at));

async function answered(is: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 30_000; !is(); await sleep(20))
    if (Date.now() > deadline) throw new Error("No answer to the operator's pings for 30 s.");
}

if (require.main === module) {
  main(Number(process.argv[2] ?? 7)).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
