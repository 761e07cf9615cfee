import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  mergeNetwork,
  networkFromXml,
  networkToXml,
  networkView,
  parentIndex,
  reservationElement,
  reservations,
  setReservation,
  type NetworkDefinition,
} from "../../provider/libvirt/network";

/** Texts that libvirt 9.0 printed (`virsh net-dumpxml --inactive`; `.live`: without). */
const captured = (name: string) =>
  readFileSync(join(__dirname, "fixtures/libvirt", `network-${name}.xml`), "utf8").trim();
const names = ["lab", "two", "onbr", "iso"];

const nat: NetworkDefinition = {
  name: "lab",
  forward: { mode: "nat" },
  bridge: { stp: true, delay: 0 },
  mtu: 1400,
  domain: "lab.test",
  ips: [
    {
      address: "192.168.123.1",
      prefix: 24,
      family: "ipv4",
      dhcp: { ranges: [{ start: "192.168.123.2", end: "192.168.123.254", leaseTime: 3600 }], hosts: [] },
    },
    {
      address: "fd00:0:0:0::1",
      prefix: 64,
      family: "ipv6",
      dhcp: { ranges: [{ start: "fd00::10", end: "fd00::FF" }], hosts: [] },
    },
  ],
};
const change = (changes: Partial<NetworkDefinition>) => networkToXml({ ...nat, ...changes });
const [ip4, ip6] = nat.ips as [NetworkDefinition["ips"][0], NetworkDefinition["ips"][0]];
const desired = networkToXml(nat);
/** The lines in which two texts differ. */
const diff = (a: string, b: string) => {
  const [x, y] = [a.split("\n"), b.split("\n")];
  return { less: x.filter((line) => !y.includes(line)), more: y.filter((line) => !x.includes(line)) };
};

test("networkToXml prints as libvirt does", () => {
  expect(
    networkToXml({
      name: "a & b's",
      uuid: "d1ef6221-d8b8-4e83-8a7f-1a4f57bbd7cc",
      forward: { mode: "nat", dev: "eth0" },
      bridge: { name: "virbr7", stp: true, delay: 0 },
      mtu: 1400,
      domain: "lab.test",
      ips: [
        {
          ...ip4,
          dhcp: {
            ranges: [{ start: "192.168.123.2", end: "192.168.123.254", leaseTime: 3600 }],
            hosts: [{ mac: "52:54:00:00:00:01", name: "web", ip: "192.168.123.10" }],
          },
        },
        { address: "fd00::1", prefix: 64, family: "ipv6" },
      ],
    }),
  ).toBe(`<network>
  <name>a &amp; b&apos;s</name>
  <uuid>d1ef6221-d8b8-4e83-8a7f-1a4f57bbd7cc</uuid>
  <forward dev='eth0' mode='nat'/>
  <bridge name='virbr7' stp='on' delay='0'/>
  <mtu size='1400'/>
  <domain name='lab.test'/>
  <ip address='192.168.123.1' netmask='255.255.255.0'>
    <dhcp>
      <range start='192.168.123.2' end='192.168.123.254'>
        <lease expiry='3600' unit='seconds'/>
      </range>
      <host mac='52:54:00:00:00:01' name='web' ip='192.168.123.10'/>
    </dhcp>
  </ip>
  <ip family='ipv6' address='fd00::1' prefix='64'/>
</network>`);
});

test("networkFromXml reads what networkToXml writes, and what libvirt prints", () => {
  const definition = networkFromXml(desired);
  expect(definition).toEqual(nat);
  expect(networkToXml(definition)).toBe(desired);
  expect(networkFromXml(captured("two.live"))).toEqual({
    name: "two",
    uuid: expect.any(String) as string,
    forward: { mode: "nat", dev: "eth0" },
    bridge: { name: "virbr1", stp: true, delay: 0 },
    ips: [
      {
        address: "192.168.124.1",
        prefix: 24,
        family: "ipv4",
        dhcp: { ranges: [{ start: "192.168.124.2", end: "192.168.124.254" }], hosts: [] },
      },
    ],
  });
  expect(networkFromXml("<network/>")).toEqual({ name: "", ips: [] });
  const lease = (lease: string) =>
    networkFromXml(
      `<network><ip address='10.1.2.3'><dhcp><range start='a' end='b'>${lease}</range></dhcp></ip></network>`,
    );
  expect(lease("<lease expiry='2'/>").ips[0]).toMatchObject({ prefix: 8, dhcp: { ranges: [{ leaseTime: 120 }] } });
  expect(lease("<lease expiry='2' unit='hours'/>").ips[0]!.dhcp!.ranges[0]!.leaseTime).toBe(7200);
});

test.each([
  "<!DOCTYPE network [<!ENTITY x 'y'>]><network><name>&x;</name></network>",
  "<network><name>cut</na",
  "<network><name/>",
  "",
  "error: x",
])("what is not whole XML, or has a document type, is refused: %s", (text) =>
  expect(() => networkFromXml(text)).toThrow("not XML of libvirt"),
);

describe("mergeNetwork", () => {
  test.each(names)("of what is there already changes nothing: %s", (name) => {
    const merged = mergeNetwork(captured(name), captured(name));
    expect(mergeNetwork(merged, captured(name))).toBe(merged);
    expect(normal(merged)).toBe(normal(captured(name)));
  });

  test("keeps all that we do not model", () => {
    const merged = mergeNetwork(captured("lab"), change({ mtu: 9000, ips: [ip4] }));
    const { less, more } = diff(mergeNetwork(captured("lab"), captured("lab")), merged);
    expect(more).toEqual(["  <mtu size='9000'/>"]);
    expect(less.join("\n")).toBe(`  <mtu size='1400'/>
  <ip family='ipv6' address='fd00::1' prefix='64'>
      <range start='fd00::10' end='fd00::ff'/>
      <host id='0:3:0:1:0:16:3e:11:22:33' name='six' ip='fd00::20'/>`);
    for (const kept of [
      "text  &amp;#65; <b/> tail",
      "localOnly='yes'",
      "<tftp",
      "<bootp",
      "onlyname",
      "<lease expiry='0'/>",
      "<route",
      "dnsmasq:option value",
      "<mac",
    ])
      expect(merged).toContain(kept);
  });

  test("a bridge name and UUID that desired gives are put in place, others stay", () => {
    const uuid = "00000000-0000-4000-8000-000000000000";
    const merged = mergeNetwork(captured("lab"), change({ uuid, bridge: { name: "virbr-lab", stp: false } }));
    expect(merged).toContain(`<uuid>${uuid}</uuid>`);
    expect(merged).toContain("<bridge name='virbr-lab' stp='off'/>");
    expect(mergeNetwork(captured("lab"), change({ bridge: {} }))).toContain("<bridge name='virbr0'/>");
  });

  test("forward: another device takes its <interface> along, another mode all that belongs to the old one", () => {
    const { ips, ...two } = networkFromXml(captured("two"));
    expect(
      mergeNetwork(captured("two"), networkToXml({ ...two, ips, forward: { mode: "nat", dev: "br0" } })),
    ).toContain("<forward dev='br0' mode='nat'/>");
    expect(mergeNetwork(captured("two.live"), networkToXml({ ...two, ips, forward: { mode: "nat" } }))).toContain(
      "  <forward mode='nat'>\n    <nat>",
    );
    expect(mergeNetwork(captured("two.live"), networkToXml({ ...two, ips, forward: { mode: "route" } }))).toContain(
      "<forward mode='route'/>",
    );
    expect(mergeNetwork(captured("two"), networkToXml({ name: "two", ips }))).not.toContain("<forward");
  });

  test("another subnet keeps its <ip>'s own things, without the reservations that it can no longer give", () => {
    const moved = { ...ip4, address: "192.168.122.1", prefix: 23 };
    const merged = mergeNetwork(captured("lab"), change({ ips: [moved, ip6] }));
    expect(merged).toContain("<ip address='192.168.122.1' netmask='255.255.254.0'>\n    <tftp");
    expect(merged).toContain("name='a' ip='192.168.123.10'");
    const away = { address: "10.1.0.1", prefix: 24, family: "ipv4" } as const;
    const other = mergeNetwork(captured("lab"), change({ ips: [away, ip6] }));
    expect(other).not.toMatch(/192\.168\.123\.(10|11|254)'/);
    expect(other).toContain("<bootp");
  });

  test("reservations that desired names are changed in place, with their lease time", () => {
    const hosts = [
      { mac: "52:54:00:aa:00:01", ip: "192.168.123.20" },
      { mac: "52:54:00:aa:00:02", name: "b", ip: "192.168.123.21" },
    ];
    const merged = mergeNetwork(
      captured("lab"),
      change({ ips: [{ ...ip4, dhcp: { ranges: ip4.dhcp!.ranges, hosts } }, ip6] }),
    );
    expect(merged).toContain(`      <host mac='52:54:00:AA:00:01' name='a' ip='192.168.123.20'>
        <lease expiry='0'/>
      </host>
      <host name='onlyname' ip='192.168.123.11'/>
      <host mac='52:54:00:aa:00:02' name='b' ip='192.168.123.21'/>
      <bootp file='x.img'/>`);
  });

  test("is undone by merging what was there", () => {
    const before = captured("lab");
    for (const after of [
      change({ forward: { mode: "route" }, ips: [] }),
      networkToXml({ name: "lab", ips: [] }),
      change({ bridge: { name: "x" } }),
    ])
      expect(normal(mergeNetwork(mergeNetwork(before, after), before))).toBe(normal(before));
  });

  test("without a base is what is desired", () => expect(mergeNetwork(null, desired)).toBe(desired));
});

describe("networkView", () => {
  test.each([...names, ...names.map((name) => `${name}.live`)])(
    "is the desired text where it means the same: %s",
    (name) => {
      const text = captured(name);
      expect(networkView(text, text)).toBe(text);
      expect(networkView(text, captured(name.replace(".live", "")))).toBe(captured(name.replace(".live", "")));
    },
  );

  test("is the desired text whatever the host adds", () => {
    expect(networkView(captured("lab"), desired)).toBe(desired);
    expect(networkView(captured("lab.live"), desired)).toBe(desired);
    const plain = change({ bridge: {} });
    expect(networkView(captured("lab"), plain)).toBe(plain);
  });

  const cases: [string, string, string[], string[]][] = [
    ["mtu", change({ mtu: 1500 }), ["  <mtu size='1500'/>"], ["  <mtu size='1400'/>"]],
    ["no domain", networkToXml({ ...nat, domain: undefined } as never), [], ["  <domain name='lab.test'/>"]],
    ["mode", change({ forward: { mode: "route" } }), ["  <forward mode='route'/>"], ["  <forward mode='nat'/>"]],
    ["device", change({ forward: { mode: "nat", dev: "eth0" } }), ["  <forward dev='eth0' mode='nat'/>"], ["  <forward mode='nat'/>"]],
    ["stp", change({ bridge: { stp: false } }), ["  <bridge stp='off'/>"], ["  <bridge stp='on'/>"]],
    ["bridge", change({ bridge: { name: "b" } }), ["  <bridge name='b'/>"], ["  <bridge name='virbr0'/>"]],
    ["prefix", change({ ips: [{ ...ip4, prefix: 25 }, ip6] }), ["  <ip address='192.168.123.1' netmask='255.255.255.128'>"], ["  <ip address='192.168.123.1' netmask='255.255.255.0'>"]],
    ["lease time", change({ ips: [{ ...ip4, dhcp: { hosts: [], ranges: [{ ...ip4.dhcp!.ranges[0]!, leaseTime: 60 }] } }, ip6] }), ["        <lease expiry='60' unit='seconds'/>"], ["        <lease expiry='3600' unit='seconds'/>"]],
    ["reservation", change({ ips: [{ ...ip4, dhcp: { ...ip4.dhcp!, hosts: [{ mac: "52:54:00:aa:00:01", ip: "192.168.123.99" }] } }, ip6] }), ["      <host mac='52:54:00:aa:00:01' ip='192.168.123.99'/>"], ["      <host mac='52:54:00:aa:00:01' ip='192.168.123.10'/>"]],
  ]; // prettier-ignore
  test.each(cases)("names just what differs, and no longer after a merge: %s", (_, want, more, less) => {
    const view = networkView(captured("lab"), want);
    expect(diff(view, want)).toEqual({ more, less });
    expect(networkView(mergeNetwork(captured("lab"), want), want)).toBe(want);
  });

  test("an extra range, an extra <ip> and a forward device are differences", () => {
    const fewer = change({ ips: [{ ...ip4, dhcp: { ranges: [], hosts: [] } }] });
    expect(networkView(captured("lab"), fewer)).toMatch(
      /<range start='192[^]*<ip family='ipv6'[^]*<range start='fd00::10'/,
    );
    expect(networkView(captured("lab"), fewer)).not.toContain("<host");
    const { ips } = networkFromXml(captured("two"));
    expect(networkView(captured("two"), networkToXml({ name: "two", forward: { mode: "nat" }, ips }))).toContain(
      "dev='eth0'",
    );
  });
});

describe("reservations", () => {
  const [a, b] = ["52:54:00:aa:00:01", "52:54:00:bb:00:01"];

  test("are read with the MAC in lower case; those without a MAC are others'", () => {
    expect(reservations(captured("lab"))).toEqual({ [a]: { address: "192.168.123.10", name: "a" } });
    expect(reservations("<network/>")).toEqual({});
  });

  test("are set, changed and removed", () => {
    const added = setReservation(captured("lab"), b, { address: "192.168.123.12", name: "b" });
    expect(reservations(added)).toEqual({
      [a]: { address: "192.168.123.10", name: "a" },
      [b]: { address: "192.168.123.12", name: "b" },
    });
    expect(setReservation(added, a.toUpperCase(), { address: "192.168.123.13" })).toContain(
      "name='a' ip='192.168.123.13'>\n        <lease",
    );
    expect(normal(setReservation(added, b, null))).toBe(normal(captured("lab")));
    expect(reservations(setReservation(added, a, null))).toEqual({ [b]: { address: "192.168.123.12", name: "b" } });
  });

  test("a <dhcp> is made where there is none, and goes with its last reservation", () => {
    const bare = networkToXml({ name: "n", ips: [{ address: "10.0.0.1", prefix: 24, family: "ipv4" }, { address: "10.0.1.1", prefix: 24, family: "ipv4" }] }); // prettier-ignore
    const first = setReservation(bare, a, { address: "10.0.0.9" });
    const second = setReservation(first, a, { address: "10.0.1.9" });
    expect(second).toContain(
      `  <ip address='10.0.1.1' netmask='255.255.255.0'>\n    <dhcp>\n      <host mac='${a}' ip='10.0.1.9'/>`,
    );
    expect(reservations(second)).toEqual({ [a]: { address: "10.0.1.9" } });
    expect(setReservation(first, a, null)).toBe(bare);
  });

  test("an address that no subnet holds is refused", () => {
    expect(() => setReservation(captured("lab"), b, { address: "10.0.0.1" })).toThrow(
      "network lab has no subnet that holds 10.0.0.1 (192.168.123.1/24, fd00::1/64)",
    );
    expect(() => setReservation(captured("iso"), b, { address: "10.0.0.1" })).toThrow("(it has none)");
  });

  test("as elements for virsh net-update", () => {
    expect(reservationElement(b, { address: "192.168.123.12" })).toBe(`<host mac='${b}' ip='192.168.123.12'/>`);
    expect(reservationElement(a, { address: "192.168.123.12" }, captured("lab"))).toBe(
      "<host mac='52:54:00:aa:00:01' name='a' ip='192.168.123.12'><lease expiry='0'/></host>",
    );
    expect(parentIndex(captured("lab"), "192.168.123.12")).toBe(0);
    expect(parentIndex(captured("lab"), "fd00::5")).toBe(1);
    expect(parentIndex(captured("lab"), "10.0.0.1")).toBe(-1);
  });
});

/** Two spellings of the same XML that libvirt takes for one. */
function normal(xml: string): string {
  return xml
    .replaceAll('"', "'")
    .replace("it's", "it&apos;s")
    .replace(/<(\w+)([^>]*)>\s*<\/\1>/g, "<$1$2/>")
    .trim();
}
