import { homedir, hostname } from "node:os";
import { join } from "node:path";
import { HostError } from "../errors";
import type { Connection } from "./connection";
import { expandHome } from "./home";
import { askSsh, localUser, passwdHome, type SshConfig } from "./sshG";
import { needsSystemSsh, type SystemSsh } from "./systemSsh";

/** A host with all said of it: the arguments, and for the rest what `ssh HOST` would use. */
export interface Destination {
  readonly name: string;
  /** As it was given. */
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly sudo: boolean;
  /** Seconds. */
  readonly connectTimeout: number;
  readonly password?: string;
  readonly privateKey?: string;
  readonly passphrase?: string;
  readonly identityFiles: readonly string[];
  /** Offer no key of the agent but those of the identity files. */
  readonly identitiesOnly: boolean;
  readonly agent?: string;
  readonly hostKey?: string;
  readonly hostKeyAlias?: string;
  /** Those that may be used; undefined: all. */
  readonly hostKeyAlgorithms?: readonly string[];
  readonly knownHosts: readonly string[];
  /** A host that nothing is known of is written into the first of `knownHosts`, its name hashed or not. */
  readonly acceptNew?: "plain" | "hashed";
  /** The hosts that it is reached through, the first one first. */
  readonly jumps: readonly Destination[];
  /** It is one of those, and all of it is from ssh_config(5). */
  readonly isJump: boolean;
  /** Why ssh2 cannot be used. */
  readonly systemSsh?: SystemSsh;
  /** What ssh(1) is to be run with, for this host. */
  readonly sshArgs: readonly string[];
  /** As one types it: for messages. */
  readonly command: string;
}

/** A chain of jump hosts that comes back to itself has no end. */
const MAX_JUMPS = 8;

/** The connection as ssh_config(5) completes it, asked of the OpenSSH client where this machine has one. */
export async function resolve(connection: Connection): Promise<Destination> {
  const config = await askSsh(connection.host, connection.name, connection.port, connection.user);
  return complete(connection, config, await jumpsOf(connection.name, config, 0));
}

/** As ssh(1) does it: the first jump host may have jump hosts of its own, each other one is reached from the one before it. */
async function jumpsOf(name: string, config: SshConfig, depth: number): Promise<readonly Destination[]> {
  let jumps: readonly Destination[] = [];
  for (const jump of config.one("proxyjump")?.split(",") ?? []) {
    const { host, port, user } = parseJump(jump);
    if (depth === MAX_JUMPS)
      throw new HostError(
        "unreachable",
        `cannot reach ${name}: more than ${MAX_JUMPS} jump hosts in a row; does ProxyJump ${jump} in ssh_config hold for ${host} itself? (\`Host !${host} *\` leaves it out)`,
      );
    const its = await askSsh(host, name, port, user);
    if (jumps.length === 0) jumps = await jumpsOf(name, its, depth + 1);
    const connection = { name: `${name}'s jump host ${host}`, host, ...(port && { port }), ...(user && { user }) };
    jumps = [...jumps, await complete(connection, its, jumps, true)];
  }
  return jumps;
}

/** `[user@]host[:port]` or `ssh://[user@]host[:port]`, an IPv6 address in brackets. */
function parseJump(text: string): { host: string; port?: number; user?: string } {
  const [, user, bracketed, plain, port] =
    /^(?:ssh:\/\/)?(?:(.*)@)?(?:\[(.*)\]|([^@]*?))(?::(\d+))?\/?$/.exec(text.trim()) ?? [];
  return { host: bracketed ?? plain ?? text, ...(port && { port: Number(port) }), ...(user && { user }) };
}

async function complete(
  connection: Pick<Connection, "name" | "host"> & Partial<Connection>,
  config: SshConfig,
  jumps: readonly Destination[],
  isJump = false,
): Promise<Destination> {
  const { name, host, password, privateKey, passphrase, hostKey } = connection;
  const address = config.one("hostname") ?? host;
  const port = connection.port ?? Number(config.one("port") ?? 22);
  const user = connection.user ?? config.one("user") ?? localUser();
  const path = pathReader({ host, address, port, user, alias: config.one("hostkeyalias") ?? host });
  const paths = (option: string) => (config.one(option) ?? "").split(" ").filter(Boolean).map(path);
  const agent = connection.agent !== undefined ? path(connection.agent) : agentOf(config.all("identityagent")[0], path);
  const hostKeyAlias = config.one("hostkeyalias");
  const hostKeyAlgorithms = config.one("hostkeyalgorithms")?.split(",");
  const destination: Destination = {
    name,
    host,
    address,
    port,
    user,
    sudo: connection.sudo ?? user !== "root",
    connectTimeout: connection.connectTimeout ?? (Number(config.one("connecttimeout") ?? 0) || 10),
    identityFiles: config.all("identityfile").filter((file) => file !== "none").map(path), // prettier-ignore
    identitiesOnly: config.one("identitiesonly") === "yes",
    knownHosts:
      connection.knownHosts !== undefined
        ? [path(connection.knownHosts)]
        : [...paths("userknownhostsfile"), ...paths("globalknownhostsfile")],
    jumps,
    isJump,
    sshArgs: config.args,
    command: `ssh ${port === 22 ? "" : `-p ${port} `}${connection.knownHosts === undefined ? "" : `-o UserKnownHostsFile=${path(connection.knownHosts)} `}${user}@${host}`,
    ...(password !== undefined && { password }),
    ...(privateKey !== undefined && { privateKey }),
    ...(passphrase !== undefined && { passphrase }),
    ...(hostKey !== undefined && { hostKey }),
    ...(hostKeyAlias !== undefined && { hostKeyAlias }),
    ...(hostKeyAlgorithms && { hostKeyAlgorithms }),
    ...(config.one("stricthostkeychecking") === "accept-new" && {
      acceptNew: config.one("hashknownhosts") === "yes" ? "hashed" : "plain",
    }),
    ...(agent !== undefined && { agent }),
  };
  const systemSsh = await needsSystemSsh(destination, config);
  return { ...destination, ...(systemSsh && { systemSsh }) };
}

/** The tokens of ssh_config(5), and its variables. */
function pathReader(of: { host: string; address: string; port: number; user: string; alias: string }) {
  const tokens: Readonly<Record<string, string>> = {
    "%": "%",
    d: homedir(),
    h: of.address,
    l: hostname(),
    L: hostname().split(".")[0]!,
    n: of.host,
    p: String(of.port),
    r: of.user,
    u: localUser(),
    i: String(process.getuid?.() ?? 0),
    k: of.alias,
  };
  return (text: string) =>
    ownHome(text)
      .replace(/%(.)/g, (all, token: string) => tokens[token] ?? all)
      .replace(/\$\{(\w+)\}/g, (_, variable: string) => process.env[variable] ?? "");
}

function agentOf(said: string | undefined, path: (text: string) => string): string | undefined {
  if (said === "none") return undefined;
  if (said === undefined || said === "SSH_AUTH_SOCK") return process.env.SSH_AUTH_SOCK || undefined;
  return (said.startsWith("$") && !said.startsWith("${") ? process.env[said.slice(1)] : path(said)) || undefined;
}

function ownHome(path: string): string {
  const home = passwdHome();
  return home !== undefined && path.startsWith(`${home}/`)
    ? join(homedir(), path.slice(home.length))
    : expandHome(path);
}
