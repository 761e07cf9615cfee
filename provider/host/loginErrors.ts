import { HostError } from "../errors";
import type { Destination } from "./sshConfig";

/** How far a login came, and what was done for it. */
export interface LoginProgress {
  step: "lookup" | "tcp" | "key exchange" | "login";
  /** Of the host's name, those that were tried. */
  readonly addresses: string[];
  /** Whether the other side said anything. */
  heard: boolean;
  /** What was offered, in order; what was left to offer; what was found and could not be used. */
  readonly tried: string[];
  untried: readonly string[];
  unusable: readonly string[];
  /** The methods that the host would take. */
  accepted: readonly string[];
}

export const newProgress = (): LoginProgress => ({
  step: "lookup",
  addresses: [],
  heard: false,
  tried: [],
  untried: [],
  unusable: [],
  accepted: [],
});

/** Why a login failed, in words for the person on call: the same for both kinds of connection. */
export class LoginErrors {
  constructor(
    private readonly connection: Destination,
    private readonly progress: LoginProgress,
  ) {}

  lost(error?: Error): HostError {
    const { host, port } = this.connection;
    const code = (error as NodeJS.ErrnoException | undefined)?.code;
    const said = error?.message || code || "the host closed the connection";
    if (this.progress.step === "lookup" || code === "ENOTFOUND" || code === "EAI_AGAIN")
      return this.unreachable(
        `the name ${host} has no address (${code ?? said}); check \`host\` and this machine's DNS`,
        error,
      );
    if (this.progress.step === "tcp") {
      const why = code === "ECONNREFUSED" ? "refused: no sshd listens there, or a firewall rejects it" : said;
      return this.unreachable(`TCP to ${this.where()} port ${port}: ${why}`, error);
    }
    const during =
      this.progress.step === "login" ? `during the login${this.trying()}` : "before the SSH key exchange was over";
    return this.unreachable(
      `the connection to ${this.where()} port ${port} broke ${during}: ${said}. Is it an sshd, does it let this address in (MaxStartups, hosts.deny)?`,
      error,
    );
  }

  timedOut(): HostError {
    const { host, port, connectTimeout } = this.connection;
    const within = `within ${connectTimeout} s (connectTimeout)`;
    const at = `${this.where()} port ${port}`;
    switch (this.progress.step) {
      case "lookup":
        return this.unreachable(`the name ${host} could not be looked up ${within}; check this machine's DNS`);
      case "tcp":
        return this.unreachable(
          `no answer from ${at} ${within}. Is the host up, is the address right, does a firewall drop SSH?`,
        );
      case "key exchange":
        return this.unreachable(
          !this.progress.heard
            ? `${at} took the TCP connection but said nothing ${within}. Is it an sshd, is the host overloaded?`
            : `${at} did not finish the SSH key exchange ${within}. Is the host overloaded, does a smaller MTU on the way drop packets?`,
        );
      case "login":
        return this.unreachable(`${at} did not finish the login ${within}${this.trying()}`);
    }
  }

  notLetIn(error: Error): HostError {
    const { name, user, host, port, password, privateKey, isJump } = this.connection;
    const { tried, untried, unusable, accepted } = this.progress;
    const tooMany = /authentication failures/i.test(error.message)
      ? ` It hung up after too many (MaxAuthTries): set \`privateKey\`, or agent: "none".`
      : "";
    const parts = [
      `tried ${tried.join(", ") || "nothing: there is no key and no password"}`,
      ...(unusable.length > 0 ? [`could not use ${unusable.join(", ")}`] : []),
      ...(untried.length > 0 ? [`did not try ${untried.join(", ")}`] : []),
      ...(accepted.length > 0 ? [`the host takes ${accepted.join(", ")}`] : []),
    ];
    const advice = isJump
      ? `A jump host is as ssh_config(5) has it: set its \`User\` and \`IdentityFile\` there, or put one of these keys into ${user}'s ~/.ssh/authorized_keys there.`
      : privateKey === undefined && password === undefined
        ? `Set \`privateKey\` or \`password\`, or put one of these keys into ${user}'s ~/.ssh/authorized_keys there.`
        : `Check \`user\` and what it may log in with${user === "root" ? " (sshd's PermitRootLogin)" : ""}.`;
    return new HostError(
      "authentication",
      `${name} does not let us in as ${user}@${host}:${port}: ${parts.join("; ")}.${tooMany} ${advice}`,
      { cause: error },
    );
  }

  unreachable(why: string, cause?: Error): HostError {
    const { name, user, host, port } = this.connection;
    const target = `${user}@${host}:${port}`;
    return new HostError("unreachable", `cannot reach ${name === host ? target : `${name} (${target})`}: ${why}`, {
      cause,
    });
  }

  private trying(): string {
    const { tried } = this.progress;
    return tried.length > 0 ? `, tried ${tried.join(", ")}` : "";
  }

  private where(): string {
    const { host, jumps } = this.connection;
    const others = this.progress.addresses.filter((ip) => ip !== host);
    const through = jumps.length > 0 ? ` through ${jumps.map((jump) => jump.host).join(" and ")}` : "";
    return `${host}${others.length > 0 ? ` (${others.join(", ")})` : ""}${through}`;
  }
}
