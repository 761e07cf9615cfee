import { existsSync, readFileSync } from "node:fs";
import { kinds, out, refused, type By, type Settings, type SshSuite } from "./sshSuite";

/** A connection that breaks, or falls silent. */
export function broken(suite: SshSuite, by: By): void {
  const { shop } = suite;
  const host = (settings?: Settings, debug?: (line: string) => void) => suite.host(by, settings, debug);

  const started = (file: string) => `echo x >> ${file}; sleep 1; echo done`;
  const begun = async (file: string) => {
    while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const times = (file: string) => readFileSync(file, "utf8").length / 2;

  test("in the middle of a script: interrupted, and not sent again; with `retry` it is", async () => {
    const wire = await shop.wire(suite.sshd.port);
    const transport = host({ port: wire.port });
    const once = shop.path(`once-${by}`);
    const broken = refused(transport.run(started(once)), "interrupted", "may still run there");
    await begun(once);
    wire.cut();
    await broken;
    expect(times(once)).toBe(1);
    const twice = shop.path(`twice-${by}`);
    const result = transport.run(started(twice), { retry: true });
    await begun(twice);
    wire.cut();
    expect((await result).stdout).toBe("done\n");
    expect(times(twice)).toBe(2);
    expect(wire.connections).toBe(3);
  });

  test("while it was idle: a new one is made", async () => {
    const wire = await shop.wire(suite.sshd.port);
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
    const wire = await shop.wire(suite.sshd.port);
    const transport = host({ port: wire.port, connectTimeout: 4 });
    expect(await out(transport)).toBe("hello\n");
    wire.silence();
    const file = shop.path(`idle-silence-${by}`);
    expect((await transport.run(started(file))).stdout).toBe("done\n");
    expect(times(file)).toBe(1);
  });

  test("a script that takes too long", async () => {
    const transport = host();
    await refused(transport.run("sleep 100", { timeout: 500, retry: true }), "interrupted", "did not end within 0.5 s");
    expect(await out(transport)).toBe("hello\n");
  });

  test("disconnect in the middle of a script", async () => {
    const transport = host();
    const file = shop.path(`disconnect-${by}`);
    const broken = refused(transport.run(started(file)), "interrupted", "this side closed the connection");
    await begun(file);
    transport.disconnect();
    await broken;
  });
}

/** It takes its time, so both at once. */
export function silentInTheMiddle(suite: SshSuite): void {
  test("without a word in the middle of a script: interrupted, long before the script's time is up", async () => {
    const silence = async (by: By) => {
      const wire = await suite.shop.wire(suite.sshd.port);
      const file = suite.shop.path(`silence-${by}`);
      const run = suite.host(by, { port: wire.port }).run(`echo > ${file}; sleep 100`, { timeout: 90_000 });
      const broken = refused(run, "interrupted", "no sign of life");
      while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 20));
      wire.silence();
      await broken;
      suite.count(by);
    };
    const began = Date.now();
    await Promise.all(kinds.map(silence));
    expect(Date.now() - began).toBeLessThan(30_000);
  }, 60_000);
}
