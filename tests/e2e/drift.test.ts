import { type LabHost, down, guest, up, useOwnLab } from "../lab/lab";
import { changes, snapshot } from "./snapshot";
import { Stack } from "./stack";

const LAN_MAC = "52:54:00:ad:4c:86"; // web-lan's, in the program

interface Drift {
  /** What is done to the host by hand. */
  readonly by: string;
  /** The only resources that the preview is to change. */
  readonly names: Readonly<Record<string, "update" | "create">>;
  /** And what it says of them. */
  readonly says: RegExp;
}

/** Those of one round are of different resources: one refresh finds them all, one up heals them all. */
const rounds: readonly Readonly<Record<string, Drift>>[] = [
  {
    "a line added to eth0's stanza in the interfaces file": {
      by: `printf '\\tup ethtool -K eth0 tso off || :\\n' >> /etc/network/interfaces`,
      names: { br0: "update" },
      says: /\/etc\/network\/interfaces#iface eth0 inet[^]*- *\tup ethtool -K eth0 tso off/,
    },
    "brctl delif": {
      by: "brctl delif br1 eth1",
      names: { br1: "update" },
      says: /eth1[^]*\+ *master *: "br1"/,
    },
    "virsh net-edit of the DHCP range": {
      by: `EDITOR="sed -i 's/192.168.123.254/192.168.123.99/'" virsh -q net-edit lab`,
      names: { lab: "update" },
      says: /- *<range start='192\.168\.123\.2' end='192\.168\.123\.99'\/>[^]*\+ *<range start='192\.168\.123\.2' end='192\.168\.123\.254'\/>/,
    },
    "sysctl -w net.ipv4.ip_forward=0": {
      by: "sysctl -qw net.ipv4.ip_forward=0",
      names: { forwarding: "update" },
      says: /~ net\.ipv4\.ip_forward *: "0" => "1"/,
    },
    "the udev rule removed": {
      by: "rm /etc/udev/rules.d/99-kvmnet-bridge-netfilter.rules",
      names: { netfilter: "update" },
      says: /\+ \/etc\/udev\/rules\.d\/99-kvmnet-bridge-netfilter\.rules/,
    },
    "virsh detach-interface": {
      by: `virsh -q detach-interface web bridge --mac ${LAN_MAC} --live --config
         while virsh -q domiflist web | grep -q ${LAN_MAC}; do sleep 0.1; done`,
      names: { "web-lan": "create" },
      says: new RegExp(`web/${LAN_MAC}: \\{`),
    },
    "a guest's tap taken off its bridge": {
      by: `ip link set dev "$(virsh -q domiflist web | awk '$2 == "network" { print $1 }')" nomaster`,
      names: { "web-nat": "update" },
      says: /~ live *: "not on virbr\d+" => true/,
    },
  },
  {
    "a line added to the bridge's stanza": {
      by: `sed -i '/bridge_ports eth0/a\\\tmtu 1400' /etc/network/interfaces`,
      names: { br0: "update" },
      says: /\/etc\/network\/interfaces#iface br0 inet[^]*- *\tmtu 1400/,
    },
    "virsh net-destroy": {
      by: "virsh -q net-destroy lab",
      names: { lab: "update" },
      says: /~ active *: false => true/,
    },
  },
  {
    "the whole network undefined": {
      by: "virsh -q net-destroy lab && virsh -q net-undefine lab",
      // A reservation stands in the network's definition, and went with it.
      names: { lab: "update", "web-nat": "update" },
      says: /\+ *lab *: \{/,
    },
  },
];

let host: LabHost;
let stack: Stack;
let deployed: Awaited<ReturnType<typeof comparable>>;

beforeAll(async () => {
  useOwnLab("drift");
  host = await up("kvm1");
  // brctl delif of the port that carries the operator would leave nobody to heal it: that is br1's business.
  await host.must("ip link add eth1 type veth peer name eth1p && ip link set eth1p up && ip link set eth1 up");
  await guest(host, "web");
  stack = await Stack.create({ example: "quickstart" });
  stack.edit((text) => `${text}\nnew kvmnet.Bridge("br1", { ports: ["eth1"], addresses: ["10.1.0.1/24"] }, on);\n`);
  // An interface is unplugged only with the consent of the guest's system.
  await host.must("until grep -q GUEST-UP /var/log/guest-web.log; do sleep 0.2; done");
  await stack.up();
  // Not ours, so it stays, and nobody minds.
  await host.must("sed -i 's/^# The loopback.*/& (see the wiki)/' /etc/network/interfaces");
  await stack.expectNoChanges();
  deployed = await comparable();
});
afterAll(async () => {
  stack.remove();
  await down();
});

it.each(rounds.map((drifts) => [Object.keys(drifts).join("; "), Object.values(drifts)] as const))(
  "%s: preview names just that, and up heals just that",
  async (_what, drifts) => {
    for (const { by } of drifts) await host.must(by);
    await stack.refresh();
    const diff = await stack.preview();
    expect(changes(diff)).toEqual(Object.assign({}, ...drifts.map(({ names }) => names)));
    for (const { says } of drifts) expect(diff).toMatch(says);
    await stack.up();
    expect(await comparable()).toEqual(deployed);
    // The guest's taps are where they belong, also when the bridge below was made anew.
    expect(
      await host.must("for t in /sys/class/net/vnet*; do basename $(readlink $t/master) | tr -d 0-9; done | sort"),
    ).toBe("br\nvirbr\n");
  },
);

it("has nothing to do afterwards", async () => {
  await stack.refresh("--expect-no-changes");
  await stack.expectNoChanges();
});

/** What libvirt chooses anew each time: a tap's name, the order and the numbers of devices, the MAC of a network that is defined anew. */
async function comparable() {
  const { etc, guests, networks, sysctls, routes } = await snapshot(host);
  const { "/etc/libvirt/qemu/networks/lab.xml": _lab, "/etc/libvirt/qemu/web.xml": _web, ...others } = etc;
  const lab = (await host.must("virsh -q net-dumpxml --inactive lab; virsh -q net-dumpxml lab")).replace(
    /<mac address='[^']*'\/>\n| connections='\d+'/g,
    "",
  );
  const addresses = await host.must(
    "ip -br addr show | sed -E 's/@[^ ]*//; s/ (UP|DOWN|UNKNOWN) / /; s/fe80[^ ]*//; /^vnet/d; s/ +/ /g' | sort",
  );
  const nics = Object.fromEntries(
    Object.entries(guests).map(([name, text]) => [
      name,
      text
        .replaceAll(/vnet\d+/g, "vnet")
        .split(";")
        .map((line) => line.trim())
        .sort(),
    ]),
  );
  const routesOfTaps = JSON.parse(JSON.stringify(routes).replaceAll(/vnet\d+/g, "vnet")) as unknown;
  return { etc: others, lab, addresses, nics, networks, sysctls, routes: routesOfTaps };
}
