import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { interfaceToXml, setInterface, type InterfaceDefinition } from "../../provider/libvirt/interface";
import { mergeNetwork, networkToXml, setReservation, type Network } from "../../provider/libvirt/network";

/** What we give to libvirt is valid by libvirt's own schemas. */
const folder = mkdtempSync(join(tmpdir(), "libvirtXml-"));
afterAll(() => rmSync(folder, { recursive: true }));

function validate(schema: "network" | "domain", xml: string): string {
  const file = join(folder, "x.xml");
  writeFileSync(file, xml);
  const { status, stdout, stderr, error } = spawnSync("virt-xml-validate", [file, schema], { encoding: "utf8" });
  if (error) throw error;
  return status === 0 ? "valid" : `${stdout}${stderr}\n${xml}`;
}

const captured = (name: string) => readFileSync(join(__dirname, "../unit/fixtures/libvirt", `${name}.xml`), "utf8");

const networks: Record<string, Network> = {
  nat: {
    name: { text: "lab" },
    uuid: { text: "d1ef6221-d8b8-4e83-8a7f-1a4f57bbd7cc" },
    ipv6: true,
    forward: { mode: "nat", dev: "eth0", nat: { ipv6: true, address: { start: "10.0.0.5", end: "10.0.0.6" }, port: { start: 2000, end: 3000 } } },
    bridge: { name: "virbr-lab", zone: "lab", stp: true, delay: 0, macTableManager: "libvirt" },
    mtu: { size: 1400 },
    domain: { name: "lab.test", localOnly: true },
    dns: {
      enable: true,
      forwardPlainNames: false,
      forwarder: [{ addr: "10.0.0.1" }, { domain: "lab.test" }, { domain: "x.test", addr: "fd00::9" }],
      txt: [{ name: "txt", value: "a, b" }],
      srv: [{ service: "ldap", protocol: "tcp", domain: "lab.test", target: "web.lab.test", port: 389, priority: 1, weight: 2 }],
      host: [{ ip: "192.168.123.10", hostname: [{ text: "web" }, { text: "www" }] }],
    },
    bandwidth: { inbound: { average: 1000, peak: 2000, burst: 512 }, outbound: { average: 1000 } },
    port: { isolated: true },
    ip: [
      {
        family: "ipv4",
        address: "192.168.123.1",
        prefix: 24,
        localPtr: true,
        tftp: { root: "/srv/tftp" },
        dhcp: {
          range: [{ start: "192.168.123.2", end: "192.168.123.100", leaseTime: 3600 }, { start: "192.168.123.200", end: "192.168.123.254" }],
          host: [{ mac: "52:54:00:00:00:01", name: "web", ip: "192.168.123.10", leaseTime: 0 }],
          bootp: { file: "pxelinux.0", server: "192.168.123.3" },
        },
      },
      { family: "ipv6", address: "fd00::1", prefix: 64, dhcp: { range: [{ start: "fd00::10", end: "fd00::20" }], host: [{ id: "0:3:0:1:0:16:3e:11:22:33", ip: "fd00::2" }] } },
    ],
    route: [{ family: "ipv4", address: "10.9.0.0", prefix: 16, gateway: "192.168.123.2", metric: 5 }, { family: "ipv6", address: "fd09::", prefix: 64, gateway: "fd00::2" }],
    portgroup: [{ name: "slow", default: true, bandwidth: { inbound: { average: 10 } } }],
    "dnsmasq:options": { "dnsmasq:option": [{ value: "cname=a,b" }] },
  },
  routed: { name: { text: "r" }, forward: { mode: "route" }, bridge: {}, ip: [{ family: "ipv4", address: "10.0.0.1", prefix: 8 }] },
  open: { name: { text: "o" }, forward: { mode: "open" }, ip: [{ family: "ipv4", address: "10.0.0.1", prefix: 30 }] },
  bridged: {
    name: { text: "b" },
    forward: { mode: "bridge" },
    bridge: { name: "br0" },
    vlan: { trunk: true, tag: [{ id: 42, nativeMode: "untagged" }, { id: 47 }] },
    virtualport: { type: "openvswitch", parameters: { interfaceid: "09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f" } },
    portgroup: [{ name: "p", vlan: { tag: [{ id: 42 }] }, virtualport: { type: "openvswitch", parameters: { profileid: "x" } } }],
  },
  isolated: { name: { text: "i" }, bridge: { name: "virbr9", stp: false, delay: 2 } },
}; // prettier-ignore

test.each(Object.keys(networks))("network: %s", (name) =>
  expect(validate("network", networkToXml(networks[name]!))).toBe("valid"),
);

test.each(Object.keys(networks))("network: %s laid over one of the host's", (name) => {
  const merged = mergeNetwork(captured("network-lab"), networkToXml(networks[name]!));
  expect(validate("network", merged)).toBe("valid");
});

test("network: with a reservation", () =>
  expect(
    validate(
      "network",
      setReservation(captured("network-lab"), "52:54:00:00:00:01", { address: "192.168.123.20", name: "x" }),
    ),
  ).toBe("valid"));

test.each<Partial<InterfaceDefinition>>([
  { source: { type: "bridge", bridge: "br0" } },
  { source: { type: "network", network: "lab" }, model: "e1000", linkState: "down", alias: "ua-0b2e" },
  { source: { type: "user" } },
  { source: { type: "user", backend: "passt" }, model: "virtio" },
  {
    source: { type: "network", network: "lab", portgroup: "pg1" },
    vlan: { trunk: true, tags: [{ id: 42 }, { id: 43, nativeMode: "untagged" }] },
    bandwidth: { inbound: { average: 1000, peak: 5000, floor: 200, burst: 1024 }, outbound: { average: 128 } },
    filter: { name: "clean-traffic", parameters: { IP: ["10.0.0.1", "10.0.0.2"], CTRL_IP_LEARNING: ["dhcp"] } },
    ...{ isolated: true, tapName: "web-lan", model: "virtio", queues: 4, mtu: 1400, bootOrder: 2 },
  },
])("interface: %j", (definition) => {
  const mac = "52:54:00:00:00:09";
  expect(validate("domain", setInterface(captured("domain-pc"), mac, interfaceToXml({ mac, ...definition })))).toBe(
    "valid",
  );
});
