import { HostSession } from "../../provider/host/session";
import { networkDifferences, networkToXml, networkView, type Network } from "../../provider/libvirt/network";
import { lifecycle } from "../../provider/lifecycle";
import type { Properties, ResourceDefinition } from "../../provider/resource";
import * as networks from "../../provider/resources/networks";
import { down, type LabHost } from "../lab/lab";
import { changed, contractHost, LocalTransport, snapshot } from "./hosts";

/** Every model of libvirt network on a real libvirt: what it takes is what it gives back, by hand or by program. */
const addressed = { address: "10.20.0.1/24", dhcp: { start: "10.20.0.2", end: "10.20.0.99" }, domain: "lab.example" };
const portgroups = [
  {
    name: "slow",
    default: true,
    bandwidth: { inbound: { average: 128, peak: 256, burst: 64 }, outbound: { average: 64 } },
  },
];
/** All that this libvirt knows, in values that a host of the lab can have: its kernel limits no bandwidth and filters no VLANs. */
const all = {
  ...addressed,
  ...{
    isolatedPorts: true,
    portgroups,
    metadata: "<a:team xmlns:a='http://a.example'>net<b/></a:team>",
    stp: false,
    delay: 1,
    mtu: 1400,
    guestIpv6: true,
  },
  dhcp: {
    ...addressed.dhcp,
    leaseTime: 3600,
    ranges: [{ start: "10.20.0.200", end: "10.20.0.250", leaseTime: 0 }],
    hosts: [{ mac: "52:54:00:00:00:01", address: "10.20.0.110", name: "web", leaseTime: 0 }],
    ...{ tftpRoot: "/srv", bootp: { file: "pxelinux.0", server: "10.20.0.3" } },
  },
  address6: "fd00:20::1/64",
  dhcp6: {
    ...{ start: "fd00:20::100", end: "fd00:20::1ff" },
    hosts: [
      { id: "0:3:0:1:52:54:0:0:0:1", name: "web", address: "fd00:20::10" },
      { name: "db", address: "fd00:20::11" },
    ],
  },
  addresses: ["10.21.0.1/24", "fd00:21::1/64"],
  routes: [
    { to: "10.29.0.0/16", via: "10.20.0.2" },
    { to: "fd00:29::/64", via: "fd00:20::2", metric: 5 },
  ],
  dns: {
    ...{ forwardPlainNames: false, localOnly: true, localPtr: true },
    forwarders: [{ address: "10.0.0.1" }, { domain: "corp.example", address: "10.0.0.2" }, { domain: "here.example" }],
    hosts: [{ address: "10.20.0.110", hostnames: ["web", "www"] }],
    srv: [
      { service: "ldap", protocol: "tcp", domain: "lab.example", target: "web", port: 389, priority: 1, weight: 2 },
    ],
    txt: [{ name: "note", value: `it's "here" & now` }],
  },
  dnsmasqOptions: ["cname=wiki,web"],
  forwardInterface: "eth0",
  nat: { address: { start: "10.0.0.5", end: "10.0.0.6" }, port: { start: 2000, end: 3000 }, ipv6: true },
};
/** Every section that libvirt changes live, and no other. */
const live = {
  ...all,
  forwardInterface: "lan0",
  portgroups: [
    { ...portgroups[0], default: false },
    { name: "fast", default: true },
  ],
  dhcp: {
    ...all.dhcp,
    end: "10.20.0.98",
    hosts: [
      { mac: "52:54:00:00:00:01", address: "10.20.0.111" },
      { mac: "52:54:00:00:00:02", address: "10.20.0.110" },
    ],
  },
  dhcp6: { ...all.dhcp6, hosts: [{ name: "db", address: "fd00:20::10" }] },
  dns: {
    ...all.dns,
    hosts: [
      { address: "10.20.0.110", hostnames: ["www"] },
      { address: "fd00:20::10", hostnames: ["db"] },
    ],
    srv: [{ service: "ldap", protocol: "udp" }],
    txt: [{ name: "note", value: "back\\slash" }],
  },
};
const { nat: _, ...unnated } = all;
const { forwardInterface: __, ...open } = unnated;
const cases: [unknown, Properties, then: Properties, shows: string][] = [
  [networks.natNetwork, all, live, "mode='nat'"],
  [networks.routedNetwork, unnated, addressed, "mode='route'"],
  [networks.openNetwork, addressed, open, "mode='open'"],
  [networks.hostOnlyNetwork, addressed, { ...addressed, domain: "other.example" }, "address='10.20.0.1'"],
  [networks.isolatedNetwork, { bridgeName: "virbr7", stp: false }, { bridgeName: "virbr7", mtu: 9000, portgroups }, "name='virbr7'"],
  [networks.bridgedNetwork, { bridge: "lan0", isolatedPorts: true }, { bridge: "lan1", portgroups }, "name='lan0'"],
]; // prettier-ignore

/** Of the network's bridge: another one is there after a bounce. */
const BRIDGE = "/sys/class/net/$(virsh -q net-info lab | awk '/^Bridge/ { print $2 }')";

let host: LabHost;
beforeAll(async () => {
  host = await contractHost("models");
  await host.must("for b in lan0 lan1; do ip link add $b type bridge; ip link set $b up; done");
});
afterAll(() => down());

/** What needs more of the kernel than this machine's has, or an Open vSwitch: libvirt takes it, and says it again as it is meant. */
test.each<[string, Network]>([
  [
    "nat",
    {
      forward: { mode: "nat" },
      bridge: { name: "virbr-t", zone: "lab", stp: true, delay: 0, macTableManager: "libvirt" },
      bandwidth: { inbound: { average: 1000, peak: 2000, burst: 512 }, outbound: { average: 1000 } },
      dns: { enable: false },
      ip: [{ address: "10.30.0.1", prefix: 24, family: "ipv4" }],
    },
  ],
  [
    "bridge",
    {
      forward: { mode: "bridge" },
      bridge: { name: "ovs0" },
      vlan: { trunk: true, tag: [{ id: 42, nativeMode: "untagged" }, { id: 47 }] },
      virtualport: { type: "openvswitch", parameters: { interfaceid: "09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f" } },
      portgroup: [
        {
          ...{ name: "dmz", default: true, vlan: { tag: [{ id: 48 }] }, bandwidth: { outbound: { average: 10 } } },
          virtualport: { type: "openvswitch", parameters: { profileid: "dmz" } },
        },
      ],
    },
  ],
])("a definition that no network of the lab can start from: %s", async (_, values) => {
  const xml = networkToXml({ name: { text: "defined" }, ...values });
  await host.must(`printf %s "${xml.replaceAll('"', '\\"')}" | virsh -q net-define /dev/stdin`);
  const found = await host.must("virsh -q net-dumpxml --inactive defined");
  await host.must("virsh -q net-undefine defined");
  expect(networkDifferences(found, xml)).toEqual([]);
  expect(networkView(found, xml)).toBe(xml);
});

test.each(cases.map((row) => [(row[0] as ResourceDefinition<never>).type, row] as const))(
  "%s: made, found again, changed, healed, given back",
  async (type, [definition, args, then, shows]) => {
    const urn = `urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:${type}::lab`;
    const stack = () =>
      lifecycle(definition as ResourceDefinition<never>, () => new HostSession(new LocalTransport(host), 10));
    const check = async (olds: Properties, news: Properties) => {
      const { inputs, failures } = await stack().check({ ...olds }, { ...news, __urn: urn });
      expect(failures).toBeUndefined();
      return inputs;
    };
    const before = await snapshot(host);
    const first = await check({}, args);
    const { id, outs } = await stack().create(first);
    expect(await host.must("virsh net-dumpxml lab")).toContain(shows);
    expect(outs["uuid"]).toMatch(/^[0-9a-f-]{36}$/);
    const again = await check(first, args);
    expect(await stack().diff(id, outs, again)).toMatchObject({ changes: false });
    expect((await stack().read(id, outs)).inputs).toMatchObject({ networks: first["networks"] });

    const second = await check(first, then);
    expect(await stack().diff(id, outs, second)).toMatchObject({ changes: true, replaces: [] });
    const started = await host.must(`cat ${BRIDGE}/ifindex`);
    const changedOuts = (await stack().update(id, outs, second)).outs;
    if (then === live) expect(await host.must(`cat ${BRIDGE}/ifindex`)).toBe(started);
    expect(await stack().diff(id, changedOuts, await check(second, then))).toMatchObject({ changes: false });

    // By hand: stopped. A refresh says so, and the next update starts it.
    await host.must("virsh -q net-destroy lab");
    const found = await stack().read(id, changedOuts);
    expect(found.inputs).not.toMatchObject({ networks: second["networks"] });
    await stack().update(id, found.props!, second);
    expect((await host.must("virsh -q net-list --name")).trim()).toBe("lab");

    await stack().delete(id, changedOuts);
    expect(changed(before, await snapshot(host))).toEqual([]);
  },
);
