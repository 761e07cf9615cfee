import { type LabHost, LAN, down, guest, guestAddress, guestReaches, up, useOwnLab } from "../lab/lab";
import { type Snapshot, changes, expectAsBefore, snapshot } from "./snapshot";
import { Stack } from "./stack";

const MAC = "52:54:00:00:00:01";

/** What changes from step to step. */
interface Program {
  readonly bridge: string;
  readonly network: string;
  readonly web: string;
  readonly forwarding: boolean;
}

const text = ({ bridge, network, web, forwarding }: Program) => `import * as kvmnet from "pulumi-kvmnet";
const on = { provider: new kvmnet.Provider("kvm1", { host: "kvm1.lab" }) };
const br1 = new kvmnet.Bridge("br1", { ${bridge} }, on);
const lab = new kvmnet.NatNetwork("lab", { address: "192.168.123.1/24", ${network} }, on);
new kvmnet.GuestInterface("web", { domain: "web", mac: "${MAC}", ${web} }, on);
${forwarding ? `new kvmnet.SysctlForwarding("forwarding", { ipv4: true }, on);` : ""}
`;

let host: LabHost;
let before: Snapshot;
let stack: Stack;
let program: Program = {
  bridge: `ports: ["eth1"], addresses: ["10.1.0.1/24"]`,
  network: `dhcp: { start: "192.168.123.100", end: "192.168.123.110" }`,
  web: "bridge: br1.name",
  forwarding: true,
};

/** Makes the next version of the program; returns what was done. */
async function next(change: Partial<Program>): Promise<Record<string, string>> {
  program = { ...program, ...change };
  stack.program(text(program));
  return changes(await stack.up("--diff"));
}

beforeAll(async () => {
  useOwnLab("update");
  host = await up("kvm1");
  for (const nic of ["eth1", "eth2"])
    await host.must(
      `ip link add ${nic} type veth peer name ${nic}p && ip link set ${nic}p up && ip link set ${nic} up`,
    );
  await guest(host, "web");
  before = await snapshot(host);
  stack = await Stack.create({ text: text(program) });
  await host.must("until grep -q GUEST-UP /var/log/guest-web.log; do sleep 0.2; done");
  await stack.up();
});
afterAll(async () => {
  stack.remove();
  await down();
});

it("changes a bridge's ports, addresses, routes, MTU and STP in place", async () => {
  const done = await next({
    bridge: `ports: ["eth1", "eth2"], addresses: ["10.1.0.2/24", "fd00:1::2/64"], routes: [{ to: "10.9.0.0/16", via: "10.1.0.9" }],
      mtu: 1400, stp: true, forwardDelay: 2, helloTime: 1, maxAge: 6, priority: 4096`,
  });
  expect(done).toEqual({ br1: "update" });
  const is = await bridge("br1");
  expect(is).toEqual({
    ports: ["eth1", "eth2"],
    addresses: ["10.1.0.2/24", "fd00:1::2/64"],
    routes: ["10.9.0.0/16 via 10.1.0.9"],
    mtu: 1400,
    stp: "1 200 100 600 4096",
  });
  expect(await host.must("cat /sys/class/net/eth[12]/mtu")).toBe("1400\n1400\n");
  await stack.expectNoChanges();
});

it("takes back what the program no longer says", async () => {
  expect(await next({ bridge: `ports: ["eth2"], addresses: ["10.1.0.1/24"]` })).toEqual({ br1: "update" });
  expect(await bridge("br1")).toEqual({
    ports: ["eth2"],
    addresses: ["10.1.0.1/24"],
    routes: [],
    mtu: 1500,
    stp: "0 0 200 2000 32768",
  });
  // eth1 is as it was found.
  expect(await host.must("cat /sys/class/net/eth1/mtu; cat /etc/network/interfaces")).not.toContain("eth1");
  expect(await host.must("cat /sys/class/net/eth1/mtu; ls -d /sys/class/net/eth1/master 2>&1 || :")).toMatch(
    /^1500\n.*No such file/,
  );
  await stack.expectNoChanges();
});

it("moves a guest's interface from the bridge to a network, live", async () => {
  const tap = await tapOf();
  expect(await next({ web: "network: lab.name" })).toEqual({ web: "update" });
  expect(await tapOf()).toMatch(/^vnet\d+ virbr\d+$/);
  expect(tap).toMatch(/^vnet\d+ br1$/);
  expect(await guestAddress(host, "web", { mac: MAC })).toMatch(/^192\.168\.123\.1(0\d|10)$/);
  await guestReaches(host, "web", LAN.operator);
});

it("changes a network's DHCP range and domain; its guest stays connected", async () => {
  const tap = await tapOf();
  const done = await next({
    network: `domain: "lab.example", dhcp: { start: "192.168.123.200", end: "192.168.123.210" }`,
  });
  expect(done).toEqual({ lab: "update" });
  expect(await tapOf()).toBe(tap);
  for (const which of ["", "--inactive"]) {
    const xml = await host.must(`virsh -q net-dumpxml ${which} lab`);
    expect(xml).toContain("<domain name='lab.example'");
    expect(xml).toContain("<range start='192.168.123.200' end='192.168.123.210'/>");
  }
  // What it says from now on.
  await host.must(": > /var/log/guest-web.log");
  await guestReaches(host, "web", LAN.operator);
  await stack.expectNoChanges();
});

it("pulls the cable of a guest's interface, and plugs it in again", async () => {
  const [tap = ""] = (await tapOf()).split(" ");
  expect(await next({ web: `network: lab.name, linkState: "down"` })).toEqual({ web: "update" });
  expect(await host.must(`virsh -q domif-getlink web ${tap}`)).toMatch(/down/);
  expect(await host.must(`virsh -q domif-getlink web ${MAC} --config`)).toMatch(/down/);
  expect(await next({ web: "network: lab.name" })).toEqual({ web: "update" });
  expect(await host.must(`virsh -q domif-getlink web ${tap}`)).not.toMatch(/down/);
  expect(await host.must(`virsh -q domif-getlink web ${MAC} --config`)).not.toMatch(/down/);
  await stack.expectNoChanges();
});

it("no longer manages forwarding: it stays on, as the NAT network needs it", async () => {
  expect(await next({ forwarding: false })).toEqual({ forwarding: "delete" });
  expect(await host.must("sysctl -n net.ipv4.ip_forward; ls /etc/sysctl.d")).toBe("1\n99-sysctl.conf\n");
  await stack.expectNoChanges();
});

it("renames a bridge by making another", async () => {
  const done = await next({ bridge: `name: "lan", ports: ["eth2"], addresses: ["10.1.0.1/24"]` });
  expect(done).toEqual({ br1: "replace" });
  expect(await bridge("lan")).toMatchObject({ ports: ["eth2"], addresses: ["10.1.0.1/24"] });
  expect(await host.must("ls /sys/class/net /etc/network/interfaces.d")).not.toMatch(/br1$/m);
  await stack.expectNoChanges();
});

it("is destroyed, and the host is as it was", async () => {
  await stack.destroy();
  expectAsBefore(await snapshot(host), before);
});

/** The guest's tap and what it is plugged into. */
const tapOf = async () =>
  (
    await host.must(
      `t=$(virsh -q domiflist web | awk '$5 == "${MAC}" { print $1 }'); echo $t $(basename $(readlink /sys/class/net/$t/master))`,
    )
  ).trim();

/** A bridge as the kernel has it, guests' taps apart. */
async function bridge(name: string) {
  const said = await host.must(`cd /sys/class/net/${name}; ls brif | grep -v vnet; echo =
ip -o addr show dev ${name} scope global | awk '{ print $4 }'; echo =
ip route show dev ${name} proto boot | sed 's/ onlink//; s/ *$//'; echo =
cat mtu; echo =
cd bridge; echo $(cat stp_state forward_delay hello_time max_age priority)`);
  const [ports, addresses, routes, mtu, stp] = said
    .split("=\n")
    .map((part) => part.split("\n").filter((line) => line !== ""));
  return { ports, addresses, routes, mtu: Number(mtu?.[0]), stp: stp?.[0] };
}
