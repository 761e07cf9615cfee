import type { Transport } from "../../provider/host/transport";
import { HostSession } from "../../provider/host/session";
import { lifecycle } from "../../provider/lifecycle";
import type { Properties, ResourceDefinition } from "../../provider/resource";
import { bridge } from "../../provider/resources/bridge";
import { bridgeNetfilter } from "../../provider/resources/bridgeNetfilter";
import { natNetwork } from "../../provider/resources/networks";
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

const kept = async () =>
  (await host.must("find /var/lib/kvmnet -type f 2> /dev/null || :")).split("\n").filter((line) => line !== "");

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
    expect(await kept()).toHaveLength(1);
    await stack(living).delete(id, outs);
    expect(changed(before, await snapshot(host))).toEqual([]);
    expect(await kept()).toEqual([]);
  });
});

/** One resource over several runs of the engine, each with a session of its own. */
function runs(definition: unknown, type: string) {
  const urn = `urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:${type}::br0`;
  return async (args: Properties, transport = new LocalTransport(host)) => {
    const session = new HostSession(transport, 10);
    const stack = lifecycle(definition as ResourceDefinition<never>, () => session);
    const { inputs, failures } = await stack.check({}, { ...args, __urn: urn });
    expect(failures).toBeUndefined();
    return { stack, inputs, session };
  };
}

test("a try that fails in between forgets nothing of what the first one found", async () => {
  const run = runs(bridge, "Bridge");
  const before = await snapshot(host);
  const cut = await run({ ports: ["eth0"] }, killed("dash"));
  await expect(cut.stack.create(cut.inputs)).rejects.toThrow("killed");
  const made = await snapshot(host);
  const first = await kept();
  const text = await host.read(first[0]!);

  const failing = new LocalTransport(host, "dash", (_kind, script, send) => {
    return send(script.replace(/^(\|?)do_0_0\(\) \{$/m, "$&\n$1exit 7"));
  });
  const failed = await run({ ports: ["eth0"], mtu: 1400 }, failing);
  await expect(failed.stack.create(failed.inputs)).rejects.toThrow("rolled back");
  expect(changed(made, await snapshot(host))).toEqual([]);
  expect(await host.read(first[0]!)).toBe(text);

  const good = await run({ ports: ["eth0"] });
  const { id, outs } = await good.stack.create(good.inputs);
  await good.session.end();
  expect(await kept()).toEqual([]);
  await (await run({ ports: ["eth0"] })).stack.delete(id, outs);
  expect(changed(before, await snapshot(host))).toEqual([]);
});

test("an update that was cut is given back too, when the next thing is a delete", async () => {
  const run = runs(bridgeNetfilter, "BridgeNetfilter");
  const before = await snapshot(host);
  const created = await run({ iptables: false });
  const { id, outs } = await created.stack.create(created.inputs);
  await created.session.end();
  const cut = await run({ iptables: false, arptables: false }, killed("dash"));
  await expect(cut.stack.update(id, outs, cut.inputs)).rejects.toThrow("killed");
  const { stack } = await run({ iptables: false });
  await stack.delete(id, outs);
  expect(changed(before, await snapshot(host))).toEqual([]);
  expect(await kept()).toEqual([]);
});

test("what a killed run kept goes in the end of the next one, where the state has it", async () => {
  const run = runs(sysctlForwarding, "SysctlForwarding");
  const first = await run({ ipv4: true });
  const { id, outs } = await first.stack.create(first.inputs); // and is killed before its end
  expect(await kept()).toHaveLength(1);
  const { stack, inputs, session } = await run({ ipv4: true });
  expect(await stack.diff(id, outs, inputs)).toMatchObject({ changes: false });
  await session.end();
  expect(await kept()).toEqual([]);
  await stack.delete(id, outs);
});

test("after a boot, too, what the bridge found is known, and given back", async () => {
  const run = runs(bridge, "Bridge");
  const before = await snapshot(host);
  const cut = await run({ ports: ["eth0"] }, killed("dash"));
  await expect(cut.stack.create(cut.inputs)).rejects.toThrow("killed");
  await host.reboot();
  const { stack, inputs } = await run({ ports: ["eth0"] });
  const { id, outs } = await stack.create(inputs);
  await stack.delete(id, outs);
  expect(changed(before, await snapshot(host))).toEqual([]);
});

test("after a boot into the old network, what the bridge found before it counts no more", async () => {
  const run = runs(bridge, "Bridge");
  const cut = await run({ ports: ["eth0"] }, killed("dash"));
  await expect(cut.stack.create(cut.inputs)).rejects.toThrow("killed");
  const [file] = await kept();
  const text = await host.read(file!);
  const { stack, inputs } = await run({ ports: ["eth0"] });
  const { id, outs } = await stack.create(inputs);
  await stack.delete(id, outs);
  await host.must("mkdir /var/lib/kvmnet");
  await host.write(file!, text);
  await host.must(
    "sed -i 's,gateway 10.0.0.1$,gateway 10.0.0.1\\n    metric 5,' /etc/network/interfaces && ifdown eth0; ifup eth0",
  );
  const edited = await snapshot(host);
  const again = await run({ ports: ["eth0"] });
  const made = await again.stack.create(again.inputs);
  await again.stack.delete(made.id, made.outs);
  expect(changed(edited, await snapshot(host))).toEqual([]);
});
