import { HostError } from "../errors";
import type { Connection } from "./connection";
import { dial, type Line } from "./dial";
import { type Destination, resolve } from "./sshConfig";
import { DEFAULT_TIMEOUT, RootShell, SESSION_REFUSED } from "./rootShell";
import type { RunOptions, RunResult, Transport } from "./transport";

/** sshd's MaxSessions is 10, and a person may be logged in through the same master connection; four scripts are enough at once. */
const MAX_CHANNELS = 4;
/** Before the second and the third try, milliseconds. */
const PAUSES = [250, 1000];
/** While a script runs, milliseconds: how often the host is asked for a sign of life, and after how long without one it is given up. */
const KEEPALIVE = 5_000;
const SILENCE = 15_000;

/** SSH over ssh2: one connection, made when first needed and kept, with a few channels at once. */
export class SshTransport implements Transport {
  private line: Promise<HeldLine> | undefined;
  private dials = 0;
  private trips = 0;
  private channels = 0;
  private maxChannels = MAX_CHANNELS;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly connection: Connection,
    private readonly debug: (line: string) => unknown = () => undefined,
  ) {}

  get host(): string {
    return this.connection.name;
  }

  async run(script: string, options: RunOptions = {}): Promise<RunResult> {
    for (;;) {
      while (this.channels >= this.maxChannels) await new Promise<void>((resolve) => this.waiting.push(resolve));
      this.channels++;
      try {
        return await this.runWithRetries(script, options);
      } catch (error) {
        const others = this.channels - 1;
        if (!isRefusedSession(error) || others === 0) throw error;
        // Scripts of ours are in the way: fewer at once from now on, and this one waits until one of them has ended.
        this.maxChannels = Math.min(this.maxChannels, others);
      } finally {
        this.channels--;
        this.waiting.shift()?.();
      }
    }
  }

  disconnect(): void {
    void this.line?.then(
      (line) => line.end(),
      () => undefined,
    );
    this.line = undefined;
  }

  /** Again, where the script is known not to have begun, or may begin twice. */
  private async runWithRetries(script: string, options: RunOptions): Promise<RunResult> {
    const connectTimeout = this.connection.connectTimeout * 1000;
    let deadline = Date.now() + connectTimeout;
    for (const pause of [...PAUSES, undefined]) {
      const began = Date.now();
      try {
        return await this.runOnce(script, options, deadline);
      } catch (error) {
        if (!(error instanceof HostError)) throw error;
        this.debug(`${this.host}: SSH: ${error.message}`);
        if (pause === undefined || (isRefusedSession(error) && this.channels > 1)) throw error;
        const timedOut = Date.now() - began >= (options.timeout ?? DEFAULT_TIMEOUT);
        if (error.kind === "interrupted" && options.retry && !timedOut) deadline = Date.now() + connectTimeout;
        else if (error.kind !== "unreachable" || Date.now() + pause >= deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
    throw new Error("unreachable code");
  }

  private async runOnce(script: string, options: RunOptions, deadline: number): Promise<RunResult> {
    const kept = this.line !== undefined;
    const dialed = (this.line ??= this.dial(deadline));
    const line = await dialed;
    this.debug(`${this.host}: SSH trip ${++this.trips}`);
    line.hold();
    try {
      // One that was kept may have died unnoticed: then some time is left for a new one.
      const left = (deadline - Date.now()) / (kept ? 2 : 1);
      return await new RootShell(line.destination, line.client, options, () => line.lost).run(
        script,
        Math.max(left, 1000),
      );
    } catch (error) {
      const broken = error instanceof HostError && error.kind === "unreachable" && !isRefusedSession(error);
      if (broken && this.line === dialed) this.disconnect();
      throw error;
    } finally {
      line.release();
    }
  }

  private dial(deadline: number): Promise<HeldLine> {
    const forget = () => {
      if (this.line === dialed) this.line = undefined;
    };
    const dialed = resolve(this.connection).then(async (destination) => {
      const { user, host, address, port } = destination;
      const via = address === host ? "" : ` (${address})`;
      this.debug(`${this.host}: SSH connection ${++this.dials} to ${user}@${host}${via}:${port}`);
      return new HeldLine(destination, await dial(destination, deadline), forget);
    });
    dialed.catch(forget);
    return dialed;
  }
}

const isRefusedSession = (error: unknown) => error instanceof HostError && error.cause === SESSION_REFUSED;

/** A connection that keeps the process alive, and is watched, only while scripts run over it. */
class HeldLine {
  readonly client: Line["client"];
  lost: Error | undefined;
  private readonly socket: Line["socket"];
  private holders = 0;
  private watch: NodeJS.Timeout | undefined;
  private heard = 0;

  constructor(
    readonly destination: Destination,
    { client, socket }: Line,
    onLost: () => void,
  ) {
    this.client = client;
    this.socket = socket;
    const lost = (error?: Error) => {
      this.lost ??= error ?? new Error("the connection was closed");
      clearInterval(this.watch);
      onLost();
    };
    // Before ssh2 hears of it, and ends the channels.
    socket.prependListener("error", lost).prependListener("close", () => lost());
    client.on("error", lost);
    socket.unref();
  }

  hold(): void {
    if (this.holders++ > 0) return;
    this.socket.ref();
    this.heard = Date.now();
    clearInterval(this.watch);
    this.watch = setInterval(() => this.ask(), KEEPALIVE);
  }

  release(): void {
    if (--this.holders > 0) return;
    clearInterval(this.watch);
    this.socket.unref();
  }

  end(): void {
    this.lost ??= new Error("this side closed the connection");
    this.client.end();
    this.socket.destroySoon();
  }

  /** A request that any host answers, with no: a forwarding that was never there shall end. ssh2's own keepalive has a timer that cannot be unref'd. */
  private ask(): void {
    if (Date.now() - this.heard > SILENCE) {
      this.socket.destroy(new Error(`no sign of life for ${Math.round((Date.now() - this.heard) / 1000)} s`));
      return;
    }
    try {
      this.client.unforwardIn("localhost", 1, () => (this.heard = Date.now()));
    } catch {
      // not connected any more; `close` says so
    }
  }
}
