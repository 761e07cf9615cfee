import { spawn } from "node:child_process";
import { once } from "node:events";
import { INTERVAL, measure, program, report, scenarios } from "../bench/gap";
import { type LabHost, down, operatorCommand, operatorEnv, up, useOwnLab } from "../lab/lab";
import { Stack } from "./stack";

/** What a Bridge on the NIC of the SSH connection costs those who are talking to the host, and to a guest on it. */
beforeAll(() => useOwnLab("gap"));
afterAll(() => down());

test.each(scenarios)("$title: the gap is at most 1.5 times that of one `ip -batch`", async (scenario) => {
  const gaps = await measure(scenario, 2);
  process.stdout.write(gaps.map((gap) => `${report(gap)}\n`).join(""));
  for (const { ours, byHand } of gaps) expect(ours).toBeLessThanOrEqual(1.5 * byHand + INTERVAL);
});

test("the SSH connection survives", async () => {
  const host = await up("kvm1");
  const stack = await Stack.create({ text: program({ ports: ["eth0"] }) });
  const echo = ssh(host);
  try {
    expect(await echo("before")).toBe("before");
    await stack.up();
    expect(await echo("on the bridge")).toBe("on the bridge");
    await stack.destroy();
    expect(await echo("after")).toBe("after");
  } finally {
    await echo();
    stack.remove();
    await host.down();
  }
});

/** A session that says what it is told, and ends when it is told nothing. */
function ssh(host: LabHost): (line?: string) => Promise<string> {
  const [command, ...args] = operatorCommand(["ssh", "-T", `root@${host.name}.lab`, "cat"]);
  const session = spawn(command!, args, { env: operatorEnv(), stdio: ["pipe", "pipe", "inherit"] });
  session.stdout.setEncoding("utf8");
  return async (line) => {
    const answer = Promise.race([once(session.stdout, "data"), once(session.stdout, "close")]);
    if (line === undefined) session.stdin.end();
    else session.stdin.write(line);
    return String((await answer)[0] ?? "it has ended");
  };
}
