import { renameSync } from "node:fs";
import { join } from "node:path";
import { type VmHost, down, up, useOwnLab } from "../lab/lab";
import { diskOf } from "../lab/state";
import { thoroughly } from "../toolchain/thoroughly";
import { EVENTS as ALL_EVENTS, type Cut, type Kind, type Network, cutsOf, networkOf, untilReached, untilWhole, watch } from "./powerCut"; // prettier-ignore
import { Stack } from "./stack";

const EVERY = thoroughly(1, 2);
/** Power is cut at each event, and once more a while later (ms). */
const EVENTS = ALL_EVENTS.filter((_, i) => (i + 1) % EVERY === 0);
const DELAYS = [0, 400].slice(0, thoroughly(2, 1));
const POINTS = EVENTS.flatMap((event) => DELAYS.map((later) => ({ event, later })));

/** All of a boot that has to do with the network; the rest would take twice as long again. */
const BOOT = { ready: "true", append: "init=/usr/local/sbin/quick-init" };

const program = (host: string) => `import * as kvmnet from "pulumi-kvmnet";
const on = { provider: new kvmnet.Provider("${host}", { host: "${host}.lab", connectTimeout: 60 }) };
new kvmnet.Bridge("br0", { ports: ["eth0"] }, on);
`;

const outcomes: { readonly kind: Kind; readonly text: string }[] = [];
let host: VmHost;

beforeAll(async () => {
  useOwnLab("powercut");
  host = await up("kvm1", { vm: true, boot: BOOT });
  await untilReached(host);
});
afterAll(() => down());

it("a host whose power is cut at any point of a bridge change boots its old network or its new one, whole", async () => {
  await bootEach(await changed());
  const count = (kind: Kind) => outcomes.filter((outcome) => outcome.kind === kind).length;
  const sum = `power cut: ${outcomes.length} of ${POINTS.length} points: ${count("old")} old, ${count("new")} new\n`;
  process.stdout.write([...outcomes.map(({ text }) => text), sum].join("\n"));
  expect(outcomes).toHaveLength(POINTS.length);
  expect(Math.min(count("old"), count("new"))).toBeGreaterThan(0);
});

it("a change whose host loses its power under it goes on or says so, one `pulumi up` makes it good, and destroy gives back", async () => {
  const old = await networkOf(host);
  const stack = await Stack.create({ text: program(host.name) });
  try {
    const run = stack.start("up", "--yes", "--skip-preview");
    await watch(host, run).until("written");
    await host.cutPower();
    await host.boot(BOOT);
    const { code } = await run.ended;
    process.stdout.write(`power cut: when it was written; the CLI that saw it: exit ${code}\n`);
    await stack.must("up", "--refresh", "--yes", "--skip-preview");
    await stack.must("preview", "--refresh", "--diff", "--expect-no-changes");
    await stack.destroy();
    expect(await networkOf(host)).toEqual(old);
  } finally {
    stack.remove();
  }
});

interface Changed {
  readonly networks: Readonly<Record<Kind, Network>>;
  readonly cuts: readonly Cut[];
}

/** One change of the real CLI. The last power cut ends the QEMU. */
async function changed(): Promise<Changed> {
  const old = await networkOf(host);
  const stack = await Stack.create({ text: program(host.name) });
  try {
    const cuts = await cutsOf(host, stack.start("up", "--yes", "--skip-preview"), POINTS);
    return { networks: { old, new: await networkOf(host) }, cuts };
  } finally {
    stack.remove();
  }
}

/** From the last to the first, which leaves the host as it was. */
async function bootEach({ cuts, networks }: Changed): Promise<void> {
  for (const { event, later, last, disk } of [...cuts].reverse()) {
    await host.cutPower();
    renameSync(disk, join(diskOf(host.name), "disk.qcow2"));
    const began = performance.now();
    await host.boot(BOOT);
    await untilReached(host);
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    const kind = await untilWhole(host, networks);
    const point = `${later} ms after ${event} (last seen: ${last})`;
    outcomes.push({ kind, text: `power cut: ${point}: ${kind}, reached ${seconds} s after it came back` });
  }
}
