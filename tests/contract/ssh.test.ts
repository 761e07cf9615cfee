import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import { Server, type Connection as ServerConnection } from "ssh2";
import { HostError, type HostErrorKind } from "../../provider/errors";
import { parseConnections } from "../../provider/host/connection";
import { SshTransport } from "../../provider/host/ssh";
import { ensurePackages } from "../lab/packages";
import { freePort, PASSWORD, type Sshd, Workshop } from "./sshd";

const shop = new Workshop();
const transports: SshTransport[] = [];
let sshd: Sshd;
let key: string;
let hostKey: string;
const pub = (name: string) => shop.read(`${name}.pub`).split(" ").slice(0, 2).join(" ");

beforeAll(async () => {
  await ensurePackages(console.log);
  jest.spyOn(os, "homedir").mockReturnValue(shop.path("operator"));
  mkdirSync(shop.path("operator/.ssh"), { recursive: true });
  delete process.env["SSH_AUTH_SOCK"];
  key = shop.key("operator-key");
  for (const type of ["ed25519", "ecdsa", "rsa"]) shop.key(`host_${type}`, type);
  hostKey = pub("host_ed25519");
  sshd = await shop.sshd({ hostKeys: hostKeys("ed25519", "ecdsa", "rsa"), authorized: [key] });
}, 600_000);

afterEach(() => transports.splice(0).forEach((transport) => transport.disconnect()));
afterAll(() => shop.clean());

const hostKeys = (...types: string[]) => types.map((type) => shop.path(`host_${type}`));

/** A host as the provider's configuration gives it; the defaults let one in. */
function host(settings: Record<string, string | number | boolean | undefined> = {}, debug?: (line: string) => void) {
  const all: Record<string, unknown> = { host: "127.0.0.1", port: sshd.port, privateKey: key, hostKey, ...settings };
  const connections = parseConnections((name) => {
    const value = all[name.slice("kvmnet:".length)];
    return value === undefined ? undefined : String(value);
  });
  const transport = new SshTransport(connections.get(), debug);
  transports.push(transport);
  return transport;
}

const out = async (transport: SshTransport, script = "echo hello") => (await transport.run(script)).stdout;

async function failure(work: Promise<unknown>): Promise<HostError> {
  const error = await work.then(
    (value) => new Error(`no failure: ${JSON.stringify(value).slice(0, 200)}`),
    (error: unknown) => error,
  );
  if (error instanceof HostError) return error;
  throw error;
}

async function refused(work: Promise<unknown>, kind: HostErrorKind, ...says: (string | RegExp)[]): Promise<string> {
  const error = await failure(work);
  expect(error).toMatchObject({ kind });
  for (const text of says) expect(error.message).toMatch(text instanceof RegExp ? text : new RegExp(escape(text)));
  return error.message;
}
const escape = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

describe("scripts", () => {
  test("output, errors and exit code come back; the connection is kept", async () => {
    const log: string[] = [];
    const lines: string[] = [];
    const transport = host({}, (line) => log.push(line));
    const script = "echo out; printf 'one\\nt' >&2; printf 'wö\\nrest' >&2; exit 7";
    const result = await transport.run(script, { onProgress: (line) => lines.push(line) });
    expect(result).toEqual({ stdout: "out\n", stderr: "one\ntwö\nrest", code: 7 });
    expect(lines).toEqual(["one", "twö", "rest"]);
    expect(await transport.run("kill -TERM $$")).toMatchObject({ code: 143 });
    const where = `127.0.0.1:${sshd.port}`;
    expect(log).toEqual([
      `127.0.0.1: SSH connection 1 to root@${where}`,
      "127.0.0.1: SSH trip 1",
      "127.0.0.1: SSH trip 2",
    ]);
    transport.disconnect();
    expect(await out(transport)).toBe("hello\n");
    expect(log).toContain(`127.0.0.1: SSH connection 2 to root@${where}`);
  });

  test("200 kB of script and 20 MB of output stay whole", async () => {
    const noise = "é".repeat(100_000);
    expect(await out(host(), `cat <<'END'\n${noise}\nEND\n`)).toBe(`${noise}\n`);
    const { stdout } = await host().run("i=0; head -c 20000000 /dev/zero | tr '\\0' x; echo end");
    expect(stdout.length).toBe(20_000_004);
    expect(stdout.endsWith("xend\n")).toBe(true);
  });

  test("output without end is given up", async () => {
    await refused(host().run("cat /dev/zero"), "failed", "64 MiB");
  });

  test("ten scripts at once go over one connection, four at a time", async () => {
    const wire = await shop.wire(sshd.port);
    const transport = host({ port: wire.port });
    const results = await Promise.all([...Array(10).keys()].map((i) => out(transport, `sleep 0.1; echo ${i}`)));
    expect(results).toEqual([...Array(10).keys()].map((i) => `${i}\n`));
    expect(wire.connections).toBe(1);
  });

  test("MaxSessions 1: one after the other", async () => {
    const { port } = await shop.sshd({ hostKeys: hostKeys("ed25519"), authorized: [key], config: ["MaxSessions 1"] });
    const transport = host({ port });
    const results = await Promise.all([...Array(6).keys()].map((i) => out(transport, `sleep 0.1; echo ${i}`)));
    expect(results).toEqual([...Array(6).keys()].map((i) => `${i}\n`));
  });

  test("MaxSessions 0: told", async () => {
    const { port } = await shop.sshd({ hostKeys: hostKeys("ed25519"), authorized: [key], config: ["MaxSessions 0"] });
    await refused(host({ port }).run("true"), "unreachable", "MaxSessions");
  });

  test("a process whose connection is idle can end", async () => {
    const file = shop.write(
      "idle.ts",
      `import { SshTransport } from ${JSON.stringify(require.resolve("../../provider/host/ssh"))};
      const connection = { name: "h", host: "127.0.0.1", port: ${sshd.port}, user: "root", sudo: false, connectTimeout: 10, confirmTimeout: 60,
        privateKey: ${JSON.stringify(key)}, hostKey: ${JSON.stringify(hostKey)} };
      void new SshTransport(connection).run("echo hello").then(({ stdout }) => console.log(stdout));`,
    );
    const tsx = require.resolve("tsx/cli");
    const began = Date.now();
    expect(execFileSync(process.execPath, [tsx, file], { encoding: "utf8", timeout: 20_000 })).toContain("hello");
    expect(Date.now() - began).toBeLessThan(8_000);
  });
});

describe("login", () => {
  test("key as a file, with ~, and as a text", async () => {
    writeFileSync(shop.path("operator/own-key"), readFileSync(key), { mode: 0o600 });
    expect(await out(host({ privateKey: "~/own-key" }))).toBe("hello\n");
    expect(await out(host({ privateKey: shop.read("operator-key").trim().replaceAll("\n", "\r\n") }))).toBe("hello\n");
  });

  test("root@… and ssh://root@…", async () => {
    expect(await out(host({ host: "root@127.0.0.1" }))).toBe("hello\n");
    expect(await out(host({ host: `ssh://root@127.0.0.1:${sshd.port}`, port: undefined }))).toBe("hello\n");
  });

  test("encrypted keys", async () => {
    const secret = shop.key("secret-key", "ecdsa", "sesame");
    const { port } = await shop.sshd({ hostKeys: hostKeys("ed25519"), authorized: [secret] });
    const at = { port, privateKey: secret };
    expect(await out(host({ ...at, passphrase: "sesame" }))).toBe("hello\n");
    await refused(host(at).run("true"), "authentication", `${secret} is encrypted: set \`passphrase\``);
    await refused(host({ ...at, passphrase: "wrong" }).run("true"), "authentication", "`passphrase` does not open it");
  });

  test("agent, also by SSH_AUTH_SOCK, with RSA keys before the right one", async () => {
    const socket = await shop.agent(shop.key("rsa-key", "rsa"), key);
    expect(await out(host({ privateKey: undefined, agent: socket }))).toBe("hello\n");
    process.env["SSH_AUTH_SOCK"] = socket;
    try {
      expect(await out(host({ privateKey: undefined }))).toBe("hello\n");
      await refused(host({ privateKey: undefined, agent: "none" }).run("true"), "authentication", "tried nothing");
    } finally {
      delete process.env["SSH_AUTH_SOCK"];
    }
  });

  test("a chosen key goes before an agent with more keys than sshd takes; without it, that is told", async () => {
    const many = [...Array(7).keys()].map((i) => shop.key(`many-${i}`));
    const agent = await shop.agent(...many);
    expect(await out(host({ agent }))).toBe("hello\n");
    await refused(
      host({ agent, privateKey: undefined }).run("true"),
      "authentication",
      "MaxAuthTries",
      "7 keys: many-0",
    );
  });

  test("the user's own keys, less those that cannot be used", async () => {
    const ssh = "operator/.ssh";
    shop.key(`${ssh}/id_ed25519`, "ed25519", "sesame");
    shop.key(`${ssh}/id_ecdsa`, "ecdsa");
    try {
      const message = await refused(
        host({ privateKey: undefined, agent: "/nowhere/agent" }).run("true"),
        "authentication",
      );
      expect(message).toContain(
        `127.0.0.1 does not let us in as root@127.0.0.1:${sshd.port}: tried ~/.ssh/id_ecdsa; could not use agent /nowhere/agent (Failed to connect to agent), ` +
          "~/.ssh/id_ed25519 (is encrypted: set `passphrase`, or add the key to the agent); the host takes publickey, password",
      );
      const { port } = await shop.sshd({ hostKeys: hostKeys("ed25519"), authorized: [shop.path(`${ssh}/id_ecdsa`)] });
      expect(await out(host({ port, privateKey: undefined }))).toBe("hello\n");
    } finally {
      for (const name of ["id_ed25519", "id_ecdsa"]) execFileSync("rm", [shop.path(`${ssh}/${name}`)]);
    }
  });

  test("a chosen key that is none is told, and never shown", async () => {
    const broken = shop.read("operator-key").replace(/\n.{10}/, "\nAAAAAAAAAA");
    const message = await refused(
      host({ privateKey: broken }).run("true"),
      "authentication",
      "the key in `privateKey`",
    );
    expect(message).not.toContain(broken.slice(60, 90));
    const headless = shop.read("operator-key").split("\n").slice(1, -2).join("");
    expect(await refused(host({ privateKey: headless }).run("true"), "authentication", "neither")).not.toContain(
      headless.slice(20, 60),
    );
    await refused(
      host({ privateKey: "/nowhere/key" }).run("true"),
      "authentication",
      "/nowhere/key cannot be read: ENOENT",
    );
    await refused(host({ privateKey: `${key}.pub` }).run("true"), "authentication", "is a public key");
  });

  test("password", async () => {
    const at = { user: "admin", sudo: false, privateKey: undefined };
    expect(await out(host({ ...at, password: PASSWORD }), "id -un")).toBe("admin\n");
    const message = await refused(
      host({ ...at, password: "hunter2" }).run("true"),
      "authentication",
      "tried password",
      "the host takes publickey, password",
    );
    expect(message).not.toContain("hunter2");
  });

  test("key and password, where the host wants both", async () => {
    const config = ["AuthenticationMethods publickey,password"];
    const { port } = await shop.sshd({ hostKeys: hostKeys("ed25519"), authorized: [key], config });
    const at = { port, user: "admin", sudo: false };
    expect(await out(host({ ...at, password: PASSWORD }), "id -un")).toBe("admin\n");
    await refused(host(at).run("true"), "authentication", "the host takes password");
  });

  test("keyboard-interactive", async () => {
    const asked: string[] = [];
    const port = await server((client) =>
      client.on("authentication", (context) => {
        if (context.method !== "keyboard-interactive") return context.reject(["keyboard-interactive"]);
        context.prompt([{ prompt: "Password: ", echo: false }], ([answer]) => {
          asked.push(answer!);
          context.reject(["keyboard-interactive"]);
        });
      }),
    );
    const message = await refused(
      host({ port, privateKey: undefined, password: PASSWORD }).run("true"),
      "authentication",
    );
    expect(asked).toEqual([PASSWORD]);
    expect(message).toContain("tried password, keyboard-interactive; the host takes keyboard-interactive");
  });

  test("a user without a shell", async () => {
    await refused(
      host({ user: "noshell", sudo: false }).run("true"),
      "authentication",
      "noshell has no shell on 127.0.0.1",
      "not available",
    );
  });
});

describe("what has arrived is acknowledged", () => {
  const script = (file: string) =>
    `f() { head -c 300000 /dev/zero | tr '\\0' x; printf '\\n@it\\n'; read -r _ && : > ${file}; }\nf\n`;

  test.each([
    ["root", {}],
    ["sudo without a password", { user: "free" }],
    ["sudo with a password", { user: "admin", password: PASSWORD }],
  ])("%s", async (who, login) => {
    const file = shop.path(`arrived-${who.replaceAll(" ", "-")}`);
    const { stdout, code } = await host(login).run(script(file), { acknowledge: "@it" });
    expect([stdout.length, code]).toEqual([300_005, 0]);
    expect(existsSync(file)).toBe(true);
  });

  test("what broke off is not", async () => {
    const wire = await shop.wire(sshd.port);
    const file = shop.path("never");
    const sent = host({ port: wire.port }).run(
      `f() { echo; echo @it; sleep 1; echo @it; read -r _ && : > ${file}; }\nf\n`,
      {
        acknowledge: "@other",
      },
    );
    setTimeout(() => wire.cut(), 700);
    await refused(sent, "interrupted");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(existsSync(file)).toBe(false);
  });
});

describe("sudo", () => {
  test("with the password that sudo asks for", async () => {
    const transport = host({ user: "admin", password: PASSWORD });
    const results = await Promise.all(["id -un", "id -un", "cat"].map((script) => transport.run(script)));
    expect(results.map(({ stdout }) => stdout)).toEqual(["root\n", "root\n", ""]);
    // sudo remembers the first one's: nothing of the password comes out of a shell that was never asked for it.
    expect(JSON.stringify(results)).not.toContain("horse");
    expect(results.map(({ stderr }) => stderr.trim())).toEqual(["", "", ""]);
  });

  test("with a password that sudo does not ask for", async () => {
    const result = await host({ user: "free", password: PASSWORD }).run("id -un; cat");
    expect(result).toEqual({ stdout: "root\n", stderr: "", code: 0 });
    expect(await out(host({ user: "free" }), "id -un")).toBe("root\n");
  });

  test("refused: wrong password, none, not in sudoers", async () => {
    const wrong = await refused(
      host({ user: "admin", password: "hunter2" }).run("true"),
      "authentication",
      "sudo does not take the password",
    );
    expect(wrong).not.toContain("hunter2");
    await refused(host({ user: "admin" }).run("true"), "authentication", "a password is required", "NOPASSWD");
  });

  test.each(["fish", "csh"])("login shell %s", async (user) => {
    const shell = { fish: "/usr/bin/fish", csh: "/bin/tcsh" }[user]!;
    if (!existsSync(shell)) return console.log(`${shell} is not installed: not tried`);
    expect(await out(host({ user, password: PASSWORD }), "id -un")).toBe("root\n");
    expect(await out(host({ user, sudo: false }), "id -un")).toBe(`${user}\n`);
  });
});

describe("host key", () => {
  const hosts = (...lines: string[]) => shop.write(`known-${Math.random()}`, `${lines.join("\n")}\n`);
  const by = (knownHosts: string, more = {}) => host({ hostKey: undefined, knownHosts, ...more });
  const name = () => `[127.0.0.1]:${sshd.port}`;

  test.each(["ed25519", "ecdsa", "rsa"])("known by its %s key alone", async (type) => {
    expect(await out(by(hosts(`${name()} ${pub(`host_${type}`)}`)))).toBe("hello\n");
  });

  test("plain, hashed by ssh-keygen -H, without the port", async () => {
    expect(await out(by(hosts(`127.0.0.1 ${hostKey}`)))).toBe("hello\n");
    const hashed = hosts(`${name()} ${hostKey}`);
    execFileSync("ssh-keygen", ["-q", "-H", "-f", hashed], { stdio: "ignore" });
    expect(readFileSync(hashed, "utf8")).toMatch(/^\|1\|/);
    expect(await out(by(hashed))).toBe("hello\n");
  });

  test("~/.ssh/known_hosts, as ssh itself wrote it", async () => {
    const file = shop.path("operator/.ssh/known_hosts");
    execFileSync(
      "ssh",
      [
        "-F",
        "none",
        "-o",
        "StrictHostKeyChecking=accept-new",
        "-o",
        `UserKnownHostsFile=${file}`,
        "-o",
        "HashKnownHosts=yes",
        "-o",
        "BatchMode=yes",
        "-o",
        "IdentitiesOnly=yes",
        "-i",
        key,
        "-p",
        String(sshd.port),
        "root@127.0.0.1",
        "true",
      ],
      { stdio: "ignore" },
    );
    expect(await out(host({ hostKey: undefined }))).toBe("hello\n");
    execFileSync("rm", [file]);
  });

  test("unknown: never a silent yes, and how to accept it", async () => {
    const message = await refused(host({ hostKey: undefined }).run("true"), "hostKey");
    const print = execFileSync("ssh-keygen", ["-lf", shop.path("host_ed25519.pub")], { encoding: "utf8" }).split(
      " ",
    )[1];
    expect(message).toBe(
      `the host key of 127.0.0.1:${sshd.port} is unknown: it shows ssh-ed25519 ${print}, which is not in ~/.ssh/known_hosts. ` +
        "Compare that with what `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints on the host itself, " +
        `then log in once with \`ssh -p ${sshd.port} root@127.0.0.1\` and accept it, or set hostKey: "${hostKey}" on the provider.`,
    );
  });

  test("changed, revoked", async () => {
    const other = shop.key("other_host");
    const changed = hosts("# a comment", `${name()} ${pub("other_host")}`);
    await refused(
      by(changed).run("true"),
      "hostKey",
      "has changed",
      `${changed}:2 has SHA256:`,
      `ssh-keygen -f ${changed} -R '${name()}'`,
    );
    const revoked = hosts(`${name()} ${hostKey}`, `@revoked * ${hostKey}`);
    await refused(by(revoked).run("true"), "hostKey", `is revoked by ${revoked}:2`);
    expect(existsSync(other)).toBe(true);
  });

  test("pinned by key and by fingerprint, of whatever type", async () => {
    const fingerprint = (type: string) =>
      execFileSync("ssh-keygen", ["-lf", shop.path(`host_${type}.pub`)], { encoding: "utf8" }).split(" ")[1]!;
    for (const type of ["ed25519", "ecdsa", "rsa"]) {
      expect(await out(host({ hostKey: shop.read(`host_${type}.pub`) }))).toBe("hello\n");
      expect(await out(host({ hostKey: fingerprint(type) }))).toBe("hello\n");
    }
    shop.key("foreign");
    await refused(
      host({ hostKey: pub("foreign") }).run("true"),
      "hostKey",
      "but `hostKey` of the provider is ssh-ed25519 SHA256:",
      hostKey,
    );
    const print = `SHA256:${"A".repeat(43)}`;
    await refused(host({ hostKey: print }).run("true"), "hostKey", `\`hostKey\` of the provider is ${print}`, hostKey);
    const { port } = await shop.sshd({ hostKeys: hostKeys("rsa"), authorized: [key] });
    expect(await out(host({ port, hostKey: fingerprint("rsa") }))).toBe("hello\n");
    await refused(host({ port, hostKey: print }).run("true"), "hostKey", "is ssh-rsa SHA256:");
  });
});

describe("a host that does not answer", () => {
  const silent = { connectTimeout: 2 };
  async function told(transport: SshTransport, says: string | RegExp): Promise<void> {
    const began = Date.now();
    await refused(transport.run("true"), "unreachable", says, "root@127.0.0.1:");
    expect(Date.now() - began).toBeLessThan(4_000);
  }

  test("a closed port", async () => {
    await told(host({ ...silent, port: await freePort() }), "refused: no sshd listens there");
  });

  test("packets that are dropped", async () => {
    // A full queue of connections to be accepted: the kernel drops what comes after.
    const script = `require("net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, function () {
      require("fs").writeSync(1, String(this.address().port)); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60000); });`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    shop.onClean(() => child.kill("SIGKILL"));
    const [data] = (await once(child.stdout, "data")) as [Buffer];
    const port = Number(data.toString());
    const { connect } = await import("node:net");
    const fill = [1, 2, 3].map(() => connect(port, "127.0.0.1").on("error", () => undefined));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await told(host({ ...silent, port }), /no answer from 127\.0\.0\.1 port \d+ within 2 s/);
    fill.forEach((socket) => socket.destroy());
    child.kill("SIGKILL");
  });

  test("TCP without SSH, SSH without an end of the key exchange, another protocol", async () => {
    const port = await listen((socket) => socket.on("error", () => undefined));
    await told(host({ ...silent, port }), "said nothing within 2 s");
    const half = await listen((socket) => socket.on("error", () => undefined).write("SSH-2.0-Half\r\n"));
    await told(host({ ...silent, port: half }), "did not finish the SSH key exchange within 2 s");
    const shut = await listen((socket) => socket.end());
    await told(host({ ...silent, port: shut }), "before the SSH key exchange was over");
    const web = await listen((socket) => socket.on("error", () => undefined).end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await told(host({ ...silent, port: web }), "Is it an sshd");
  });

  test("login, session and shell that never come", async () => {
    const login = await server((client) => client.on("authentication", () => undefined));
    await told(host({ ...silent, port: login }), /did not finish the login within 2 s.*, tried .*operator-key/);
    const session = await server((client) =>
      client.on("authentication", (context) => context.accept()).on("session", () => undefined),
    );
    await told(host({ ...silent, port: session }), "the host gave no session in time");
    const exec = await server((client) =>
      client
        .on("authentication", (context) => context.accept())
        .on("session", (accept) => void accept().on("exec", () => undefined)),
    );
    await told(host({ ...silent, port: exec }), "the host gave no session in time");
    const { port } = await shop.sshd({
      hostKeys: hostKeys("ed25519"),
      authorized: [key],
      config: ["ForceCommand sleep 100"],
    });
    await told(host({ ...silent, port }), "no shell began in time");
  });

  test("a name without an address", async () => {
    await refused(
      host({ host: "kvm1.invalid", connectTimeout: 5 }).run("true"),
      "unreachable",
      "the name kvm1.invalid",
    );
  });

  test("a host that comes back soon is waited for", async () => {
    const port = await freePort();
    const transport = host({ port });
    const wire = await shop.wire(sshd.port);
    await new Promise((resolve) => wire.server.close(resolve));
    setTimeout(() => wire.server.listen(port, "127.0.0.1"), 500);
    expect(await out(transport)).toBe("hello\n");
  });
});

describe("a connection that breaks", () => {
  const started = (file: string) => `echo x >> ${file}; sleep 1; echo done`;
  const begun = async (file: string) => {
    while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const times = (file: string) => readFileSync(file, "utf8").length / 2;

  test("in the middle of a script: interrupted, and not sent again; with `retry` it is", async () => {
    const wire = await shop.wire(sshd.port);
    const transport = host({ port: wire.port });
    const once = shop.path("once");
    const broken = refused(transport.run(started(once)), "interrupted", "may still run there");
    await begun(once);
    wire.cut();
    await broken;
    expect(times(once)).toBe(1);
    const twice = shop.path("twice");
    const result = transport.run(started(twice), { retry: true });
    await begun(twice);
    wire.cut();
    expect((await result).stdout).toBe("done\n");
    expect(times(twice)).toBe(2);
    expect(wire.connections).toBe(3);
  });

  test("while it was idle: a new one is made", async () => {
    const wire = await shop.wire(sshd.port);
    const transport = host({ port: wire.port });
    expect(await out(transport)).toBe("hello\n");
    wire.cut();
    expect(await out(transport)).toBe("hello\n");
    await new Promise((resolve) => setTimeout(resolve, 200));
    wire.cut();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await out(transport)).toBe("hello\n");
    expect(wire.connections).toBe(3);
  });

  test("without a word while it was idle: found out, and a new one is made", async () => {
    const wire = await shop.wire(sshd.port);
    const transport = host({ port: wire.port, connectTimeout: 4 });
    expect(await out(transport)).toBe("hello\n");
    wire.silence();
    const file = shop.path("idle-silence");
    expect((await transport.run(started(file))).stdout).toBe("done\n");
    expect(times(file)).toBe(1);
  });

  test("without a word in the middle of a script: interrupted, long before the script's time is up", async () => {
    const wire = await shop.wire(sshd.port);
    const file = shop.path("silence");
    const began = Date.now();
    const broken = refused(
      host({ port: wire.port }).run(`echo > ${file}; sleep 100`, { timeout: 90_000 }),
      "interrupted",
      "no sign of life",
    );
    await begun(file);
    wire.silence();
    await broken;
    expect(Date.now() - began).toBeLessThan(30_000);
  }, 60_000);

  test("a script that takes too long", async () => {
    const transport = host();
    await refused(transport.run("sleep 100", { timeout: 500, retry: true }), "interrupted", "did not end within 0.5 s");
    expect(await out(transport)).toBe("hello\n");
  });

  test("disconnect in the middle of a script", async () => {
    const transport = host();
    const file = shop.path("disconnect");
    const broken = refused(transport.run(started(file)), "interrupted", "this side closed the connection");
    await begun(file);
    transport.disconnect();
    await broken;
  });
});

/** An SSH server in this process, for what sshd does not do. */
async function server(onConnection: (client: ServerConnection) => unknown): Promise<number> {
  const ssh = new Server({ hostKeys: [shop.read("host_ed25519")] }, (client) => {
    client.on("error", () => undefined);
    onConnection(client);
  });
  return shop.listen(ssh);
}

const listen = (onConnection: Parameters<typeof createServer>[1]) => shop.listen(createServer(onConnection!));
