import { setTimeout as sleep } from "node:timers/promises";
import { HostSession } from "../../provider/host/session";
import { delivered, followTransaction, startTransaction } from "../../provider/host/script";
import { observe } from "../../provider/host/observe";
import { parseTranscript, type Part } from "../../provider/host/transcript";
import { lifecycle } from "../../provider/lifecycle";
import type { Observed } from "../../provider/facts";
import type { Op } from "../../provider/plan";
import type { Properties, ResourceDefinition } from "../../provider/resource";
import { down, type LabHost } from "../lab/lab";
import { cases, clean, planOf, PlanningSession, urnOf, type Case, type Untitled } from "./cases";
import { changed, contractHost, LocalTransport, newNonce, probe, shells, snapshot, type Shell } from "./hosts";

/**
 * For every step of create, update and delete of each resource: it fails, and the shell that runs the transaction is killed, before
 * it, within it and after it. Each time the host is then as before, to the last file and route; or, killed after its last step, done.
 */
const hosts = new Map<string, LabHost>();
const keyOf = (shell: Shell, dhcp: boolean) => `${shell}${dhcp ? "-dhcp" : ""}`;
beforeAll(async () => {
  for (const dhcp of [false, true])
    for (const shell of shells) hosts.set(keyOf(shell, dhcp), await contractHost(keyOf(shell, dhcp), { dhcp }));
});
afterAll(() => down());

const points = { changes: 0, failed: 0, killed: 0, ended: 0 };
afterAll(() => {
  const { changes, failed, killed, ended } = points;
  process.stdout.write(
    `crash matrix: ${failed + killed} points in ${changes} changes (a step failed: ${failed}, the shell was killed: ${killed}), with dash and busybox: ${ended} ended in old or new\n`,
  );
});

test.each(cases)(
  "$title",
  async (of) => {
    // Two hosts at a time: what a transaction waits for is seldom the processor.
    const ended = await Promise.allSettled(shells.map((shell) => throughAll(of, shell)));
    for (const result of ended) if (result.status === "rejected") throw result.reason;
  },
  600_000,
);

async function throughAll({ definition, on, given, args, then }: Case, shell: Shell): Promise<void> {
  const host = hosts.get(keyOf(shell, on === "dhcp"))!;
  const of = definition as ResourceDefinition<never>;
  const __urn = urnOf(of.type);
  const transport = () => new LocalTransport(host, shell);
  const doing = () => lifecycle(of, () => new HostSession(transport(), 10));
  const planning = () => lifecycle(of, () => new PlanningSession(transport(), 10));
  const checked = async (olds: Properties, news: Properties) => {
    const { inputs, failures } = await doing().check(olds, { ...news, __urn });
    expect(failures).toBeUndefined();
    return inputs;
  };
  await host.must(given ?? ":");
  try {
    const old = await snapshot(host);
    const running = await processes(host);
    const first = await checked({}, args(host.address));
    await survive(host, shell, await planOf(planning().create(first)));
    // Each is left as it was killed after its last step: the next try goes on from there.
    const { id, outs } = await doing().create(first);

    const second = await checked(first, then(host.address));
    expect(await doing().diff(id, outs, second)).toMatchObject({ changes: true, replaces: [] });
    await survive(host, shell, await planOf(planning().update(id, outs, second)));
    const updated = await doing().update(id, outs, second);

    await survive(host, shell, await planOf(planning().delete(id, updated.outs)));
    await doing().delete(id, updated.outs);
    expect(changed(old, await snapshot(host))).toEqual([]);
    await expectNoTrace(host, running);
  } finally {
    await host.sh(clean);
  }
}

/** Nothing of ours runs or filters, nobody holds the lock, and nothing else lies under /run, once a transcript that did not arrive is kept no more. */
async function expectNoTrace(host: LabHost, running: string): Promise<void> {
  await host.must("for pid in $(pgrep -fx 'sleep 180'); do kill $pid || true; done");
  const left = () => host.must("ls -A /run/kvmnet; flock -n /run/kvmnet/lock echo free; ! iptables -S | grep kvmnet");
  for (let tries = 50; tries > 0 && ((await left()) !== "lock\nfree\n" || (await processes(host)) !== running); tries--)
    await sleep(100);
  expect([await left(), await processes(host)]).toEqual(["lock\nfree\n", running]);
}

/** What runs on the host, but what this test has just started there: that has its parent outside. */
const processes = async (host: LabHost) =>
  (await host.must("exec ps -eo ppid=,args="))
    .split("\n")
    .filter((line) => !/^ *0 /.test(line))
    .map((line) => line.trim().replace(/^\d+ /, ""))
    .sort()
    .join("\n");

/** Tries the change with one fault after the other, after each of which the host is as before; then it is made, and the shell is killed. */
async function survive(host: LabHost, shell: Shell, planned: Untitled): Promise<void> {
  expect(planned.plan.ops).not.toEqual([]);
  points.changes++;
  const before = await snapshot(host);
  const old = comparable(await probe(host, shell));

  // All of them in one transaction: each begins where the one before gave back.
  const fails = failing(planned);
  points.failed += fails.length;
  const parts = await transact(
    host,
    shell,
    fails.flatMap(({ change }) => [change, look]),
  );
  expect(outcomes(parts)).toEqual(
    fails.flatMap(({ step }, i) => [
      `failed ${2 * i} ${step} 7`,
      `result ${2 * i} reverted`,
      `result ${2 * i + 1} done`,
    ]),
  );
  fails.forEach(({ title }, i) => {
    const from = parts.findIndex(({ key }) => key === `step ${2 * i + 1} 0 ${look.plan.ops[0]!.title}`);
    const to = parts.findIndex(({ key }) => key === `result ${2 * i + 1} done`);
    expect([title, comparable(observe(parts.slice(from, to)))]).toEqual([title, old]);
  });
  points.ended += fails.length;

  const kills = killing(planned);
  points.killed += kills.length + 1;
  for (const { title, change, confirm = true } of kills) {
    const parts = await transact(host, shell, [change], { confirm });
    expect([title, ...outcomes(parts)]).toEqual([title, "killed 0", "result 0 reverted"]);
    expect([title, comparable(observed(parts))]).toEqual([title, old]);
  }
  await host.must('for i in $(seq 50); do [ "$(pgrep -xc dhclient)" -lt 2 ] && exit; sleep 0.1; done; exit 1');
  expect(changed(before, await snapshot(host))).toEqual([]);

  const done = await transact(host, shell, [planned, killer], { arrived: false });
  expect(outcomes(done)).toEqual(["result 0 done", "killed 1", "result 1 reverted"]);
  points.ended += kills.length + 1;
}

const step = (title: string, script: string): Untitled => ({
  plan: { guards: [], ops: [{ title, script }], revert: [], settle: 0 },
});
const look = step("look", "set +e; probe");
const KILL = "kill -9 $$";
const killer = step("kill", KILL);

interface Point {
  readonly title: string;
  readonly step: number;
  readonly change: Untitled;
  /** Whether the operator is seen again, where the change waits for that. */
  readonly confirm?: boolean;
}

/** The plan with another script for each step in its turn. */
const each = ({ plan, ...rest }: Untitled, what: string, script: (op: Op) => string): Point[] =>
  plan.ops.map((op, step) => ({
    title: `${what} "${op.title}"`,
    step,
    change: { ...rest, plan: { ...plan, ops: plan.ops.with(step, { ...op, script: script(op) }) } },
  }));

const failing = (planned: Untitled): Point[] => [
  ...each(planned, "fails before", () => "exit 7"),
  ...each(planned, "fails after", ({ script }) => `${script}\nexit 7`),
];

function killing(planned: Untitled): Point[] {
  const waiting = planned.plan.ops.findLastIndex((op) => !op.commit);
  const whenPending = `(until [ -e "$dir/pending" ]; do sleep 0.05; done; ${KILL}) > /dev/null 2>&1 3>&- 9>&- < /dev/null &`;
  return [
    ...each(planned, "killed before", () => `${KILL}; exit 9`),
    // The shell is gone, the step goes on: the way back has to wait for its end.
    ...each(planned, "killed within", ({ script }) => `${KILL}; sleep 0.1\n${script}`),
    ...each(planned, "killed after", ({ script }) => `${script}\n${KILL}; exit 9`),
    ...each(planned, "killed while it waits to be confirmed, after", ({ script }) => `${script}\n${whenPending}`)
      .filter(({ step }) => planned.plan.hazard !== undefined && step === waiting)
      .map((point) => ({ ...point, confirm: false })),
  ];
}

/** Sends it, fetches what it says, and confirms it where it asks for that. The host hears whether its outcome has arrived. */
async function transact(
  host: LabHost,
  shell: Shell,
  planned: readonly Untitled[],
  { confirm = true, arrived = true } = {},
): Promise<Part[]> {
  const nonce = newNonce();
  const transport = new LocalTransport(host, shell);
  const changes = planned.map((change) => ({ title: "a test", ...change }));
  const arrives = arrived ? { acknowledge: delivered(nonce) } : {};
  const start = startTransaction(changes, { nonce, who: "a test", confirmWindow: 10 });
  let { stdout, code, stderr } = await transport.run(start, arrives);
  if (parseTranscript(stdout, nonce).some(({ key }) => key === "pending"))
    ({ stdout, code, stderr } = await transport.run(followTransaction(nonce, confirm), arrives));
  // Progress is told there too, a line each.
  expect([code, stderr.replace(/^.*\n/gm, "")]).toEqual([0, ""]);
  return parseTranscript(stdout, nonce);
}

/** What became of each change; and, where something failed that was not to, what it said. */
const outcomes = (parts: readonly Part[]) =>
  parts.flatMap(({ key }, i) => {
    if (!/^(stale|locked|unconfirmed|failed|killed|undo failed|result)/.test(key)) return [];
    return /^failed .* 7$/.test(key) || !key.includes("failed") ? [key] : [key, parts[i - 1]!.key, parts[i - 1]!.text];
  });

const observed = (parts: readonly Part[]) => observe(parts.slice(parts.findIndex(({ key }) => key === "observed")));

/** What a probe sees, without what runs by itself: processes' numbers, lifetimes. A client that has just got its lease is two for a moment. */
const comparable = ({ facts, ...rest }: Observed): unknown =>
  JSON.parse(
    JSON.stringify({ ...rest, clients: [...new Set(facts.dhcpClients.map(({ argv }) => argv.join(" ")))] }).replace(
      / valid_lft \S+ preferred_lft [^" ]+/g,
      "",
    ),
  );
