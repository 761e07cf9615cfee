import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import { PASSWORD } from "./sshd";
import { out, refused, type Settings, type SshSuite } from "./sshSuite";

/** What only the system's ssh can, which is then taken by itself. */
export function certificates(suite: SshSuite): void {
  const { shop } = suite;
  /** With the line of the debug log that says by what, and why. */
  async function said(settings: Settings, script?: string): Promise<[string, string]> {
    const log: string[] = [];
    const answer = await out(
      suite.host("auto", settings, (line) => log.push(line)),
      script,
    );
    return [answer, log.find((line) => line.includes("SSH connection"))!.replace(/.*, by /, "")];
  }
  const sign = (authority: string, key: string, ...options: string[]) =>
    execFileSync("ssh-keygen", ["-q", "-s", authority, "-I", "test", ...options, `${key}.pub`]);
  let forget: () => void = () => undefined;
  afterEach(() => forget());

  test("a user's certificate, beside the key and in the agent", async () => {
    const authority = shop.key("user-authority");
    const own = shop.key("certified", "ed25519", "sesame");
    sign(authority, own, "-n", "root");
    const { port, log } = await suite.server({ authorized: [], config: [`TrustedUserCAKeys ${authority}.pub`] });
    expect(await said({ port, privateKey: own, passphrase: "sesame" })).toEqual([
      "hello\n",
      `the system's ssh, since ${own}-cert.pub is a certificate`,
    ]);
    expect(log()).toContain("ED25519-CERT SHA256:");
    const plain = shop.key("certified-too");
    sign(authority, plain, "-n", "root");
    expect(await said({ port, privateKey: plain })).toEqual(["hello\n", expect.stringContaining("the system's ssh")]);
    const agent = await shop.agent(plain);
    expect(await said({ port, privateKey: undefined, agent })).toEqual([
      "hello\n",
      `the system's ssh, since the agent ${agent} holds a certificate`,
    ]);
    const late = shop.key("expired");
    sign(authority, late, "-n", "root", "-V", "20200101:20200102");
    await refused(
      suite.host("auto", { port, privateKey: late }).run("true"),
      "authentication",
      "does not let us in as",
    );
  });

  test("a host's certificate: @cert-authority", async () => {
    const authority = shop.key("host-authority");
    const key = shop.key("certified-host");
    sign(authority, key, "-h", "-n", "kvm1.lab");
    const server = await suite.server({ hostKeys: [key], config: [`HostCertificate ${key}-cert.pub`] });
    const knownHosts = suite.known(`@cert-authority *.lab ${suite.pub("host-authority")}`);
    const at = { port: undefined, hostKey: undefined, knownHosts };
    const named = (alias: string) => {
      forget();
      const lines = ["HostName 127.0.0.1", `Port ${server.port}`, "User root", `HostKeyAlias ${alias}`];
      forget = suite.config(`Host kvm1 kvm2\n  ${lines.join("\n  ")}\n`);
    };
    named("kvm1.lab");
    expect(await said({ ...at, host: "kvm1" })).toEqual([
      "hello\n",
      `the system's ssh, since ${knownHosts}:1 has a @cert-authority for it`,
    ]);
    named("kvm2.lab"); // the certificate is not for it
    await refused(suite.host("auto", { ...at, host: "kvm2" }).run("true"), "hostKey");
    const revoked = suite.known(
      `@cert-authority * ${suite.pub("host-authority")}`,
      `@revoked * ${suite.pub("host-authority")}`,
    );
    named("kvm1.lab");
    await refused(suite.host("auto", { ...at, host: "kvm1", knownHosts: revoked }).run("true"), "hostKey");
  });

  test("ProxyCommand", async () => {
    const relay = shop.write(
      "relay.js",
      "const s = require('net').connect(+process.argv[2], '127.0.0.1'); process.stdin.pipe(s).pipe(process.stdout);",
    );
    const command = `${process.execPath} ${relay} ${suite.sshd.port}`;
    forget = suite.config(`Host kvm1\n  ProxyCommand ${command}\n  User root\n`);
    const at = { host: "kvm1", port: undefined };
    expect(await said(at)).toEqual(["hello\n", "the system's ssh, since ssh_config has ProxyCommand for it"]);
    forget();
    forget = suite.config("Host kvm1\n  ProxyCommand sh -c 'echo no way to %h >&2; exit 1'\n  User root\n");
    await refused(
      suite.host("auto", { ...at, connectTimeout: 1 }).run("true"),
      "unreachable",
      "ProxyCommand of kvm1",
      "no way to kvm1",
    );
    forget();
    forget = suite.config("Host kvm1\n  ProxyCommand sleep 100\n  User root\n");
    await refused(suite.host("auto", { ...at, connectTimeout: 1 }).run("true"), "unreachable", "within 1 s");
  });

  test("a certificate that is not for this host, and a password that is: ssh2 logs in with it", async () => {
    const authority = shop.key("other-authority");
    const own = "operator/.ssh/id_ed25519";
    const key = shop.key(own);
    sign(authority, key, "-n", "root");
    try {
      const at = { user: "admin", sudo: false, privateKey: undefined, password: PASSWORD };
      expect((await said(at, "id -un"))[0]).toBe("admin\n");
    } finally {
      for (const end of ["", ".pub", "-cert.pub"]) rmSync(`${key}${end}`);
    }
  });

  test("a FIDO key is left to the system's ssh", async () => {
    // No token here: the public part of one, in OpenSSH's format, is all that is looked at before it is asked for.
    const key = shop.write("id_fido", fidoKey());
    const { port } = suite.sshd;
    const log: string[] = [];
    const transport = suite.host("auto", { port, privateKey: key }, (line) => log.push(line));
    await refused(transport.run("true"), "authentication");
    expect(log[0]).toContain(`by the system's ssh, since ${key} is a FIDO key`);
  });

  test("where there is no ssh, that is told", async () => {
    const key = shop.key("lonely");
    sign(shop.key("lonely-authority"), key, "-n", "root");
    const { PATH } = process.env;
    process.env.PATH = "/nowhere";
    try {
      const says = [`takes the system's ssh, since ${key}-cert.pub is a certificate`, "Install OpenSSH's client"];
      await refused(suite.host("auto", { user: "root", privateKey: key }).run("true"), "unreachable", ...says);
    } finally {
      process.env.PATH = PATH;
    }
  });

  test("what is left behind: nothing", async () => {
    const own = shop.path("tmp");
    mkdirSync(own);
    const spy = jest.spyOn(os, "tmpdir").mockReturnValue(own);
    try {
      const transport = suite.host("openssh");
      expect(await out(transport)).toBe("hello\n");
      const [folder] = readdirSync(own);
      expect(statSync(`${own}/${folder}`).mode & 0o777).toBe(0o700);
      transport.disconnect();
      await new Promise((resolve) => setTimeout(resolve, 100));
      await refused(suite.host("openssh", { user: "ghost" }).run("true"), "authentication");
      expect(readdirSync(own)).toEqual([]);
    } finally {
      spy.mockRestore();
    }
  });
}

function fidoKey(): string {
  const word = (text: string | Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    return Buffer.concat([length, Buffer.from(text)]);
  };
  const one = Buffer.from([0, 0, 0, 1]);
  const key = Buffer.concat([word("sk-ssh-ed25519@openssh.com"), word(Buffer.alloc(32, 7)), word("ssh:")]);
  const check = Buffer.alloc(8, 1);
  const secret = Buffer.concat([check, key, Buffer.from([1]), word("handle"), word(""), word("fido")]);
  const pad = Buffer.from([...Array((8 - (secret.length % 8)) % 8).keys()].map((i) => i + 1));
  const parts = [
    Buffer.from("openssh-key-v1\0"),
    word("none"),
    word("none"),
    word(""),
    one,
    word(key),
    word(Buffer.concat([secret, pad])),
  ];
  const base64 = Buffer.concat(parts)
    .toString("base64")
    .replace(/(.{70})/g, "$1\n");
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${base64}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
