import { copyFileSync, readFileSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type VmHost, down, operator, up, useOwnLab } from "../lab/lab";
import { diskOf, loadHost } from "../lab/state";
import { thoroughly } from "../toolchain/thoroughly";
import { type Run, Stack } from "./stack";

const EVERY = thoroughly(1, 2);
/** What is seen of a change from outside, in its order; `told` is the CLI's good end. Power is cut at each of them, and once more a while later (ms). */
const EVENTS = ["script", "begun.0", "br0", "pending", "confirm", "committing.0", "written", "ended.0", "done", "told"]
  .filter((_, i) => (i + 1) % EVERY === 0); // prettier-ignore
const DELAYS = [0, 400].slice(0, thoroughly(2, 1));
const POINTS = DELAYS.length * EVENTS.length;

/** All of a boot that has to do with the network; the rest would take twice as long again. */
const BOOT = { ready: "true", append: "init=/usr/local/sbin/quick-init" };

const program = (host: string) => `import * as kvmnet from "pulumi-kvmnet";
const on = { provider: new kvmnet.Provider("${host}", { host: "${host}.lab", connectTimeout: 60 }) };
new kvmnet.Bridge("br0", { ports: ["eth0"] }, on);
`;

type Kind = "old" | "new";
/** A host's network as it is written, and as it runs. */
interface Network {
  readonly files: string;
  readonly links: string;
}
/** A power cut: what was seen before it, and the disk that it leaves. */
interface Cut {
  readonly point: string;
  readonly disk: string;
}

const outcomes: { readonly kind: Kind; readonly text: string }[] = [];
let host: VmHost;

beforeAll(async () => {
  useOwnLab("powercut");
  host = await up("kvm1", { vm: true, boot: BOOT });
  await untilReached();
});
afterAll(() => down());

it("a host whose power is cut at any point of a bridge change boots its old network or its new one, whole", async () => {
  await bootEach(await changed());
  const count = (kind: Kind) => outcomes.filter((outcome) => outcome.kind === kind).length;
  const sum = `power cut: ${outcomes.length} of ${POINTS} points: ${count("old")} old, ${count("new")} new\n`;
  process.stdout.write([...outcomes.map(({ text }) => text), sum].join("\n"));
  expect(outcomes).toHaveLength(POINTS);
  expect(Math.min(count("old"), count("new"))).toBeGreaterThan(0);
});

it("a change whose host loses its power under it goes on or says so, one `pulumi up` makes it good, and destroy gives back", async () => {
  const old = await networkOf();
  const stack = await Stack.create({ text: program(host.name) });
  try {
    const run = stack.start("up", "--yes", "--skip-preview");
    await watch(run).until("written");
    await host.cutPower();
    await host.boot(BOOT);
    const { code } = await run.ended;
    process.stdout.write(`power cut: when it was written; the CLI that saw it: exit ${code}\n`);
    await stack.must("up", "--refresh", "--yes", "--skip-preview");
    await stack.must("preview", "--refresh", "--diff", "--expect-no-changes");
    await stack.destroy();
    expect(await networkOf()).toEqual(old);
  } finally {
    stack.remove();
  }
});

interface Changed {
  readonly networks: Readonly<Record<Kind, Network>>;
  readonly cuts: readonly Cut[];
}

/**
 * One change of the real CLI. At each point the host's power is cut as far as its disk can tell: its QEMU is stopped, and what `kill -9`
 * would leave is what is in the disk's file then. So one change does for all points; the last of them ends the QEMU.
 */
async function changed(): Promise<Changed> {
  const old = await networkOf();
  const stack = await Stack.create({ text: program(host.name) });
  const cuts: Cut[] = [];
  try {
    const seen = watch(stack.start("up", "--yes", "--skip-preview"));
    for (const event of EVENTS) {
      await seen.until(event);
      for (const later of DELAYS) {
        await sleep(later);
        const point = `${later} ms after ${event} (last seen: ${seen.last()})`;
        cuts.push({ point, disk: cutDisk(`${event}-${later}`) });
      }
    }
    return { networks: { old, new: await networkOf() }, cuts };
  } finally {
    stack.remove();
  }
}

/** The disk as it is without another moment of power. */
function cutDisk(point: string): string {
  const { pid } = loadHost(host.name)!.init!;
  const disk = join(diskOf(host.name), `${point}.qcow2`);
  const threads = `/proc/${pid}/task`;
  const stops = (id: string) => / T /.test(readFileSync(join(threads, id, "stat"), "utf8").replace(/^.*\)/s, ""));
  process.kill(pid, "SIGSTOP");
  while (!readdirSync(threads).every(stops)); // what one of them is just writing it writes to the end
  copyFileSync(join(diskOf(host.name), "disk.qcow2"), disk);
  process.kill(pid, "SIGCONT");
  return disk;
}

/** From the last to the first, which leaves the host as it was. */
async function bootEach({ cuts, networks }: Changed): Promise<void> {
  for (const { point, disk } of [...cuts].reverse()) {
    await host.cutPower();
    renameSync(disk, join(diskOf(host.name), "disk.qcow2"));
    const began = performance.now();
    await host.boot(BOOT);
    await untilReached();
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    const kind = await untilWhole(networks);
    outcomes.push({ kind, text: `power cut: ${point}: ${kind}, reached ${seconds} s after it came back` });
  }
}

/** Names what appears of a change on the host, every 20 ms, without a process that would cost it time. */
const WATCH = `exec {never}<> <(:); cd /run
say() { [[ $seen == *" $1 "* ]] || { seen+=" $1 "; echo "$1"; }; }
until [[ $seen == *" done "* ]]; do
  for path in kvmnet/*/{script,begun.0,pending,confirm,committing.0,ended.0,done} /sys/class/net/br0; do [ ! -e "$path" ] || say "\${path##*/}"; done
  [[ $seen != *" script "* ]] || compgen -G 'kvmnet/*/script' > /dev/null || say done # and fetched already
  text=$(< /etc/network/interfaces); [[ $text != *br0* ]] || say written
  read -rt 0.02 -u "$never"
done`;

interface Watch {
  readonly times: ReadonlyMap<string, number>;
  until(event: string): Promise<void>;
  last(): string;
}

function watch(run: Run): Watch {
  const times = new Map<string, number>();
  const saw = (event: string): void => void (times.has(event) || times.set(event, performance.now()));
  const onOutput = (text: string) => text.split("\n").filter(Boolean).forEach(saw);
  host.sh(WATCH, { onOutput, timeoutMs: 120_000 }).catch(() => {}); // it ends with its host
  let failure = "";
  void run.ended.then(({ code, stdout, stderr }) => {
    if (code === 0) saw("told");
    else failure = `${stdout}\n${stderr}`;
  });
  return {
    times,
    last: () => [...times.keys()].at(-1) ?? "nothing",
    async until(event) {
      for (const deadline = Date.now() + 120_000; !times.has(event); await sleep(5)) {
        if (!failure && !times.has("told") && Date.now() < deadline) continue;
        throw new Error(`${event} was not seen on ${host.name}, only ${[...times.keys()].join(", ")}. ${failure}`);
      }
    },
  };
}

/** What a boot would begin with, and what the kernel has; temporary files, which nothing reads, do not count. */
async function networkOf(): Promise<Network> {
  const files = await host.must(
    "cd /etc/network && find . -type f ! -name '.kvmnet.*' -exec sha256sum {} + | sort -k 2",
  );
  // Not the link's own: bridge-utils takes a port's away at boot (addrgenmode none).
  const links = await host.must(
    "ip -br link; ip -o addr show scope global | cut -d ' ' -f 2-; ip route; ip -6 route | grep -v ^fe80; cd /sys/class/net && echo */brif/*",
  );
  return { files, links };
}

/** A boot is not over when the first connection comes through. */
async function untilWhole(networks: Changed["networks"]): Promise<Kind> {
  for (const deadline = Date.now() + 240_000; ; await sleep(500)) {
    const network = await networkOf();
    for (const kind of ["old", "new"] as const)
      if (network.files === networks[kind].files && network.links === networks[kind].links) return kind;
    if (Date.now() > deadline) expect(network).toEqual(networks[network.files === networks.old.files ? "old" : "new"]);
  }
}

async function untilReached(): Promise<void> {
  const ssh = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=2", `root@${host.name}.lab`, "true"];
  for (const deadline = Date.now() + 240_000; (await operator(ssh)).code !== 0; await sleep(100))
    if (Date.now() > deadline) throw new Error(`${host.name} did not answer SSH within 4 minutes of its boot.`);
}
