import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { PASSWORD } from "./sshd";
import { out, refused, type By, type Settings, type SshSuite } from "./sshSuite";

/** What a script is given, and what comes back. */
export function scripts(suite: SshSuite, by: By): void {
  const { shop } = suite;
  const host = (settings?: Settings, debug?: (line: string) => void) => suite.host(by, settings, debug);

  test("output, errors and exit code come back; the connection is kept", async () => {
    const log: string[] = [];
    const lines: string[] = [];
    const transport = host({}, (line) => log.push(line));
    const script = "echo out; printf 'one\\nt' >&2; printf 'wö\\nrest' >&2; exit 7";
    const result = await transport.run(script, { onProgress: (line) => lines.push(line) });
    expect(result).toEqual({ stdout: "out\n", stderr: "one\ntwö\nrest", code: 7 });
    expect(lines).toEqual(["one", "twö", "rest"]);
    // ssh(1) does not tell a signal.
    expect(await transport.run("kill -TERM $$")).toMatchObject({ code: { ssh2: 143, openssh: 255 }[by] });
    expect(await transport.run("exit 255")).toMatchObject({ code: 255 });
    const program = { ssh2: "by ssh2", openssh: "by the system's ssh" }[by];
    const where = `127.0.0.1:${suite.sshd.port}`;
    expect(log).toEqual([
      `127.0.0.1: SSH connection 1 to root@${where}, ${program}`,
      "127.0.0.1: SSH trip 1",
      "127.0.0.1: SSH trip 2",
      "127.0.0.1: SSH trip 3",
    ]);
    transport.disconnect();
    expect(await out(transport)).toBe("hello\n");
    expect(log).toContain(`127.0.0.1: SSH connection 2 to root@${where}, ${program}`);
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
    const wire = await shop.wire(suite.sshd.port);
    const transport = host({ port: wire.port });
    const results = await Promise.all([...Array(10).keys()].map((i) => out(transport, `sleep 0.1; echo ${i}`)));
    expect(results).toEqual([...Array(10).keys()].map((i) => `${i}\n`));
    expect(wire.connections).toBe(1);
  });

  test("connections, counted at sshd: one for all scripts, and one more where a fresh one is to be used", async () => {
    const { port, log } = await suite.server();
    const transport = host({ port });
    const accepted = () => log().match(/^Accepted publickey/gm)?.length;
    await Promise.all([out(transport), out(transport), out(transport)]);
    expect([await out(transport), accepted()]).toEqual(["hello\n", 1]);
    transport.disconnect();
    expect([await out(transport), accepted()]).toEqual(["hello\n", 2]);
    expect(log().match(/^Connection from/gm)).toHaveLength(2);
  });

  test("MaxSessions 1: one after the other", async () => {
    const { port } = await suite.server({ config: ["MaxSessions 1"] });
    const transport = host({ port });
    const results = await Promise.all([...Array(6).keys()].map((i) => out(transport, `sleep 0.1; echo ${i}`)));
    expect(results).toEqual([...Array(6).keys()].map((i) => `${i}\n`));
  });

  test("MaxSessions 0: told", async () => {
    const { port } = await suite.server({ config: ["MaxSessions 0"] });
    await refused(host({ port }).run("true"), "unreachable", "MaxSessions");
  });

  test("a process whose connection is idle can end", async () => {
    const file = shop.write(
      `idle-${by}.ts`,
      `import { SshTransport } from ${JSON.stringify(require.resolve("../../provider/host/ssh"))};
      const connection = { name: "h", host: "127.0.0.1", port: ${suite.sshd.port}, user: "root", sudo: false, connectTimeout: 10, confirmTimeout: 60,
        privateKey: ${JSON.stringify(suite.key)}, hostKey: ${JSON.stringify(suite.hostKey)} };
      void new SshTransport(connection, undefined, ${JSON.stringify(by)}).run("echo hello").then(({ stdout }) => console.log(stdout));`,
    );
    const tsx = require.resolve("tsx/cli");
    expect(execFileSync(process.execPath, [tsx, file], { encoding: "utf8", timeout: 60_000 })).toContain("hello");
  });

  describe("what has arrived is acknowledged", () => {
    const script = (file: string) =>
      `f() { head -c 300000 /dev/zero | tr '\\0' x; printf '\\n@it\\n'; read -r _ && : > ${file}; }\nf\n`;

    test.each([
      ["root", {}],
      ["sudo without a password", { user: "free" }],
      ["sudo with a password", { user: "admin", password: PASSWORD }],
    ])("%s", async (who, login) => {
      const file = shop.path(`arrived-${by}-${who.replaceAll(" ", "-")}`);
      const { stdout, code } = await host(login).run(script(file), { acknowledge: "@it" });
      expect([stdout.length, code]).toEqual([300_005, 0]);
      expect(existsSync(file)).toBe(true);
    });

    test("what broke off is not", async () => {
      const wire = await shop.wire(suite.sshd.port);
      const file = shop.path(`never-${by}`);
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
}
