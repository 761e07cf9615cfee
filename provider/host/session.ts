import { randomBytes } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { HostError } from "../errors";
import type { Observed } from "../facts";
import { differences, overlay, without, type Difference, type HostState } from "../hostState";
import { plan } from "../plan";
import { capture, project } from "../project";
import { simulate } from "../simulate";
import { failure } from "./failure";
import { observe } from "./observe";
import {
  delivered,
  endTransactions,
  followTransaction,
  probeTransaction,
  startTransaction,
  type Change,
} from "./script";
import { parseTranscript, type Part } from "./transcript";
import type { RunResult, Transport } from "./transport";

export interface ChangeRequest {
  readonly title: string;
  /** What the host is to be, said when the change's turn comes, of the host as it then is. May throw: then nothing is touched. */
  desired(observed: Observed): HostState;
  /** What else changes by it, and comes back with it where it fails. */
  readonly sideEffects?: HostState;
  /** What the host is to keep until the outcome has arrived here, or to forget; asked for after `desired`. */
  keep?(): NonNullable<Change["keep"]>;
  /** What is being done at the moment. */
  onProgress?(message: string): void;
}

interface Waiting {
  readonly request: ChangeRequest;
  readonly attempt: number;
  resolve(observed: Observed): void;
  reject(error: unknown): void;
}

/** How a change may be tried again when the host changed between planning and doing. */
const ATTEMPTS = 3;
const CHANGE_TIMEOUT = 600_000;
/** It may have to wait for a change of somebody else's. */
const PROBE_TIMEOUT = 180_000;
/** The engine waits for 5 s before it kills us. */
const END_TIMEOUT = 3_000;

/**
 * One host during one operation of the engine: a probe that all share, and a queue of changes. What waits while a transaction runs
 * goes next as one transaction, each change with its own result and its own way back.
 */
export class HostSession {
  private observed: Promise<Observed> | undefined;
  private queue: Waiting[] = [];
  private working = false;
  /** Sysctls that a deletion could not give back, since another resource needs them as they are: the last one to do so does it. */
  readonly owed = new Map<string, string>();
  /** What the host keeps (`Change.keep`) and the engine has been told: forgotten in the end, when it is in the state. */
  readonly told = new Map<string, string>();
  /** What the first probe of this operation saw: prior values, from before any side effect of ours. */
  initial: Observed | undefined;

  constructor(
    private readonly transport: Transport,
    readonly confirmTimeout: number,
  ) {}

  get host(): string {
    return this.transport.host;
  }

  /** The host, read once and again after each change. */
  observe(): Promise<Observed> {
    this.observed ??= this.probe().then(
      (observed) => {
        this.initial ??= observed;
        return observed;
      },
      (error: unknown) => {
        this.observed = undefined;
        throw error;
      },
    );
    return this.observed;
  }

  change(request: ChangeRequest): Promise<Observed> {
    return new Promise((resolve, reject) => {
      this.queue.push({ request, attempt: 1, resolve, reject });
      if (!this.working) {
        this.working = true;
        void this.work();
      }
    });
  }

  /** The engine has ended in peace: all that it was told is in the state. */
  async end(): Promise<void> {
    if (this.told.size > 0) await this.transport.run(endTransactions(this.told), { timeout: END_TIMEOUT });
  }

  private async work(): Promise<void> {
    while (this.queue.length > 0) {
      await this.gather();
      const batch = this.queue;
      this.queue = [];
      try {
        await this.transact(batch);
      } catch (error) {
        this.observed = undefined;
        for (const waiting of batch) if (!this.queue.includes(waiting)) waiting.reject(error);
      }
    }
    this.working = false;
  }

  /** The engine asks for what it can do at once in a row, some milliseconds between two: that is one transaction. */
  private async gather(): Promise<void> {
    for (let seen = 0; this.queue.length > seen;) {
      seen = this.queue.length;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  private async probe(): Promise<Observed> {
    const nonce = newNonce();
    const answer = await this.transport.run(probeTransaction(nonce), { timeout: PROBE_TIMEOUT, retry: true });
    const parts = parseTranscript(answer.stdout, nonce);
    if (answer.code !== 0 && !parts.some(({ key }) => key === "route6"))
      throw scriptError(this.host, "read the host's network", answer);
    const addr = parts.find(({ key }) => key === "addr")?.text.trim() ?? "";
    if (!addr.startsWith("["))
      throw new HostError(
        "failed",
        `ip(8) of ${this.host} cannot say its links as JSON; iproute2 4.13 or newer is needed, not busybox's. It said: ${addr.slice(0, 200) || "nothing"}`,
      );
    return observe(parts);
  }

  private async transact(batch: readonly Waiting[]): Promise<void> {
    let expected = await this.observe();
    const changes: Change[] = [];
    const planned: Waiting[] = [];
    const before: HostState[] = [];
    for (const [i, waiting] of batch.entries()) {
      try {
        const desired = waiting.request.desired(expected);
        const change: Change = {
          title: waiting.request.title,
          plan: plan(desired, expected, waiting.request.sideEffects),
          ...(waiting.request.keep && { keep: waiting.request.keep() }),
        };
        // A change that may cut the line goes alone.
        if (change.plan.hazard && planned.length > 0) {
          this.queue.unshift(...batch.slice(i));
          break;
        }
        changes.push(change);
        planned.push(waiting);
        const touched = overlay(waiting.request.sideEffects ?? {}, desired);
        before.push(capture(expected, touched));
        expected = simulate(expected, touched);
        if (change.plan.hazard) {
          this.queue.unshift(...batch.slice(i + 1));
          break;
        }
      } catch (error) {
        waiting.reject(error);
      }
    }
    const work = changes.map((change, i) => [change, planned[i]!, before[i]!] as const);
    const forgets = ({ keep }: Change) => keep && keep.text === undefined && expected.kept?.[keep.name] !== undefined;
    if (work.every(([change]) => change.plan.ops.length === 0 && !forgets(change))) {
      for (const [, waiting] of work) waiting.resolve(await this.observe());
      return;
    }
    const parts = await this.run(changes, planned);
    if (parts.some(({ key }) => key === "locked")) throw lockedError(this.host, parts);
    const observed = observe(parts.slice(parts.findIndex(({ key }) => key === "observed")));
    this.observed = Promise.resolve(observed);
    for (const [i, [change, waiting, before]] of work.entries()) {
      // What the others of the batch changed does not count.
      const others = work.filter((_, other) => other !== i).map(([, , before]) => before);
      const isKnown = observed.facts.libvirtError === undefined || !(before.networks ?? before.interfaces);
      const left = isKnown
        ? differences(without(before, others.reduce(overlay, {})), project(observed, before))
        : undefined;
      this.settle(i, change, waiting, parts, observed, left);
    }
  }

  private settle(
    i: number,
    change: Change,
    waiting: Waiting,
    parts: readonly Part[],
    observed: Observed,
    left: readonly Difference[] | undefined,
  ): void {
    const result = parts.find(({ key }) => key.startsWith(`result ${i} `))?.key.split(" ")[2];
    if (result === "done") return waiting.resolve(observed);
    if (result === "stale") {
      if (waiting.attempt < ATTEMPTS) {
        this.queue.push({ ...waiting, attempt: waiting.attempt + 1 });
        return;
      }
      const what = parts.filter(({ key }) => key.startsWith("stale ")).map(({ key }) => key.slice(6));
      return waiting.reject(
        new HostError(
          "stale",
          `${what.join(", ")} changed on ${this.host} while it was being planned against; nothing was touched. Run it again.`,
        ),
      );
    }
    waiting.reject(failure(this.host, i, change, parts, this.windowOf([change]), left));
  }

  /** Runs the transaction and brings its transcript back, over a new connection where the first one died; again where it never arrived. */
  private async run(changes: readonly Change[], planned: readonly Waiting[]): Promise<readonly Part[]> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const parts = await this.runOnce(changes, planned);
      if (!parts.some(({ key }) => key === "never began")) return parts;
    }
    throw new HostError(
      "interrupted",
      `the connection to ${this.host} broke before the change had arrived there, ${ATTEMPTS} times; nothing was touched`,
    );
  }

  private async runOnce(changes: readonly Change[], planned: readonly Waiting[]): Promise<readonly Part[]> {
    const nonce = newNonce();
    const hazard = changes.some(({ plan }) => plan.hazard);
    const window = this.windowOf(changes);
    const script = startTransaction(changes, { nonce, who: whoWeAre(), confirmWindow: window });
    const onProgress = (line: string) => {
      const [, change, step] = /^(\d+) (.*)$/.exec(line) ?? [];
      planned[Number(change)]?.request.onProgress?.(step!);
    };
    let answer: RunResult | undefined;
    try {
      const acknowledge = delivered(nonce);
      answer = await this.transport.run(script, { timeout: CHANGE_TIMEOUT, acknowledge, onProgress });
      if (answer.code !== 0) throw scriptError(this.host, changes[0]!.title, answer);
    } catch (error) {
      if (!(error instanceof HostError) || error.kind !== "interrupted") throw error;
    }
    let parts = answer ? parseTranscript(answer.stdout, nonce) : [];
    if (!answer || parts.some(({ key }) => key === "pending")) {
      // Over a fresh TCP connection: one that still lives proves nothing of what a new one would meet.
      this.transport.disconnect();
      parts = parseTranscript((await this.follow(nonce, hazard, window)).stdout, nonce);
    }
    if (!parts.some(({ key }) => ["observed", "locked", "never began"].includes(key)))
      throw new HostError(
        "interrupted",
        `the change on ${this.host} ended early (${parts.at(-1)?.key ?? answer?.stdout.trim() ?? "it said nothing"}); run \`pulumi refresh\` to see how the host is`,
      );
    return parts;
  }

  private windowOf(changes: readonly Change[]): number {
    return this.confirmTimeout + Math.max(0, ...changes.map(({ plan }) => plan.settle));
  }

  private async follow(nonce: string, confirm: boolean, window: number): Promise<RunResult> {
    // While the window is open, and once more after it, when the host has gone back by itself.
    const deadline = Date.now() + (window + 30) * 1000;
    for (;;) {
      try {
        const answer = await this.transport.run(followTransaction(nonce, confirm), {
          timeout: CHANGE_TIMEOUT,
          acknowledge: delivered(nonce),
          retry: true,
        });
        if (answer.code === 0) return answer;
        throw scriptError(this.host, "fetch the transcript of the change", answer);
      } catch (error) {
        if (
          !(error instanceof HostError) ||
          !["unreachable", "interrupted"].includes(error.kind) ||
          Date.now() > deadline
        )
          throw error instanceof HostError ? lostSight(error, confirm) : error;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }
}

const newNonce = () => randomBytes(16).toString("hex");

function whoWeAre(): string {
  let user = "?";
  try {
    user = userInfo().username;
  } catch {
    // no entry in passwd, as in a container
  }
  return `pulumi-kvmnet of ${user} on ${hostname()}, process ${process.pid}, since ${new Date().toISOString()}`;
}

/** The change had begun, for all we know, and the host does not answer any more. */
const lostSight = (error: HostError, guarded: boolean) =>
  new HostError(
    error.kind,
    `${error.message.replace(/; nothing was touched$/, "")}. The change was on its way to it or at work: ${guarded ? "not confirmed, it has gone back by itself" : "it is whole there, or was not made"}. Once the host answers, \`pulumi refresh\` shows how it is.`,
    { cause: error },
  );

const scriptError = (host: string, what: string, { code, stderr }: RunResult) =>
  new HostError("failed", `cannot ${what} on ${host}: ${stderr.trim() || `sh ended with ${code}`}`);

const lockedError = (host: string, parts: readonly Part[]) =>
  new HostError(
    "failed",
    `another change of ${host} is at work (${parts.find(({ key }) => key === "locked")?.text.trim() || "unknown"}); nothing was touched. Run it again when that is done.`,
  );
