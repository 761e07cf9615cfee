import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HostError } from "../errors";
import { command } from "../shell";
import { chosenKey } from "./credentials";
import { expandHome } from "./home";
import { certificateOf, isFidoKey } from "./keyFile";
import { serveKey } from "./keyAgent";
import type { Destination } from "./sshConfig";
import { isOtherHome } from "./sshG";

/** One word of an option's value, where ssh_config(5) would see two words, or a token. */
const word = (path: string) => `"${path.replaceAll("%", "%%")}"`;
const options = (of: Readonly<Record<string, string | number>>) =>
  Object.entries(of).flatMap(([key, value]) => ["-o", `${key}=${value}`]);

/** How ssh(1) is to log in, besides what ssh_config(5) says: as ssh2 would, and with nobody there who could answer. */
export const loginArgs = (of: Destination): string[] => [...common(of), ...proxy(of.jumps), "--", of.host];

function common(of: Destination): string[] {
  return [
    ...of.sshArgs,
    ...options({
      BatchMode: "yes",
      StrictHostKeyChecking: of.acceptNew ? "accept-new" : "yes",
      UserKnownHostsFile: of.knownHosts.map(word).join(" ") || "none",
      GlobalKnownHostsFile: "none",
      UpdateHostKeys: "no",
      ConnectTimeout: of.connectTimeout,
      ConnectionAttempts: 1,
      ServerAliveInterval: 5,
      ServerAliveCountMax: 3,
      ControlPath: "none",
      ClearAllForwardings: "yes",
      ForwardAgent: "no",
      ForwardX11: "no",
      PermitLocalCommand: "no",
      RemoteCommand: "none",
      RequestTTY: "no",
      Tunnel: "no",
      IdentityAgent: of.agent === undefined ? "none" : word(of.agent),
    }),
    ...(isOtherHome() && of.privateKey === undefined ? identityFiles(of) : []),
  ];
}

/** ProxyJump, but with each jump host as strict as the host: ssh(1) would let ssh_config's `StrictHostKeyChecking no` hold for it. */
function proxy(jumps: readonly Destination[]): string[] {
  const jump = jumps.at(-1);
  if (!jump) return [];
  const words = command("ssh", "-v", ...common(jump), ...proxy(jumps.slice(0, -1)));
  // The host's address and port are put in by the ssh that runs this.
  return options({ ProxyCommand: `${words.replaceAll("%", "%%")} -W '[%h]:%p' -- ${command(jump.host)}` });
}

/** The files that go along, in `folder`, and the key that is held for it until `done`. */
export async function prepare(of: Destination, folder: string): Promise<{ args: string[]; done: () => void }> {
  const { hostKey, privateKey } = of;
  const known = join(folder, "known_hosts");
  if (hostKey?.startsWith("SHA256:"))
    throw new HostError(
      "hostKey",
      `the host key of ${of.name} is given by its fingerprint, which the system's ssh cannot take${of.systemSsh ? ` (it is used since ${of.systemSsh.why})` : ""}: set \`hostKey\` to the whole key, as known_hosts has it.`,
    );
  if (hostKey !== undefined) writeFileSync(known, `pinned ${hostKey}\n`, { mode: 0o600 });
  const hosts =
    hostKey === undefined
      ? []
      : options({ HostKeyAlias: "pinned", UserKnownHostsFile: word(known), VerifyHostKeyDNS: "no" });
  if (privateKey === undefined) return { args: hosts, done: () => undefined };
  const path = /[\r\n]/.test(privateKey) ? undefined : expandHome(privateKey);
  if (path !== undefined && isFidoKey(path))
    return {
      args: [...hosts, ...options({ IdentityFile: word(path), IdentitiesOnly: "yes" })],
      done: () => undefined,
    };
  const agent = join(folder, "agent");
  const done = await serveKey(chosenKey(of, privateKey).key, agent);
  const certificate = path === undefined ? undefined : certificateOf(path);
  const own = {
    IdentityAgent: word(agent),
    IdentityFile: "none",
    IdentitiesOnly: "no",
    ...(certificate !== undefined && { CertificateFile: word(certificate) }),
  };
  return { args: [...options(own), ...hosts], done };
}

function identityFiles({ identityFiles }: Destination): string[] {
  const files = identityFiles.filter((path) => existsSync(path));
  return files.length === 0
    ? options({ IdentityFile: "none" })
    : files.flatMap((path) => options({ IdentityFile: word(path) }));
}
