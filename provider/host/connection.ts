import { isIPv6 } from "node:net";
import { ArgumentError, type ArgumentProblem } from "../errors";
import { PublicKey } from "./publicKey";

/** How one host is reached, as the provider's arguments say it. What they leave out is as `ssh HOST` has it (sshConfig.ts). */
export interface Connection {
  /** As resources, errors and logs name the host: its key in `hosts`, else `host`. */
  readonly name: string;
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  /** The key's text, or the path of its file. */
  readonly privateKey?: string;
  readonly passphrase?: string;
  /** The agent's socket. `none`, as in ssh_config(5): no agent. */
  readonly agent?: string;
  /** `ssh-ed25519 AAAA…` or `SHA256:…`: the only key that is accepted. */
  readonly hostKey?: string;
  readonly knownHosts?: string;
  /** Default: where the user is not root, since changing a host's network takes root. */
  readonly sudo?: boolean;
  /** Seconds for all of TCP, key exchange and authentication. Default: `ConnectTimeout` of ssh_config(5), else 10. */
  readonly connectTimeout?: number;
  /** Seconds in which a change of the path of this connection must be confirmed. */
  readonly confirmTimeout: number;
}

export interface Connections {
  /** The host of that name; without a name, the only one. */
  get(name?: string): Connection;
  readonly names: readonly string[];
}

type Settings = Readonly<Record<string, unknown>>;

const SETTINGS = [
  "host",
  "port",
  "user",
  "password",
  "privateKey",
  "passphrase",
  "agent",
  "hostKey",
  "knownHosts",
  "sudo",
  "connectTimeout",
  "confirmTimeout",
] as const;
type Setting = (typeof SETTINGS)[number];

/**
 * Reads the provider's (or the stack's) configuration, `kvmnet:host` and so on. Throws an ArgumentError that names every problem; what
 * is wrong with one host of a fleet is said when that one is asked for, and the others work.
 */
export function parseConnections(get: (key: string) => string | undefined): Connections {
  const problems: ArgumentProblem[] = [];
  const shared: Partial<Record<Setting, unknown>> = {};
  for (const key of SETTINGS) shared[key] = get(`kvmnet:${key}`) || undefined;
  const fleet = parseHosts(get("kvmnet:hosts"), problems);
  if (!fleet && shared.host === undefined && problems.length === 0)
    problems.push({
      property: "kvmnet:host",
      reason: "is missing: set `host` on the kvmnet.Provider, or `pulumi config set kvmnet:host …`",
    });
  if (fleet && shared.host !== undefined)
    problems.push({ property: "kvmnet:host", reason: "is set, and `hosts` too: a provider has one host, or a fleet" });
  if (problems.length > 0) throw new ArgumentError(problems);
  const entries = fleet
    ? Object.entries(fleet).map(([name, own]) =>
        readHost(own, { ...shared, host: name }, `kvmnet:hosts.${name}.`, name),
      )
    : [readHost(shared, {}, "kvmnet:")];
  const names = entries.map(({ name }) => name);
  const refuse = (reason: string): never => {
    throw new ArgumentError([{ property: "host", reason }]);
  };
  return {
    names,
    get(name) {
      if (name === undefined && entries.length > 1)
        return refuse(`is needed, because the provider has several hosts: ${names.join(", ")}`);
      const found = name === undefined ? entries[0] : entries.find((entry) => entry.name === name);
      if (!found) return refuse(`names ${name}, the provider has ${names.join(", ")}`);
      if (found.problems.length > 0) throw new ArgumentError(found.problems);
      return found.connection;
    },
  };
}

function readHost(own: unknown, shared: Settings, path: string, name?: string) {
  const problems: ArgumentProblem[] = [];
  const settings = isObject(own) ? own : {};
  if (settings !== own)
    problems.push({ property: path.slice(0, -1), reason: "must be an object; {} takes every default" });
  for (const key of Object.keys(settings))
    if (!SETTINGS.some((known) => known === key))
      problems.push({ property: path + key, reason: `is not known; a host has ${SETTINGS.join(", ")}` });
  const connection = new Reader(settings, shared, path, problems).connection(name);
  return { name: connection.name, connection, problems };
}

function parseHosts(text: string | undefined, problems: ArgumentProblem[]): Record<string, unknown> | undefined {
  if (!text) return undefined;
  const refuse = (property: string, reason: string) => void problems.push({ property, reason });
  let hosts: unknown;
  try {
    hosts = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which may hold a password.
    return void refuse("kvmnet:hosts", 'is not JSON; write { "kvm1": { "host": "10.0.0.11" }, "kvm2": {} }');
  }
  if (!isObject(hosts) || Object.keys(hosts).length === 0)
    return void refuse("kvmnet:hosts", 'must be an object of hosts by their names, as { "kvm1": {}, "kvm2": {} }');
  return Object.fromEntries(Object.entries(hosts).map(([name, own]) => [name, own ?? {}]));
}

const isObject = (value: unknown): value is Settings =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Reads the settings of one host: its own ones, then those that all share. */
class Reader {
  constructor(
    private readonly own: Settings,
    private readonly shared: Settings,
    private readonly path: string,
    private readonly problems: ArgumentProblem[],
  ) {}

  connection(name?: string): Connection {
    const at = this.destination();
    const optional: { -readonly [K in Setting]?: string | number | boolean } = {};
    const [user, port, sudo] = [
      at.user ?? this.text("user"),
      at.port ?? this.integer("port", 65535),
      this.boolean("sudo"),
    ];
    const connectTimeout = this.integer("connectTimeout", 600);
    if (user !== undefined) optional.user = user;
    if (port !== undefined) optional.port = port;
    if (sudo !== undefined) optional.sudo = sudo;
    if (connectTimeout !== undefined) optional.connectTimeout = connectTimeout;
    for (const key of ["password", "privateKey", "passphrase", "agent", "knownHosts"] as const) {
      const value = this.text(key);
      if (value !== undefined) optional[key] = value;
    }
    // Its rest would be read as commands by the shell that sudo starts.
    if (/[\r\n\0]/.test(this.text("password") ?? "")) this.problem("password", "must be one line");
    const hostKey = this.hostKey();
    if (hostKey !== undefined) optional.hostKey = hostKey;
    return {
      name: name ?? at.host,
      host: at.host,
      ...optional,
      confirmTimeout: this.integer("confirmTimeout", 3600) ?? 60,
    } as Connection;
  }

  /** A name or an address, with the user and the port that `ssh` would take there: `admin@kvm1`, `ssh://admin@kvm1:2222`. */
  private destination(): { host: string; user?: string; port?: number } {
    const text = this.text("host") ?? "";
    const [, scheme, user, address = "", port] = /^(ssh:\/\/)?(?:([^@/]+)@)?(.*?)(?::(\d+))?\/?$/.exec(text) ?? [];
    // Without the scheme a colon belongs to an IPv6 address, as for ssh(1).
    const host = (scheme || port === undefined ? address : `${address}:${port}`).replace(/^\[(.*)\]$/, "$1");
    if (!/^[A-Za-z0-9_.][A-Za-z0-9_.-]*$/.test(host) && !isIPv6(host))
      this.problem("host", `${JSON.stringify(text)} is not a host's name or address; a port goes into \`port\``);
    if (scheme && port !== undefined) this.range("port", Number(port), 65535);
    for (const [key, inside] of [["user", user] as const, ["port", scheme && port] as const])
      if (inside && this.own[key] !== undefined && String(this.own[key]) !== inside)
        this.problem(key, `is ${String(this.own[key])}, but \`host\` says ${inside}`);
    return { host, ...(user ? { user } : {}), ...(scheme && port !== undefined ? { port: Number(port) } : {}) };
  }

  private hostKey(): string | undefined {
    const text = this.text("hostKey")?.trim();
    if (text === undefined || /^SHA256:[A-Za-z0-9+/]{43}=?$/.test(text)) return text?.replace(/=$/, "");
    // Of a whole line of known_hosts or of a .pub file, too.
    const words = text.split(/\s+/);
    const keys = words.map((word, i) => PublicKey.fromWords(word, words[i + 1] ?? ""));
    const key = keys.find((key) => key !== undefined);
    if (!key) this.problem("hostKey", "must be `ssh-ed25519 AAAA…`, as in known_hosts, or `SHA256:…`");
    return key?.toString();
  }

  private value(key: Setting): unknown {
    const value = this.own[key] ?? this.shared[key];
    return value === "" || value === null ? undefined : value;
  }

  private text(key: Setting): string | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === "string") return value;
    // `pulumi config set --path` makes a number of a password of digits.
    if (typeof value === "number") return String(value);
    return void this.problem(key, "must be a string");
  }

  private integer(key: Setting, max: number): number | undefined {
    const value = this.value(key);
    return value === undefined ? undefined : this.range(key, typeof value === "boolean" ? NaN : Number(value), max);
  }

  private range(key: Setting, value: number, max: number): number {
    if (!(Number.isInteger(value) && value >= 1 && value <= max))
      this.problem(key, `must be a whole number from 1 to ${max}`);
    return value;
  }

  private boolean(key: Setting): boolean | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (String(value) !== "true" && String(value) !== "false") this.problem(key, "must be true or false");
    return String(value) === "true";
  }

  private problem(key: Setting, reason: string): void {
    this.problems.push({ property: this.path + key, reason });
  }
}
