import { HostError } from "../errors";
import type { Observed } from "../facts";
import { differences, overlay, without, type Difference, type HostState } from "../hostState";
import { plan } from "../plan";
import { capture, project } from "../project";
import { simulate } from "../simulate";
import { failure, scriptError } from "./failure";
import { observe } from "./observe";
import { runTransaction } from "./runTransaction";
import { endTransactions, probeTransaction, type Change } from "./script";
import { newNonce, parseTranscript, type Part } from "./transcript";
import type { Transport } from "./transport";

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

interface Planned {
  readonly change: Change;
  readonly waiting: Waiting;
  /** What the host held where it changes something. */
  readonly before: HostState;
}

/** How a change may be tried again when the host changed between planning and doing. */
const ATTEMPTS = 3;
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
    /** Whether it is one of several that the provider serves. */
    readonly inFleet = false,
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
        // The engine asks for one resource after the other: a host of a fleet that is down costs the others its time once.
        const isDown = this.inFleet && !this.initial && error instanceof HostError && error.kind === "unreachable";
        if (!isDown) this.observed = undefined;
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
        if (this.initial) this.observed = undefined;
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
    const planned: Planned[] = [];
    for (const [i, waiting] of batch.entries()) {
      try {
        const { title, sideEffects, keep } = waiting.request;
        const desired = waiting.request.desired(expected);
        const change: Change = {
          title,
          plan: plan(desired, expected, sideEffects),
          ...(keep && { keep: keep() }),
        };
        const { hazard } = change.plan;
        // A change that may cut the line goes alone.
        if (hazard && planned.length > 0) {
          this.queue.unshift(...batch.slice(i));
          break;
        }
        const touched = overlay(sideEffects ?? {}, desired);
        planned.push({ change, waiting, before: capture(expected, touched) });
        expected = simulate(expected, touched);
        if (hazard) {
          this.queue.unshift(...batch.slice(i + 1));
          break;
        }
      } catch (error) {
        waiting.reject(error);
      }
    }
    const forgets = ({ keep }: Change) => keep && keep.text === undefined && expected.kept?.[keep.name] !== undefined;
    if (planned.every(({ change }) => change.plan.ops.length === 0 && !forgets(change))) {
      for (const { waiting } of planned) waiting.resolve(await this.observe());
      return;
    }
    const changes = planned.map(({ change }) => change);
    const parts = await runTransaction(this.transport, changes, {
      confirmWindow: this.windowOf(changes),
      onProgress: (i, step) => planned[i]?.waiting.request.onProgress?.(step),
    });
    if (parts.some(({ key }) => key === "locked")) throw lockedError(this.host, parts);
    const observed = observe(parts.slice(parts.findIndex(({ key }) => key === "observed")));
    this.observed = Promise.resolve(observed);
    for (const [i, { change, waiting, before }] of planned.entries()) {
      // What the others of the batch changed does not count.
      const others = planned.filter((_, other) => other !== i).map(({ before }) => before);
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

  private windowOf(changes: readonly Change[]): number {
    return this.confirmTimeout + Math.max(0, ...changes.map(({ plan }) => plan.settle));
  }
}

const lockedError = (host: string, parts: readonly Part[]) =>
  new HostError(
    "failed",
    `another change of ${host} is at work (${parts.find(({ key }) => key === "locked")?.text.trim() || "unknown"}); nothing was touched. Run it again when that is done.`,
  );
