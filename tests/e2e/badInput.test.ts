import { type LabHost, down, guest, up, useOwnLab } from "../lab/lab";
import { Stack } from "./stack";

describe("bad input", () => {
  let host: LabHost;
  let stack: Stack;
  let before: string;

  beforeAll(async () => {
    useOwnLab("bad");
    host = await up("kvm1");
    await guest(host, "web", { shutOff: true });
    await host.must("cat > /tmp/office.xml && virsh -q net-define /tmp/office.xml", {
      input: `<network><name>office</name><bridge name="virbr-office"/><ip address="192.168.77.1" prefix="24"/></network>`,
    });
    stack = await Stack.create({ text: "" });
    before = await host.must(touchable);
  });
  afterAll(async () => {
    stack.remove();
    await down();
  });
  afterEach(async () => expect(await host.must(touchable)).toBe(before));

  // Pulumi stops at the first resource that is refused, and shows all that is wrong with it.
  it.each<[what: string, resource: string, refusals: readonly string[]]>([
    [
      "an interface name of 16 bytes, and no number for a port",
      `new kvmnet.Bridge("br0", { name: "abcdefghijklmnop", ports: ["eth0", 1 as never] }, on)`,
      [`name: "abcdefghijklmnop" has 16 bytes; the kernel allows 15`, `ports[1]: must be a string, not 1`],
    ],
    [
      "an interface name with a slash",
      `new kvmnet.Bridge("br0", { name: "br/0", ports: ["eth/0"] }, on)`,
      [`name: "br/0" is not an interface name`, `ports[0]: `],
    ],
    [
      "a bridge that is its own port",
      `new kvmnet.Bridge("br0", { ports: ["br0"] }, on)`,
      [`ports[0]: br0 is the bridge itself`],
    ],
    [
      "a port that does not exist",
      `new kvmnet.Bridge("br0", { ports: ["eth7"] }, on)`,
      [`ports[0]: eth7 does not exist on kvm1.lab`],
    ],
    [
      "a command for a name, an address without prefix, a MAC with the multicast bit",
      `new kvmnet.NatNetwork("n", { name: "; reboot", address: "192.168.5.1", dhcp: { start: "192.168.5.2", end: "192.168.5.9",
         hosts: [{ mac: "53:54:00:00:00:01", address: "192.168.5.3" }] } }, on)`,
      [
        `name: "; reboot" is not a name for libvirt`,
        `address: "192.168.5.1" has no prefix length: write "192.168.5.1/24"`,
        `dhcp.hosts[0].mac: "53:54:00:00:00:01" has the multicast bit set`,
      ],
    ],
    [
      "a DHCP range outside the subnet",
      `new kvmnet.NatNetwork("n", { address: "192.168.5.1/24", dhcp: { start: "192.168.6.2", end: "192.168.6.254" } }, on)`,
      [`dhcp.start: 192.168.6.2 is not in the subnet of 192.168.5.1/24`, `dhcp.end: `],
    ],
    [
      "a network over an address of the host",
      `new kvmnet.NatNetwork("n", { address: "10.0.0.193/26" }, on)`,
      [`address: 10.0.0.193/26 overlaps 10.0.0.11/24 of eth0 on kvm1.lab`],
    ],
    [
      "a network over another network",
      `new kvmnet.NatNetwork("n", { address: "192.168.77.129/25" }, on)`,
      [`address: 192.168.77.129/25 overlaps 192.168.77.1/24 of the libvirt network office`],
    ],
    [
      "a guest's interface on both a bridge and a network, with a command for a domain and a multicast MAC",
      `new kvmnet.GuestInterface("i", { domain: "; reboot", mac: "01:00:5e:00:00:01", bridge: "br0", network: "office" }, on)`,
      [
        "network: give either `bridge` or `network`, not both",
        `domain: "; reboot" is not a name for libvirt`,
        `mac: "01:00:5e:00:00:01" has the multicast bit set`,
      ],
    ],
  ])("is refused in preview: %s", async (_what, resource, refusals) => {
    stack.program(program(resource));
    const { code, stdout, stderr } = await stack.pulumi("preview", "--diff");
    // The engine prints the value of a top-level property only: "property ports[0] value {<nil>} has a problem: …".
    const problems = (stdout + stderr).replace(/property (\S+) value \{.*?\} has a problem: /g, "$1: ");
    for (const refusal of refusals) expect(problems).toContain(refusal);
    expect(code).not.toBe(0);
  });

  it("is refused in preview: a host that does not answer, and says what was tried", async () => {
    stack.program(program(""));
    let began = performance.now();
    await stack.pulumi("preview", "--diff");
    const floor = performance.now() - began;
    stack.program(program(`new kvmnet.SysctlForwarding("forwarding", { ipv4: true }, on)`, "10.0.0.250"));
    began = performance.now();
    const { code, stdout, stderr } = await stack.pulumi("preview", "--diff");
    expect(stdout + stderr).toMatch(/property host .* has a problem: .*10\.0\.0\.250.*/);
    expect(stdout + stderr).toMatch(/port 22|10\.0\.0\.250:22/);
    expect(code).not.toBe(0);
    // 15 s of its own, beside what Pulumi itself takes.
    expect(performance.now() - began).toBeLessThan(15_000 + 3 * floor);
  });

  it("is a warning in preview and an error in up, before anything is touched: what the stack may yet make", async () => {
    const missing = [
      [`{ domain: "db", network: "office" }`, `libvirt has no domain "db" on kvm1.lab`],
      [`{ domain: "web", bridge: "br9" }`, `there is no bridge "br9" on kvm1.lab`],
      [`{ domain: "web", network: "attic" }`, `libvirt has no network "attic" on kvm1.lab`],
    ] as const;
    stack.program(program(missing.map(([args], i) => `new kvmnet.GuestInterface("i${i}", ${args}, on);`).join("\n")));
    const preview = await stack.pulumi("preview", "--diff");
    expect(preview.code).toBe(0);
    for (const [, what] of missing)
      expect(preview.stdout + preview.stderr).toContain(`warning: ${what} yet; the update fails unless`);
    const { code, stdout, stderr } = await stack.pulumi("up", "--yes", "--skip-preview", "--continue-on-error");
    for (const [, what] of missing)
      expect(stdout + stderr).toMatch(new RegExp(`error: Unable to create .*${what}; nothing was touched`));
    expect(code).not.toBe(0);
  });
});

const program = (resources: string, host = "kvm1.lab"): string => `import * as kvmnet from "pulumi-kvmnet";
const on = { provider: new kvmnet.Provider("kvm1", { host: "${host}" }) };
${resources}
`;

/** All that a resource could touch. /etc/netns is the machine's, with the labs of others. */
const touchable = `find /etc -path /etc/netns -prune -o -type f -newer /etc/kvmnet-lab -exec sha256sum {} +; ls -A /run/kvmnet 2> /dev/null
ip -br link; ip -br addr; ip route; sysctl net.ipv4.ip_forward; virsh -q net-list --all; virsh -q net-dumpxml office; virsh -q dumpxml web`;
