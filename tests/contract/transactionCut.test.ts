import { followTransaction, probeTransaction, startTransaction } from "../../provider/host/script";
import { plan } from "../../provider/plan";
import { down, type LabHost } from "../lab/lab";
import { changed, contractHost, newNonce, probe, shellCommand, shells, snapshot, type Shell } from "./hosts";
import { run } from "../lab/lab";

/**
 * A script that does not arrive whole is not begun: the shell gets its first bytes, as from a connection that broke, and has nothing
 * but a syntax error or a name that nobody has to say.
 */
let host: LabHost;
beforeAll(async () => (host = await contractHost("cut")));
afterAll(() => down());

/** A shell feeds a shell with every beginning of a script, and prints what they said, each different answer once. */
async function feed(shell: Shell, script: string, lengths: readonly number[]): Promise<string[]> {
  await host.write("/tmp/script", script);
  const loop = `for n in ${lengths.join(" ")}; do /usr/bin/head -c "$n" /tmp/script | PATH=/nowhere "$0" -s 2>&1 || :; done | /usr/bin/sort -u`;
  const command = shellCommand(host, shell);
  const { stdout } = await run(
    [...command.slice(0, -1), `sh=$(command -v sh); exec sh -c '${loop.replaceAll("'", "'\\''")}' "$sh"`],
    { timeoutMs: 100_000 },
  );
  // `sh: 12: …`: which line it is does not count.
  return [
    ...new Set(
      stdout
        .split("\n")
        .filter(Boolean)
        .map((line) => line.replace(/^\S*sh: (line )?\d*:? ?/, "")),
    ),
  ];
}

const harmless =
  /syntax error|nterminated|unexpected|^_k?v?m?n?e?t?_?\w*: (Permission denied|not found)$|here-document.*delimited/i;

/** Ends of lines, the whole of the last two lines, and 300 places in between. */
function cuts(script: string): number[] {
  const newlines = [...script.matchAll(/\n/g)].map(({ index }) => index + 1);
  const spread = Array.from({ length: 300 }, (_, i) => Math.round((i * script.length) / 300));
  const tail = Array.from({ length: 60 }, (_, i) => script.length - 2 - i);
  const all = [...newlines, ...newlines.map((n) => n - 1), ...spread, ...tail];
  // Without its last newline it is whole.
  return [...new Set(all)].filter((n) => n >= 0 && n < script.length - 1).sort((a, b) => a - b);
}
const everyByte = (script: string) => Array.from({ length: script.length - 1 }, (_, n) => n);

test.each(shells)("a transaction (%s)", async (shell) => {
  const observed = await probe(host);
  const before = await snapshot(host);
  const changes = [
    {
      title: "files",
      plan: plan({ files: { "/etc/sysctl.d/cut.conf": "it's\n" }, sysctls: { "net.ipv4.ip_forward": "1" } }, observed),
    },
    {
      title: "links",
      plan: plan({ links: { br9: { kind: "bridge", up: true, addresses: ["10.9.0.1/24"] } } }, observed),
    },
  ];
  const script = startTransaction(changes, { nonce: newNonce(), who: "a test" });
  const lengths = cuts(script);
  expect(lengths.length).toBeGreaterThan(600);
  const said = await feed(shell, script, lengths);
  expect(said.filter((line) => !harmless.test(line))).toEqual([]);
  expect((await host.sh("ls /run/kvmnet")).code).not.toBe(0);
  expect(changed(before, await snapshot(host))).toEqual([]);
});

test.each(shells)("a confirmation, at every byte (%s)", async (shell) => {
  const nonce = newNonce();
  const directory = `/run/kvmnet/${nonce}`;
  await host.must(`mkdir -p ${directory}; : > ${directory}/done; echo x > ${directory}/transcript`);
  const script = followTransaction(nonce, true);
  const said = await feed(shell, script, everyByte(script));
  expect(said.filter((line) => !harmless.test(line))).toEqual([]);
  expect((await host.must(`ls ${directory}`)).split("\n").filter(Boolean)).toEqual(["done", "transcript"]);
  await host.must("rm -rf /run/kvmnet");
});

test.each(shells)("a probe (%s)", async (shell) => {
  const script = probeTransaction(newNonce());
  const said = await feed(shell, script, cuts(script));
  expect(said.filter((line) => !harmless.test(line))).toEqual([]);
});

test("what calls it last has no beginning that is a command here", async () => {
  for (const script of [
    probeTransaction("0"),
    followTransaction("0", true),
    startTransaction([], { nonce: "0", who: "x" }),
  ]) {
    const name = script.trimEnd().split("\n").at(-1)!;
    const prefixes = Array.from({ length: name.length }, (_, i) => name.slice(0, i + 1));
    expect((await host.sh(`for c in ${prefixes.join(" ")}; do command -v $c; done`)).stdout).toBe("");
  }
});
