import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { expandHome, tildePath } from "./home";
import { certificateOf, isCertificateType, isFidoKey, isFidoType } from "./keyFile";
import { KnownHosts } from "./knownHosts";
import type { Destination } from "./sshConfig";
import type { SshConfig } from "./sshG";

/** Why a host is to be reached by the system's ssh (opensshLine.ts), and not by ssh2. */
export interface SystemSsh {
  readonly why: string;
  /** ssh2 cannot reach the host at all; else it lacks one of several ways to log in. */
  readonly isOnly: boolean;
}

/** Of ssh_config(5): what ssh2 does not do. */
const OPTIONS: Readonly<Record<string, string>> = {
  proxycommand: "ProxyCommand",
  knownhostscommand: "KnownHostsCommand",
  revokedhostkeys: "RevokedHostKeys",
  bindaddress: "BindAddress",
  bindinterface: "BindInterface",
};
const KEY_OPTIONS: Readonly<Record<string, string>> = {
  certificatefile: "CertificateFile",
  pkcs11provider: "PKCS11Provider",
};

export async function needsSystemSsh(of: Destination, config: SshConfig): Promise<SystemSsh | undefined> {
  const only = set(config, OPTIONS) ?? authority(of) ?? of.jumps.find(({ systemSsh }) => systemSsh)?.systemSsh?.why;
  if (only !== undefined) return { why: of.isJump ? `${only} (${of.name})` : only, isOnly: true };
  const why = chosenKey(of) ?? (of.privateKey === undefined ? await ownKeys(of, config) : undefined);
  return why === undefined ? undefined : { why: of.isJump ? `${why} (${of.name})` : why, isOnly: false };
}

function set(config: SshConfig, options: Readonly<Record<string, string>>): string | undefined {
  const found = Object.keys(options).find((option) => config.one(option) !== undefined);
  return found && `ssh_config has ${options[found]} for it`;
}

/** A host that proves itself with a certificate. */
function authority({ hostKey, hostKeyAlias, address, port, knownHosts }: Destination): string | undefined {
  if (hostKey !== undefined) return undefined;
  const known = KnownHosts.read(knownHosts);
  const at = known.authority(
    ...(hostKeyAlias === undefined ? ([address, port] as const) : ([hostKeyAlias, 22] as const)),
  );
  return at && `${at} has a @cert-authority for it`;
}

function chosenKey({ privateKey }: Destination): string | undefined {
  // A path, and not a text: those of ssh2's kinds are read by it.
  return privateKey === undefined || /[\r\n]/.test(privateKey) ? undefined : special(expandHome(privateKey));
}

async function ownKeys(of: Destination, config: SshConfig): Promise<string | undefined> {
  const option = set(config, KEY_OPTIONS);
  if (option) return option;
  for (const path of of.identityFiles) {
    const why = special(path);
    if (why) return why;
  }
  const held = of.identitiesOnly ? undefined : await agentHolds(of);
  if (held) return held;
  const ticket = of.password === undefined && config.one("gssapiauthentication") === "yes" && kerberosTicket();
  return ticket ? `GSSAPIAuthentication is on, and there is a Kerberos ticket (${ticket})` : undefined;
}

/** What ssh2 cannot log in with, among what is at that path and beside it. */
function special(path: string): string | undefined {
  const certificate = certificateOf(path);
  if (certificate !== undefined) return `${tildePath(certificate)} is a certificate`;
  return isFidoKey(path) ? `${tildePath(path)} is a FIDO key` : undefined;
}

/** ssh2 leaves out what it does not know. */
function agentHolds({ agent, connectTimeout }: Destination): Promise<string | undefined> {
  if (agent === undefined) return Promise.resolve(undefined);
  const env = { ...process.env, SSH_AUTH_SOCK: agent };
  return new Promise((resolve) => {
    execFile("ssh-add", ["-L"], { env, timeout: Math.floor((connectTimeout * 1000) / 3) }, (_error, stdout) => {
      const types = stdout.split("\n").map((line) => line.split(" ")[0]!);
      if (types.some(isCertificateType)) resolve(`the agent ${agent} holds a certificate`);
      else if (types.some(isFidoType)) resolve(`the agent ${agent} holds a FIDO key`);
      else resolve(undefined);
    });
  });
}

/** Where libkrb5 looks for one; what is no file cannot be looked at, and is taken for one. */
function kerberosTicket(): string | undefined {
  const name = process.env.KRB5CCNAME || `/tmp/krb5cc_${process.getuid?.() ?? 0}`;
  const [, file] = /^(?:FILE:)?(\/.*)$/.exec(name) ?? [];
  return file === undefined || existsSync(file) ? name : undefined;
}
