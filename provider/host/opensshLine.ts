import { execFile, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HostError } from "../errors";
import { SessionRefused, type Channel, type Line } from "./line";
import { opensshChannel } from "./opensshChannel";
import { loginArgs, prepare } from "./opensshLogin";
import { OpensshLog } from "./opensshLog";
import type { Destination } from "./sshConfig";

/** Seconds for which a master that nobody ends (this process was killed) waits for more to do. */
const ORPHAN = 60;

/**
 * By the system's ssh(1): a master connection in the background, and a client of it for each channel. All that it needs is in a folder of
 * its own, which nobody else may enter, and which is gone at the end; so it shares nothing with the masters of the user's own configuration.
 */
export async function opensshLine(destination: Destination, deadline: number, onLost: () => void): Promise<Line> {
  const line = new OpensshLine(destination, onLost);
  try {
    await line.login(deadline);
    return line;
  } catch (error) {
    line.end();
    throw error;
  }
}

/** Those that are to end with this process. */
const open = new Set<OpensshLine>();
const endAll = () => open.forEach((line) => line.end());

/** No question to a person, and messages as they are known here. */
const env = () => ({ ...process.env, LC_ALL: "C", SSH_ASKPASS_REQUIRE: "never", SSH_ASKPASS: "/bin/false" });

class OpensshLine implements Line {
  lost: Error | undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), "kvmnet-ssh-"));
  private readonly socket = join(this.folder, "master");
  private readonly log: OpensshLog;
  private channels = 0;

  constructor(
    readonly destination: Destination,
    private readonly onLost: () => void,
  ) {
    this.log = new OpensshLog(destination, join(this.folder, "log"), join(this.folder, "jumps"));
    if (open.size === 0) process.once("exit", endAll);
    open.add(this);
  }

  async login(deadline: number): Promise<void> {
    const { args, done } = await prepare(this.destination, this.folder);
    // What jump hosts say; a pipe would end them when it is closed, and would keep this process.
    const stderr = openSync(this.log.jumps, "w", 0o600);
    try {
      await this.master([...args, ...loginArgs(this.destination)], stderr, deadline);
    } finally {
      closeSync(stderr);
      done();
    }
  }

  /** It goes into the background when it is logged in. */
  private master(args: readonly string[], stderr: number, deadline: number): Promise<void> {
    const words = ["-v", "-E", this.log.path, "-M", "-S", this.socket, "-N", "-o", `ControlPersist=${ORPHAN}`, ...args];
    return new Promise((resolve, reject) => {
      // A process group of its own: no terminal to ask at, no Ctrl-C, and its ProxyCommand ends with it.
      const child = spawn("ssh", words, { detached: true, env: env(), stdio: ["ignore", "ignore", stderr] });
      const timer = setTimeout(() => {
        child.removeAllListeners("exit");
        killGroup(child);
        reject(this.log.timedOut());
      }, Math.max(1, deadline - Date.now())); // prettier-ignore
      child.on("error", (error) => {
        clearTimeout(timer);
        reject(notStarted(this.destination, error));
      });
      child.on("exit", (code) => {
        clearTimeout(timer);
        if (code === 0) return resolve();
        killGroup(child);
        reject(this.log.failed());
      });
    });
  }

  async exec(command: string): Promise<Channel> {
    if (this.lost || !existsSync(this.socket)) throw this.broken();
    const log = join(this.folder, `channel-${++this.channels}`);
    // Without its master, ssh would make a connection of its own: it gets one that fails.
    const words = ["-F", "none", "-S", this.socket, "-E", log, "-T", "-o", "ProxyCommand=false", "--"];
    const child = spawn("ssh", [...words, this.destination.address, command], { detached: true, env: env() });
    return opensshChannel(child, async () => {
      const said = existsSync(log) ? readFileSync(log, "utf8") : "";
      const refused = /session request failed: (.*)/.exec(said)?.[1];
      if (refused !== undefined) return new SessionRefused(refused);
      return (await this.isAlive()) ? undefined : this.broken();
    });
  }

  hold(): void {
    // A client of the master keeps this process, and the master watches the line by itself (ServerAliveInterval).
  }

  release(): void {}

  end(): void {
    this.lost ??= new Error("this side closed the connection");
    if (existsSync(this.socket)) spawnSync("ssh", this.control("exit"), { timeout: 2000, stdio: "ignore" });
    rmSync(this.folder, { recursive: true, force: true });
    open.delete(this);
    if (open.size === 0) process.removeListener("exit", endAll);
  }

  private isAlive(): Promise<boolean> {
    return new Promise((resolve) => {
      execFile("ssh", this.control("check"), { timeout: 2000, env: env() }, (error) => resolve(!error));
    });
  }

  private control(what: "check" | "exit"): string[] {
    return ["-F", "none", "-S", this.socket, "-O", what, "--", this.destination.address];
  }

  private broken(): Error {
    this.lost ??= this.log.lost();
    this.onLost();
    return this.lost;
  }
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // all of it has ended
  }
}

const notStarted = ({ name, systemSsh }: Destination, error: Error) =>
  new HostError(
    "unreachable",
    `cannot reach ${name}: it takes the system's ssh${systemSsh ? `, since ${systemSsh.why}` : ""}, and that cannot be started (${error.message}). Install OpenSSH's client.`,
    { cause: error },
  );
