import { HostSession } from "../../provider/host/session";
import { lifecycle } from "../../provider/lifecycle";
import type { Properties, ResourceDefinition } from "../../provider/resource";
import * as networks from "../../provider/resources/networks";
import { down, type LabHost } from "../lab/lab";
import { changed, contractHost, LocalTransport, snapshot } from "./hosts";

/** Every model of libvirt network on a real libvirt: what it takes is what it gives back, by hand or by program. */
const addressed = { address: "10.20.0.1/24", dhcp: { start: "10.20.0.2", end: "10.20.0.99" }, domain: "lab.example" };
const cases: [unknown, Properties, then: Properties, shows: string][] = [
  [networks.natNetwork, addressed, { ...addressed, mtu: 1400 }, "mode='nat'"],
  [networks.routedNetwork, addressed, { ...addressed, forwardInterface: "eth0" }, "mode='route'"],
  [networks.openNetwork, addressed, { ...addressed, address6: "fd00:20::1/64" }, "mode='open'"],
  [networks.hostOnlyNetwork, addressed, { ...addressed, domain: "other.example" }, "address='10.20.0.1'"],
  [networks.isolatedNetwork, { bridgeName: "virbr7" }, { bridgeName: "virbr7", mtu: 9000 }, "name='virbr7'"],
  [networks.bridgedNetwork, { bridge: "lan0" }, { bridge: "lan1" }, "name='lan0'"],
];

let host: LabHost;
beforeAll(async () => {
  host = await contractHost("models");
  await host.must("for b in lan0 lan1; do ip link add $b type bridge; ip link set $b up; done");
});
afterAll(() => down());

test.each(cases.map((row) => [(row[0] as ResourceDefinition<never>).type, row] as const))(
  "%s: made, found again, changed, healed, given back",
  async (type, [definition, args, then, shows]) => {
    const urn = `urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:${type}::lab`;
    const stack = () =>
      lifecycle(definition as ResourceDefinition<never>, () => new HostSession(new LocalTransport(host), 10));
    const check = async (olds: Properties, news: Properties) => {
      const { inputs, failures } = await stack().check({ ...olds }, { ...news, __urn: urn });
      expect(failures).toBeUndefined();
      return inputs;
    };
    const before = await snapshot(host);
    const first = await check({}, args);
    const { id, outs } = await stack().create(first);
    expect(await host.must("virsh net-dumpxml lab")).toContain(shows);
    expect(outs["uuid"]).toMatch(/^[0-9a-f-]{36}$/);
    const again = await check(first, args);
    expect(await stack().diff(id, outs, again)).toMatchObject({ changes: false });
    expect((await stack().read(id, outs)).inputs).toMatchObject({ networks: first["networks"] });

    const second = await check(first, then);
    expect(await stack().diff(id, outs, second)).toMatchObject({ changes: true, replaces: [] });
    const changedOuts = (await stack().update(id, outs, second)).outs;
    expect(await stack().diff(id, changedOuts, await check(second, then))).toMatchObject({ changes: false });

    // By hand: stopped. A refresh says so, and the next update starts it.
    await host.must("virsh -q net-destroy lab");
    const found = await stack().read(id, changedOuts);
    expect(found.inputs).not.toMatchObject({ networks: second["networks"] });
    await stack().update(id, found.props!, second);
    expect((await host.must("virsh -q net-list --name")).trim()).toBe("lab");

    await stack().delete(id, changedOuts);
    expect(changed(before, await snapshot(host))).toEqual([]);
  },
);
