import { type LabHost, type Result, down, up, useOwnLab } from "../lab/lab";
import { thoroughly } from "../toolchain/thoroughly";
import { type Snapshot, expectAsBefore, snapshot } from "./snapshot";
import { Stack } from "./stack";

const ROUNDS = thoroughly(20, 8);

const program = (resources: string) => `import * as kvmnet from "pulumi-kvmnet";
const on = { provider: new kvmnet.Provider("kvm1", { host: "kvm1.lab" }) };
// Both stacks want this one.
new kvmnet.Bridge("br9", { ports: ["eth1"], addresses: ["10.9.0.1/24"] }, on);
${resources}
`;
const programs: Record<string, string> = {
  // Its change of the SSH connection's own NIC goes alone, and waits to be confirmed.
  one: program(`new kvmnet.Bridge("br0", { ports: ["eth0"] }, on);
new kvmnet.BridgeNetfilter("netfilter", { iptables: false }, on);`),
  two: program(`new kvmnet.NatNetwork("lab", { address: "192.168.123.1/24" }, on);
new kvmnet.SysctlForwarding("forwarding", { ipv4: true }, on);`),
};
const names = Object.keys(programs);

let host: LabHost;
let before: Snapshot;
let stacks: Stack[];

beforeAll(async () => {
  useOwnLab("stacks");
  host = await up("kvm1");
  await host.must("ip link add eth1 type veth peer name eth1p && ip link set eth1p up && ip link set eth1 up");
  before = await snapshot(host);
  stacks = await Promise.all(names.map((name) => Stack.create({ text: programs[name]! }, name)));
});
afterAll(async () => {
  stacks.forEach((stack) => stack.remove());
  await down();
});

it(`two stacks change one host at the same time, ${ROUNDS} rounds: what their states say is what the host is`, async () => {
  const won: string[] = [];
  for (let round = 0; round < ROUNDS; round += 2) {
    const ups = await Promise.all(stacks.map((stack) => stack.pulumi("up", "--yes", "--skip-preview")));
    won.push(expectOneToYield(ups));
    expect(await ofHost()).toEqual((await Promise.all(stacks.map(ofState))).flat().sort());

    for (const { code, stdout, stderr } of await Promise.all(
      stacks.map((stack) => stack.pulumi("destroy", "--yes", "--skip-preview")),
    ))
      if (code !== 0) throw new Error(`pulumi destroy failed (exit ${code}):\n${stdout}\n${stderr}`);
    expectAsBefore(await snapshot(host), before);
  }
  process.stdout.write(`two stacks: br9 went to ${won.join(", ")}\n`);
});

/** The stack that came first has all it declares; the other is told whose br9 is, or who holds the lock. */
function expectOneToYield(ups: readonly Result[]): string {
  const failed = ups.filter(({ code }) => code !== 0);
  expect(failed).toHaveLength(1);
  const said = failed[0]!.stdout + failed[0]!.stderr;
  expect(said).toMatch(
    /(network device br9|file \S+) exists on kvm1\.lab and is not ours|changed on kvm1\.lab while it was being planned|eth1 is already a port of br9 on kvm1\.lab|\S+ of kvm1\.lab is (managed by|at work)/,
  );
  return names[ups.findIndex(({ code }) => code === 0)]!;
}

/** `one: br9`, for each resource of ours in a stack's state. */
async function ofState(stack: Stack): Promise<string[]> {
  const { deployment } = await stack.state();
  return (deployment.resources ?? []).flatMap(({ urn, type }) =>
    type.startsWith("pulumi-nodejs:dynamic/kvmnet:")
      ? [`${urn.split("::")[0]!.split(":")[2]}: ${urn.split("::").at(-1)}`]
      : [],
  );
}

/** The same, as the host says it: what is there, whole, and whose it is by its mark. */
async function ofHost(): Promise<string[]> {
  const said = await host.must(`
mark() { sed -n "s,.*Managed by pulumi-kvmnet (kvmnet-test/\\([a-z]*\\)\\, [A-Za-z]* $1).*,\\1: $1,p" /etc/network/interfaces /etc/network/interfaces.d/* /etc/sysctl.d/* /etc/udev/rules.d/* | sort -u; }
[ "$(ls /sys/class/net/br9/brif 2> /dev/null)" = eth1 ] && ip addr show br9 | grep -q 10.9.0.1/24 && mark br9
[ "$(ls /sys/class/net/br0/brif 2> /dev/null)" = eth0 ] && ip addr show br0 | grep -q ${host.address}/24 && mark br0
virsh -q net-list --name --autostart | grep -qw lab && ip addr show dev $(virsh net-info lab | awk '/^Bridge/ { print $2 }') | grep -q 192.168.123.1/24 && echo two: lab
[ "$(sysctl -n net.ipv4.ip_forward)" = 1 ] && mark forwarding
[ "$(sysctl -n net.bridge.bridge-nf-call-iptables)" = 0 ] && mark netfilter
ls /sys/class/net /etc/sysctl.d /etc/udev/rules.d; :`);
  return said
    .split("\n")
    .filter((line) => line.includes(": "))
    .sort();
}
