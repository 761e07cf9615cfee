import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { Server, type Connection as ServerConnection } from "ssh2";
import type { SshTransport } from "../../provider/host/ssh";
import { freePort } from "./sshd";
import { out, refused, type By, type Settings, type SshSuite } from "./sshSuite";

/** A host that does not answer, at each stage. */
export function silence(suite: SshSuite, by: By): void {
  const { shop } = suite;
  const host = (settings?: Settings, debug?: (line: string) => void) => suite.host(by, settings, debug);

  const silent = { connectTimeout: 2 };
  async function told(transport: SshTransport, says: string | RegExp): Promise<void> {
    const began = Date.now();
    await refused(transport.run("true"), "unreachable", says, "root@127.0.0.1:");
    expect(Date.now() - began).toBeLessThan(15_000); // the default
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
    const fill = [1, 2, 3].map(() => connect(port, "127.0.0.1").on("error", () => undefined));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await told(host({ ...silent, port }), /no answer from 127\.0\.0\.1 port \d+ within 2 s/);
    fill.forEach((socket) => socket.destroy());
    child.kill("SIGKILL");
  });

  test("TCP without SSH, SSH without an end of the key exchange, another protocol", async () => {
    const port = await listen((socket) => socket.on("error", () => undefined));
    const half = await listen((socket) => socket.on("error", () => undefined).write("SSH-2.0-Half\r\n"));
    const shut = await listen((socket) => socket.end());
    const web = await listen((socket) => socket.on("error", () => undefined).end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await Promise.all([
      told(host({ ...silent, port }), "said nothing within 2 s"),
      told(host({ ...silent, port: half }), "did not finish the SSH key exchange within 2 s"),
      told(host({ ...silent, port: shut }), "before the SSH key exchange was over"),
      told(host({ ...silent, port: web }), "Is it an sshd"),
    ]);
  });

  test("login, session and shell that never come", async () => {
    const login = await server((client) => client.on("authentication", () => undefined));
    const session = await server((client) =>
      client.on("authentication", (context) => context.accept()).on("session", () => undefined),
    );
    const exec = await server((client) =>
      client
        .on("authentication", (context) => context.accept())
        .on("session", (accept) => void accept().on("exec", () => undefined)),
    );
    const { port } = await suite.server({ config: ["ForceCommand sleep 100"] });
    // ssh(1) does not tell when the session began: only what it printed.
    const noShell = { ssh2: "no shell began in time", openssh: "the host gave no session in time" }[by];
    const tried = { ssh2: ", tried .*operator-key", openssh: "" }[by];
    await Promise.all([
      told(host({ ...silent, port: login }), new RegExp(`did not finish the login within 2 s.*${tried}`)),
      told(host({ ...silent, port: session }), "the host gave no session in time"),
      told(host({ ...silent, port: exec }), "the host gave no session in time"),
      told(host({ ...silent, port }), noShell),
    ]);
  });

  test("MaxStartups are in use: told; when they are free again, it is let in", async () => {
    const { port } = await suite.server({ config: ["MaxStartups 1"] });
    const waiting = connect(port, "127.0.0.1").on("error", () => undefined);
    await once(waiting, "data");
    await refused(host({ port }).run("true"), "unreachable", "MaxStartups");
    setTimeout(() => waiting.destroy(), 300);
    expect(await out(host({ port }))).toBe("hello\n");
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
    const wire = await shop.wire(suite.sshd.port);
    await new Promise((resolve) => wire.server.close(resolve));
    setTimeout(() => wire.server.listen(port, "127.0.0.1"), 500);
    expect(await out(transport)).toBe("hello\n");
  });

  /** An SSH server in this process, for what sshd does not do. */
  function server(onConnection: (client: ServerConnection) => unknown): Promise<number> {
    const ssh = new Server({ hostKeys: [shop.read("host_ed25519")] }, (client) => {
      client.on("error", () => undefined);
      onConnection(client);
    });
    return shop.listen(ssh);
  }

  function listen(onConnection: (socket: Socket) => unknown): Promise<number> {
    return shop.listen(createServer(onConnection));
  }
}
