import { join } from "node:path";
import { goldens } from "./goldens";
import { netplanGenerate } from "./netplanGenerate";

/** What is rendered, as netplan itself reads it: `netplan generate` below another root. */
const cases = goldens("etc/netplan");

test("there are cases", () => expect(cases.length).toBeGreaterThan(20));

test.each(cases.map((golden) => [golden.name, golden] as const))("it reads %s", async (_, { folder, below }) => {
  const { code, said, files } = await netplanGenerate(join(folder, below, "etc"));
  // A word of somebody's own file that is not ours to replace.
  expect(said.replace(/^.*`gateway4` has been deprecated.*\n.*\n/m, "").trim()).toBe("");
  expect(code).toBe(0);
  expect(files["10-netplan-br0.netdev"]).toContain("Kind=bridge");
  expect(Object.values(files).some((text) => /^Bridge=br0$/m.test(text))).toBe(true);
});
