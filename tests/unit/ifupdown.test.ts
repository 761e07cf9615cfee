import type { BridgePlan, Files, Found } from "../../provider/backends/backend";
import { ifupdown } from "../../provider/backends/ifupdown";
import { writeSections } from "../../provider/backends/interfacesFile";

const MAIN = "/etc/network/interfaces";
const SOURCE = "source /etc/network/interfaces.d/*\n\nauto lo\niface lo inet loopback\n\n";

const plan = (changes: Partial<BridgePlan>): BridgePlan => ({
  name: "br0", ports: ["eth0"], left: [], dhcp4: false, dhcp6: false, addresses: [], routes: [], nameservers: [], searchDomains: [],
  stp: false, forwardDelay: 0, maxWait: 0, mark: "kvmnet: br0", ...changes,
}); // prettier-ignore

/** Takes the ports over as the Bridge resource does: what they have becomes the bridge's. */
function takeOver(files: Files, ports: string[] = ["eth0"], changes: Partial<BridgePlan> = {}) {
  const found = Object.fromEntries(ports.map((port) => [port, ifupdown.find(port, {}, files)]));
  const all = Object.values(found);
  const bridge = plan({
    ports,
    dhcp4: all.some(({ dhcp4 }) => dhcp4),
    dhcp6: all.some(({ dhcp6 }) => dhcp6),
    addresses: all.flatMap(({ addresses }) => addresses),
    routes: all.flatMap(({ routes }) => routes),
    nameservers: all.flatMap(({ nameservers }) => nameservers),
    searchDomains: all.flatMap(({ searchDomains }) => searchDomains),
    ...changes,
  });
  return { found, bridge, ...ifupdown.render(bridge, found, files) };
}

function adopt(files: Files, changes: (found: Found) => Partial<BridgePlan> = () => ({})) {
  const own = ifupdown.find("br0", {}, files);
  const { ports, ...options } = own.bridge as { ports: string };
  const { dhcp4, dhcp6, addresses, routes, nameservers, macAddress } = own;
  const names = ports === "none" ? [] : ports.split(" ");
  const found = Object.fromEntries([["br0", own], ...names.map((port) => [port, ifupdown.find(port, {}, files)])]);
  const bridge = plan({
    dhcp4, dhcp6, addresses, routes, nameservers, ports: names, ...(macAddress && { macAddress }), ...options, ...changes(own),
  }); // prettier-ignore
  return { own, bridge, ...ifupdown.render(bridge, found, files) };
}

/** The main file with the rendered sections in it. */
const written = (files: Files, sections: Readonly<Record<string, string | null>> = {}) =>
  writeSections(
    files[MAIN]!,
    Object.fromEntries(Object.entries(sections).map(([key, text]) => [key.slice(MAIN.length + 1), text])),
  );

describe("find", () => {
  test("reads addresses, routes, nameservers and MAC in every spelling", () => {
    const text = `
allow-hotplug eth0
iface eth0 inet static
    address 10.0.0.11
    netmask 255.255.255.0
    gateway 10.0.0.1
    metric 5
    dns-nameservers 10.0.0.1 10.0.0.2
    hwaddress ether 52:54:00:AA:00:01
    up route add -net 10.9.0.0 netmask 255.255.0.0 gw 10.0.0.254 dev eth0
    post-up /sbin/ip route add 10.8.0.0/16 via 10.0.0.254 metric 10 dev $IFACE || true
    up ip addr add 10.0.0.50/24 dev eth0
    up ip route add 10.7.0.0/16 via 10.1.0.1 dev eth1
    down ip route del 10.8.0.0/16 dev eth0
iface eth0 inet static
    address 10.1.0.11/16
    netmask 25
iface eth0 inet6 static
    address FD00::0011/64
    gateway fd00::1
`;
    expect(ifupdown.find("eth0", {}, { [MAIN]: text })).toMatchObject({
      dhcp4: false,
      dhcp6: false,
      addresses: ["10.0.0.11/24", "10.1.0.11/25", "10.0.0.50/24", "fd00::11/64"],
      routes: [
        "default via 10.0.0.1 metric 5",
        "default via fd00::1",
        "10.9.0.0/16 via 10.0.0.254",
        "10.8.0.0/16 via 10.0.0.254 metric 10",
      ],
      nameservers: ["10.0.0.1", "10.0.0.2"],
      macAddress: "52:54:00:aa:00:01",
      sections: { [`${MAIN}#allow-hotplug eth0`]: "allow-hotplug eth0" },
    });
  });

  test("knows DHCP, templates and bridge options", () => {
    const files = {
      [MAIN]:
        "iface lan inet static\n  netmask 24\niface eth0 inet static inherits lan\n  address 10.0.0.1\niface eth1 inet dhcp\niface eth1 inet6 dhcp\niface br1 inet manual\n bridge-ports none\n bridge_stp yes\n bridge-fd 4.5\n",
    };
    expect(ifupdown.find("eth0", {}, files).addresses).toEqual(["10.0.0.1/24"]);
    expect(ifupdown.find("eth1", {}, files)).toMatchObject({ dhcp4: true, dhcp6: true });
    expect(ifupdown.find("br1", {}, files).bridge).toEqual({ ports: "none", stp: true, forwardDelay: 4.5 });
  });

  test("reads what is sourced and only that", () => {
    const files = {
      [MAIN]: "source interfaces.d/*.cfg\nsource-directory /etc/network/more/\n",
      "/etc/network/interfaces.d/a.cfg": "iface eth0 inet dhcp\n",
      "/etc/network/interfaces.d/b": "iface eth1 inet dhcp\n",
      "/etc/network/interfaces.d/.c.cfg": "iface eth2 inet dhcp\n",
      "/etc/network/more/d": "iface eth3 inet dhcp\n",
      "/etc/network/more/d.old": "iface eth4 inet dhcp\n",
    };
    const reads = [0, 1, 2, 3, 4].filter((i) => ifupdown.find(`eth${i}`, {}, files).dhcp4);
    expect(reads).toEqual([0, 3]);
  });

  test("falls back to the kernel", () => {
    expect(ifupdown.find("eth0", { dhcp4: true, addresses: ["10.0.0.5/24"], routes: ["default via 10.0.0.1"] }, { [MAIN]: SOURCE })).toEqual(
      { dhcp4: true, dhcp6: false, addresses: ["10.0.0.5/24"], routes: ["default via 10.0.0.1"], nameservers: [], searchDomains: [], sections: {} },
    ); // prettier-ignore
  });
});

describe("render of a new bridge", () => {
  const bridge = `iface br0 inet dhcp
    # kvmnet: br0
    bridge_ports eth0
    bridge_stp off
    bridge_fd 0
    bridge_maxwait 0
    bridge_hw 52:54:00:aa:00:01`;

  test("in the file of its port's, which becomes manual in place: one file is the switch", () => {
    const path = "/etc/network/interfaces.d/lan";
    const files = { [MAIN]: SOURCE, [path]: "allow-hotplug eth0\niface eth0 inet dhcp\n" };
    const { files: rendered, sections } = takeOver(files, ["eth0"], { macAddress: "52:54:00:aa:00:01" });
    expect(rendered).toBeUndefined();
    expect(sections).toEqual({
      [`${path}#iface eth0 inet`]: "iface eth0 inet manual",
      [`${path}#auto br0`]: "auto br0",
      [`${path}#iface br0 inet`]: bridge,
    });
  });

  test("a file of its own where nobody configures the port, and interfaces.d is sourced", () => {
    const { files, sections } = ifupdown.render(
      plan({ ports: ["eth0"], dhcp4: true, macAddress: "52:54:00:aa:00:01" }),
      {},
      { [MAIN]: SOURCE },
    );
    expect(files).toEqual({
      "/etc/network/interfaces.d/br0": `# kvmnet: br0\nauto br0\n${bridge.replace("    # kvmnet: br0\n", "")}\n`,
    });
    expect(sections).toEqual({});
  });

  test("sections in front of the port's where it is not", () => {
    const files = {
      [MAIN]: `auto lo
iface lo inet loopback

# The primary network interface
auto eth0
iface eth0 inet static
	# the office's
	address 10.0.0.11/24
	gateway 10.0.0.1
	dns-nameservers 10.0.0.1
	dns-search lab
	mtu 9000
	ethernet-wol g
	up ethtool -K $IFACE gro off
	# the branch
	up ip route add 10.9.0.0/16 via 10.0.0.254 dev eth0
	up iptables -A INPUT -i eth0 -j ACCEPT
	pre-up sysctl -w net.ipv4.conf.eth0.proxy_arp=1

iface eth0 inet6 auto
	privext 2
`,
    };
    const { files: rendered, sections } = takeOver(files);
    expect(rendered).toBeUndefined();
    const text = written(files, sections);
    expect(text).toBe(`auto lo
iface lo inet loopback

auto br0
iface br0 inet static
	# kvmnet: br0
	# the office's
	address 10.0.0.11/24
	gateway 10.0.0.1
	dns-nameservers 10.0.0.1
	dns-search lab
	bridge_ports eth0
	bridge_stp off
	bridge_fd 0
	bridge_maxwait 0
	# the branch
	up ip route add 10.9.0.0/16 via 10.0.0.254 dev br0
	up iptables -A INPUT -i br0 -j ACCEPT
	pre-up sysctl -w net.ipv4.conf.br0.proxy_arp=1
iface br0 inet6 auto
	privext 2

# The primary network interface
auto eth0
iface eth0 inet manual
	mtu 9000
	ethernet-wol g
	up ethtool -K $IFACE gro off

iface eth0 inet6 manual
`);
    const back = Object.fromEntries(Object.keys(sections!).map((key) => [key, null as string | null]));
    Object.assign(back, ifupdown.find("eth0", {}, files).sections);
    expect(
      writeSections(text, Object.fromEntries(Object.entries(back).map(([key, s]) => [key.slice(MAIN.length + 1), s]))),
    ).toBe(files[MAIN]);
  });

  test("several addresses, IPv6, DHCPv6, further routes and every option", () => {
    const bridge = plan({
      ports: ["eth0", "eth1"],
      addresses: ["10.0.0.11/24", "10.1.0.11/24", "fd00::11/64"],
      dhcp6: true,
      routes: ["default via 10.1.0.1 metric 7", "10.9.0.0/16 via 10.0.0.254", "default via fd00::1", "fd01::/48 via fd00::2 metric 3", "10.8.0.0/16 via 192.0.2.1", "default via 10.0.0.1"],
      nameservers: ["10.0.0.1", "fd00::1"],
      stp: true, forwardDelay: 4, helloTime: 1, maxAge: 8, ageingTime: 0, priority: 4096, maxWait: 10, mtu: 1400,
    }); // prettier-ignore
    const { files } = ifupdown.render(bridge, {}, { [MAIN]: SOURCE });
    expect(files!["/etc/network/interfaces.d/br0"]).toBe(`# kvmnet: br0
auto br0
iface br0 inet static
    address 10.0.0.11/24
    gateway 10.0.0.1
    dns-nameservers 10.0.0.1 fd00::1
    bridge_ports eth0 eth1
    bridge_stp on
    bridge_fd 4
    bridge_hello 1
    bridge_maxage 8
    bridge_ageing 0
    bridge_bridgeprio 4096
    bridge_maxwait 10
    mtu 1400
    up ip route add 10.9.0.0/16 via 10.0.0.254 dev $IFACE
    up ip route add 10.8.0.0/16 via 192.0.2.1 onlink dev $IFACE

iface br0 inet static
    address 10.1.0.11/24
    gateway 10.1.0.1
    metric 7

iface br0 inet6 static
    address fd00::11/64
    gateway fd00::1
    up ip -6 route add fd01::/48 via fd00::2 metric 3 dev $IFACE

iface br0 inet6 dhcp
`);
  });

  test("nothing but a bridge", () => {
    const { files, sections } = ifupdown.render(plan({ ports: [] }), {}, { [MAIN]: SOURCE });
    expect(files!["/etc/network/interfaces.d/br0"]).toContain(
      "auto br0\niface br0 inet manual\n    bridge_ports none\n",
    );
    expect(sections).toEqual({});
  });

  test("addresses that are given replace the port's, what else it said stays", () => {
    const files = { [MAIN]: `${SOURCE}iface eth0 inet dhcp\n    hostname kvm1\n    up logger up\n` };
    const { sections } = takeOver(files, ["eth0"], {
      dhcp4: false,
      addresses: ["10.0.0.11/24"],
      routes: ["default via 10.0.0.1"],
    });
    const stanza = sections![`${MAIN}#iface br0 inet`];
    expect(stanza).toContain("    address 10.0.0.11/24\n    gateway 10.0.0.1\n    bridge_ports eth0\n");
    expect(stanza).toMatch(/^iface br0 inet static\n[^]* {4}up logger up$/);
    expect(stanza).not.toContain("hostname");
  });

  test("DHCP beside a static address, from two ports", () => {
    const files = {
      [MAIN]: `${SOURCE}auto eth0 eth1\niface eth0 inet dhcp\n  up echo one\niface eth1 inet static\n  address 10.1.0.1/24\n  up echo two\n`,
    };
    const { sections } = takeOver(files, ["eth0", "eth1"]);
    expect(sections).toEqual({
      [`${MAIN}#auto br0`]: "auto br0",
      [`${MAIN}#iface br0 inet`]: `iface br0 inet dhcp
  # kvmnet: br0
  bridge_ports eth0 eth1
  bridge_stp off
  bridge_fd 0
  bridge_maxwait 0
  up echo one`,
      [`${MAIN}#iface br0 inet 2`]: "iface br0 inet static\n  address 10.1.0.1/24\n  up echo two",
      [`${MAIN}#iface eth0 inet`]: "iface eth0 inet manual",
      [`${MAIN}#iface eth1 inet`]: "iface eth1 inet manual",
    });
  });

  test("addresses that a manual stanza's commands set move, its other commands stay", () => {
    const files = { [MAIN]: `${SOURCE}iface eth0 inet manual\n  up echo up\n  up ip addr add 10.0.0.1/24 dev eth0\n` };
    const { sections } = takeOver(files);
    expect(sections).toEqual({
      [`${MAIN}#auto br0`]: "auto br0",
      [`${MAIN}#iface br0 inet`]: `iface br0 inet manual
  # kvmnet: br0
  bridge_ports eth0
  bridge_stp off
  bridge_fd 0
  bridge_maxwait 0
  up ip addr add 10.0.0.1/24 dev br0`,
      [`${MAIN}#iface eth0 inet`]: "iface eth0 inet manual\n  up echo up",
    });
  });

  test("does not depend on the order of the found sections", () => {
    const files = {
      [MAIN]: `${SOURCE}iface eth0 inet static\n  address 10.0.0.1/24\niface eth0 inet static\n  address 10.0.0.2/24\niface eth0 inet6 auto\n`,
    };
    const { found, bridge, files: rendered } = takeOver(files);
    const reversed = {
      ...found["eth0"]!,
      sections: Object.fromEntries(Object.entries(found["eth0"]!.sections).reverse()),
    };
    expect(ifupdown.render(bridge, { eth0: reversed }, files).files).toEqual(rendered);
  });
});

describe("render of an adopted bridge", () => {
  const text = `auto lo
iface lo inet loopback

iface eth0 inet manual

auto br0
iface br0 inet static
        address   192.168.1.2
        netmask   255.255.255.0
        network   192.168.1.0
        gateway   192.168.1.1
        # all of them
        bridge-ports regex eth.*
        bridge-stp  no
        bridge-hw  eth0
        up ip route add 10.9.0.0/16 via 192.168.1.254 dev $IFACE
        up echo hello

iface br0 inet6 auto
`;
  const files = { [MAIN]: text };

  test("changes nothing that it describes", () => {
    const { sections, files: rendered } = adopt(files, () => ({ ports: ["eth0"], macAddress: "52:54:00:aa:00:01" }));
    expect(rendered).toBeUndefined();
    expect(written(files, sections)).toBe(text);
    expect(Object.keys(sections!)).toContain(`${MAIN}#auto br0`);
  });

  test("changes the options that differ and no others", () => {
    const { sections } = adopt(files, () => ({
      ports: ["eth0"], forwardDelay: 0, addresses: ["192.168.1.3/24", "192.168.5.1/24"], routes: ["default via 192.168.1.254"], nameservers: ["9.9.9.9"],
    })); // prettier-ignore
    expect(written(files, sections)).toBe(
      text
        .replace(/ {8}address.*\n.*netmask.*\n.*network.*\n/, "        address   192.168.1.3/24\n")
        .replace("        gateway   192.168.1.1\n", "")
        .replace("address   192.168.1.3/24\n", "address   192.168.1.3/24\n        gateway 192.168.1.254\n")
        .replace(/.*ip route add 10.9.*\n/, "        dns-nameservers 9.9.9.9\n        bridge_fd 0\n")
        .replace(
          "hello\n\niface br0 inet6 auto\n",
          "hello\n\niface br0 inet6 auto\niface br0 inet static\n    address 192.168.5.1/24\n",
        ),
    );
  });

  test("a stanza that goes is null, and its commands live on", () => {
    const two = {
      [MAIN]:
        "auto br0\niface br0 inet static\n  address 10.0.0.1/24\n  bridge_ports none\niface br0 inet static\n  address 10.0.0.2/24\n  up echo two\n",
    };
    const { sections } = adopt(two, () => ({ addresses: ["10.0.0.1/24"] }));
    expect(sections).toMatchObject({ [`${MAIN}#iface br0 inet 2`]: null });
    expect(written(two, sections)).toBe(
      "auto br0\niface br0 inet static\n  address 10.0.0.1/24\n  bridge_ports none\n  up echo two\n",
    );
  });
});

test("a bridge that was rendered, lost from the state and adopted again stays as it is", () => {
  const stanzas = [
    "iface eth0 inet dhcp\n  metric 5\n  up ip route add 10.9.0.0/16 via 10.0.0.254 dev eth0\n",
    "iface eth0 inet static\n  address 203.0.113.5\n  netmask 255.255.255.192\n  gateway 203.0.113.1\n  up route add -net 203.0.113.0 netmask 255.255.255.192 gw 203.0.113.1 dev eth0\n",
    "iface eth0 inet static\n  address 203.0.113.5/32\n  pointopoint 203.0.113.1\n  gateway 203.0.113.1\niface eth0 inet6 static\n  address fd00::1/64\n  gateway fe80::1\n",
    "iface eth0 inet manual\n  up ip addr add 10.0.0.1/24 dev eth0\n",
    "iface eth0 inet6 auto\n  privext 2\n",
    "",
  ];
  for (const stanza of stanzas) {
    for (const start of ["", SOURCE]) {
      const files = { [MAIN]: `${start}${stanza}` };
      const first = takeOver(files, ["eth0"], {
        macAddress: "52:54:00:aa:00:01",
        stp: true,
        forwardDelay: 2,
        mtu: 1400,
      });
      const after: Files = { [MAIN]: written(files, first.sections), ...(first.files as Record<string, string>) };
      const { own } = adopt(after);
      expect(own).toMatchObject({
        dhcp4: first.bridge.dhcp4,
        routes: first.bridge.routes,
        macAddress: "52:54:00:aa:00:01",
      });
      const found = { br0: own, eth0: ifupdown.find("eth0", {}, after) };
      const again = ifupdown.render(first.bridge, found, after);
      for (const [key, text] of Object.entries(again.sections!)) {
        const [path, section] = key.split("#") as [string, string];
        expect({ key, text: writeSections(after[path]!, { [section]: text }) }).toEqual({ key, text: after[path] });
      }
    }
  }
});

test("unsupported names", () => {
  expect(ifupdown.unsupported(plan({}))).toBeUndefined();
  expect(ifupdown.unsupported(plan({ dhcp4: true, addresses: ["10.0.0.1/24"] }))).toBeUndefined();
  expect(ifupdown.unsupported(plan({ name: "br0.1" }))).toContain("VLAN");
  expect(ifupdown.unsupported(plan({ ports: ["all"] }))).toContain("bridge_ports");
});
