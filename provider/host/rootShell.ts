import { constants } from "node:os";
import { StringDecoder } from "node:string_decoder";
import { decode, encode } from "../bytes";
import { HostError } from "../errors";
import { SessionRefused, type Channel, type Exit, type Line } from "./line";
import type { Destination } from "./sshConfig";
import type { RunOptions, RunResult } from "./transport";

/** Of a run that names none, milliseconds. */
export const DEFAULT_TIMEOUT = 60_000;
/** Of each stream; more is a mistake, and would be held in memory. */
const LIMIT = 64 * 1024 * 1024;
/** What sudo shows when it wants the password, and never else. */
const PROMPT = "[pulumi-kvmnet] password: ";
const READY = "pulumi-kvmnet: ready\n";
/** Constant, and one meaning in every login shell (sh, csh, fish). The script comes through its standard input. */
const SHELL = `sh -c 'echo "${READY.trim()}"; exec sh -s'`;

/**
 * One script in one channel. It is sent only after the shell has said that it is there: before that, nothing can have begun. So the
 * login shell's own talk is told from the script's, a failure of sudo from one of the script, and the password (the answer
 * to a question that only sudo asks) can never be read by the shell as a command, whether sudo wants one or not.
 */
export class RootShell {
  private readonly connection: Destination;
  private channel: Channel | undefined;
  private ready = false;
  private prompts = 0;
  private readonly stdout: Buffer[] = [];
  private readonly stderr: Buffer[] = [];
  private size = 0;
  /** Until the shell is there: what came so far. */
  private before = { stdout: "", stderr: "" };
  private readonly decoder = new StringDecoder("utf8");
  private unended = "";
  private tail = "";
  private acknowledged = false;
  private timer: NodeJS.Timeout | undefined;
  private exit: Exit | undefined;
  private settled = false;
  private resolve!: (result: RunResult) => void;
  private reject!: (error: HostError) => void;

  constructor(
    private readonly line: Line,
    private readonly options: RunOptions,
  ) {
    this.connection = line.destination;
  }

  /** `startTimeout`: milliseconds in which the host must give the channel, and in which the shell must then be there. */
  run(script: string, startTimeout: number): Promise<RunResult> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      this.startTimer(startTimeout, () => this.unreachable("the host gave no session in time"));
      this.line.exec(this.command).then(
        (channel) => this.onOpened(channel, script, startTimeout),
        (error: Error) => this.fail(this.notOpened(error)),
      );
    });
  }

  private onOpened(channel: Channel, script: string, startTimeout: number): void {
    if (this.settled) return channel.destroy();
    this.channel = channel;
    this.startTimer(Math.max(startTimeout, this.connection.connectTimeout * 1000), () => this.notReady());
    channel.stdout.on("data", (chunk: Buffer) => this.onStdout(chunk, script)).resume();
    channel.stderr.on("data", (chunk: Buffer) => this.onStderr(chunk)).resume();
    channel.stdin.on("error", () => undefined); // a write after the host's end; `closed` says the rest
    void channel.closed.then((exit) => this.onClose(exit));
  }

  private get command(): string {
    const { sudo, password } = this.connection;
    if (!sudo) return SHELL;
    return password === undefined ? `sudo -n -- ${SHELL}` : `sudo -S -p '${PROMPT}' -- ${SHELL}`;
  }

  private onStdout(chunk: Buffer, script: string): void {
    if (this.ready) return this.onOutput(chunk);
    this.before.stdout += chunk.toString("latin1");
    const at = this.before.stdout.indexOf(READY);
    if (at < 0) return this.collect([], chunk);
    this.ready = true;
    this.startTimer(this.timeout, () => this.interrupted(`it did not end within ${this.timeout / 1000} s`));
    this.collect(this.stdout, Buffer.from(this.before.stdout.slice(at + READY.length), "latin1"));
    if (this.options.acknowledge === undefined) this.channel!.stdin.end(encode(script));
    else this.channel!.stdin.write(encode(script));
  }

  private onOutput(chunk: Buffer): void {
    this.collect(this.stdout, chunk);
    const { acknowledge } = this.options;
    if (acknowledge === undefined || this.acknowledged) return;
    // A line may come in two pieces.
    const text = this.tail + chunk.toString("latin1");
    this.acknowledged = text.includes(`\n${acknowledge}\n`);
    this.tail = text.slice(-acknowledge.length - 1);
    if (this.acknowledged) this.channel!.stdin.end("arrived\n");
  }

  private onStderr(chunk: Buffer): void {
    if (!this.ready) {
      this.before.stderr += chunk.toString();
      const asked = this.before.stderr.split(PROMPT).length - 1;
      if (asked > 1) return this.fail(this.notRoot("sudo does not take the password"));
      if (asked > this.prompts) this.channel!.stdin.write(`${this.connection.password}\n`);
      this.prompts = asked;
      return this.collect([], chunk);
    }
    this.collect(this.stderr, chunk);
    this.progress(this.decoder.write(chunk));
  }

  private progress(text: string): void {
    const lines = (this.unended + text).split("\n");
    this.unended = lines.pop()!;
    for (const line of lines) this.options.onProgress?.(line);
  }

  private collect(to: Buffer[], chunk: Buffer): void {
    to.push(chunk);
    this.size += chunk.length;
    if (this.size <= LIMIT) return;
    const { name } = this.connection;
    this.fail(
      new HostError(
        "failed",
        `the script's output on ${name} exceeds ${LIMIT / 1024 / 1024} MiB; it may still run there`,
      ),
    );
  }

  private onClose(exit: Exit | undefined): void {
    if (this.settled) return;
    this.exit = exit;
    if (!this.ready) return this.fail(this.notReady());
    if (!exit) return this.fail(this.interrupted(this.line.lost?.message ?? "the host closed the session"));
    this.progress(this.decoder.end());
    if (this.unended) this.options.onProgress?.(this.unended);
    this.settle();
    const { code, signal } = exit;
    this.resolve({
      stdout: decode(Buffer.concat(this.stdout)),
      stderr: Buffer.concat(this.stderr).toString("utf8"),
      // As sh has it: 128 and the signal's number.
      code: code ?? 128 + (constants.signals[signal as NodeJS.Signals] ?? 0),
    });
  }

  /** The session ended, or the time was up, before the script was sent: nothing was touched. */
  private notReady(): HostError {
    const { sudo, user, name } = this.connection;
    const said = [this.before.stderr, this.before.stdout].map((text) => text.replaceAll(PROMPT, "").trim());
    const quoted = said.filter(Boolean).map((text) => `"${text.slice(-500)}"`);
    if (this.line.lost) return this.unreachable("the connection broke before the script was sent", this.line.lost);
    if (sudo && this.channel && (this.exit || quoted.length > 0)) return this.notRoot(`sudo says ${quoted.join(", ")}`);
    if (this.exit)
      return new HostError(
        "authentication",
        `${user} has no shell on ${name}: the session ended with ${this.exit.code ?? this.exit.signal}${quoted.length > 0 ? ` and said ${quoted.join(", ")}` : ""}`,
      );
    return this.unreachable("logged in, but no shell began in time");
  }

  private notRoot(why: string): HostError {
    const { user, name, password } = this.connection;
    const advice = /sudo: (command )?not found|sudo: unknown command|sudo: Command not found|sudo: No such file/i.test(
      why,
    )
      ? "Install sudo there, or log in as root."
      : /tty/.test(why)
        ? `Add \`Defaults:${user} !requiretty\` to its sudoers(5).`
        : password === undefined
          ? `Set \`password\`, or allow it without one in /etc/sudoers.d there: \`${user} ALL=(root) NOPASSWD: ALL\`.`
          : "Check `password`, and that its sudoers(5) let that user run any command.";
    return new HostError("authentication", `${user} may not become root on ${name}: ${why}. ${advice}`);
  }

  private notOpened(error: Error): HostError {
    if (!(error instanceof SessionRefused) || this.line.lost)
      return this.unreachable("the connection broke before the script was sent", this.line.lost ?? error);
    return new HostError(
      "unreachable",
      `${this.connection.name} lets us in, but gives no session (MaxSessions of its sshd_config): ${error.message}`,
      { cause: error },
    );
  }

  private unreachable(why: string, cause?: Error): HostError {
    const { name, user, host, port } = this.connection;
    const because = cause ? ` (${cause.message})` : "";
    return new HostError("unreachable", `${name} (${user}@${host}:${port}): ${why}${because}; nothing was touched`, {
      cause,
    });
  }

  private interrupted(why: string): HostError {
    const { name, user, host, port } = this.connection;
    return new HostError(
      "interrupted",
      `the script on ${name} (${user}@${host}:${port}) was interrupted: ${why}; it may still run there`,
    );
  }

  private get timeout(): number {
    return this.options.timeout ?? DEFAULT_TIMEOUT;
  }

  private startTimer(milliseconds: number, error: () => HostError): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fail(error()), milliseconds);
  }

  private settle(): void {
    this.settled = true;
    clearTimeout(this.timer);
  }

  private fail(error: HostError): void {
    if (this.settled) return;
    this.settle();
    this.reject(error);
    this.channel?.destroy();
  }
}
