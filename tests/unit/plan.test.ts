import type { Observed } from "../../provider/facts";
import { absent, differences, overlay, type HostState, type LinkState } from "../../provider/hostState";
import { plan } from "../../provider/plan";
import { capture, project } from "../../provider/project";
import { simulate } from "../../provider/simulate";
import { describedHost } from "../golden/simulatedHost";

const MAIN = "/etc/network/interfaces";
const STATIC =
  "auto lo\niface lo inet loopback\n\nallow-hotplug eth0\niface eth0 inet static\n\taddress 10.0.0.11/24\n\tgateway 10.0.0.1";
const networkXml = (start: string) =>
  `<network>\n  <name>lab</name>\n  <forward mode='nat'/>\n  <bridge stp='on' delay='0'/>\n  <ip address='192.168.123.1' netmask='255.255.255.0'>\n` +
  `    <dhcp>\n      <range start='${start}' end='192.168.123.254'/>\n    </dhcp>\n  </ip>\n</network>\n`;
const nic = (bridge: string) =>
  `<interface type='bridge'>\n  <mac address='52:54:00:00:00:01'/>\n  <source bridge='${bridge}'/>\n  <model type='virtio'/>\n</interface>\n`;
const domain = (devices: string) =>
  `<domain type='kvm'>\n  <name>web</name>\n  <devices>\n${devices}  </devices>\n</domain>\n`;
const network = (start: string) => ({
  xml: networkXml(start),
  active: true,
  autostart: true,
  persistent: true,
  leases: [],
});

const host = describedHost({
  files: {
    [MAIN]: STATIC,
    "/run/network/ifstate": "lo=lo\neth0=eth0\n",
    "/etc/sysctl.conf": "net.ipv4.ip_forward = 0\nvm.swappiness = 10\n",
  },
  links: {
    eth0: { mac: "52:54:00:aa:00:01", addresses: ["10.0.0.11/24"], routes: ["default via 10.0.0.1"] },
    eth1: { mac: "52:54:00:aa:00:02", up: false },
  },
  networks: { lab: { ...network("192.168.123.2"), liveXml: networkXml("192.168.123.2") } },
  domains: { web: { xml: domain(""), running: true, persistent: true, liveXml: domain("") } },
});
const dhcpHost = describedHost({
  facts: {
    dhcpClients: [
      { pid: 7, link: "eth0", family: 4, argv: ["dhclient", "-lf", "/var/lib/dhcp/dhclient.eth0.leases", "eth0"] },
    ],
  },
  links: { eth0: { mac: "52:54:00:aa:00:01" } },
  leased: {
    eth0: {
      addresses: ["10.0.0.151/24 brd 10.0.0.255 valid_lft 3412 preferred_lft 3412"],
      routes: ["default via 10.0.0.1"],
    },
  },
  files: { [MAIN]: "auto eth0\niface eth0 inet dhcp\n" },
});

const bridge = (link: Partial<LinkState>): LinkState => ({
  kind: "bridge", up: true, mac: "52:54:00:aa:00:01", bridge: { stp: false, forwardDelay: 0 }, dhcp4: false, dhcp6: false, addresses: [], routes: [], ...link,
}); // prettier-ignore
const port: LinkState = { up: true, master: "br0", dhcp4: false, dhcp6: false, addresses: [], routes: [] };

/** A change of each kind, and of several at once. */
const changes: readonly (readonly [string, Observed, HostState])[] = [
  ["a bridge over a NIC", host, { links: { br0: bridge({ addresses: ["10.0.0.11/24"], routes: ["default via 10.0.0.1"] }), eth0: port } }],
  ["a bridge over two", host, { links: { br0: bridge({ addresses: ["10.0.0.11/24", "fd00::1/64"] }), eth0: port, eth1: port } }],
  ["a bridge over DHCP", dhcpHost, { links: { br0: bridge({ dhcp4: true }), eth0: port } }],
  ["DHCP becomes static", dhcpHost, { links: { br0: bridge({ addresses: ["10.0.0.11/24"] }), eth0: port } }],
  ["a bridge without ports", host, { links: { br0: bridge({ mtu: 1400 }) } }],
  ["a NIC's addresses", host, { links: { eth0: { addresses: ["10.0.0.12/24"], routes: ["default via 10.0.0.2", "10.9.0.0/16 via 10.0.0.9 metric 5"] } } }],
  ["a NIC goes down", host, { links: { eth0: { up: false, mtu: 1400 } } }],
  ["files come, change and go", host, { files: { "/etc/new": "x", "/etc/sysctl.conf": null, [MAIN]: `${STATIC}\n# more\n` } }],
  ["sections", host, { sections: {
    [`${MAIN}#auto br0`]: "auto br0", [`${MAIN}#iface br0 inet`]: "iface br0 inet manual\n\tbridge_ports eth0",
    [`${MAIN}#iface eth0 inet`]: "iface eth0 inet manual", "/run/network/ifstate#br0": "br0=br0\n",
    "/etc/sysctl.conf#net.ipv4.ip_forward": "net.ipv4.ip_forward = 1\n" } }],
  ["sysctls", host, { sysctls: { "net.ipv4.ip_forward": "1" } }],
  ["a network changes", host, { networks: { lab: { xml: networkXml("192.168.123.50"), active: true, autostart: false, live: true } } }],
  ["a network stops", host, { networks: { lab: { xml: networkXml("192.168.123.2"), active: false, autostart: true, live: true } } }],
  ["a network goes", host, { networks: { lab: null } }],
  ["a network comes", host, { networks: { lab2: { xml: networkXml("192.168.123.2").replace(/lab/, "lab2"), active: true, autostart: true, live: true } } }],
  ["a guest's interface comes", host, { interfaces: { "web/52:54:00:00:00:01": { xml: nic("br0"), live: true } } }],
  ["a reservation comes", host, { reservations: { "lab/52:54:00:00:00:01": { address: "192.168.123.10" } } }],
  ["everything at once", host, {
    links: { br0: bridge({ addresses: ["10.0.0.11/24"] }), eth0: port }, files: { "/etc/network/interfaces.d/br0": "auto br0\n" },
    sections: { [`${MAIN}#iface eth0 inet`]: "iface eth0 inet manual" }, sysctls: { "net.ipv4.ip_forward": "1" },
    networks: { lab: { xml: networkXml("192.168.123.9"), active: true, autostart: true, live: true } },
    reservations: { "lab/52:54:00:00:00:01": { address: "192.168.123.10" } }, interfaces: { "web/52:54:00:00:00:01": { xml: nic("br0"), live: true } } }],
]; // prettier-ignore

/** What must come back: all that is text or says how links are; not what libvirt made of an XML without a change of meaning. */
const essence = ({ files, links, leased, sysctls, facts }: Observed) => ({
  files,
  links,
  leased,
  sysctls,
  clients: facts.dhcpClients,
});

describe.each(changes)("%s", (title, observed, desired) => {
  const after = simulate(observed, desired);
  const before = capture(observed, desired);

  test("is planned, and simulated leaves no difference", () => {
    expect(plan(desired, observed).ops).not.toEqual([]);
    expect(differences(desired, project(after, desired))).toEqual([]);
  });

  test("is nothing to do on a host that is so already", () => {
    const { ops, hazard } = plan(desired, after);
    expect(ops).toEqual([]);
    expect(hazard).toBeUndefined();
  });

  test("does not depend on the order of the keys", () => {
    const sorted = (value: unknown): unknown =>
      typeof value !== "object" || value === null || Array.isArray(value)
        ? value
        : Object.fromEntries(
            Object.entries(value)
              .sort(([a], [b]) => (a < b ? 1 : -1))
              .map(([key, of]) => [key, sorted(of)]),
          );
    const titles = (state: HostState) =>
      plan(state, observed)
        .ops.map(({ title }) => title.split(":")[0])
        .sort();
    expect(titles(sorted(desired) as HostState)).toEqual(titles(desired));
    expect(essence(simulate(observed, sorted(desired) as HostState))).toEqual(essence(after));
  });

  test("the way back, simulated, gives what was there: files byte for byte", () => {
    // A lease that was given up is the client's to get again; how it is kept for a revert is below.
    const back = { ...simulate(after, before), ...(title === "DHCP becomes static" && { leased: observed.leased }) };
    expect(essence(back)).toEqual(essence(observed));
    expect(differences(before, project(back, before))).toEqual([]);
  });

  test("and the way back is planned by the same planner, from the end of the way there", () => {
    const titles = plan(desired, observed).revert.map(({ title }) => title);
    for (const { title } of plan(before, after).ops) expect(titles).toContain(title);
  });

  test("done, given back and done again is done", () => {
    const again = simulate(simulate(after, before), desired);
    expect(essence(again)).toEqual(essence(after));
  });

  test("every step of it is one line of title, and a script", () => {
    const { ops, revert, guards } = plan(desired, observed);
    for (const op of [...ops, ...revert])
      expect([op.title.includes("\n"), op.script.trim() !== ""]).toEqual([false, true]);
    for (const { what, test } of guards) expect([what.includes("\n"), test.includes("\n")]).toEqual([false, false]);
  });
});

test("files are committed last, each is guarded, and what was read is what is guarded", () => {
  const { ops, guards } = plan(changes.at(-1)![2], host);
  const commits = ops.map(({ commit }) => commit === true);
  expect(commits.indexOf(true)).toBeGreaterThan(commits.lastIndexOf(false));
  expect(guards.map(({ what }) => what)).toEqual(
    expect.arrayContaining([
      "/etc/network/interfaces.d/br0",
      MAIN,
      "link br0",
      "link eth0",
      "network lab",
      "interface 52:54:00:00:00:01 of web",
    ]),
  );
});

test("of networkd's ports the one over which the host is reached goes first into the bridge, and comes out of it last", () => {
  const names = ["netdev", "network", "port-en1.network", "port-eth0.network"];
  const files = (text: string | null) =>
    Object.fromEntries(names.map((name) => [`/etc/systemd/network/05-kvmnet-br0.${name}`, text]));
  const links = (...addresses: string[]) =>
    ({ en1: { manager: "networkd", addresses: [] }, eth0: { manager: "networkd", addresses } }) as const;
  const order = (desired: HostState, found: HostState) =>
    plan(desired, { ...host, ...found } as Observed).ops.flatMap(
      ({ title }) => /(?<=05-kvmnet-br0\.).*/.exec(title) ?? [],
    );
  const written = ["netdev", "network", "port-eth0.network", "port-en1.network"];
  const [old, ours] = [
    { files: {}, links: links("10.0.0.11/24") },
    { files: files("x"), links: links() },
  ];
  expect(order(ours, old)).toEqual(written);
  expect(order({ ...old, files: files(null) }, ours)).toEqual(written.toReversed());
});

test("nothing desired is nothing to do, and nothing to guard", () => {
  expect(plan({}, host)).toEqual({ guards: [], ops: [], revert: [], settle: 0 });
});

test("absent of what is not there is nothing to do", () => {
  const [, , desired] = changes[0]!;
  expect(plan({ links: { br0: null } }, host).ops).toEqual([]);
  expect(plan(absent({ files: { "/etc/new": "x" }, networks: { other: null } }), host).ops).toEqual([]);
  expect(overlay(absent(desired), desired)).toEqual(desired);
});

describe("hazard", () => {
  test.each<[string, HostState, Observed, RegExp | undefined]>([
    ["the NIC of this SSH connection", changes[0]![2], host, /eth0 carries this SSH connection \(10\.0\.0\.11\)/],
    ["the NIC of the SSH connection, leased", changes[2]![2], { ...dhcpHost, facts: { ...dhcpHost.facts, ssh: { client: "x", server: "10.0.0.151" } } }, /SSH connection/],
    ["the default route", changes[0]![2], { ...host, facts: { ...host.facts, ssh: { client: "10.9.9.9", server: "10.9.9.8" } } }, /default route/],
    ["another NIC", { links: { eth1: { up: true } } }, host, undefined],
    ["a NIC that stays as it is", { links: { eth0: { up: true } } }, host, undefined],
    ["files alone", { files: { "/etc/new": "x" } }, host, undefined],
    ["a network", changes[10]![2], host, undefined],
    ["a bridge's port, of the bridge that carries it", { links: { eth0: { up: false } } }, simulate(host, changes[0]![2]), /br0 carries/],
    ["giving the bridge back", capture(host, changes[0]![2]), simulate(host, changes[0]![2]), /br0 carries/],
  ])("%s", (_, desired, observed, hazard) => {
    if (hazard) expect(plan(desired, observed).hazard).toMatch(hazard);
    else expect(plan(desired, observed).hazard).toBeUndefined();
  }); // prettier-ignore
});

test("no script of ours holds an unquoted word of a host's or a program's", () => {
  const nasty = `'; touch /tmp/pwned; '\n$(reboot)\`reboot\`"\\`;
  const { ops, guards } = plan(
    { files: { "/etc/x": nasty }, sysctls: { "net.ipv4.ip_forward": nasty } },
    describedHost({ files: { "/etc/x": "y" } }),
  );
  for (const text of [...ops.map(({ script }) => script), ...guards.map(({ test }) => test)]) {
    // Taken out what stands in single quotes, nothing of it is left.
    const bare = text.replaceAll("'\\''", "").replace(/'[^']*'/g, "");
    expect(bare).not.toMatch(/reboot|touch|pwned/);
  }
});

test("a bridge with STP is not seen before its ports forward: that counts for the confirmation", () => {
  const settle = (bridge: LinkState["bridge"]) =>
    plan({ links: { br0: { kind: "bridge", bridge: bridge! } } }, host).settle;
  expect(settle({ stp: true, forwardDelay: 15 })).toBe(30);
  expect(settle({ stp: false, forwardDelay: 0 })).toBe(0);
});

test.each(["a bridge over DHCP", "DHCP becomes static"])("%s: the lease comes back with a revert, at once", (title) => {
  const [, observed, desired] = changes.find(([name]) => name === title)!;
  const batch = plan(desired, observed).revert.find(({ title }) => title.startsWith("ip -batch"));
  expect(batch!.script).toContain(
    "addr add 10.0.0.151/24 brd 10.0.0.255 valid_lft 4294967294 preferred_lft 4294967294 dev eth0",
  );
  expect(batch!.script).toContain("route replace default via 10.0.0.1 dev eth0");
});
