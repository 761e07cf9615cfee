import { connect, type Socket } from "node:net";
import { Client } from "ssh2";
import { HostError } from "../errors";
import { type Credentials, gatherCredentials } from "./credentials";
import { HostKeyPolicy } from "./hostKey";
import type { Destination } from "./sshConfig";

/** A connection that is logged in. */
export interface Line {
  readonly client: Client;
  readonly socket: Socket;
}

/** Connects and logs in before `deadline` (as Date.now() has it), or says what was tried and what to do. */
export async function dial(connection: Destination, deadline: number): Promise<Line> {
  const policy = new HostKeyPolicy(connection);
  const credentials = await gatherCredentials(connection);
  let refusal: unknown;
  for (const algorithms of policy.offers) {
    const attempt = new Attempt(connection, credentials, policy, deadline, algorithms);
    try {
      return await attempt.line();
    } catch (error) {
      if (!(refusal instanceof HostError && refusal.kind === "hostKey")) refusal = error;
      // Behind a pinned fingerprint: it may be of the host's next key.
      if (!attempt.otherKeyType) throw error;
    }
  }
  throw refusal;
}

class Attempt {
  private readonly client = new Client();
  private readonly addresses: string[] = [];
  private readonly tried: string[] = [];
  private accepted: readonly string[] = [];
  private step: "lookup" | "tcp" | "key exchange" | "login" = "lookup";
  private refusal: HostError | undefined;
  /** Whether the host may have another key, of another type, that would be accepted. */
  otherKeyType = false;

  constructor(
    private readonly connection: Destination,
    private readonly credentials: Credentials,
    private readonly policy: HostKeyPolicy,
    private readonly deadline: number,
    private readonly algorithms: readonly string[],
  ) {}

  line(): Promise<Line> {
    const { address, port } = this.connection;
    return new Promise((resolve, reject) => {
      const left = Math.max(1, this.deadline - Date.now());
      const socket = connect({
        host: address,
        port,
        noDelay: true,
        autoSelectFamily: true,
        // Of a name with several addresses, each gets its part of the time; Node's own 0.25 s is less than a far host needs.
        autoSelectFamilyAttemptTimeout: Math.max(250, Math.floor(left / 3)),
      });
      const fail = (error: HostError) => {
        clearTimeout(timer);
        reject(error);
        this.client.destroy();
        socket.destroy();
      };
      const timer = setTimeout(() => fail(this.timedOut(socket)), left);
      socket.on("lookup", () => (this.step = "tcp"));
      socket.on("connectionAttempt", (ip: string) => {
        this.step = "tcp";
        this.addresses.push(ip);
      });
      // Stays for as long as the connection: an error without a listener would end the process.
      socket.on("error", (error) => fail(this.lost(error)));
      socket.once("connect", () => {
        this.step = "key exchange";
        this.client
          .on("handshake", () => (this.step = "login"))
          .on("ready", () => {
            clearTimeout(timer);
            resolve({ client: this.client, socket });
          })
          .on("error", (error: Error & { level?: string }) => {
            // The agent's errors only end what was tried with it.
            if (error.level !== "agent") fail(this.refusal ?? this.failed(error));
          })
          .on("close", () => fail(this.refusal ?? this.lost()));
        this.client.connect({
          sock: socket,
          username: this.connection.user,
          readyTimeout: 0, // one clock for all of it: `timer`
          keepaliveInterval: 0, // ssh.ts does it while a command runs: an idle connection shall not keep the process alive
          algorithms: { serverHostKey: [...this.algorithms] as never },
          hostVerifier: (key: Buffer) => {
            this.refusal = this.policy.refusal(key);
            this.otherKeyType = this.refusal !== undefined;
            return this.refusal === undefined;
          },
          authHandler: this.nextMethod,
        });
      });
    });
  }

  private readonly waiting = () => this.credentials.offers.filter(({ label }) => !this.tried.includes(label));

  /** The next that was not tried and that the host would take; after a part of several (a key, then a password) it takes others. */
  private readonly nextMethod = (
    left: readonly string[] | null,
    _partial: boolean | null,
    next: (method: never) => void,
  ) => {
    this.accepted = left ?? [];
    const offer = this.waiting().find(
      ({ method: { type } }) => !left || left.includes(type === "agent" ? "publickey" : type),
    );
    if (offer) this.tried.push(offer.label);
    // Without anything to offer, to learn what the host would take.
    const nothing = left ? false : { type: "none", username: this.connection.user };
    next((offer?.method ?? nothing) as never);
  };

  private failed(error: Error & { level?: string }): HostError {
    if (error.level === "client-authentication" || /authentication failures/i.test(error.message))
      return this.notLetIn(error);
    if (/no matching (host key|key exchange|.*cipher|.*MAC)/i.test(error.message)) {
      this.otherKeyType = /host key/i.test(error.message);
      return this.unreachable(`${error.message}: the host's sshd and this client have none in common`, error);
    }
    return this.lost(error);
  }

  private lost(error?: Error): HostError {
    const { host, port } = this.connection;
    const code = (error as NodeJS.ErrnoException | undefined)?.code;
    const said = error?.message || code || "the host closed the connection";
    if (this.step === "lookup" || code === "ENOTFOUND" || code === "EAI_AGAIN")
      return this.unreachable(
        `the name ${host} has no address (${code ?? said}); check \`host\` and this machine's DNS`,
        error,
      );
    if (this.step === "tcp") {
      const why = code === "ECONNREFUSED" ? "refused: no sshd listens there, or a firewall rejects it" : said;
      return this.unreachable(`TCP to ${this.where()} port ${port}: ${why}`, error);
    }
    const during = this.step === "login" ? `during the login${this.trying()}` : "before the SSH key exchange was over";
    return this.unreachable(
      `the connection to ${this.where()} port ${port} broke ${during}: ${said}. Is it an sshd, does it let this address in (MaxStartups, hosts.deny)?`,
      error,
    );
  }

  private timedOut(socket: Socket): HostError {
    const { host, port, connectTimeout } = this.connection;
    const within = `within ${connectTimeout} s (connectTimeout)`;
    const at = `${this.where()} port ${port}`;
    switch (this.step) {
      case "lookup":
        return this.unreachable(`the name ${host} could not be looked up ${within}; check this machine's DNS`);
      case "tcp":
        return this.unreachable(
          `no answer from ${at} ${within}. Is the host up, is the address right, does a firewall drop SSH?`,
        );
      case "key exchange":
        return this.unreachable(
          socket.bytesRead === 0
            ? `${at} took the TCP connection but said nothing ${within}. Is it an sshd, is the host overloaded?`
            : `${at} did not finish the SSH key exchange ${within}. Is the host overloaded, does a smaller MTU on the way drop packets?`,
        );
      case "login":
        return this.unreachable(`${at} did not finish the login ${within}${this.trying()}`);
    }
  }

  private notLetIn(error: Error): HostError {
    const { name, user, host, port, password, privateKey } = this.connection;
    const { unusable } = this.credentials;
    const tooMany = /authentication failures/i.test(error.message)
      ? ` It hung up after too many (MaxAuthTries): set \`privateKey\`, or agent: "none".`
      : "";
    const skipped = this.waiting().map(({ label }) => label);
    const parts = [
      `tried ${this.tried.join(", ") || "nothing: there is no key and no password"}`,
      ...(unusable.length > 0 ? [`could not use ${unusable.join(", ")}`] : []),
      ...(skipped.length > 0 ? [`did not try ${skipped.join(", ")}`] : []),
      ...(this.accepted.length > 0 ? [`the host takes ${this.accepted.join(", ")}`] : []),
    ];
    const advice =
      privateKey === undefined && password === undefined
        ? `Set \`privateKey\` or \`password\`, or put one of these keys into ${user}'s ~/.ssh/authorized_keys there.`
        : `Check \`user\` and what it may log in with${user === "root" ? " (sshd's PermitRootLogin)" : ""}.`;
    return new HostError(
      "authentication",
      `${name} does not let us in as ${user}@${host}:${port}: ${parts.join("; ")}.${tooMany} ${advice}`,
      { cause: error },
    );
  }

  private trying(): string {
    return this.tried.length > 0 ? `, tried ${this.tried.join(", ")}` : "";
  }

  private where(): string {
    const { host } = this.connection;
    const others = this.addresses.filter((ip) => ip !== host);
    return others.length > 0 ? `${host} (${others.join(", ")})` : host;
  }

  private unreachable(why: string, cause?: Error): HostError {
    const { name, user, host, port } = this.connection;
    const target = `${user}@${host}:${port}`;
    return new HostError("unreachable", `cannot reach ${name === host ? target : `${name} (${target})`}: ${why}`, {
      cause,
    });
  }
}
