import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type LabHost, type UpOptions, down, guest, up, useOwnLab } from "../lab/lab";
import { Stack } from "./stack";

const examples = join(__dirname, "../../examples");
/** Those that other tests run, and look at more closely. */
const others = ["adopt-default", "fleet", "fleet-waves", "quickstart"];
const names = readdirSync(examples, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !others.includes(entry.name))
  .map(({ name }) => name);

/** The host that an example speaks of, where it is not one fresh from the installer. */
const hosts: Record<string, UpOptions> = {
  "adopt-bridge": {
    interfaces: `auto lo
iface lo inet loopback

iface eth0 inet manual

# made by hand, years ago
auto br0
iface br0 inet static
\taddress 10.0.0.11/24
\tgateway 10.0.0.1
\tbridge_ports eth0
\tbridge_stp off
\tbridge_fd 0
`,
  },
};

/** What such a host has beside. */
const hardware: Record<string, string> = {
  "two-nics": "ip link add eth1 type veth peer name cable && ip link set cable up && ip link set eth1 up",
};

beforeAll(() => useOwnLab("examples"));
afterAll(() => down());

describe.each(names)("examples/%s", (name) => {
  let host: LabHost;
  let stack: Stack;
  let before: string;

  beforeAll(async () => {
    host = await up("kvm1", hosts[name]);
    await host.must(hardware[name] ?? "");
    for (const domain of domainsOf(name)) {
      await guest(host, domain);
      // A guest that has booted: an interface is unplugged only with its consent.
      await host.must(`until grep -q GUEST-UP /var/log/guest-${domain}.log; do sleep 0.2; done`);
    }
    before = await host.must(asFound);
    stack = await Stack.create({ example: name });
  });
  afterAll(async () => {
    stack.remove();
    await host.down();
  });

  it("goes up, has nothing to do afterwards, and is destroyed", async () => {
    await stack.up();
    const outputs = await stack.outputs();
    for (const [key, value] of Object.entries(outputs)) expect({ [key]: value }).not.toEqual({ [key]: undefined });
    await stack.expectNoChanges();
    await stack.destroy();
    expect(await host.must(asFound)).toBe(before);
  });
});

const domainsOf = (name: string): string[] => [
  ...new Set(
    [...readFileSync(join(examples, name, "index.ts"), "utf8").matchAll(/domain: "([a-z]+)"|guests: { ([a-z]+):/g)].map(
      ([, domain, guest]) => domain ?? guest!,
    ),
  ),
];

const asFound = `cat /etc/network/interfaces; ls /etc/network/interfaces.d /etc/sysctl.d /etc/udev/rules.d /sys/class/net
ip -4 -br addr | sed "s,@if[0-9]*,,"; ip route; virsh -q net-list --all; sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding`;
