import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { tildePath } from "./home";
import { PublicKey } from "./publicKey";

export interface KnownHostsFile {
  readonly path: string;
  readonly text: string;
}

export interface HostKeyCheck {
  readonly verdict: "known" | "unknown" | "changed" | "revoked";
  /** `file:line` of what decided it; for `unknown`, of a key of another type that the host is known by. */
  readonly at?: string;
  /** The key that stands there. */
  readonly key?: PublicKey;
}

interface Entry {
  readonly at: string;
  readonly marker: "@revoked" | "@cert-authority" | undefined;
  readonly matches: (name: string) => boolean;
  readonly key: PublicKey;
}

const DEFAULT_PORT = 22;

/**
 * OpenSSH's known_hosts (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). No maintained library reads hashed names, markers and negated
 * patterns, so it is written here. Who has a `@cert-authority` is left to the system's ssh: ssh2 knows no host certificates.
 */
export class KnownHosts {
  private readonly entries: readonly Entry[];

  constructor(files: readonly KnownHostsFile[]) {
    this.entries = files.flatMap(({ path, text }) =>
      text.split(/\r?\n/).flatMap((line, i) => parseLine(line, `${path}:${i + 1}`) ?? []),
    );
  }

  static read(paths: readonly string[]): KnownHosts {
    return new KnownHosts(paths.map((path) => ({ path: tildePath(path), text: read(path) })));
  }

  /** What ssh(1) would say of a host that shows this key. A line may have been revoked for one host, and the key with it. */
  check(host: string, port: number, blob: Buffer): HostKeyCheck {
    const key = PublicKey.fromBlob(blob);
    if (!key) return { verdict: "unknown" };
    const names = namesOf(host, port);
    const revoked = this.entries.find(
      (entry) => entry.marker === "@revoked" && entry.key.equals(key) && names.some((name) => entry.matches(name)),
    );
    if (revoked) return found("revoked", revoked);
    for (const name of names) {
      const same = this.keysOf(name).find((entry) => entry.key.equals(key));
      if (same) return found("known", same);
    }
    const own = this.keysOf(names[0]!);
    const changed = own.find((entry) => entry.key.type === key.type);
    if (changed) return found("changed", changed);
    return own[0] ? found("unknown", own[0]) : { verdict: "unknown" };
  }

  /**
   * The types of key that a host is known by. To be asked for before all others, as ssh(1) does: else a host that is known by its
   * ed25519 key, and has an ecdsa key too, would look unknown.
   */
  types(host: string, port: number): string[] {
    return [...new Set(namesOf(host, port).flatMap((name) => this.keysOf(name).map(({ key }) => key.type)))];
  }

  /** `file:line` of an authority that signs the host's certificates. */
  authority(host: string, port: number): string | undefined {
    const names = namesOf(host, port);
    return this.entries.find(({ marker, matches }) => marker === "@cert-authority" && names.some(matches))?.at;
  }

  private keysOf(name: string): Entry[] {
    return this.entries.filter((entry) => entry.marker === undefined && entry.matches(name));
  }

  /** Writes a host down, as ssh(1) does. */
  static learn(path: string, host: string, port: number, key: PublicKey, hashed: boolean): void {
    const name = namesOf(host, port)[0]!;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // Its last line may lack its end.
    const text = read(path);
    const line = `${text === "" || text.endsWith("\n") ? "" : "\n"}${hashed ? hash(name) : name} ${key}\n`;
    appendFileSync(path, line, { mode: 0o600 });
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // as ssh(1): a file that is not there knows nobody
  }
}

const found = (verdict: HostKeyCheck["verdict"], { at, key }: Entry): HostKeyCheck => ({ verdict, at, key });

/** Under another port than 22 a host has a name of its own; a line without the port holds for it too where that one is silent. */
function namesOf(host: string, port: number): string[] {
  const name = host.toLowerCase();
  return port === DEFAULT_PORT ? [name] : [`[${name}]:${port}`, name];
}

function parseLine(line: string, at: string): Entry | undefined {
  const words = line.trim().split(/\s+/);
  const marker = words[0]?.startsWith("@") ? words.shift() : undefined;
  const [hosts, type, base64] = words;
  if (!hosts || hosts.startsWith("#") || !type || !base64) return undefined;
  if (marker !== undefined && marker !== "@revoked" && marker !== "@cert-authority") return undefined;
  const key = PublicKey.fromWords(type, base64);
  return key && { at, marker, matches: matcher(hosts), key };
}

function matcher(hosts: string): (name: string) => boolean {
  if (hosts.startsWith("|")) return hashMatcher(hosts);
  const patterns = hosts
    .toLowerCase()
    .split(",")
    .map((pattern) => ({ negated: pattern.startsWith("!"), expression: globToRegExp(pattern.replace(/^!/, "")) }));
  return (name) => {
    const matching = patterns.filter(({ expression }) => expression.test(name));
    return matching.length > 0 && !matching.some(({ negated }) => negated);
  };
}

/** `HashKnownHosts yes`: `|1|salt|HMAC-SHA1(salt, name)`, one name a line. */
function hash(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

function hashMatcher(hosts: string): (name: string) => boolean {
  const [, version, salt, hash] = hosts.split("|");
  if (version !== "1" || !salt || !hash) return () => false;
  const expected = Buffer.from(hash, "base64");
  return (name) => {
    const actual = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
    return actual.length === expected.length && timingSafeEqual(actual, expected);
  };
}

/** `*` and `?` alone are special: brackets are a port's. */
const globToRegExp = (glob: string) =>
  new RegExp(
    `^${glob
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
  );
