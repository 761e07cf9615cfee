import { existsSync } from "node:fs";
import { join } from "node:path";
import { folders } from "../golden/folder";
import { netplanGenerate } from "./netplanGenerate";

/** What is rendered, as netplan itself reads it: `netplan generate` below another root. */
const CASES = join(__dirname, "../golden/bridge");

const cases = folders(CASES).flatMap((title) =>
  ["expected/etc", "expected/then/etc"]
    .map((below) => join(title, below))
    .filter((etc) => existsSync(join(CASES, etc, "netplan"))),
);

test("there are cases", () => expect(cases.length).toBeGreaterThan(5));

test.each(cases)("it reads %s", async (etc) => {
  const { code, said, files } = await netplanGenerate(join(CASES, etc));
  // A word of somebody's own file that is not ours to replace.
  expect(said.replace(/^.*`gateway4` has been deprecated.*\n.*\n/m, "").trim()).toBe("");
  expect(code).toBe(0);
  expect(files["10-netplan-br0.netdev"]).toContain("Kind=bridge");
  expect(Object.values(files).some((text) => /^Bridge=br0$/m.test(text))).toBe(true);
});
