import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  mergeNetwork,
  networkFromXml,
  networkToXml,
  networkDifferences,
  networkOf,
  networkView,
  reservations,
  setReservation,
  type Network,
  type NetworkIp,
} from "../../provider/libvirt/network";
import { liveUpdate, reservationUpdates } from "../../provider/libvirt/networkUpdate";

/** Texts that libvirt 9.0 printed (`virsh net-dumpxml --inactive`; `.live`: without). */
const captured = (name: string) =>
  readFileSync(join(__dirname, "fixtures/libvirt", `network-${name}.xml`), "utf8").trim();
const names = ["lab", "two", "onbr", "iso"];

const range4 = { start: "192.168.123.2", end: "192.168.123.254", leaseTime: 3600 };
const ip4: NetworkIp = {
  family: "ipv4",
  address: "192.168.123.1",
  prefix: 24,
  tftp: { root: "/srv" },
  dhcp: { range: [range4], bootp: { file: "x.img" } },
};
const ip6: NetworkIp = {
  family: "ipv6",
  address: "fd00::1",
  prefix: 64,
  dhcp: { range: [{ start: "fd00::10", end: "fd00::ff" }] },
};
/** What the captured network `lab` has of all that we model. */
const nat: Network = {
  name: { text: "lab" },
  forward: { mode: "nat" },
  bridge: { stp: true, delay: 0 },
  mtu: { size: 1400 },
  domain: { name: "lab.test", localOnly: true },
  dns: { host: [{ ip: "192.168.123.1", hostname: [{ text: "gw" }] }] },
  ip: [ip4, ip6],
  route: [{ family: "ipv4", address: "10.9.0.0", prefix: 16, gateway: "192.168.123.2" }],
  portgroup: [{ name: "pg1", default: true }],
  "dnsmasq:options": { "dnsmasq:option": [{ value: "log-queries" }] },
};
const change = (changes: Network) => networkToXml({ ...nat, ...changes });
const desired = networkToXml(nat);
const host = (mac: string, ip: string, name?: string) => ({ mac, ...(name && { name }), ip });
const withHosts = (...hosts: NonNullable<NonNullable<NetworkIp["dhcp"]>["host"]>) =>
  change({ ip: [{ ...ip4, dhcp: { ...ip4.dhcp, host: hosts } }, ip6] });
/** The lines in which two texts differ. */
const diff = (a: string, b: string) => {
  const [x, y] = [a.split("\n"), b.split("\n")];
  return { less: x.filter((line) => !y.includes(line)), more: y.filter((line) => !x.includes(line)) };
};

test("networkToXml prints as libvirt does", () => {
  expect(
    networkToXml({
      ...nat,
      name: { text: "a & b's" },
      uuid: { text: "d1ef6221-d8b8-4e83-8a7f-1a4f57bbd7cc" },
      forward: { dev: "eth0", mode: "nat" },
      bridge: { name: "virbr7", stp: true, delay: 0 },
      ip: [
        { ...ip4, dhcp: { range: [range4], host: [host("52:54:00:00:00:01", "192.168.123.10", "web")] } },
        { family: "ipv6", address: "fd00::1", prefix: 64 },
      ],
    }),
  ).toBe(`<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>
  <name>a &amp; b&apos;s</name>
  <uuid>d1ef6221-d8b8-4e83-8a7f-1a4f57bbd7cc</uuid>
  <forward dev='eth0' mode='nat'/>
  <bridge name='virbr7' stp='on' delay='0'/>
  <mtu size='1400'/>
  <domain name='lab.test' localOnly='yes'/>
  <dns>
    <host ip='192.168.123.1'>
      <hostname>gw</hostname>
    </host>
  </dns>
  <ip address='192.168.123.1' netmask='255.255.255.0'>
    <tftp root='/srv'/>
    <dhcp>
      <range start='192.168.123.2' end='192.168.123.254'>
        <lease expiry='3600' unit='seconds'/>
      </range>
      <host mac='52:54:00:00:00:01' name='web' ip='192.168.123.10'/>
    </dhcp>
  </ip>
  <ip family='ipv6' address='fd00::1' prefix='64'/>
  <route address='10.9.0.0' netmask='255.255.0.0' gateway='192.168.123.2'/>
  <portgroup name='pg1' default='yes'/>
  <dnsmasq:options>
    <dnsmasq:option value='log-queries'/>
  </dnsmasq:options>
</network>`);
});

test("networkOf reads what networkToXml writes, and what libvirt prints", () => {
  expect(networkDifferences(desired, desired)).toEqual([]);
  expect(networkOf(desired)).toEqual(nat);
  expect(networkDifferences(captured("lab"), desired)).toEqual([]);
  expect(networkFromXml(captured("two.live"))).toEqual({
    name: "two",
    uuid: expect.any(String) as string,
    mode: "nat",
    bridge: { name: "virbr1", stp: true, delay: 0 },
    ips: [{ address: "192.168.124.1", prefix: 24, family: "ipv4" }],
  });
  expect(networkOf("<network/>")).toEqual({});
  const lease = (lease: string) =>
    networkOf(
      `<network><ip address='10.1.2.3'><dhcp><range start='10.1.2.4' end='10.1.2.5'>${lease}</range></dhcp></ip></network>`,
    ).ip![0]!;
  expect(lease("<lease expiry='2'/>")).toMatchObject({ prefix: 8, dhcp: { range: [{ leaseTime: 120 }] } });
  expect(lease("<lease expiry='2' unit='hours'/>").dhcp!.range![0]!.leaseTime).toBe(7200);
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
    const merged = mergeNetwork(captured("lab"), change({ mtu: { size: 9000 }, ip: [ip4] }));
    const { less, more } = diff(mergeNetwork(captured("lab"), captured("lab")), merged);
    expect(more).toEqual(["  <mtu size='9000'/>"]);
    expect(less.join("\n")).toBe(`  <mtu size='1400'/>
  <ip family='ipv6' address='fd00::1' prefix='64'>
      <range start='fd00::10' end='fd00::ff'/>
      <host id='0:3:0:1:0:16:3e:11:22:33' name='six' ip='fd00::20'/>`);
    for (const kept of ["text  &amp;#65; <b/> tail", "onlyname", "<lease expiry='0'/>", "<mac"])
      expect(merged).toContain(kept);
  });

  test("removes all that is modelled and not said, but for reservations", () => {
    const merged = mergeNetwork(captured("lab"), networkToXml({ name: { text: "lab" }, ip: [{ ...ip4, tftp: undefined, dhcp: {} }] })); // prettier-ignore
    for (const gone of [
      "<forward",
      "<mtu",
      "<domain",
      "<dns",
      "tftp",
      "<range",
      "bootp",
      "<route",
      "portgroup",
      "dnsmasq",
    ])
      expect(merged).not.toContain(gone);
    expect(merged).toContain("name='a' ip='192.168.123.10'");
  });

  test("a bridge name and UUID that desired gives are put in place, others stay", () => {
    const uuid = "00000000-0000-4000-8000-000000000000";
    const merged = mergeNetwork(
      captured("lab"),
      change({ uuid: { text: uuid }, bridge: { name: "virbr-lab", stp: false } }),
    );
    expect(merged).toContain(`<uuid>${uuid}</uuid>`);
    expect(merged).toContain("<bridge name='virbr-lab' stp='off' delay='0'/>");
    expect(mergeNetwork(captured("lab"), change({ bridge: {} }))).toContain("<bridge name='virbr0' stp='on'");
  });

  test("forward: another device takes its <interface> along, another mode all that belongs to the old one", () => {
    const two = (forward: Network["forward"]) =>
      networkToXml({ name: { text: "two" }, ip: networkOf(captured("two"))["ip"], ...(forward && { forward }) });
    expect(mergeNetwork(captured("two"), two({ mode: "nat", dev: "br0" }))).toContain(
      "<forward dev='br0' mode='nat'>\n    <interface dev='br0'/>",
    );
    expect(mergeNetwork(captured("two.live"), two({ mode: "nat" }))).toContain("  <forward mode='nat'>\n    <nat>");
    expect(mergeNetwork(captured("two.live"), two({ mode: "route" }))).toContain("<forward mode='route'/>");
    expect(mergeNetwork(captured("two"), two(undefined))).not.toContain("<forward");
  });

  test("another subnet keeps its <ip>'s own things, without the reservations that it can no longer give", () => {
    const moved = { ...ip4, address: "192.168.122.1", prefix: 23 };
    const merged = mergeNetwork(captured("lab"), change({ ip: [moved, ip6] }));
    expect(merged).toContain("<ip address='192.168.122.1' netmask='255.255.254.0'>\n    <tftp");
    expect(merged).toContain("name='a' ip='192.168.123.10'");
    const away: NetworkIp = { ...ip4, address: "10.1.0.1", dhcp: { bootp: { file: "x.img" } } };
    const other = mergeNetwork(captured("lab"), change({ ip: [away, ip6] }));
    expect(other).not.toMatch(/192\.168\.123\.(10|11|254)'/);
    expect(other).toContain("<bootp");
  });

  test("reservations that desired names are changed in place, with their lease time", () => {
    const merged = mergeNetwork(
      captured("lab"),
      withHosts(host("52:54:00:aa:00:01", "192.168.123.20"), host("52:54:00:aa:00:02", "192.168.123.21", "b")),
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
      change({ forward: { mode: "route" }, ip: [] }),
      networkToXml({ name: { text: "lab" } }),
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
    ["mtu", change({ mtu: { size: 1500 } }), ["  <mtu size='1500'/>"], ["  <mtu size='1400'/>"]],
    ["no domain", change({ domain: undefined }), [], ["  <domain name='lab.test' localOnly='yes'/>"]],
    ["mode", change({ forward: { mode: "route" } }), ["  <forward mode='route'/>"], ["  <forward mode='nat'/>"]],
    ["device", change({ forward: { mode: "nat", dev: "eth0" } }), ["  <forward dev='eth0' mode='nat'/>"], ["  <forward mode='nat'/>"]],
    ["stp", change({ bridge: { stp: false } }), ["  <bridge stp='off'/>"], ["  <bridge stp='on'/>"]],
    ["bridge", change({ bridge: { name: "b" } }), ["  <bridge name='b'/>"], ["  <bridge name='virbr0'/>"]],
    ["prefix", change({ ip: [{ ...ip4, prefix: 25 }, ip6] }), ["  <ip address='192.168.123.1' netmask='255.255.255.128'>"], ["  <ip address='192.168.123.1' netmask='255.255.255.0'>"]],
    ["lease time", change({ ip: [{ ...ip4, dhcp: { ...ip4.dhcp, range: [{ ...range4, leaseTime: 60 }] } }, ip6] }), ["        <lease expiry='60' unit='seconds'/>"], ["        <lease expiry='3600' unit='seconds'/>"]],
    ["reservation", withHosts(host("52:54:00:aa:00:01", "192.168.123.99")), ["      <host mac='52:54:00:aa:00:01' ip='192.168.123.99'/>"], ["      <host mac='52:54:00:aa:00:01' ip='192.168.123.10'/>"]],
    ["DNS host", change({ dns: { host: [{ ip: "192.168.123.1", hostname: [{ text: "other" }] }] } }), ["      <hostname>other</hostname>"], ["      <hostname>gw</hostname>"]],
    ["route", change({ route: [{ ...nat.route![0]!, gateway: "192.168.123.3" }] }), ["  <route address='10.9.0.0' netmask='255.255.0.0' gateway='192.168.123.3'/>"], ["  <route address='10.9.0.0' netmask='255.255.0.0' gateway='192.168.123.2'/>"]],
    ["option", change({ "dnsmasq:options": undefined }), ["<network>"], ["<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>", "  <dnsmasq:options>", "    <dnsmasq:option value='log-queries'/>", "  </dnsmasq:options>"]],
  ]; // prettier-ignore
  test.each(cases)("names just what differs, and no longer after a merge: %s", (_, want, more, less) => {
    const view = networkView(captured("lab"), want);
    expect(diff(view, want)).toEqual({ more, less });
    expect(networkView(mergeNetwork(captured("lab"), want), want)).toBe(want);
  });

  test("an extra range, an extra <ip> and a forward device are differences", () => {
    const fewer = change({ ip: [{ ...ip4, dhcp: { bootp: { file: "x.img" } } }] });
    expect(networkView(captured("lab"), fewer)).toMatch(
      /<range start='192[^]*<ip family='ipv6'[^]*<range start='fd00::10'/,
    );
    expect(networkView(captured("lab"), fewer)).not.toContain("<host mac");
    const two = networkToXml({ name: { text: "two" }, forward: { mode: "nat" }, ip: networkOf(captured("two"))["ip"] });
    expect(networkView(captured("two"), two)).toContain("dev='eth0'");
  });
});

describe("reservations", () => {
  const [a, b] = ["52:54:00:aa:00:01", "52:54:00:bb:00:01"];

  /** Those of the captured network for a host name alone, and for a DUID. */
  const rest = {
    onlyname: { address: "192.168.123.11", name: "onlyname" },
    "0:3:0:1:0:16:3e:11:22:33": { address: "fd00::20", name: "six" },
  };

  test("are read with the MAC in lower case; those without one by their DUID or name", () => {
    expect(reservations(captured("lab"))).toEqual({ [a]: { address: "192.168.123.10", name: "a", leaseTime: 0 }, ...rest }); // prettier-ignore
    expect(reservations("<network/>")).toEqual({});
  });

  test("are set, changed and removed", () => {
    const added = setReservation(captured("lab"), b, { address: "192.168.123.12", name: "b" });
    expect(reservations(added)).toEqual({
      [a]: { address: "192.168.123.10", name: "a", leaseTime: 0 },
      [b]: { address: "192.168.123.12", name: "b" },
      ...rest,
    });
    expect(setReservation(added, a.toUpperCase(), { address: "192.168.123.13" })).toContain(
      "name='a' ip='192.168.123.13'>\n        <lease",
    );
    expect(normal(setReservation(added, b, null))).toBe(normal(captured("lab")));
    expect(reservations(setReservation(added, a, null))).toEqual({
      [b]: { address: "192.168.123.12", name: "b" },
      ...rest,
    });
  });

  test("a <dhcp> is made where there is none, and goes with its last reservation", () => {
    const subnet = (address: string): NetworkIp => ({ family: "ipv4", address, prefix: 24 });
    const bare = networkToXml({ name: { text: "n" }, ip: [subnet("10.0.0.1"), subnet("10.0.1.1")] });
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

  const say = (reservations: Parameters<typeof reservationUpdates>[2]) =>
    reservationUpdates("lab", captured("lab"), reservations);

  test("are changed by virsh net-update: modified in place, with what nobody speaks of; a new one is added", () => {
    expect(say({ [a]: { address: "192.168.123.12" }, [b]: { address: "192.168.123.13" } })).toEqual([
      {
        there: "<host mac='52:54:00:AA:00:01'",
        then: `net-update --network "lab" modify ip-dhcp-host "<host mac='52:54:00:AA:00:01' name='a' ip='192.168.123.12'><lease expiry='0'/></host>" --parent-index 0`,
        otherwise: expect.stringContaining(" add-last ip-dhcp-host ") as string,
      },
      {
        there: `<host mac='${b}'`,
        then: expect.stringContaining(" modify ip-dhcp-host ") as string,
        otherwise: `net-update --network "lab" add-last ip-dhcp-host "<host mac='${b}' ip='192.168.123.13'/>" --parent-index 0`,
      },
    ]);
    expect(say({ [a]: null })).toMatchObject([
      { then: expect.stringMatching(/ delete ip-dhcp-host "<host mac=[^ ]*\/>" --parent-index 0$/), otherwise: "" },
    ]);
  });

  test("one that takes another's address, or is for a DUID, is deleted and added: libvirt would modify that other one", () => {
    const verbs = (updates: ReturnType<typeof say>) => updates.map(({ then }) => then.split(" ")[3]);
    expect(verbs(say({ [a]: { address: "192.168.123.11" }, onlyname: { address: "192.168.123.10" } }))).toEqual([
      ...["delete", "delete", "add-last", "add-last"],
    ]);
    const [remove, add] = say({ "0:3:0:1:0:16:3e:11:22:33": { address: "fd00::21" } });
    expect(remove!.there).toBe("<host id='0:3:0:1:0:16:3e:11:22:33'");
    expect(add!.then).toMatch(/name='.*six.* --parent-index 1$/);
  });
});

describe("a running network", () => {
  const verbs = (want: string, live = captured("lab.live")) => {
    const { label, updates } = liveUpdate("lab", live, want) ?? {};
    const words = (command: string) =>
      command.replace('net-update --network "lab" ', "").split(" ").slice(0, 2).join(" ");
    return label && [label, ...updates!.map(({ then, otherwise }) => words(then || otherwise))];
  };
  const dns = (changes: NonNullable<Network["dns"]>) => change({ dns: { ...nat.dns, ...changes } });

  test("is changed live where libvirt can, with the label of the most that it does", () => {
    expect(verbs(change({ portgroup: [{ name: "pg1" }, { name: "pg2" }] }))).toEqual(["live", "modify portgroup", "add-last portgroup"]); // prettier-ignore
    expect(verbs(change({ forward: { mode: "nat", dev: "eth0" } }))).toEqual(["live", "add-last forward-interface"]);
    expect(verbs(dns({ host: [{ ip: "192.168.123.1", hostname: [{ text: "x" }] }] }))).toEqual(["dnsmasq reload", "delete dns-host", "add-last dns-host"]); // prettier-ignore
    expect(verbs(dns({ txt: [{ name: "a", value: "b c" }], host: [] }))).toEqual(["dnsmasq restart", "delete dns-host", "add-last dns-txt"]); // prettier-ignore
    expect(verbs(dns({ srv: [{ service: "ldap", protocol: "tcp" }] }))).toEqual(["dnsmasq restart", "add-last dns-srv"]); // prettier-ignore
    expect(verbs(change({ ip: [{ ...ip4, dhcp: { bootp: { file: "x.img" } } }, ip6] }))).toEqual(["dnsmasq restart", "delete ip-dhcp-range"]); // prettier-ignore
    expect(verbs(change({ metadata: { xml: "<a:b xmlns:a='http://a'/>" } }))).toEqual(["live"]);
    expect(verbs(change({ title: { text: "known to the persistent definition alone" } }))).toEqual(["live"]);
  });

  test("deletes a DNS host by its address: by its names, libvirt would find others", () => {
    const { updates } = liveUpdate("lab", captured("lab.live"), change({ dns: undefined }))!;
    expect(updates[0]!.then).toBe(`net-update --network "lab" delete dns-host "<host ip='192.168.123.1'/>"`);
  });

  test("has one default portgroup at any time", () =>
    expect(verbs(change({ portgroup: [{ name: "new", default: true }, { name: "pg1" }] }))).toEqual(["live", "modify portgroup", "add-last portgroup"])); // prettier-ignore

  const bounces: Network[] = [
    { mtu: { size: 1500 } }, { domain: { name: "lab.test" } }, { bridge: { stp: false } }, { bridge: { zone: "x" } }, { route: [] },
    { dns: { ...nat.dns, forwarder: [{ addr: "10.0.0.1" }] } }, { dns: { ...nat.dns, enable: false } }, { ip: [ip4] }, { "dnsmasq:options": undefined },
    { ip: [{ ...ip4, tftp: { root: "/x" } }, ip6] }, { forward: { mode: "nat", nat: { ipv6: true } } }, { port: { isolated: true } },
    { bandwidth: { inbound: { average: 100 } } }, { mtu: { size: 1500 }, portgroup: [] }, { forward: { mode: "route" } },
  ]; // prettier-ignore
  test.each(bounces.map((changes) => [JSON.stringify(changes), changes] as const))("starts anew for %s", (_, changes) =>
    expect(liveUpdate("lab", captured("lab.live"), change(changes))).toBeUndefined(),
  );
});

/** Two spellings of the same XML that libvirt takes for one. */
function normal(xml: string): string {
  return xml
    .replaceAll('"', "'")
    .replace("it's", "it&apos;s")
    .replace(/<(\w+)([^>]*)>\s*<\/\1>/g, "<$1$2/>")
    .trim();
}
