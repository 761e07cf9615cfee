import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { HostError } from "../errors";

/** What ssh_config(5) says of a host: `Include`, `Match` and the defaults are read by ssh itself. */
export interface SshConfig {
  /** With which ssh(1) was asked, and is to be run. */
  readonly args: readonly string[];
  /** The value; undefined where it is missing or `none`. */
  one(option: string): string | undefined;
  all(option: string): readonly string[];
}

type Options = ReadonlyMap<string, readonly string[]>;
const TYPES = ["ed25519", "ecdsa", "rsa"];
const DEFAULTS: Options = new Map([
  ["identityfile", TYPES.map((type) => `~/.ssh/id_${type}`)],
  ["userknownhostsfile", ["~/.ssh/known_hosts ~/.ssh/known_hosts2"]],
  ["globalknownhostsfile", ["/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"]],
]);

/** `ssh -G`: every option as it holds for the host. Plain defaults where there is no ssh. */
export async function askSsh(host: string, name: string, port?: number, user?: string): Promise<SshConfig> {
  const own = join(homedir(), ".ssh/config");
  const args = [
    ...(isOtherHome() && existsSync(own) ? ["-F", own] : []),
    ...(port === undefined ? [] : ["-p", `${port}`]),
    ...(user === undefined ? [] : ["-l", user]),
  ];
  const options = await sshG(args, host, name);
  return {
    args,
    one(option) {
      const value = options.get(option)?.[0];
      return value === undefined || value === "none" ? undefined : value;
    },
    all: (option) => options.get(option) ?? [],
  };
}

function sshG(args: readonly string[], host: string, name: string): Promise<Options> {
  return new Promise((done, fail) => {
    const words = ["-G", ...args, "--", host];
    const child = execFile("ssh", words, { timeout: 5000, env: process.env }, (error, stdout, stderr) => {
      if (!error) {
        const options = new Map<string, string[]>();
        for (const [, key, value] of stdout.matchAll(/^(\S+) (.+)$/gm))
          options.set(key!, [...(options.get(key!) ?? []), value!]);
        return done(options);
      }
      // Not there, may not be run, or does not end (a `Match exec`): one of the machine's, not of the host's.
      if (typeof error.code !== "number") return done(DEFAULTS);
      // Older than OpenSSH 6.8 (2015), or not OpenSSH.
      if (/(illegal|unknown|invalid) option/.test(stderr)) return done(DEFAULTS);
      fail(
        new HostError("unreachable", `ssh_config says nothing usable of ${name}: \`ssh -G ${host}\`: ${stderr.trim()}`),
      );
    });
    child.stdin?.end();
  });
}

/** ssh(1) takes the home from passwd(5), whatever HOME says; who sets HOME wants the keys from there. */
export function passwdHome(): string | undefined {
  try {
    return userInfo().homedir;
  } catch {
    return undefined; // no entry in passwd, as in a container
  }
}

export const isOtherHome = (): boolean => homedir() !== passwdHome();

export function localUser(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env.USER ?? "root"; // no entry in passwd, as in a container
  }
}
