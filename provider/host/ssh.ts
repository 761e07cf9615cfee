import { HostError } from "../errors";
import type { Connection } from "./connection";
import { SessionRefused, type Connect, type Line } from "./line";
import { opensshLine } from "./opensshLine";
import { DEFAULT_TIMEOUT, RootShell } from "./rootShell";
import { ssh2Line } from "./ssh2Line";
import { type Destination, resolve } from "./sshConfig";
import type { RunOptions, RunResult, Transport } from "./transport";

/** sshd's MaxSessions is 10, and a person may be logged in through the same master connection; four scripts are enough at once. */
const MAX_CHANNELS = 4;
/** Before the second and the third try, milliseconds. */
const PAUSES = [250, 1000];

/** One connection, made when first needed and kept, with a few channels at once. */
export class SshTransport implements Transport {
  private destination: Promise<Destination> | undefined;
  private line: Promise<Line> | undefined;
  private dials = 0;
  private trips = 0;
  private channels = 0;
  private maxChannels = MAX_CHANNELS;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly connection: Connection,
    private readonly debug: (line: string) => unknown = () => undefined,
    /** By what: left out, the one that can reach the host. */
    private readonly by?: keyof typeof LINES,
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
    const connectTimeout = (await this.resolved()).connectTimeout * 1000;
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
      return await new RootShell(line, options).run(script, Math.max(left, 1000));
    } catch (error) {
      const broken = error instanceof HostError && error.kind === "unreachable" && !isRefusedSession(error);
      if (broken && this.line === dialed) this.disconnect();
      throw error;
    } finally {
      line.release();
    }
  }

  private resolved(): Promise<Destination> {
    this.destination ??= resolve(this.connection).catch((error: unknown) => {
      this.destination = undefined;
      throw error;
    });
    return this.destination;
  }

  private dial(deadline: number): Promise<Line> {
    const forget = () => {
      if (this.line === dialed) this.line = undefined;
    };
    const dialed = this.resolved().then((destination) => this.connect(destination, deadline, forget));
    dialed.catch(forget);
    return dialed;
  }

  private async connect(destination: Destination, deadline: number, forget: () => void): Promise<Line> {
    const { systemSsh, password } = destination;
    const by = this.by ?? (systemSsh ? "openssh" : "ssh2");
    this.sayConnection(destination, by, systemSsh?.why);
    try {
      return await LINES[by](destination, deadline, forget);
    } catch (error) {
      // ssh asks a person for a password, and there is none here.
      const isRefused = error instanceof HostError && error.kind === "authentication";
      if (this.by || by === "ssh2" || !isRefused || systemSsh?.isOnly || password === undefined) throw error;
      this.debug(`${this.host}: SSH: ${error.message}`);
      this.sayConnection(destination, "ssh2", "it logs in with `password`");
      return ssh2Line(destination, deadline, forget);
    }
  }

  private sayConnection({ user, host, address, port, jumps }: Destination, by: keyof typeof LINES, why?: string): void {
    const where = `${user}@${host}${address === host ? "" : ` (${address})`}:${port}`;
    const through = jumps.map((jump) => ` through ${jump.user}@${jump.host}:${jump.port}`).join("");
    const program = by === "ssh2" ? "by ssh2" : "by the system's ssh";
    this.debug(
      `${this.host}: SSH connection ${++this.dials} to ${where}${through}, ${program}${why ? `, since ${why}` : ""}`,
    );
  }
}

const LINES: Readonly<Record<"ssh2" | "openssh", Connect>> = { ssh2: ssh2Line, openssh: opensshLine };

const isRefusedSession = (error: unknown) => error instanceof HostError && error.cause instanceof SessionRefused;
