import { HostSession } from "../../provider/host/session";
import { lifecycle } from "../../provider/lifecycle";
import type { Properties, ResourceDefinition } from "../../provider/resource";
import { bridge } from "../../provider/resources/bridge";
import { down, type LabHost } from "../lab/lab";
import { changed, contractHost, LocalTransport, snapshot } from "./hosts";

/** A bridge that filters VLANs, on the kernel of this machine: one that can has it, of one that cannot nothing is left, and preview says so where it is known. */
let host: LabHost;
let can: boolean;
beforeAll(async () => {
  host = await contractHost("vlans");
  can = (await host.sh("ip link add kvmnet-try type bridge vlan_filtering 1 && ip link del kvmnet-try")).code === 0;
});
afterAll(() => down());

const args = {
  ports: [],
  vlanFiltering: true,
  __urn: "urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:Bridge::br5",
};
const newBridge = () =>
  lifecycle(bridge as ResourceDefinition<never>, () => new HostSession(new LocalTransport(host), 3));

test("the kernel has it, or refuses and nothing has changed", async () => {
  const before = await snapshot(host);
  const resource = newBridge();
  const { inputs, failures } = await resource.check({}, args);
  expect(failures).toBeUndefined();
  const made = await resource.create(inputs).catch((error: unknown) => error as Error);
  if (can) {
    const { id, outs } = made as { id: string; outs: Properties };
    const filters = async () => (await host.must("cat /sys/class/net/br5/bridge/vlan_filtering")).trim();
    expect(await filters()).toBe("1");
    const later = await resource.check(inputs, { ...args, vlanFiltering: undefined });
    const { outs: then } = await resource.update(id, outs, later.inputs);
    expect(await filters()).toBe("0");
    await resource.delete(id, then);
  } else expect((made as Error).message).toMatch(/Operation not supported[^]*rolled back; nothing changed/);
  expect(changed(before, await snapshot(host))).toEqual([]);
});

test("where a bridge is there already, preview knows", async () => {
  await host.must("ip link add other type bridge");
  const { failures } = await newBridge().check({}, args);
  expect(failures ?? []).toEqual(
    can
      ? []
      : [{ property: "vlanFiltering", reason: expect.stringContaining("CONFIG_BRIDGE_VLAN_FILTERING") as string }],
  );
});
