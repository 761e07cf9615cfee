import type { Transport } from "../../provider/host/transport";
import { HostSession } from "../../provider/host/session";
import { lifecycle } from "../../provider/lifecycle";
import type { Properties, ResourceDefinition } from "../../provider/resource";
import { bridge } from "../../provider/resources/bridge";
import { natNetwork } from "../../provider/resources/natNetwork";
import { sysctlForwarding } from "../../provider/resources/sysctlForwarding";
import { down, type LabHost } from "../lab/lab";
import { changed, contractHost, LocalTransport, shells, snapshot, type Shell } from "./hosts";

/**
 * A create whose outcome never arrived: the provider was killed, or the operator's machine lost its power, after the host had made it. The
 * next `up` knows nothing of it but what the host says, takes it over without `adopt`, and `destroy` gives the host back as it was found.
 */
const cases: [string, unknown, Properties, isMade: string][] = [
  ["a bridge over the NIC of the SSH connection", bridge, { ports: ["eth0"] }, "test -e /sys/class/net/x/brif/eth0"],
  [
    "a network",
    natNetwork,
    { address: "192.168.123.1/24", dhcp: { start: "192.168.123.2", end: "192.168.123.99" } },
    "virsh net-info x | grep -q 'Active: *yes'",
  ],
  ["forwarding", sysctlForwarding, { ipv4: true }, "grep -q 1 /proc/sys/net/ipv4/ip_forward"],
];

let host: LabHost;
beforeAll(async () => (host = await contractHost("cutcreate")));
afterAll(() => down());

/** The provider is killed when the host has done it. */
function killed(shell: Shell): LocalTransport {
  const transport = new LocalTransport(host, shell, async (kind, _script, send) => {
    const answer = await send();
    if (kind === "probe" || answer.stdout.includes(" pending")) return answer;
    throw new Error("the provider is killed");
  });
  transport.acknowledges = false;
  return transport;
}

describe.each(cases)("%s", (_, definition, args, isMade) => {
  const of = definition as ResourceDefinition<never>;
  const urn = `urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:${of.type}::x`;
  const stack = (transport: Transport) => lifecycle(of, () => new HostSession(transport, 10));

  test.each(shells)("is taken over by the next create, and given back (%s)", async (shell) => {
    const before = await snapshot(host);
    const dying = killed(shell);
    const inputs = async (transport: Transport) => {
      const { inputs, failures } = await stack(transport).check({}, { ...args, __urn: urn });
      expect(failures).toBeUndefined();
      return inputs;
    };
    await expect(stack(dying).create(await inputs(dying))).rejects.toThrow("killed");
    expect((await host.sh(isMade)).code).toBe(0);
    const made = await snapshot(host);

    const living = new LocalTransport(host, shell);
    const { id, outs } = await stack(living).create(await inputs(living));
    expect(changed(made, await snapshot(host))).toEqual([]);
    await stack(living).delete(id, outs);
    expect(changed(before, await snapshot(host))).toEqual([]);
    expect((await host.sh("ls /run/kvmnet/found")).code).not.toBe(0);
  });
});

test("after a boot, when nobody knows any more what the bridge found, it is kept as it is", async () => {
  const urn = "urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:Bridge::br0";
  const stack = (transport = new LocalTransport(host)) => lifecycle(bridge, () => new HostSession(transport, 10));
  const checked = async () => (await stack().check({}, { ports: ["eth0"], __urn: urn })).inputs;
  await expect(stack(killed("dash")).create(await checked())).rejects.toThrow("killed");
  await host.must("rm -r /run/kvmnet/found");
  const made = await snapshot(host);
  const { id, outs } = await stack().create(await checked());
  expect(changed(made, await snapshot(host))).toEqual([]);
  await stack().delete(id, outs);
  expect(changed(made, await snapshot(host))).toEqual([]);
});
