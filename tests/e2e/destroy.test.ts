import { type LabHost, down, guest, up, useOwnLab } from "../lab/lab";
import { type Snapshot, expectAsBefore, snapshot } from "./snapshot";
import { Stack } from "./stack";

beforeAll(() => useOwnLab("destroy"));
afterAll(() => down());

describe.each([
  ["a static NIC", {}],
  ["a NIC with DHCP", { dhcp: true }],
])("destroy, on a host with %s", (_kind, options) => {
  let host: LabHost;
  let before: Snapshot;
  let stack: Stack;

  beforeAll(async () => {
    host = await up("kvm1", options);
    await guest(host, "web", { shutOff: true });
    before = await snapshot(host);
    stack = await Stack.create({ example: "quickstart" });
  });
  afterAll(async () => {
    stack.remove();
    await host.down();
  });

  it("gives the host back as it was, byte for byte", async () => {
    await stack.up();
    await stack.destroy();
    expectAsBefore(await snapshot(host), before);
  });

  it("of a stack half made, too: its steps on the way were made, what failed left nothing", async () => {
    // Nobody can write there, root neither: the file is made before the sysctls, so those have to come back.
    await host.must("mount --bind /etc/udev/rules.d /etc/udev/rules.d && mount -o remount,bind,ro /etc/udev/rules.d");
    stack.edit((text) => text.replace(`network: lab.name, address`, `network: "nowhere", address`));
    const { code, stdout, stderr } = await stack.pulumi("up", "--yes", "--skip-preview", "--continue-on-error");
    expect(code).not.toBe(0);
    const said = (stdout + stderr).replace(/\s+/g, " ");
    expect(said).toMatch(
      /Unable to create BridgeNetfilter "netfilter" on kvm1\.lab: step "write \/etc\/udev\/rules\.d\/\S+" failed: .*Read-only file system.* \(rolled back; nothing changed\)/,
    );
    expect(said).toMatch(
      /Unable to create GuestInterface "web-nat" on kvm1\.lab: libvirt has no network "nowhere" on kvm1\.lab; nothing was touched/,
    );
    expect(await host.must("ls /etc/sysctl.d; ls /sys/class/net; virsh -q net-list --name")).toMatch(
      /^60-kvmnet-forwarding\.conf\n99-sysctl\.conf\nbr0\neth0\nlo\nvirbr\d+\nlab\n/,
    );
    await host.must("umount /etc/udev/rules.d");
    await stack.destroy();
    expectAsBefore(await snapshot(host), before);
  });
});

describe("two bridges of one file", () => {
  const interfaces = `# All in one file; nothing is sourced.
auto lo
iface lo inet loopback

allow-hotplug eth0
iface eth0 inet static
\taddress 10.0.0.11/24
\tgateway 10.0.0.1
# eth1: the storage network
allow-hotplug eth1
iface eth1 inet static
    address 10.1.0.1/24
    up ip route add 10.2.0.0/16 via 10.1.0.2
# no newline at the end: iface eth9 inet dhcp`;
  const program = (...bridges: string[]) => `import * as kvmnet from "pulumi-kvmnet";
const provider = new kvmnet.Provider("kvm1", { host: "kvm1.lab" });
${bridges.map((name) => `new kvmnet.Bridge("${name}", { ports: ["${name.replace("br", "eth")}"] }, { provider });`).join("\n")}
`;
  let host: LabHost;
  let before: Snapshot;
  let stack: Stack;

  beforeAll(async () => {
    host = await up("kvm1", { interfaces, address: "10.0.0.11" });
    await secondNic(host);
    await host.must("ifup eth1");
    before = await snapshot(host);
    stack = await Stack.create({ text: program("br0", "br1").replace("kvm1.lab", "kvm1.lab") });
  });
  afterAll(async () => {
    stack.remove();
    await host.down();
  });

  it.each([
    ["br0", "br1"],
    ["br1", "br0"],
  ])("%s goes first, then %s: byte for byte", async (first, second) => {
    const of = (...bridges: string[]) => stack.program(program(...bridges).replace("kvm1.lab", "kvm1.lab"));
    of("br0", "br1");
    await stack.up();
    expect(await host.must("brctl show | tail -n +2 | tr -s '\\t' ' '")).toMatch(/br0 .* eth0\nbr1 .* eth1\n/);
    of(second);
    await stack.up();
    expect(await host.read("/etc/network/interfaces")).not.toContain(first);
    expect(await host.read("/etc/network/interfaces")).toContain(second);
    await stack.expectNoChanges();
    await stack.destroy();
    expectAsBefore(await snapshot(host), before);
  });
});

/** Lab hosts have one NIC. */
const secondNic = (host: LabHost) =>
  host.must("ip link add eth1 type veth peer name eth1p && ip link set eth1p up && ip link set eth1 up");
