import { existsSync, readFileSync } from "node:fs";
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

/** Which host key is accepted: the one that the provider pins, else those of known_hosts. Nothing is ever learned. */
export class HostKeyPolicy {
  private readonly paths: readonly string[];
  private readonly known: KnownHosts;
  private readonly pinned: PublicKey | undefined;

  constructor(private readonly connection: Destination) {
    this.paths = connection.knownHosts;
    this.known = new KnownHosts(this.paths.map((path) => ({ path: tildePath(path), text: read(path) })));
    const [type = "", base64 = ""] = connection.hostKey?.split(" ") ?? [];
    this.pinned = PublicKey.fromWords(type, base64);
  }

  /**
   * The algorithms to offer, one list for each try. A server shows one key of its several, the first that the client asks for: so the types
   * that the host is known by come first, and behind a pinned fingerprint, which has no type, one type after the other is asked for.
   */
  get offers(): readonly (readonly string[])[] {
    const types = Object.keys(ALGORITHMS);
    const algorithms = (types: readonly string[]) => types.flatMap((type) => ALGORITHMS[type] ?? []);
    if (this.connection.hostKey && !this.pinned)
      return [["ssh-ed25519"], types.filter((type) => type.startsWith("ecdsa")), ["ssh-rsa"]].map(algorithms);
    const first = this.pinned ? [this.pinned.type] : this.known.types(...this.knownAs);
    return [algorithms([...first, ...types.filter((type) => !first.includes(type))])];
  }

  /** Why the key that the host shows is not accepted; undefined where it is. */
  refusal(blob: Buffer): HostError | undefined {
    const { hostKey } = this.connection;
    const key = PublicKey.fromBlob(blob);
    if (!key) return this.error("is malformed");
    if (hostKey !== undefined) {
      if (this.pinned ? key.equals(this.pinned) : key.fingerprint === hostKey) return undefined;
      const pinned = this.pinned ? describe(this.pinned) : hostKey;
      return this.error(
        `is ${describe(key)}, but \`hostKey\` of the provider is ${pinned}. ${DOUBT} If you know why it is another one, set hostKey: "${key}".`,
      );
    }
    const { verdict, at, key: known } = this.known.check(...this.knownAs, blob);
    if (verdict === "known") return undefined;
    if (verdict === "revoked") return this.error(`${describe(key)} is revoked by ${at}; connect to it no more.`);
    if (verdict === "changed")
      return this.error(
        `has changed: it is ${describe(key)} now, but ${at} has ${known!.fingerprint}. ${DOUBT} If you know why, forget the old key with ` +
          `\`${this.forget(at!)}\`, then ${this.accept(key)}`,
      );
    const other = known ? ` (${at} knows it by ${describe(known)}, which it did not show)` : "";
    return this.error(
      `is unknown: it shows ${describe(key)}, which is not in ${this.files}${other}. ` +
        `Compare that with what \`ssh-keygen -lf ${hostKeyFile(key)}\` prints on the host itself, then ${this.accept(key)}`,
    );
  }

  private accept(key: PublicKey): string {
    return `log in once with \`${this.connection.command}\` and accept it, or set hostKey: "${key}" on the provider.`;
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

const describe = (key: PublicKey) => `${key.type} ${key.fingerprint}`;

const hostKeyFile = ({ type }: PublicKey) =>
  `/etc/ssh/ssh_host_${type.replace(/^ssh-/, "").replace(/-.*$/, "")}_key.pub`;

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // as ssh(1): a file that is not there knows nobody
  }
}
