import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { folders } from "../golden/folder";
import { ownerRoot } from "../lab/ownerRoot";
import { run } from "../lab/run";

/** What is rendered, as netplan itself reads it: `netplan generate` below another root. */
const CASES = join(__dirname, "../golden/bridge");

const generated = async (etc: string) => {
  const root = await ownerRoot();
  const folder = mkdtempSync(join(tmpdir(), "kvmnet-netplan-"));
  try {
    cpSync(etc, join(folder, "etc"), { recursive: true });
    const script = 'chmod 600 "$1"/etc/netplan/*; LD_LIBRARY_PATH=$(echo "$0"/usr/lib/*-linux-gnu) "$0"/usr/libexec/netplan/generate --root-dir "$1" 2>&1'; // prettier-ignore
    const { stdout, code } = await run(["sh", "-c", script, root, folder]);
    const files = join(folder, "run/systemd/network");
    const text = (name: string) => readFileSync(join(files, name), "utf8");
    return { code, said: stdout, files: Object.fromEntries((existsSync(files) ? readdirSync(files) : []).map((name) => [name, text(name)])) }; // prettier-ignore
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const cases = folders(CASES).flatMap((title) =>
  ["expected/etc", "expected/then/etc"]
    .map((below) => join(title, below))
    .filter((etc) => existsSync(join(CASES, etc, "netplan"))),
);

test("there are cases", () => expect(cases.length).toBeGreaterThan(5));

test.each(cases)("it reads %s", async (etc) => {
  const { code, said, files } = await generated(join(CASES, etc));
  // A word of somebody's own file that is not ours to replace.
  expect(said.replace(/^.*`gateway4` has been deprecated.*\n.*\n/m, "").trim()).toBe("");
  expect(code).toBe(0);
  expect(files["10-netplan-br0.netdev"]).toContain("Kind=bridge");
  expect(Object.values(files).some((text) => /^Bridge=br0$/m.test(text))).toBe(true);
});
