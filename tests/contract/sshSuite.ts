import { mkdirSync, rmSync } from "node:fs";
import os from "node:os";
import { HostError, type HostErrorKind } from "../../provider/errors";
import { parseConnections } from "../../provider/host/connection";
import { SshTransport } from "../../provider/host/ssh";
import { ensurePackages } from "../lab/packages";
import { type Sshd, Workshop } from "./sshd";

/** The two kinds of connection; `auto`: the one that the transport takes by itself. */
export const kinds = ["ssh2", "openssh"] as const;
export type By = (typeof kinds)[number];
export type Settings = Readonly<Record<string, string | number | boolean | undefined>>;

/** What all cases share: an sshd that lets `key` in, an operator with a home, and the count of what was run. */
export class SshSuite {
  readonly shop = new Workshop();
  private readonly transports: SshTransport[] = [];
  private readonly counts = { ssh2: 0, openssh: 0 };
  sshd!: Sshd;
  key!: string;
  hostKey!: string;

  async begin(): Promise<void> {
    await ensurePackages(console.log);
    jest.spyOn(os, "homedir").mockReturnValue(this.shop.path("operator"));
    mkdirSync(this.shop.path("operator/.ssh"), { recursive: true });
    delete process.env["SSH_AUTH_SOCK"];
    this.key = this.shop.key("operator-key");
    for (const type of ["ed25519", "ecdsa", "rsa"]) this.shop.key(`host_${type}`, type);
    this.hostKey = this.pub("host_ed25519");
    this.sshd = await this.server({ hostKeys: this.hostKeys("ed25519", "ecdsa", "rsa") });
  }

  async end(): Promise<void> {
    const { ssh2, openssh } = this.counts;
    process.stdout.write(`transports: ${ssh2 + openssh} cases, ssh2 ${ssh2}, openssh ${openssh}\n`);
    await this.shop.clean();
  }

  count(by: By): void {
    this.counts[by]++;
  }

  hangUp(): void {
    this.transports.splice(0).forEach((transport) => transport.disconnect());
  }

  /** Lets the operator's key in, and has the ed25519 host key, unless said otherwise. */
  server(options: Partial<Parameters<Workshop["sshd"]>[0]> = {}): Promise<Sshd> {
    return this.shop.sshd({ hostKeys: this.hostKeys("ed25519"), authorized: [this.key], ...options });
  }

  hostKeys(...types: string[]): string[] {
    return types.map((type) => this.shop.path(`host_${type}`));
  }

  pub(name: string): string {
    return this.shop.read(`${name}.pub`).split(" ").slice(0, 2).join(" ");
  }

  /** A file of known hosts. */
  known(...lines: string[]): string {
    return this.shop.write(`known-${Math.random()}`, `${lines.join("\n")}\n`);
  }

  /** The operator's ~/.ssh/config, until what is returned is called. */
  config(text: string): () => void {
    const path = this.shop.write("operator/.ssh/config", text);
    return () => rmSync(path, { force: true });
  }

  /** A host as the provider's configuration gives it; the defaults let one in. */
  host(by: By | "auto", settings: Settings = {}, debug?: (line: string) => void): SshTransport {
    const { sshd, key, hostKey } = this;
    const all: Settings = { host: "127.0.0.1", port: sshd.port, privateKey: key, hostKey, ...settings };
    const connections = parseConnections((name) => {
      const value = all[name.slice("kvmnet:".length)];
      return value === undefined ? undefined : String(value);
    });
    const transport = new SshTransport(connections.get(), debug, by === "auto" ? undefined : by);
    this.transports.push(transport);
    return transport;
  }
}

export const out = async (transport: SshTransport, script = "echo hello") => (await transport.run(script)).stdout;

async function failure(work: Promise<unknown>): Promise<HostError> {
  const error = await work.then(
    (value) => new Error(`no failure: ${JSON.stringify(value).slice(0, 200)}`),
    (error: unknown) => error,
  );
  if (error instanceof HostError) return error;
  throw error;
}

export async function refused(
  work: Promise<unknown>,
  kind: HostErrorKind,
  ...says: (string | RegExp)[]
): Promise<string> {
  const error = await failure(work);
  expect(`${error.kind}: ${error.message}`).toMatch(new RegExp(`^${kind}: `));
  for (const text of says) expect(error.message).toMatch(text instanceof RegExp ? text : new RegExp(escape(text)));
  return error.message;
}
const escape = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
