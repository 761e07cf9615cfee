import { existsSync } from "node:fs";
import { HostError } from "../errors";
import { command } from "../shell";
import { KnownHosts } from "./knownHosts";
import { tildePath } from "./home";
import { PublicKey } from "./publicKey";
import type { Destination } from "./sshConfig";

/** The signature algorithms of each type of key, in ssh2's order; ssh-rsa (SHA-1) is all that an OpenSSH before 7.2 can do. */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
};

/**
 * Which host key is accepted: the one that the provider pins, else those of known_hosts. Nothing is learned, but where ssh_config says
 * `StrictHostKeyChecking accept-new`, and the host is known by no key at all.
 */
export class HostKeyPolicy {
  private readonly paths: readonly string[];
  private readonly known: KnownHosts;
  private readonly pinned: PublicKey | undefined;
  private news: PublicKey | undefined;

  constructor(private readonly connection: Destination) {
    this.paths = connection.knownHosts;
    this.known = KnownHosts.read(this.paths);
    const [type = "", base64 = ""] = connection.hostKey?.split(" ") ?? [];
    this.pinned = PublicKey.fromWords(type, base64);
  }

  /**
   * The algorithms to offer, one list for each try. A server shows one key of its several, the first that the client asks for: so the types
   * that the host is known by come first, and behind a pinned fingerprint, which has no type, one type after the other is asked for.
   */
  get offers(): readonly (readonly string[])[] {
    const types = Object.keys(ALGORITHMS);
    const algorithms = (types: readonly string[]) => this.allowed(types.flatMap((type) => ALGORITHMS[type] ?? []));
    if (this.connection.hostKey && !this.pinned)
      return [["ssh-ed25519"], types.filter((type) => type.startsWith("ecdsa")), ["ssh-rsa"]]
        .map(algorithms)
        .filter((some) => some.length > 0);
    const first = this.pinned ? [this.pinned.type] : this.known.types(...this.knownAs);
    return [algorithms([...first, ...types.filter((type) => !first.includes(type))])];
  }

  /**
   * HostKeyAlgorithms of ssh_config(5). OpenSSH's own default has been without ssh-rsa since 8.8, which would shut out the old hosts that have
   * nothing else: it stays as the last one where RSA keys are welcome.
   */
  private allowed(algorithms: readonly string[]): readonly string[] {
    const { hostKeyAlgorithms: list } = this.connection;
    if (!list) return algorithms;
    return algorithms.filter((one) => list.includes(one === "ssh-rsa" && !list.includes(one) ? "rsa-sha2-512" : one));
  }

  /** Why the key that the host shows is not accepted; undefined where it is. */
  refusal(blob: Buffer): HostError | undefined {
    const { hostKey } = this.connection;
    const key = PublicKey.fromBlob(blob);
    if (!key) return this.error("is malformed");
    if (hostKey !== undefined) {
      if (this.pinned ? key.equals(this.pinned) : key.fingerprint === hostKey) return undefined;
      return this.notPinned(key);
    }
    const { verdict, at, key: known } = this.known.check(...this.knownAs, blob);
    const { acceptNew } = this.connection;
    if (verdict === "known") return undefined;
    if (verdict === "unknown" && !known && acceptNew && this.paths[0] !== undefined) {
      this.news = key;
      return undefined;
    }
    return this.refused(verdict, key, at, known);
  }

  /** Writes down what was accepted for the first time: when the host has proved that the key is its own. */
  learn(): HostError | undefined {
    const path = this.paths[0];
    if (!this.news || path === undefined) return undefined;
    try {
      KnownHosts.learn(path, ...this.knownAs, this.news, this.connection.acceptNew === "hashed");
      return undefined;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return this.error(
        `is new, and cannot be written into ${tildePath(path)} (StrictHostKeyChecking accept-new): ${code}`,
      );
    }
  }

  /** In words. `at`: `file:line` of what decided, and the key that stands there. */
  refused(verdict: "unknown" | "changed" | "revoked", key: ShownKey, at?: string, known?: ShownKey): HostError {
    const where = at === undefined ? this.files : at;
    if (verdict === "revoked") return this.error(`${describe(key)} is revoked by ${where}; connect to it no more.`);
    if (verdict === "changed")
      return this.error(
        `has changed: it is ${describe(key)} now, but ${where} has ${known?.fingerprint ?? "another"}. ${DOUBT} If you know why, forget the old key with ` +
          `\`${this.forget(where)}\`, then ${this.accept(key)}`,
      );
    const other = known ? ` (${where} knows it by ${describe(known)}, which it did not show)` : "";
    return this.error(
      `is unknown: it shows ${describe(key)}, which is not in ${this.files}${other}. ` +
        `Compare that with what \`ssh-keygen -lf ${hostKeyFile(key)}\` prints on the host itself, then ${this.accept(key)}`,
    );
  }

  notPinned(key: ShownKey): HostError {
    const pinned = this.pinned ? describe(this.pinned) : this.connection.hostKey;
    const other = key instanceof PublicKey ? `set hostKey: "${key}"` : "set `hostKey` to it";
    return this.error(
      `is ${describe(key)}, but \`hostKey\` of the provider is ${pinned}. ${DOUBT} If you know why it is another one, ${other}.`,
    );
  }

  private accept(key: ShownKey): string {
    const { command, isJump } = this.connection;
    const pin = key instanceof PublicKey ? `hostKey: "${key}"` : "`hostKey`";
    return `log in once with \`${command}\` and accept it${isJump ? "" : `, or set ${pin} on the provider`}.`;
  }

  /** ssh's own defaults are four files; of those only the ones that are there are worth a word, and the first, which ssh writes. */
  private get files(): string {
    return this.paths
      .filter((path, i) => i === 0 || existsSync(path))
      .map(tildePath)
      .join(" or ");
  }

  private forget(at: string): string {
    const [host, port] = this.knownAs;
    const file = at.replace(/:\d+$/, "");
    return `ssh-keygen -f ${file} -R ${command(port === 22 ? host : `[${host}]:${port}`)}`;
  }

  /** What ssh(1) looks for in known_hosts: the alias as it is, else the address that HostName gives, under its port. */
  private get knownAs(): [host: string, port: number] {
    const { hostKeyAlias, address, port } = this.connection;
    return hostKeyAlias === undefined ? [address, port] : [hostKeyAlias, 22];
  }

  private error(what: string): HostError {
    const { name, host, port } = this.connection;
    return new HostError("hostKey", `the host key of ${name === host ? "" : `${name}, `}${host}:${port} ${what}`);
  }
}

const DOUBT = "Either the host was installed anew, or somebody answers in its place.";

/** A key, or what ssh(1) tells of it. */
type ShownKey = Pick<PublicKey, "type" | "fingerprint">;

const describe = (key: ShownKey) => `${key.type} ${key.fingerprint}`;

const hostKeyFile = ({ type }: ShownKey) =>
  `/etc/ssh/ssh_host_${type.replace(/^ssh-/, "").replace(/-.*$/, "")}_key.pub`;
