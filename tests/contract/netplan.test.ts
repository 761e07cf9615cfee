import { join } from "node:path";
import { goldens, type Golden } from "./goldens";
import { netplanGenerate } from "./netplanGenerate";

/** What is rendered, as netplan itself reads it: `netplan generate` below another root. */
const cases = goldens("etc/netplan");

test("there are cases", () => expect(cases.length).toBeGreaterThan(20));

const isNetworkManagers = ({ name }: (typeof cases)[number]) => name.includes("netplan-networkmanager");

test.each(cases.filter((golden) => !isNetworkManagers(golden)).map((golden) => [golden.name, golden] as const))(
  "it reads %s",
  async (_, golden) => {
    const files = await generated(golden);
    expect(files["10-netplan-br0.netdev"]).toContain("Kind=bridge");
    expect(Object.values(files).some((text) => /^Bridge=br0$/m.test(text))).toBe(true);
  },
);

test.each(cases.filter(isNetworkManagers).map((golden) => [golden.name, golden] as const))(
  "it reads %s for NetworkManager",
  async (_, golden) => {
    const files = await generated(golden);
    const bridge = files["netplan-br0.nmconnection"];
    expect(bridge).toMatch(/^type=bridge$/m);
    // Its own word where it knows no address, by which NetworkManager would make one.
    expect(bridge).not.toMatch(/^method=link-local$/m);
    // Somebody's own bridge keeps what it has.
    if (!golden.name.includes("-adopt"))
      for (const [, family] of bridge!.matchAll(/^\[(ipv[46])\]\nmethod=(?:manual|auto)$/gm))
      expect(bridge!.split(`[${family}]`)[1]!.split("\n\n")[0]).toMatch(/^route-metric=\d+$/m);
    const ports = Object.values(files).filter((text) => /^master=br0$/m.test(text) && /^slave-type=bridge$/m.test(text));
    expect(ports).not.toEqual([]);
  },
); // prettier-ignore

async function generated({ folder, below }: Golden): Promise<Readonly<Record<string, string>>> {
  const { code, said, files } = await netplanGenerate(join(folder, below, "etc"));
  // A word of somebody's own file that is not ours to replace.
  expect(said.replace(/^.*`gateway4` has been deprecated.*\n.*\n/m, "").trim()).toBe("");
  expect(code).toBe(0);
  return files;
}
