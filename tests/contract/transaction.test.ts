import { HostSession } from "../../provider/host/session";
import { lifecycle } from "../../provider/lifecycle";
import type { Properties, ResourceDefinition } from "../../provider/resource";
import { down, type LabHost } from "../lab/lab";
import { cases, clean, urnOf } from "./cases";
import { changed, contractHost, LocalTransport, snapshot } from "./hosts";

/** Real transactions on a real host: each change is made, made again, and given back. crashMatrix.test.ts does the same with faults. */
const hosts: Partial<Record<"static" | "dhcp", LabHost>> = {};
beforeAll(async () => {
  hosts.static = await contractHost("static");
  hosts.dhcp = await contractHost("dhcp", { dhcp: true });
});
afterAll(() => down());

test.each(cases)(
  "$title: is made, made again without a step, and given back",
  async ({ on = "static" as const, given, definition, args, shows }) => {
    const of = definition as ResourceDefinition<never>;
    const host = hosts[on]!;
    await host.must(given ?? ":");
    try {
      const news = { ...args(host.address), __urn: urnOf(of.type) };
      const before = await snapshot(host);
      const stack = () => lifecycle(of, () => new HostSession(new LocalTransport(host), 10));
      const { inputs } = await stack().check({}, news);
      const { id, outs } = await stack().create(inputs);
      expect((await host.sh(shows)).code).toBe(0);
      const made = await snapshot(host);
      expect(changed(before, made)).not.toEqual([]);
      const again = await stack().check(inputs, news);
      expect(again.inputs).toEqual(inputs);
      expect(await stack().diff(id, outs, again.inputs)).toMatchObject({ changes: false });
      expect(((await stack().read(id, outs)) as { inputs: Properties }).inputs).toEqual(inputs);
      await stack().update(id, outs, again.inputs);
      expect(changed(made, await snapshot(host))).toEqual([]);
      await stack().delete(id, outs);
      expect(changed(before, await snapshot(host))).toEqual([]);
    } finally {
      await host.sh(clean);
    }
  },
);
