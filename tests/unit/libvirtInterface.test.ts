import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  interfacesOf,
  interfaceToXml,
  interfaceView,
  mergeInterface,
  setInterface,
  tapOf,
  virtInstallArgument,
} from "../../provider/libvirt/interface";

/** Texts that libvirt 9.0 printed (`virsh dumpxml --inactive`; `.live`: without). */
const captured = (name: string) =>
  readFileSync(join(__dirname, "fixtures/libvirt", `domain-${name}.xml`), "utf8").trim();
const persistent = interfacesOf(captured("pc"));
const live = interfacesOf(captured("pc.live"));
const [net, bridge, onBridge] = ["52:54:00:00:00:01", "52:54:00:00:00:02", "52:54:00:00:00:03"] as const;

test("interfaceToXml", () => {
  expect(interfaceToXml({ mac: "52:54:00:AB:00:01", source: { network: "lab" }, linkState: "down", alias: "ua-x" }))
    .toBe(`<interface type='network'>
  <mac address='52:54:00:ab:00:01'/>
  <source network='lab'/>
  <model type='virtio'/>
  <link state='down'/>
  <alias name='ua-x'/>
</interface>`);
  expect(interfaceToXml({ mac: net, source: { bridge: "br0" }, model: "e1000" })).toContain(
    "<interface type='bridge'>\n  <mac address='52:54:00:00:00:01'/>\n  <source bridge='br0'/>\n  <model type='e1000'/>\n</",
  );
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
  });

  test("to a bridge drops what belonged to the network, and keeps the rest", () => {
    const desired = interfaceToXml({ mac: net, source: { bridge: "br0" }, alias: "ua-x" });
    expect(mergeInterface(persistent[net]!, desired)).toBe(`<interface type='bridge'>
  <mac address='52:54:00:00:00:01'/>
  <source bridge='br0'/>
  <model type='virtio'/>
  <driver name='qemu'/>
  <boot order='1'/>
  <alias name='ua-x'/>
  <address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x0'/>
</interface>`);
    const back = mergeInterface(
      mergeInterface(persistent[net]!, interfaceToXml({ mac: net, source: { bridge: "b" } })),
      persistent[net]!,
    );
    expect(back).toBe(persistent[net]);
  });

  test("a port group stays with its network and goes with it", () => {
    expect(mergeInterface(persistent[net]!, interfaceToXml({ mac: net, source: { network: "lab" } }))).toBe(
      persistent[net],
    );
    expect(mergeInterface(persistent[net]!, interfaceToXml({ mac: net, source: { network: "two" } }))).toContain(
      "<source network='two'/>",
    );
  });

  test("over a running guest's, as update-device --live takes it: the network's name, and the alias that it has", () => {
    const desired = interfaceToXml({ mac: onBridge, source: { network: "onbr" }, linkState: "down", alias: "ua-x" });
    expect(mergeInterface(live[onBridge]!, desired)).toBe(`<interface type='network'>
  <mac address='52:54:00:00:00:03'/>
  <source network='onbr'/>
  <target dev='vnet1'/>
  <model type='virtio'/>
  <filterref filter='clean-traffic'/>
  <link state='down'/>
  <alias name='net1'/>
  <address type='pci' domain='0x0000' bus='0x00' slot='0x04' function='0x0'/>
</interface>`);
    expect(interfaceView(mergeInterface(live[onBridge]!, desired), desired)).toBe(desired);
  });

  test("a link that was down comes up where desired says nothing of it", () => {
    const merged = mergeInterface(
      persistent[bridge]!,
      interfaceToXml({ mac: bridge, source: { bridge: "br0" }, model: "e1000" }),
    );
    expect(merged).not.toContain("<link");
    expect(merged).toContain("<target dev='tap-pc'/>");
    expect(merged).toContain("<alias name='ua-mine'/>");
  });
});

describe("interfaceView", () => {
  test.each([net, bridge, onBridge])("a running guest's is as its definition: %s", (mac) => {
    expect(interfaceView(persistent[mac]!, persistent[mac]!)).toBe(persistent[mac]);
    expect(interfaceView(live[mac]!, persistent[mac]!)).toBe(persistent[mac]);
  });

  test("what libvirt adds does not count", () => {
    for (const [mac, source] of [
      [net, { network: "lab" }],
      [onBridge, { network: "onbr" }],
    ] as const) {
      const desired = interfaceToXml({ mac, source, linkState: "up" });
      expect(interfaceView(live[mac]!, desired)).toBe(desired);
    }
  });

  test("names just what differs", () => {
    const shown = (definition: object) =>
      interfaceView(live[bridge]!, interfaceToXml({ mac: bridge, source: { bridge: "br0" }, model: "e1000", linkState: "down", ...definition })); // prettier-ignore
    const as = (definition: object) =>
      interfaceToXml({ mac: bridge, source: { bridge: "br0" }, model: "e1000", linkState: "down", ...definition });
    expect(shown({})).toBe(as({}));
    expect(shown({ source: { network: "lab" } })).toBe(as({}));
    expect(shown({ model: "virtio" })).toBe(as({}));
    expect(shown({ linkState: "up" })).toBe(as({}));
    expect(shown({ linkState: undefined })).toBe(as({}));
    expect(shown({ alias: "ua-other" })).toBe(as({ alias: "ua-mine" }));
    const marked = interfaceToXml({ mac: net, source: { network: "lab" }, alias: "ua-x" });
    expect(interfaceView(persistent[net]!, marked)).not.toContain("alias");
    expect(interfaceView(live[net]!, marked)).toBe(marked);
  });

  test("an interface of a kind that we do not make is shown as it is", () => {
    const direct = `<interface type='direct'><mac address='${net}'/><source dev='eth0' mode='bridge'/></interface>`;
    expect(interfaceView(direct, interfaceToXml({ mac: net, source: { bridge: "br0" } }))).toContain(
      "<interface type='direct'>\n  <mac address='52:54:00:00:00:01'/>\n  <source dev='eth0' mode='bridge'/>",
    );
  });
});

test("setInterface", () => {
  const domain = captured("pc");
  const other = interfaceToXml({ mac: "52:54:00:00:00:09", source: { network: "lab" } });
  const added = setInterface(domain, "52:54:00:00:00:09", other);
  expect(interfacesOf(added)).toEqual({ ...persistent, "52:54:00:00:00:09": other });
  expect(setInterface(added, "52:54:00:00:00:09", null)).toBe(domain.replace(/<(\w+)([^>]*)>\s*<\/\1>/g, "<$1$2/>"));
  const changed = setInterface(domain, net, interfaceToXml({ mac: net, source: { bridge: "br0" } }));
  expect(Object.keys(interfacesOf(changed))).toEqual(Object.keys(persistent));
  expect(interfacesOf(changed)[net]).toContain("<source bridge='br0'/>");
});

test("tapOf", () => {
  expect(tapOf(live[net]!)).toBe("vnet0");
  expect(tapOf(persistent[net]!)).toBeUndefined();
});

test("virtInstallArgument", () => {
  expect(virtInstallArgument({ mac: net, source: { bridge: "br0" } })).toBe(`bridge=br0,model=virtio,mac=${net}`);
  expect(virtInstallArgument({ mac: net, source: { network: "a,b" }, model: "e1000", linkState: "down" })).toBe(
    `network=a,,b,model=e1000,mac=${net},link.state=down`,
  );
});
