import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { Client } from "ssh2";
import { HostError } from "../errors";
import { type Credentials, gatherCredentials } from "./credentials";
import { HostKeyPolicy } from "./hostKey";
import { LoginErrors, newProgress } from "./loginErrors";
import type { Destination } from "./sshConfig";

/** A login by ssh2, and what carries it: a TCP socket, or a channel of the jump host before it. */
export interface Hop {
  readonly client: Client;
  readonly socket: Duplex;
}

/**
 * Connects and logs in before `deadline` (as Date.now() has it), or says what was tried and what to do. `jump`: through this host,
 * which is logged in to already.
 */
export async function dial(connection: Destination, deadline: number, jump?: Client): Promise<Hop> {
  const policy = new HostKeyPolicy(connection);
  const credentials = await gatherCredentials(connection);
  let refusal: unknown;
  for (const algorithms of policy.offers) {
    const attempt = new Attempt(connection, credentials, policy, deadline, algorithms, jump);
    try {
      return await attempt.hop();
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
  private readonly progress = newProgress();
  private readonly errors: LoginErrors;
  private refusal: HostError | undefined;
  /** Whether the host may have another key, of another type, that would be accepted. */
  otherKeyType = false;

  constructor(
    private readonly connection: Destination,
    private readonly credentials: Credentials,
    private readonly policy: HostKeyPolicy,
    private readonly deadline: number,
    private readonly algorithms: readonly string[],
    private readonly jump: Client | undefined,
  ) {
    this.progress.unusable = credentials.unusable;
    this.errors = new LoginErrors(connection, this.progress);
  }

  hop(): Promise<Hop> {
    return new Promise((resolve, reject) => {
      const left = Math.max(1, this.deadline - Date.now());
      let socket: Duplex | undefined;
      let failed = false;
      const fail = (error: HostError) => {
        failed = true;
        clearTimeout(timer);
        reject(error);
        this.client.destroy();
        socket?.destroy();
      };
      const timer = setTimeout(() => fail(this.errors.timedOut()), left);
      const connected = (connection: Duplex) => {
        socket = connection;
        if (failed) return void socket.destroy();
        this.login(socket, fail, () => {
          clearTimeout(timer);
          resolve({ client: this.client, socket: connection });
        });
      };
      if (this.jump) this.forward(this.jump, fail, connected);
      else socket = this.connect(left, fail, connected);
    });
  }

  private connect(left: number, fail: (error: HostError) => void, connected: (socket: Duplex) => void): Duplex {
    const socket = connect({
      host: this.connection.address,
      port: this.connection.port,
      noDelay: true,
      autoSelectFamily: true,
      // Of a name with several addresses, each gets its part of the time; Node's own 0.25 s is less than a far host needs.
      autoSelectFamilyAttemptTimeout: Math.max(250, Math.floor(left / 3)),
    });
    socket.on("lookup", () => (this.progress.step = "tcp"));
    socket.on("connectionAttempt", (ip: string) => {
      this.progress.step = "tcp";
      this.progress.addresses.push(ip);
    });
    // Stays for as long as the connection: an error without a listener would end the process.
    socket.on("error", (error) => fail(this.errors.lost(error)));
    return socket.once("connect", () => connected(socket));
  }

  /** The jump host looks up the name, and connects. */
  private forward(jump: Client, fail: (error: HostError) => void, connected: (socket: Duplex) => void): void {
    this.progress.step = "tcp";
    const refused = (error: Error) =>
      fail(
        this.errors.lost(
          new Error(
            `${error.message.replace("(SSH) Channel open failure: ", "")}; the jump host has to let TCP through (AllowTcpForwarding of its sshd_config)`,
          ),
        ),
      );
    try {
      jump.forwardOut("127.0.0.1", 0, this.connection.address, this.connection.port, (error, channel) => {
        if (error) return refused(error);
        channel.on("error", () => undefined);
        connected(channel);
      });
    } catch (error) {
      refused(error as Error);
    }
  }

  private login(socket: Duplex, fail: (error: HostError) => void, ready: () => void): void {
    this.progress.step = "key exchange";
    socket.once("data", () => (this.progress.heard = true));
    this.client
      .on("handshake", () => {
        this.progress.step = "login";
        const error = this.policy.learn();
        if (error) fail(error);
      })
      .on("ready", ready)
      .on("error", (error: Error & { level?: string }) => {
        // The agent's errors only end what was tried with it.
        if (error.level !== "agent") fail(this.refusal ?? this.failed(error));
      })
      .on("close", () => fail(this.refusal ?? this.errors.lost()));
    this.client.connect({
      sock: socket,
      username: this.connection.user,
      readyTimeout: 0, // one clock for all of it, in `hop`
      keepaliveInterval: 0, // ssh2Line.ts does it while a command runs: an idle connection shall not keep the process alive
      algorithms: { serverHostKey: [...this.algorithms] as never },
      hostVerifier: (key: Buffer) => {
        this.refusal = this.policy.refusal(key);
        this.otherKeyType = this.refusal !== undefined;
        return this.refusal === undefined;
      },
      authHandler: this.nextMethod,
    });
  }

  /** The next that was not tried and that the host would take; after a part of several (a key, then a password) it takes others. */
  private readonly nextMethod = (
    left: readonly string[] | null,
    _partial: boolean | null,
    next: (method: never) => void,
  ) => {
    const { tried } = this.progress;
    const waiting = this.credentials.offers.filter(({ label }) => !tried.includes(label));
    const offer = waiting.find(({ method: { type } }) => !left || left.includes(type === "agent" ? "publickey" : type));
    if (offer) tried.push(offer.label);
    this.progress.accepted = left ?? [];
    this.progress.untried = waiting.filter((one) => one !== offer).map(({ label }) => label);
    // Without anything to offer, to learn what the host would take.
    const nothing = left ? false : { type: "none", username: this.connection.user };
    next((offer?.method ?? nothing) as never);
  };

  private failed(error: Error & { level?: string }): HostError {
    if (error.level === "client-authentication" || /authentication failures/i.test(error.message))
      return this.errors.notLetIn(error);
    if (/no matching (host key|key exchange|.*cipher|.*MAC)/i.test(error.message)) {
      this.otherKeyType = /host key/i.test(error.message);
      return this.errors.unreachable(`${error.message}: the host's sshd and this client have none in common`, error);
    }
    return this.errors.lost(error);
  }
}
