import type { HostState } from "../../provider/hostState";
import { collections } from "../../provider/hostState";
import { HostSession } from "../../provider/host/session";
import { followTransaction, startTransaction } from "../../provider/host/script";
import { parseTranscript, type Part } from "../../provider/host/transcript";
import { lifecycle } from "../../provider/lifecycle";
import { plan, type Op, type Plan } from "../../provider/plan";
import type { Properties, ResourceDefinition } from "../../provider/resource";
import { bridge } from "../../provider/resources/bridge";
import { bridgeNetfilter } from "../../provider/resources/bridgeNetfilter";
import { guestInterface } from "../../provider/resources/guestInterface";
import { natNetwork } from "../../provider/resources/natNetwork";
import { sysctlForwarding } from "../../provider/resources/sysctlForwarding";
import { down, type LabHost } from "../lab/lab";
import { changed, contractHost, LocalTransport, newNonce, probe, shells, snapshot, type Shell } from "./hosts";

/**
 * Real transactions on a real host: a step fails before, between and after all of a change's own, and the host is as before, to the
 * last file and route. Then the change is made, twice, and given back.
 */
const network = (start: string) =>
  `<network><name>default</name><forward mode='nat'/><bridge name='virbr0'/><ip address='192.168.122.1' prefix='24'>` +
  `<dhcp><range start='${start}' end='192.168.122.254'/></dhcp></ip></network>`;
const domain = `<domain type='qemu'><name>web</name><memory unit='MiB'>64</memory><os><type arch='x86_64'>hvm</type></os></domain>`;
const define = (kind: "define" | "net-define", xml: string) => `printf '%s' "${xml}" | virsh -q ${kind} /dev/stdin`;
const eth1 =
  "ip link add eth1 address 52:54:00:aa:00:02 type veth peer name eth1-lan && ip addr add 10.1.0.11/24 brd + dev eth1 && ip link set eth1 up && ip route add 10.2.0.0/16 via 10.1.0.1 dev eth1";

interface Case {
  readonly title: string;
  readonly on?: "dhcp";
  /** Shell commands that make the host what the case needs. */
  readonly given?: string;
  readonly definition: unknown;
  readonly args: Properties;
  /** What the host shows when it is done. */
  readonly shows: string;
}

const cases: readonly Case[] = [
  { title: "a bridge over the NIC of the SSH connection", definition: bridge, args: { name: "br0", ports: ["eth0"] }, shows: "test -e /sys/class/net/br0/brif/eth0" },
  { title: "a bridge over a NIC with DHCP", on: "dhcp", definition: bridge, args: { name: "br0", ports: ["eth0"] }, shows: "pgrep -f 'dhclient.* br0$' && ip addr show br0 | grep 'inet .* dynamic'" },
  { title: "a NIC with DHCP under a static bridge", on: "dhcp", definition: bridge, args: { name: "br0", ports: ["eth0"], addresses: ["10.0.0.66/24"], routes: [{ to: "default", via: "10.0.0.1" }] }, shows: "ip addr show br0 | grep 10.0.0.66/24" },
  { title: "a bridge of the kernel alone", given: eth1, definition: bridge, args: { name: "br1", ports: ["eth1"], owner: "runtime", mtu: 1400, stp: true, forwardDelay: 2 }, shows: "ip route get 10.2.3.4 | grep 'dev br1'" },
  { title: "a bridge without ports", definition: bridge, args: { name: "br2", ports: [], addresses: ["10.3.0.1/24", "fd03::1/64"] }, shows: "ip addr show br2 | grep fd03::1" },
  { title: "a network", definition: natNetwork, args: { name: "lab", address: "192.168.123.1/24", dhcp: { start: "192.168.123.2", end: "192.168.123.99" } }, shows: "virsh net-info lab | grep -q 'Active: *yes'" },
  { title: "a network that is adopted and changed while it runs", given: `${define("net-define", network("192.168.122.2"))} && virsh -q net-start default && virsh -q net-autostart default`, definition: natNetwork,
    args: { name: "default", adopt: true, address: "192.168.122.1/24", dhcp: { start: "192.168.122.100", end: "192.168.122.199" }, domain: "lab.test", autostart: false }, shows: "virsh net-dumpxml default | grep 192.168.122.199" },
  { title: "a guest's interface with a reservation", given: `${define("net-define", network("192.168.122.2"))} && virsh -q net-start default && ${define("define", domain)}`, definition: guestInterface,
    args: { domain: "web", network: "default", mac: "52:54:00:ad:4c:86", address: "192.168.122.9" }, shows: "virsh domiflist web | grep 52:54:00:ad:4c:86 && virsh net-dumpxml default | grep 192.168.122.9" },
  { title: "forwarding", definition: sysctlForwarding, args: { ipv4: true, ipv6: true }, shows: "grep 1 /proc/sys/net/ipv4/ip_forward && grep forwarding /etc/sysctl.d/60-kvmnet-forwarding.conf" },
  { title: "bridge netfilter", definition: bridgeNetfilter, args: { iptables: false, ip6tables: false }, shows: "test -e /etc/udev/rules.d/99-kvmnet-bridge-netfilter.rules" },
]; // prettier-ignore

const clean = `for n in $(virsh -q net-list --name); do virsh -q net-destroy $n; done; for n in $(virsh -q net-list --all --name); do virsh -q net-undefine $n; done
for d in $(virsh -q list --all --name); do virsh -q undefine $d; done; ip link del eth1 2>/dev/null; echo 0 > /proc/sys/net/ipv4/ip_forward; rm -rf /run/kvmnet`;

const hosts: Partial<Record<"static" | "dhcp", LabHost>> = {};
beforeAll(async () => {
  hosts.static = await contractHost("static");
  hosts.dhcp = await contractHost("dhcp", { dhcp: true });
});
afterAll(() => down());

describe.each(cases)("$title", ({ on = "static" as const, given, definition, args, shows }) => {
  const of = definition as ResourceDefinition<never>;
  const urn = `urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:${of.type}::x`;

  beforeEach(async () => {
    await hosts[on]!.must(given ?? ":");
  });
  afterEach(async () => {
    await hosts[on]!.sh(clean);
  });

  test.each(shells)("fails before any step, and the host is as before (%s)", async (shell) => {
    const host = hosts[on]!;
    const before = await snapshot(host);
    const resource = lifecycle(of, () => new HostSession(new LocalTransport(host, shell), 10));
    const { inputs, failures } = await resource.check({}, { ...args, __urn: urn });
    expect(failures).toBeUndefined();
    const desired = Object.fromEntries(collections.map((key) => [key, inputs[key] ?? {}])) as HostState;
    const planned = plan(desired, await probe(host, shell), of.sideEffects?.(desired));
    // One transaction, in which the change is tried once for each position: every try begins where the one before gave back.
    const positions = [...planned.ops, undefined].map((_, position) => withFailure(planned, position));
    const parts = await transact(host, shell, positions);
    expect(parts.filter(({ key }) => /^(stale|unconfirmed|undo failed)/.test(key))).toEqual([]);
    expect(parts.map(({ key }) => key).filter((key) => /^(failed|result)/.test(key))).toEqual(
      positions.flatMap((_, i) => [`failed ${i} ${i} 7`, `result ${i} reverted`]),
    );
    expect(changed(before, await snapshot(host))).toEqual([]);
  });

  test("is made, made again without a step, and given back", async () => {
    const host = hosts[on]!;
    const before = await snapshot(host);
    const stack = () => lifecycle(of, () => new HostSession(new LocalTransport(host), 10));
    const { inputs } = await stack().check({}, { ...args, __urn: urn });
    const { id, outs } = await stack().create(inputs);
    expect((await host.sh(shows)).code).toBe(0);
    const made = await snapshot(host);
    expect(changed(before, made)).not.toEqual([]);
    const again = await stack().check(inputs, { ...args, __urn: urn });
    expect(again.inputs).toEqual(inputs);
    expect(await stack().diff(id, outs, again.inputs)).toMatchObject({ changes: false });
    expect(((await stack().read(id, outs)) as { inputs: Properties }).inputs).toEqual(inputs);
    await stack().update(id, outs, again.inputs);
    expect(changed(made, await snapshot(host))).toEqual([]);
    await stack().delete(id, outs);
    expect(changed(before, await snapshot(host))).toEqual([]);
  });
});

/** The plan with one more step, in front of step `position`, that fails. */
function withFailure(planned: Plan, position: number): Plan {
  const neighbour = planned.ops[position] ?? planned.ops[position - 1];
  const injected: Op = { title: "injected", script: "exit 7", ...(neighbour?.commit && { commit: true }) };
  return { ...planned, ops: [...planned.ops.slice(0, position), injected, ...planned.ops.slice(position)] };
}

/** Sends it, confirms it where it asks for that, and reads what it says. */
async function transact(host: LabHost, shell: Shell, plans: readonly Plan[]): Promise<Part[]> {
  const nonce = newNonce();
  const transport = new LocalTransport(host, shell);
  const script = startTransaction(
    plans.map((plan) => ({ title: "a test", plan })),
    { nonce, who: "a test", confirmWindow: 10 },
  );
  let { stdout, code, stderr } = await transport.run(script);
  if (parseTranscript(stdout, nonce).some(({ key }) => key === "pending"))
    ({ stdout, code, stderr } = await transport.run(followTransaction(nonce, true)));
  expect([code, stderr.replace(/^.*\n/gm, "")]).toEqual([0, ""]);
  return parseTranscript(stdout, nonce);
}
