import type { Observed } from "../../provider/facts";
import { review } from "../../provider/review";

/** What a preview shows of a thing that is on the host already: what changes, and what was written there by hand and stays. */
const MAC = "52:54:00:00:00:01";
const NIC = `<interface type='bridge'>
      <mac address='${MAC}'/>
      <source bridge='br0'/>
      <model type='virtio'/>
      <filterref filter='clean-traffic'>
        <parameter name='IP' value='10.0.0.9'/>
      </filterref>
      <tune>
        <sndbuf>1600</sndbuf>
      </tune>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x03' function='0x0'/>
    </interface>`;
const DEFAULT = `<network>
  <name>default</name>
  <forward mode='nat'/>
  <bridge name='virbr0' stp='on' delay='0'/>
  <dns>
    <host ip='192.168.122.5'>
      <hostname>printer</hostname>
    </host>
  </dns>
  <ip address='192.168.122.1' netmask='255.255.255.0'>
  </ip>
</network>`;
const observed = {
  files: { "/etc/network/interfaces": "auto lo\n" },
  sysctls: { "net.ipv4.ip_forward": "0" },
  links: { br0: { kind: "bridge", up: true, mtu: 1500, bridge: { stp: false } } },
  networks: { default: { xml: DEFAULT, active: true, autostart: true, persistent: true, leases: [] } },
  domains: { web: { xml: `<domain><devices>${NIC}</devices></domain>`, running: false, persistent: true } },
} as unknown as Observed;
const said = (desired: Parameters<typeof review>[0]) => review(desired, observed, "kvm1").split("\n").slice(1);
const nic = (source: string) =>
  said({ interfaces: { [`web/${MAC}`]: { xml: `<interface type='bridge'><mac address='${MAC}'/><source bridge='${source}'/><model type='virtio'/><filterref filter='clean-traffic'><parameter name='IP' value='10.0.0.9'/></filterref></interface>`, live: true } } }); // prettier-ignore

test("an interface that is as it should be: whole, and that nothing of it changes", () => {
  const lines = nic("br0");
  expect(lines[0]).toBe(`  interface ${MAC} of domain web (as it is)`);
  expect(lines.slice(1).every((line) => line.startsWith("      "))).toBe(true);
  expect(lines).toContain("          <sndbuf>1600</sndbuf>");
});

test("an interface that changes in one line: what was written by hand stays, and is seen to", () => {
  const lines = nic("br1");
  expect(lines[0]).toBe(`  interface ${MAC} of domain web (changed)`);
  expect(lines.filter((line) => /^ {4}[-+]/.test(line))).toEqual([
    "    -   <source bridge='br0'/>",
    "    +   <source bridge='br1'/>",
  ]);
  expect(lines.join()).toMatch(/clean-traffic.*10\.0\.0\.9.*sndbuf.*pci/s);
});

test("a network", () => {
  const of = (address: string) =>
    said({ networks: { default: { xml: `<network><name>default</name><forward mode='nat'/><bridge stp='on' delay='0'/><dns><host ip='192.168.122.5'><hostname>printer</hostname></host></dns><ip address='${address}' netmask='255.255.255.0'/></network>`, active: true, autostart: true, live: true } } }); // prettier-ignore
  expect(of("192.168.122.1")[0]).toBe("  libvirt network default (as it is)");
  expect(of("192.168.122.2").filter((line) => /^ {4}[-+]/.test(line))).toEqual([
    "    -   <ip address='192.168.122.1' netmask='255.255.255.0'/>",
    "    +   <ip address='192.168.122.2' netmask='255.255.255.0'/>",
  ]);
});

test("a bridge, a file and a sysctl", () =>
  expect(
    said({
      links: { br0: { kind: "bridge", up: true, mtu: 1400, bridge: { stp: false } } },
      files: { "/etc/network/interfaces": "auto lo\nauto br0\n", "/etc/new": "x\n" },
      sysctls: { "net.ipv4.ip_forward": "0" },
    }),
  ).toEqual([
    "  /etc/network/interfaces (changed)",
    "      auto lo",
    "    + auto br0",
    "  /etc/new",
    "      x",
    "  sysctl net.ipv4.ip_forward (as it is)",
    "      0",
    "  bridge br0 (mtu: 1500 → 1400)",
  ]));
