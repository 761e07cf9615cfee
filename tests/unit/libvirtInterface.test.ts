import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  interfaceChanges,
  interfaceFromXml,
  interfacesOf,
  interfaceToXml,
  interfaceView,
  mergeInterface,
  outsideOfNetwork,
  reattached,
  setInterface,
  tapOf,
  updateLive,
  type InterfaceDefinition,
} from "../../provider/libvirt/interface";
import { virtInstallArgument } from "../../provider/libvirt/virtInstall";

/** Texts that libvirt 9.0 printed (`virsh dumpxml --inactive`; `.live`: without). */
const captured = (name: string) =>
  readFileSync(join(__dirname, "fixtures/libvirt", `domain-${name}.xml`), "utf8").trim();
const persistent = interfacesOf(captured("pc"));
const live = interfacesOf(captured("pc.live"));
const [net, bridge, onBridge] = ["52:54:00:00:00:01", "52:54:00:00:00:02", "52:54:00:00:00:03"] as const;

/** The element that says of an interface all that it has, but for this. */
const as = (xml: string, change: object) => interfaceToXml({ ...interfaceFromXml(xml), ...change });

/** An interface that has everything. */
const EVERYTHING: InterfaceDefinition = {
  mac: net,
  source: { type: "network", network: "lab", portgroup: "pg1" },
  vlan: { trunk: true, tags: [{ id: 42 }, { id: 43, nativeMode: "untagged" }] },
  bandwidth: { inbound: { average: 1000, peak: 5000, floor: 200, burst: 1024 }, outbound: { average: 128 } },
  isolated: true,
  tapName: "web-lan",
  model: "virtio",
  queues: 4,
  filter: { name: "clean-traffic", parameters: { IP: ["10.0.0.1", "10.0.0.2"], CTRL_IP_LEARNING: ["dhcp"] } },
  linkState: "down",
  mtu: 1400,
  bootOrder: 2,
  alias: "ua-x",
};
const EVERYTHING_XML = `<interface type='network'>
  <mac address='52:54:00:00:00:01'/>
  <source network='lab' portgroup='pg1'/>
  <vlan trunk='yes'>
    <tag id='42'/>
    <tag id='43' nativeMode='untagged'/>
  </vlan>
  <bandwidth>
    <inbound average='1000' peak='5000' floor='200' burst='1024'/>
    <outbound average='128'/>
  </bandwidth>
  <port isolated='yes'/>
  <target dev='web-lan'/>
  <model type='virtio'/>
  <driver queues='4'/>
  <filterref filter='clean-traffic'>
    <parameter name='CTRL_IP_LEARNING' value='dhcp'/>
    <parameter name='IP' value='10.0.0.1'/>
    <parameter name='IP' value='10.0.0.2'/>
  </filterref>
  <link state='down'/>
  <mtu size='1400'/>
  <boot order='2'/>
  <alias name='ua-x'/>
</interface>`;

describe("interfaceToXml", () => {
  test("says everything in libvirt's order, and is read back", () => {
    expect(interfaceToXml(EVERYTHING)).toBe(EVERYTHING_XML);
    expect(interfaceFromXml(EVERYTHING_XML)).toEqual(EVERYTHING);
  });

  test.each<[string, InterfaceDefinition["source"], string]>([
    ["a bridge", { type: "bridge", bridge: "br0" }, "<interface type='bridge'>\n  <mac address='52:54:00:ab:00:01'/>\n  <source bridge='br0'/>\n</"],
    ["QEMU's own stack", { type: "user" }, "<interface type='user'>\n  <mac address='52:54:00:ab:00:01'/>\n</"],
    ["passt", { type: "user", backend: "passt" }, "<mac address='52:54:00:ab:00:01'/>\n  <backend type='passt'/>\n</"],
  ])("%s", (_, source, text) => expect(interfaceToXml({ mac: "52:54:00:AB:00:01", source: source! })).toContain(text)); // prettier-ignore
});

test("interfacesOf", () => {
  expect(Object.keys(persistent)).toEqual([net, bridge, onBridge]);
  expect(persistent[net]).toBe(`<interface type='network'>
  <mac address='52:54:00:00:00:01'/>
  <source network='lab' portgroup='pg1'/>
  <model type='virtio'/>
  <driver name='qemu'/>
  <boot order='1'/>
  <address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x0'/>
</interface>`);
  expect(interfacesOf("<domain/>")).toEqual({});
});

describe("mergeInterface", () => {
  test.each([net, bridge, onBridge])("of what is there already changes nothing: %s", (mac) => {
    expect(mergeInterface(persistent[mac]!, persistent[mac]!)).toBe(persistent[mac]);
    expect(mergeInterface(persistent[mac]!, as(persistent[mac]!, {}))).toBe(persistent[mac]);
  });

  test("to a bridge drops what belonged to the network, and keeps the rest", () => {
    const desired = as(persistent[net]!, { source: { type: "bridge", bridge: "br0" }, alias: "ua-x" });
    expect(mergeInterface(persistent[net]!, desired)).toBe(`<interface type='bridge'>
  <mac address='52:54:00:00:00:01'/>
  <source bridge='br0'/>
  <model type='virtio'/>
  <driver name='qemu'/>
  <boot order='1'/>
  <alias name='ua-x'/>
  <address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x0'/>
</interface>`);
    const there = mergeInterface(
      persistent[net]!,
      as(persistent[net]!, { source: { type: "bridge", bridge: "b" }, mtu: 1400 }),
    );
    expect(mergeInterface(there, persistent[net]!)).toBe(persistent[net]);
  });

  test("to a user network and back: what passt was told goes with it", () => {
    const user = `<interface type='user'><mac address='${net}'/><source dev='eth0'/><model type='virtio'/>
      <backend type='passt' logFile='/x'/><portForward proto='tcp'><range start='2022' to='22'/></portForward></interface>`;
    const merged = mergeInterface(
      user,
      interfaceToXml({ mac: net, source: { type: "bridge", bridge: "br0" }, model: "virtio" }),
    );
    expect(merged).toBe(`<interface type='bridge'>
  <mac address='52:54:00:00:00:01'/>
  <source bridge='br0'/>
  <model type='virtio'/>
</interface>`);
    // The other one of the two, on the same guest's own terms.
    expect(mergeInterface(user, as(user, { mtu: 1400 }))).toContain("<portForward");
    expect(mergeInterface(user, as(user, { source: { type: "user" } }))).toContain("<backend logFile='/x'/>");
  });

  test("everything comes and goes again, and nothing else is touched", () => {
    const rich = `<interface type='bridge'>
  <mac address='52:54:00:00:00:01' check='no'/>
  <source bridge='br0'/>
  <virtualport type='openvswitch'>
    <parameters interfaceid='00000000-0000-0000-0000-000000000001'/>
  </virtualport>
  <model type='virtio'/>
  <driver name='vhost' txmode='iothread' rx_queue_size='256'>
    <host csum='off'/>
  </driver>
  <backend vhost='/dev/vhost-net'/>
  <tune>
    <sndbuf>1600</sndbuf>
  </tune>
  <teaming type='persistent'/>
  <coalesce>
    <rx>
      <frames max='7'/>
    </rx>
  </coalesce>
  <rom bar='off'/>
  <acpi index='3'/>
  <address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x0'/>
</interface>`;
    const { source: _, mac: __, ...everything } = EVERYTHING;
    const all = mergeInterface(rich, as(rich, everything));
    expect(interfaceFromXml(all)).toEqual({ ...interfaceFromXml(rich), ...everything });
    for (const kept of ["check='no'", "virtualport", "txmode='iothread'", "<host csum='off'/>", "vhost-net", "sndbuf", "teaming", "frames", "rom", "acpi", "slot"]) expect(all).toContain(kept); // prettier-ignore
    expect(mergeInterface(all, rich).replace("\n  <alias name='ua-x'/>", "")).toBe(rich);
  });

  test("what is as by default is left as it is spelled", () => {
    const spelled = `<interface type='bridge'>
  <mac address='${net}'/>
  <source bridge='br0'/>
  <port isolated='no'/>
  <link state='up'/>
</interface>`;
    expect(mergeInterface(spelled, as(spelled, {}))).toBe(spelled);
    expect(as(spelled, {})).not.toMatch(/link|port/);
  });
});

describe("on a running guest", () => {
  const changes = (mac: string, change: object, network?: string) =>
    interfaceChanges(live[mac]!, as(persistent[mac]!, change), network);

  test.each([net, bridge, onBridge])("nothing is to do where it is as its definition: %s", (mac) => {
    expect(changes(mac, {})).toEqual({ live: [], nextStart: [] });
    expect(changes(mac, { alias: "ua-new" })).toEqual({ live: [], nextStart: [] });
  });

  /** What libvirt 9.0 was seen to take from update-device, and to refuse (tests/contract/guestInterface.test.ts). */
  test.each<[string, object, "live" | "nextStart"]>([
    ["source", { source: { type: "bridge", bridge: "br1" } }, "live"],
    ["source", { source: { type: "network", network: "two" } }, "live"],
    ["source", { source: { type: "user" } }, "nextStart"],
    ["bandwidth", { bandwidth: { inbound: { average: 1 } } }, "live"],
    ["isolated", { isolated: true }, "live"],
    ["filter", { filter: { name: "clean-traffic", parameters: {} } }, "live"],
    ["linkState", { linkState: "down" }, "live"],
    ["vlan", { vlan: { trunk: false, tags: [{ id: 1 }] } }, "live"],
    ["model", { model: "e1000e" }, "nextStart"],
    ["mtu", { mtu: 1400 }, "nextStart"],
    ["queues", { queues: 2 }, "nextStart"],
    ["bootOrder", { bootOrder: 7 }, "nextStart"],
    ["tapName", { tapName: "web" }, "nextStart"],
  ])("%s: %j is %s", (name, change, when) =>
    expect(changes(net, change)).toEqual({ live: [], nextStart: [], [when]: [name] }),
  );

  test("beside a source that waits nothing but the cable changes before", () => {
    const user = { source: { type: "user" }, linkState: "down", filter: undefined };
    expect(changes(onBridge, user)).toEqual({ live: ["linkState"], nextStart: ["source", "filter"] });
    expect(updateLive(live[onBridge]!, as(persistent[onBridge]!, user))).toContain("clean-traffic");
  });

  test("update-device gets the network's name, the alias and tap that it has, and what waits as it is", () => {
    const desired = as(persistent[onBridge]!, { linkState: "down", alias: "ua-x", model: "e1000", mtu: 1400 });
    const update = updateLive(live[onBridge]!, desired);
    expect(update).toBe(`<interface type='network'>
  <mac address='52:54:00:00:00:03'/>
  <source network='onbr'/>
  <target dev='vnet1'/>
  <model type='virtio'/>
  <filterref filter='clean-traffic'/>
  <link state='down'/>
  <alias name='net1'/>
  <address type='pci' domain='0x0000' bus='0x00' slot='0x04' function='0x0'/>
</interface>`);
    expect(interfaceChanges(update, desired)).toEqual({ live: [], nextStart: ["model", "mtu"] });
  });

  test("attached anew it is all as desired, in the slot that it had", () => {
    const desired = as(persistent[onBridge]!, { alias: "ua-x", model: "e1000" });
    expect(reattached(live[onBridge]!, desired)).toBe(`<interface type='network'>
  <mac address='52:54:00:00:00:03'/>
  <source network='onbr'/>
  <model type='e1000'/>
  <filterref filter='clean-traffic'/>
  <alias name='ua-x'/>
  <address type='pci' domain='0x0000' bus='0x00' slot='0x04' function='0x0'/>
</interface>`);
    expect(reattached(live[bridge]!, as(persistent[bridge]!, { model: "virtio" }))).toContain("<target dev='tap-pc'/>");
  });

  test("from one port group to another it is no port of the network's for a moment", () => {
    const to = (source: object) => as(persistent[net]!, { source });
    const other = to({ type: "network", network: "lab", portgroup: "pg2" });
    expect(outsideOfNetwork(live[net]!, other)).toContain(
      "<interface type='bridge'>\n  <mac address='52:54:00:00:00:01'/>\n  <source bridge='virbr0'/>\n  <target dev='vnet0'/>",
    );
    expect(outsideOfNetwork(live[net]!, as(persistent[net]!, { linkState: "down" }))).toBeUndefined();
    expect(outsideOfNetwork(live[net]!, to({ type: "network", network: "two" }))).toBeUndefined();
    expect(outsideOfNetwork(live[net]!, to({ type: "bridge", bridge: "br0" }))).toBeUndefined();
  });

  test("what it has from its port group or its network is none of its own", () => {
    const network = `<network><name>lab</name><bandwidth><inbound average='9'/></bandwidth><port isolated='yes'/>
      <portgroup name='pg1'><bandwidth><inbound average='1000'/></bandwidth></portgroup>
      <portgroup name='other' default='yes'><vlan><tag id='7'/></vlan></portgroup></network>`;
    const shown = (text: string) => live[net]!.replace("<target", `${text}<target`);
    const of = (text: string, change = {}) => interfaceChanges(shown(text), as(persistent[net]!, change), network).live;
    const rate = (average: number) => `<bandwidth><inbound average='${average}'/></bandwidth>`;
    expect(of(rate(1000))).toEqual([]);
    expect(of(rate(1001))).toEqual(["bandwidth"]);
    expect(of(rate(1000), { bandwidth: { inbound: { average: 1 } } })).toEqual(["bandwidth"]);
    expect(of("<port isolated='yes'/>")).toEqual([]);
    expect(of("<vlan><tag id='7'/></vlan>")).toEqual(["vlan"]);
    expect(of("<vlan><tag id='7'/></vlan>", { source: { type: "network", network: "lab" } })).toEqual(["source"]);
    // It would be its own from then on.
    expect(updateLive(shown(rate(1000)), as(persistent[net]!, { linkState: "down" }))).not.toContain("bandwidth");
  });
});

describe("interfaceView", () => {
  test.each([net, bridge, onBridge])("is the desired text where both mean the same: %s", (mac) => {
    expect(interfaceView(persistent[mac]!, persistent[mac]!)).toBe(persistent[mac]);
    expect(interfaceView(persistent[mac]!, as(persistent[mac]!, {}))).toBe(as(persistent[mac]!, {}));
  });

  test.each(Object.entries(EVERYTHING).filter(([name]) => name !== "mac"))("names just what differs: %s", (name, value) => {
    const bare: InterfaceDefinition = { mac: net, source: { type: "bridge", bridge: "br0" }, model: "e1000", alias: "ua-other" };
    const found = { ...bare, [name]: value };
    const { [name as "model"]: _, ...without } = bare;
    // Of a model and an alias nobody has to say anything: libvirt always has some.
    expect(interfaceView(interfaceToXml(found), interfaceToXml(bare))).toBe(interfaceToXml(found));
    if (name !== "source") expect(interfaceView(interfaceToXml(bare), interfaceToXml({ ...without, [name]: value } as never))).toBe(interfaceToXml(bare));
  }); // prettier-ignore

  test("an interface of a kind that we do not make is shown as it is, and comes back", () => {
    const direct = `<interface type='direct'><mac address='${net}'/><source dev='eth0' mode='bridge'/></interface>`;
    const desired = interfaceToXml({ mac: net, source: { type: "bridge", bridge: "br0" } });
    expect(interfaceView(direct, desired)).toContain(
      "<interface type='direct'>\n  <mac address='52:54:00:00:00:01'/>\n  <source dev='eth0' mode='bridge'/>",
    );
    const hostdev = `<interface type='hostdev' managed='yes'>
  <mac address='${net}'/>
  <source>
    <address type='pci' domain='0x0000' bus='0x02' slot='0x10' function='0x0'/>
  </source>
</interface>`;
    expect(mergeInterface(mergeInterface(hostdev, desired), hostdev)).toBe(hostdev);
  });
});

test("setInterface", () => {
  const domain = captured("pc");
  const mac = "52:54:00:00:00:09";
  const other = interfaceToXml({ mac, source: { type: "network", network: "lab" } });
  const added = setInterface(domain, mac, other);
  expect(interfacesOf(added)).toEqual({ ...persistent, [mac]: other });
  expect(setInterface(added, mac, null)).toBe(domain.replace(/<(\w+)([^>]*)>\s*<\/\1>/g, "<$1$2/>"));
  const changed = setInterface(domain, net, as(persistent[net]!, { mtu: 1400 }));
  expect(Object.keys(interfacesOf(changed))).toEqual(Object.keys(persistent));
  expect(interfacesOf(changed)[net]).toContain("<mtu size='1400'/>");
});

test("tapOf", () => {
  expect(tapOf(live[net]!)).toBe("vnet0");
  expect(tapOf(persistent[net]!)).toBeUndefined();
  // libvirt's own choice is none of ours.
  expect(interfaceFromXml(live[net]!).tapName).toBeUndefined();
});

/** Each was given to virt-install 4.1's own parser (ParserNetwork in virtinst/cli.py), which makes the element of it that it was made from. */
test.each<[Partial<InterfaceDefinition>, string]>([
  [{ source: { type: "bridge", bridge: "br0" }, model: "virtio", alias: "ua-x" }, `bridge=br0,model=virtio,mac=${net}`],
  [
    { source: { type: "network", network: "a,b" }, model: "e1000", linkState: "down" },
    `network="a,b",model=e1000,mac=${net},link.state=down`,
  ],
  [
    { source: { type: "user", backend: "passt" } },
    `type=user,mac=${net},xpath1.set=./backend/@type,xpath1.value=passt`,
  ],
  [
    EVERYTHING,
    `network=lab,source.portgroup=pg1,model=virtio,mac=${net},link.state=down,mtu.size=1400,target.dev=web-lan,driver.queues=4,filterref.filter=clean-traffic,boot.order=2,xpath1.set=./vlan/@trunk,xpath1.value=yes,xpath2.set=./vlan/tag[1]/@id,xpath2.value=42,xpath3.set=./vlan/tag[2]/@id,xpath3.value=43,xpath4.set=./vlan/tag[2]/@nativeMode,xpath4.value=untagged,xpath5.set=./bandwidth/inbound/@average,xpath5.value=1000,xpath6.set=./bandwidth/inbound/@peak,xpath6.value=5000,xpath7.set=./bandwidth/inbound/@floor,xpath7.value=200,xpath8.set=./bandwidth/inbound/@burst,xpath8.value=1024,xpath9.set=./bandwidth/outbound/@average,xpath9.value=128,xpath10.set=./port/@isolated,xpath10.value=yes,xpath11.set=./filterref/parameter[1]/@name,xpath11.value=CTRL_IP_LEARNING,xpath12.set=./filterref/parameter[1]/@value,xpath12.value=dhcp,xpath13.set=./filterref/parameter[2]/@name,xpath13.value=IP,xpath14.set=./filterref/parameter[2]/@value,xpath14.value=10.0.0.1,xpath15.set=./filterref/parameter[3]/@name,xpath15.value=IP,xpath16.set=./filterref/parameter[3]/@value,xpath16.value=10.0.0.2`,
  ],
])("virtInstallArgument: %j", (definition, argument) =>
  // prettier-ignore
  expect(virtInstallArgument(interfaceToXml({ mac: net, ...definition }))).toBe(argument),
);
