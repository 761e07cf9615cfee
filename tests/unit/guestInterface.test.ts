import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { log } from "../../provider/host/log";
import { lifecycle } from "../../provider/lifecycle";
import { guestConfig } from "../../provider/resources/guestConfig";
import { guestInterface } from "../../provider/resources/guestInterface";
import type { ResourceDefinition } from "../../provider/resource";
import { cloudInitNetworkConfig } from "../../sdk";
import { guestConfigs, MAC, STATIC } from "../guestConfigs";
import { describedHost, SimulatedHost, type Described } from "../golden/simulatedHost";

/** What the host says against an interface: the properties, and why. */
async function refused(args: object, described: Described): Promise<Record<string, string>> {
  const host = new SimulatedHost(describedHost(described));
  const resource = lifecycle(guestInterface as ResourceDefinition<never>, () => host.session);
  jest.spyOn(log, "warning").mockResolvedValue();
  const __urn = "urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:GuestInterface::x";
  const { failures = [] } = await resource.check({}, { domain: "web", mac: MAC, ...args, __urn });
  return Object.fromEntries(failures.map(({ property, reason }) => [property, reason]));
}

const domain = (devices: string, os = "") => ({
  xml: `<domain type='kvm'>\n  <name>web</name>\n  <os>\n    <type>hvm</type>\n    ${os}\n  </os>\n  <devices>${devices}</devices>\n</domain>`,
  running: false,
  persistent: true,
});
const network = (more: string) => ({
  xml: `<network>\n  <name>lab</name>\n  ${more}\n  <ip address='10.0.0.1' prefix='24'><dhcp><host mac='52:54:00:00:00:09' ip='10.0.0.9'/></dhcp></ip>\n</network>`,
  active: true,
  autostart: true,
  persistent: true,
  leases: [],
});
const plain = { domains: { web: domain("") }, networks: { lab: network("") } };
const disk = "<disk><boot order='2'/></disk>";
const other = "<interface type='bridge'><mac address='52:54:00:00:00:02'/><target dev='web-lan'/></interface>";
const ovs = "<virtualport type='openvswitch'/>";

test.each<[string, object, Described, Record<string, RegExp>]>([
  [
    "a tag on a Linux bridge",
    { bridge: "br0", vlan: { tags: [{ id: 42 }] } },
    plain,
    { vlan: /^needs libvirt 11\.0, kvm1 has 9\.0\.0; before that libvirt tags only what is on Open vSwitch$/ },
  ],
  [
    "a tag there, with a newer libvirt",
    { bridge: "br0", vlan: { tags: [{ id: 42 }] } },
    { ...plain, facts: { libvirtVersion: "11.0.0" } },
    {},
  ],
  [
    "a tag in a network on Open vSwitch",
    { network: "lab", vlan: { tags: [{ id: 1, nativeMode: "untagged" }, { id: 2 }] } },
    { ...plain, networks: { lab: network(ovs) } },
    {},
  ],
  [
    "passt with an old libvirt",
    { user: "passt" },
    { ...plain, facts: { libvirtVersion: "8.10.0", commands: ["passt"] } },
    { user: /^needs libvirt 9\.0, kvm1 has 8\.10\.0$/ },
  ],
  ["passt that is not there", { user: "passt" }, plain, { user: /^passt is not installed on kvm1/ }],
  ["passt that is", { user: "passt" }, { ...plain, facts: { commands: ["passt"] } }, {}],
  [
    "a port group that is not there",
    { network: "lab", portgroup: "b" },
    { ...plain, networks: { lab: network("<portgroup name='a'/>") } },
    { portgroup: /no port group b \(it has a\)$/ },
  ],
  [
    "a share of nothing",
    { network: "lab", bandwidth: { inbound: { average: 2, floor: 1 } } },
    plain,
    { "bandwidth.inbound.floor": /^network lab has no inbound bandwidth/ },
  ],
  [
    "a share of something",
    { network: "lab", bandwidth: { inbound: { average: 2, floor: 1 } } },
    { ...plain, networks: { lab: network("<bandwidth>\n    <inbound average='9'/></bandwidth>") } },
    {},
  ],
  [
    "a share on a bridge",
    { bridge: "br0", bandwidth: { inbound: { average: 2, floor: 1 } } },
    plain,
    { "bandwidth.inbound.floor": /a bridge has none/ },
  ],
  [
    "an order where the guest has another kind",
    { bridge: "br0", bootOrder: 1 },
    { domains: { web: domain("", "<boot dev='hd'/>") } },
    { bootOrder: /^web on kvm1 boots by <os><boot/ },
  ],
  [
    "an order that is taken",
    { bridge: "br0", bootOrder: 2 },
    { domains: { web: domain(disk) } },
    { bootOrder: /another device of web on kvm1 is number 2 already/ },
  ],
  ["the next order", { bridge: "br0", bootOrder: 1 }, { domains: { web: domain(disk) } }, {}],
  [
    "another interface's tap",
    { bridge: "br0", tapName: "web-lan" },
    { domains: { web: domain(other) } },
    { tapName: /web-lan on kvm1 is interface 52:54:00:00:00:02 of guest web/ },
  ],
  [
    "somebody else's device",
    { bridge: "br0", tapName: "wg0" },
    { ...plain, links: { wg0: {} } },
    { tapName: /there is a network device wg0 on kvm1 already/ },
  ],
  [
    "a filter that is not there",
    { bridge: "br0", filter: { name: "clean" } },
    { ...plain, facts: { filters: ["clean-traffic"] } },
    { "filter.name": /has no filter clean / },
  ],
  ["a filter that is, or that nobody knows of", { bridge: "br0", filter: { name: "clean-traffic" } }, plain, {}],
  [
    "a guest's own address outside",
    { network: "lab", address: "10.0.1.5/24" },
    plain,
    { address: /is in no subnet of network lab/ },
  ],
  [
    "a guest's own address that is reserved",
    { network: "lab", address: "10.0.0.9/24" },
    plain,
    { address: /is reserved for 52:54:00:00:00:09/ },
  ],
  ["a guest's own address", { network: "lab", address: "10.0.0.5/24", gateway: "10.0.0.1" }, plain, {}],
  [
    "queues of what it was found to be",
    { bridge: "br0", queues: 2, adopt: true },
    {
      domains: { web: domain(other.replace("52:54:00:00:00:02", MAC).replace("</int", "<model type='e1000'/></int")) },
    },
    { queues: /its model is e1000$/ },
  ],
])("%s", async (_, args, described, reasons) =>
  // prettier-ignore
  expect(await refused(args, described)).toEqual(
    Object.fromEntries(Object.entries(reasons).map(([property, reason]) => [property, expect.stringMatching(reason)])),
  ),
);

describe("what is typed into a guest", () => {
  const name = "enx525400ad4c86";
  test.each(guestConfigs)("YAML for netplan and cloud-init (%s)", (_, spec) => {
    const { netplan, cloudInit } = guestConfig(spec);
    const addresses = [spec.address, spec.address6].filter(Boolean);
    const common = {
      match: { macaddress: MAC },
      dhcp4: spec.address === undefined,
      ...(addresses.length > 0 && { addresses }),
      ...(spec.nameservers && { nameservers: { addresses: spec.nameservers, search: spec.searchDomains } }),
      ...(spec.mtu && { mtu: spec.mtu }),
    };
    const routes = [
      ...(spec.gateway ? [{ to: "0.0.0.0/0", via: spec.gateway }] : []),
      ...(spec.gateway6 ? [{ to: "::/0", via: spec.gateway6 }] : []),
    ];
    expect(parse(netplan)).toEqual({ network: { version: 2, ethernets: { [name]: { ...common, ...(routes.length > 0 && { routes }) } } } }); // prettier-ignore
    const gateways = { ...(spec.gateway && { gateway4: spec.gateway }), ...(spec.gateway6 && { gateway6: spec.gateway6 }) }; // prettier-ignore
    expect(parse(cloudInit)).toEqual({ version: 2, ethernets: { [name]: { ...common, "set-name": name, ...gateways } } }); // prettier-ignore
  });

  test("all interfaces of a guest in one text for cloud-init", async () => {
    const configs = [STATIC, { mac: "52:54:00:00:00:02" }].map((spec) => guestConfig(spec));
    const all = cloudInitNetworkConfig(configs.map((config) => ({ guestConfig: pulumi.output(config) })));
    const text = await new Promise<string>((resolve) => all.apply(resolve));
    const ethernets = configs.map(({ cloudInit }) => (parse(cloudInit) as { ethernets: object }).ethernets);
    expect(parse(text)).toEqual({ version: 2, ethernets: Object.assign({}, ...ethernets) as unknown });
    expect(Object.keys((parse(text) as { ethernets: object }).ethernets)).toHaveLength(2);
  });
});
