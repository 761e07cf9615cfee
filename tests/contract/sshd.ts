import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const PASSWORD = 'correct horse; echo "battery" staple';

/** Users of the sshd under test, who exist in its mount namespace only. */
const USERS = [
  { name: "admin", shell: "/bin/sh" },
  { name: "free", shell: "/bin/bash" },
  { name: "noshell", shell: "/usr/sbin/nologin" },
  { name: "fish", shell: "/usr/bin/fish" },
  { name: "csh", shell: "/bin/tcsh" },
  { name: "plain", shell: "/bin/sh" },
  { name: "talker", shell: "TALKER" },
  { name: "kvmnet", shell: "/bin/sh" },
  { name: "virsh", shell: "/bin/sh" },
];
/** The least that suffices, as docs/connection.md gives it. */
export const LEAST_SUDOERS = "kvmnet ALL=(root) NOPASSWD: /bin/sh";
const SUDOERS = `Defaults env_reset,lecture=always
root ALL=(ALL) ALL
admin,fish,csh,talker ALL=(ALL) ALL
free,plain ALL=(ALL) NOPASSWD: ALL
${LEAST_SUDOERS}
virsh ALL=(root) NOPASSWD: /usr/bin/virsh
`;
/** A login shell that talks before it does anything, as a person's .bashrc may. */
const TALKER = `#!/bin/sh
printf 'Welcome to kvm1!\\n%s' 'Load: 0.1 '
echo 'You have mail.' >&2
exec /bin/sh "$@"
`;

export interface Sshd {
  readonly port: number;
  readonly log: () => string;
  stop(): Promise<void>;
}

/** What one test file makes: keys, homes, servers. All of it is gone after `clean`. */
export class Workshop {
  readonly folder = mkdtempSync(join(tmpdir(), "kvmnet-ssh-"));
  private readonly ends: (() => unknown)[] = [];

  constructor() {
    chmodSync(this.folder, 0o755); // the users' homes are in it
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): string {
    const path = this.path(name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  /** A key pair; what follows `type` in its `.pub` is the comment NAME. */
  key(name: string, type = "ed25519", passphrase = ""): string {
    const path = this.path(name);
    execFileSync("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", name, "-f", path]);
    return path;
  }

  onClean(end: () => unknown): void {
    this.ends.push(end);
  }

  async clean(): Promise<void> {
    for (const end of this.ends.reverse()) await end();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /**
   * An sshd on 127.0.0.1, with these keys of its own and these authorized keys; in namespaces of its own, that end with it.
   * `before`: shell commands in them, mounts of its own.
   */
  async sshd(options: {
    hostKeys: string[];
    authorized?: string[];
    config?: string[];
    before?: string[];
  }): Promise<Sshd> {
    const port = await freePort();
    const home = this.path("home");
    mkdirSync(home, { recursive: true });
    mkdirSync("/run/sshd", { recursive: true });
    const authorized = this.write(
      `authorized-${port}`,
      (options.authorized ?? []).map((path) => readFileSync(`${path}.pub`)).join(""),
    );
    chmodSync(authorized, 0o644);
    const hash = execFileSync("openssl", ["passwd", "-6", "-stdin"], { input: PASSWORD, encoding: "utf8" }).trim();
    const talker = this.path("talker");
    writeFileSync(talker, TALKER, { mode: 0o755 });
    const users = USERS.map(({ name, shell }, i) => ({ name, shell: shell.replace("TALKER", talker), id: 64100 + i }));
    const bound = {
      passwd: users.map(({ name, shell, id }) => `${name}:x:${id}:${id}::${home}:${shell}\n`).join(""),
      shadow: users.map(({ name }) => `${name}:${hash}:19000:0:99999:7:::\n`).join(""),
      sudoers: SUDOERS,
    };
    const mounts = Object.entries(bound).flatMap(([file, text]) => {
      if (!existsSync(`/etc/${file}`)) return [];
      const copy = this.write(
        `${file}-${port}`,
        (file === "sudoers" ? "" : readFileSync(`/etc/${file}`, "utf8")) + text,
      );
      chmodSync(copy, { passwd: 0o644, shadow: 0o640, sudoers: 0o440 }[file]!);
      return [`mount --bind ${copy} /etc/${file}`];
    });
    const config = this.write(
      `sshd_config-${port}`,
      [
        ...(options.config ?? []), // what is said first holds
        "ListenAddress 127.0.0.1",
        ...options.hostKeys.map((path) => `HostKey ${path}`),
        `AuthorizedKeysFile ${authorized}`,
        "StrictModes no",
        "PidFile none",
        "UsePAM no",
        "PermitRootLogin yes",
        "LogLevel VERBOSE",
      ].join("\n") + "\n",
    );
    const child = spawn(
      "unshare",
      [
        "-m",
        "-p",
        "-f",
        "--kill-child",
        "--mount-proc",
        "sh",
        "-ec",
        [...mounts, ...(options.before ?? []), `exec /usr/sbin/sshd -D -e -f ${config} -p ${port}`].join("\n"),
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    let log = "";
    child.stderr!.on("data", (chunk: Buffer) => (log += chunk.toString()));
    // unshare keeps SIGTERM to itself; SIGKILL takes all that is in the namespaces along.
    const stop = () => ended(child, "SIGKILL");
    this.onClean(stop);
    for (let tries = 0; !log.includes("Server listening"); tries++) {
      if (tries > 100 || child.exitCode !== null) throw new Error(`sshd does not start: ${log}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return { port, log: () => log, stop };
  }

  async agent(...keys: string[]): Promise<string> {
    const socket = this.path(`agent-${keys.length}-${Date.now()}`);
    const child = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    this.onClean(() => ended(child));
    for (let tries = 0; !existsSync(socket) && tries < 100; tries++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    for (const key of keys)
      execFileSync("ssh-add", ["-q", key], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: "ignore" });
    return socket;
  }

  /** A TCP server in this process. */
  async listen(server: {
    listen(port: number, host: string): unknown;
    close(): unknown;
    address(): unknown;
  }): Promise<number> {
    server.listen(0, "127.0.0.1");
    await once(server as unknown as Server, "listening");
    this.onClean(() => server.close());
    return (server.address() as { port: number }).port;
  }

  /** Stands between client and server, to cut the line or to let it go silent. */
  async wire(to: number): Promise<Wire> {
    const wire = new Wire(to);
    const port = await this.listen(wire.server);
    this.onClean(() => wire.cut());
    wire.port = port;
    return wire;
  }
}

export class Wire {
  port = 0;
  connections = 0;
  private readonly sockets = new Set<Socket>();
  readonly server: Server;

  constructor(to: number) {
    this.server = createServer((client) => {
      this.connections++;
      const host = connect(to, "127.0.0.1");
      for (const [from, into] of [[client, host] as const, [host, client] as const]) {
        this.sockets.add(from);
        from.on("error", () => undefined).on("close", () => into.destroy());
        from.on("data", (chunk) => into.write(chunk));
      }
    });
  }

  cut(): void {
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
  }

  /** As a cable that was pulled: nothing comes, and nobody says so. */
  silence(): void {
    for (const socket of this.sockets) socket.removeAllListeners("data").resume();
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
