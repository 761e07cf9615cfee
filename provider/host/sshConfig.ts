import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir, hostname, userInfo } from "node:os";
import { join } from "node:path";
import { HostError } from "../errors";
import type { Connection } from "./connection";
import { expandHome } from "./home";

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
  readonly knownHosts: readonly string[];
  /** As one types it: for messages. */
  readonly command: string;
}

type Config = ReadonlyMap<string, readonly string[]>;
const TYPES = ["ed25519", "ecdsa", "rsa"];
const DEFAULTS: Config = new Map([
  ["identityfile", TYPES.map((type) => `~/.ssh/id_${type}`)],
  ["userknownhostsfile", ["~/.ssh/known_hosts ~/.ssh/known_hosts2"]],
  ["globalknownhostsfile", ["/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"]],
]);

/** The connection as ssh_config(5) completes it, asked of the OpenSSH client where this machine has one. */
export async function resolve(connection: Connection): Promise<Destination> {
  const config = await sshG(connection);
  const one = (key: string) => {
    const value = config.get(key)?.[0];
    return value === undefined || value === "none" ? undefined : value;
  };
  const { name, host } = connection;
  const jump = one("proxyjump") ?? one("proxycommand");
  if (jump !== undefined)
    throw new HostError(
      "unreachable",
      `${name} is reached through a jump host (${one("proxyjump") ? "ProxyJump" : "ProxyCommand"} ${jump} in ssh_config), and this version cannot go through one yet. Give an address that is reached directly as \`host\`, or run Pulumi on the jump host.`,
    );
  const address = one("hostname") ?? host;
  const port = connection.port ?? Number(one("port") ?? 22);
  const user = connection.user ?? one("user") ?? localUser();
  const tokens: Readonly<Record<string, string>> = {
    "%": "%",
    d: homedir(),
    h: address,
    l: hostname(),
    L: hostname().split(".")[0]!,
    n: host,
    p: String(port),
    r: user,
    u: localUser(),
    i: String(process.getuid?.() ?? 0),
    k: one("hostkeyalias") ?? host,
  };
  const path = (text: string) =>
    ownHome(text)
      .replace(/%(.)/g, (all, token: string) => tokens[token] ?? all)
      .replace(/\$\{(\w+)\}/g, (_, variable: string) => process.env[variable] ?? "");
  const paths = (key: string) => (one(key) ?? "").split(" ").filter(Boolean).map(path);
  const agent =
    connection.agent !== undefined ? path(connection.agent) : agentOf(config.get("identityagent")?.[0], path);
  const { password, privateKey, passphrase, hostKey } = connection;
  const hostKeyAlias = one("hostkeyalias");
  return {
    name,
    host,
    address,
    port,
    user,
    sudo: connection.sudo ?? user !== "root",
    connectTimeout: connection.connectTimeout,
    identityFiles: (config.get("identityfile") ?? []).filter((file) => file !== "none").map(path),
    identitiesOnly: one("identitiesonly") === "yes",
    knownHosts:
      connection.knownHosts !== undefined
        ? [path(connection.knownHosts)]
        : [...paths("userknownhostsfile"), ...paths("globalknownhostsfile")],
    command: `ssh ${port === 22 ? "" : `-p ${port} `}${connection.knownHosts === undefined ? "" : `-o UserKnownHostsFile=${path(connection.knownHosts)} `}${user}@${host}`,
    ...(password !== undefined && { password }),
    ...(privateKey !== undefined && { privateKey }),
    ...(passphrase !== undefined && { passphrase }),
    ...(hostKey !== undefined && { hostKey }),
    ...(hostKeyAlias !== undefined && { hostKeyAlias }),
    ...(agent !== undefined && { agent }),
  };
}

function agentOf(said: string | undefined, path: (text: string) => string): string | undefined {
  if (said === "none") return undefined;
  if (said === undefined || said === "SSH_AUTH_SOCK") return process.env.SSH_AUTH_SOCK || undefined;
  return (said.startsWith("$") && !said.startsWith("${") ? process.env[said.slice(1)] : path(said)) || undefined;
}

/** ssh(1) takes the home from passwd(5), whatever HOME says; who sets HOME wants the keys from there. */
function ownHome(path: string): string {
  const home = passwdHome();
  return home !== undefined && path.startsWith(`${home}/`)
    ? join(homedir(), path.slice(home.length))
    : expandHome(path);
}

function passwdHome(): string | undefined {
  try {
    return userInfo().homedir;
  } catch {
    return undefined; // no entry in passwd, as in a container
  }
}

function localUser(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env.USER ?? "root"; // no entry in passwd, as in a container
  }
}

/** `ssh -G`: every option as it holds for the host. Plain defaults where there is no ssh. */
function sshG({ name, host, port, user }: Connection): Promise<Config> {
  const own = join(homedir(), ".ssh/config");
  const config = homedir() !== passwdHome() && existsSync(own) ? ["-F", own] : [];
  const args = [
    "-G",
    ...config,
    ...(port === undefined ? [] : ["-p", `${port}`]),
    ...(user === undefined ? [] : ["-l", user]),
  ];
  return new Promise((done, fail) => {
    const child = execFile(
      "ssh",
      [...args, "--", host],
      { timeout: 5000, env: process.env },
      (error, stdout, stderr) => {
        if (!error) {
          const config = new Map<string, string[]>();
          for (const [, key, value] of stdout.matchAll(/^(\S+) (.+)$/gm))
            config.set(key!, [...(config.get(key!) ?? []), value!]);
          return done(config);
        }
        // Not there, may not be run, or does not end (a `Match exec`): one of the machine's, not of the host's.
        if (typeof error.code !== "number") return done(DEFAULTS);
        // Older than OpenSSH 6.8 (2015), or not OpenSSH.
        if (/(illegal|unknown|invalid) option/.test(stderr)) return done(DEFAULTS);
        fail(
          new HostError(
            "unreachable",
            `ssh_config says nothing usable of ${name}: \`ssh -G ${host}\`: ${stderr.trim()}`,
          ),
        );
      },
    );
    child.stdin?.end();
  });
}
