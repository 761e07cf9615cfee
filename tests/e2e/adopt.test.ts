import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type LabHost, down, guest, guestAddress, guestReaches, up, useOwnLab } from "../lab/lab";
import { type Snapshot, expectAsBefore, snapshot } from "./snapshot";
import { Stack } from "./stack";

/** A host that somebody made by hand: br0 as in Debian's wiki (BridgeNetworkConnections), libvirt's `default`, a line in sysctl.conf. */
const INTERFACES = `auto lo
iface lo inet loopback

# eth0 is a port of br0
iface eth0 inet manual

# Bridge setup
auto br0
iface br0 inet static
    bridge_ports eth0
        address 10.0.0.11
        netmask 255.255.255.0
        gateway 10.0.0.1
        bridge_hw eth0
        bridge_stp off       # disable Spanning Tree Protocol
        bridge_fd 0          # no forwarding delay
`;
const DEFAULT = `<network>
  <name>default</name>
  <forward mode='nat'/>
  <bridge name='virbr0' stp='on' delay='0'/>
  <dns>
    <forwarder domain='example.com' addr='10.0.0.1'/>
    <host ip='192.168.122.1'><hostname>kvm1.example.com</hostname></host>
  </dns>
  <ip address='192.168.122.1' netmask='255.255.255.0'>
    <dhcp>
      <range start='192.168.122.2' end='192.168.122.254'/>
      <host mac='52:54:00:00:00:99' name='printer' ip='192.168.122.99'/>
    </dhcp>
  </ip>
</network>
`;

const example = readFileSync(join(__dirname, "../../examples/adopt-default/index.ts"), "utf8");
const network = `\n${example.slice(example.indexOf("const lan ="))}`;
const forwarding = `
new kvmnet.SysctlForwarding("forwarding", { ipv4: true, ipv6: false, adopt: true }, { provider: kvm1 });
`;

let host: LabHost;
let before: Snapshot;
let stack: Stack;

beforeAll(async () => {
  useOwnLab("adopt");
  host = await up("kvm1", { interfaces: INTERFACES, address: "10.0.0.11" });
  await host.must(
    `cat > /tmp/default.xml && virsh -q net-define /tmp/default.xml && virsh -q net-autostart default && virsh -q net-start default
     printf '# routing for the guests, see #4711\\nnet.ipv4.ip_forward=0\\nvm.swappiness=10' >> /etc/sysctl.conf`,
    { input: DEFAULT },
  );
  await guest(host, "web", { network: "default", mac: "52:54:00:00:00:01" });
  // The bridge has a carrier when it forwards for the guest.
  await host.must('until [ "$(cat /sys/class/net/virbr0/carrier)" = 1 ]; do sleep 0.2; done');
  before = await snapshot(host);
  stack = await Stack.create({ example: "adopt-bridge" });
});
afterAll(async () => {
  stack.remove();
  await down();
});

it("is refused in preview without `adopt`, naming what is in the way", async () => {
  let bridge = "";
  stack.edit((text) => (bridge = text));
  const alone = bridge.slice(0, bridge.indexOf("const br0 ="));
  // Each by itself, as Pulumi stops at the first that is refused.
  for (const [program, said] of [
    [bridge, /network device br0 exists on kvm1\.lab and is not ours; take it over with `adopt: true`/],
    [alone + network, /libvirt network default exists on kvm1\.lab and is not ours; take it over with `adopt: true`/],
    [alone + forwarding, /\/etc\/sysctl\.conf:3 on kvm1\.lab sets net\.ipv4\.ip_forward = 0 and is not ours/],
  ] as const) {
    stack.program(program.replaceAll(", adopt: true", ""));
    const { code, stdout, stderr } = await stack.pulumi("preview", "--diff");
    expect([code, stdout + stderr]).toEqual([1, expect.stringMatching(said)]);
  }
  expectAsBefore(await snapshot(host), before);
  stack.program(bridge + network + forwarding);
});

it("previews what is right already as it stands, and that nothing of it changes", async () => {
  const diff = await stack.preview();
  expect(diff).toContain("libvirt network default (as it is)");
  expect(diff).toContain("/etc/network/interfaces, iface br0 inet (as it is)");
  expect(diff).toContain("<forwarder domain='example.com' addr='10.0.0.1'/>");
  expect(diff).not.toContain("/etc/network/interfaces.d");
  const stanza = INTERFACES.slice(INTERFACES.indexOf("iface br0")).trimEnd();
  expect(diff.replace(/^ {6,}/gm, "")).toContain(stanza.replace(/^ +/gm, ""));
});

it("goes up: what is right already stays as it is, and nothing is to be done afterwards", async () => {
  await stack.up();
  const { etc } = await snapshot(host);
  const changed = Object.keys({ ...before.etc, ...etc }).filter((path) => etc[path] !== before.etc[path]);
  expect(changed).toEqual(["/etc/sysctl.conf", "/etc/sysctl.d/60-kvmnet-forwarding.conf"]);
  expect(await host.read("/etc/sysctl.conf")).toMatch(
    /\n# routing for the guests, see #4711\nnet\.ipv4\.ip_forward = 1\nvm\.swappiness=10$/,
  );
  expect(await host.must("virsh -q net-dumpxml --inactive default | grep uuid")).toBe(
    await host.must("virsh -q net-dumpxml default | grep uuid"),
  );
  await stack.expectNoChanges();
});

it("keeps what it does not model when it changes the network", async () => {
  stack.edit((text) => text.replace("192.168.122.254", "192.168.122.200"));
  await stack.up();
  for (const which of ["", "--inactive"]) {
    const xml = await host.must(`virsh -q net-dumpxml ${which} default`);
    expect(xml).toContain("<range start='192.168.122.2' end='192.168.122.200'/>");
    expect(xml).toContain("<forwarder domain='example.com' addr='10.0.0.1'/>");
    expect(xml).toContain("<hostname>kvm1.example.com</hostname>");
    expect(xml).toContain("<host mac='52:54:00:00:00:99' name='printer' ip='192.168.122.99'/>");
  }
  await stack.expectNoChanges();
});

it("is stopped by hand while a guest runs on it: one `up` brings it back, and the guest is on it again", async () => {
  const web = { mac: "52:54:00:00:00:01" };
  await guestAddress(host, "web", web);
  await host.must("virsh -q net-destroy default");
  await guestReaches(host, "web", "192.168.122.1", { reaches: false });
  const diff = await stack.preview("--refresh");
  expect(diff).toMatch(/~ active\s*: false => true/);
  await stack.up("--refresh");
  expect((await host.must("virsh -q net-list --name")).trim()).toBe("default");
  await guestReaches(host, "web", "192.168.122.1");
  const tap = await host.must("virsh -q domiflist web | awk '{ print $1 }'");
  expect((await host.must("ls /sys/class/net/virbr0/brif")).trim()).toBe(tap.trim());
  await stack.expectNoChanges();
});

it("is destroyed under its guest: the host is as it was found", async () => {
  await stack.destroy();
  expectAsBefore(byName(await snapshot(host)), byName(before));
});

/** libvirt's bridge, made anew, has another number and stands behind the others. */
function byName({ addresses, ...rest }: Snapshot): Snapshot {
  const links = (addresses as { ifname: string; ifindex: number }[]).map(({ ifindex: _, ...link }) => link);
  return { ...rest, addresses: links.toSorted((a, b) => a.ifname.localeCompare(b.ifname)) };
}
