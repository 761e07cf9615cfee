import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { interfaceToXml, setInterface } from "../../provider/libvirt/interface";
import { mergeNetwork, networkToXml, setReservation, type NetworkDefinition } from "../../provider/libvirt/network";

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

const networks: Record<string, NetworkDefinition> = {
  nat: {
    name: "lab",
    uuid: "d1ef6221-d8b8-4e83-8a7f-1a4f57bbd7cc",
    forward: { mode: "nat", dev: "eth0" },
    bridge: { name: "virbr-lab", stp: true, delay: 0 },
    mtu: 1400,
    domain: "lab.test",
    ips: [
      {
        address: "192.168.123.1",
        prefix: 24,
        family: "ipv4",
        dhcp: {
          ranges: [{ start: "192.168.123.2", end: "192.168.123.254", leaseTime: 3600 }],
          hosts: [{ mac: "52:54:00:00:00:01", name: "web", ip: "192.168.123.10" }],
        },
      },
      { address: "fd00::1", prefix: 64, family: "ipv6", dhcp: { ranges: [], hosts: [{ id: "0:3:0:1:0:16:3e:11:22:33", ip: "fd00::2" }] } },
    ],
  },
  routed: { name: "r", forward: { mode: "route" }, bridge: {}, ips: [{ address: "10.0.0.1", prefix: 8, family: "ipv4" }] },
  open: { name: "o", forward: { mode: "open" }, ips: [{ address: "10.0.0.1", prefix: 30, family: "ipv4" }] },
  bridged: { name: "b", forward: { mode: "bridge" }, bridge: { name: "br0" }, ips: [] },
  isolated: { name: "i", bridge: { name: "virbr9", stp: false, delay: 2 }, ips: [] },
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

test.each([
  { source: { bridge: "br0" } },
  { source: { network: "lab" }, model: "e1000", linkState: "down" as const, alias: "ua-0b2e" },
])("interface: %j", (definition) => {
  const mac = "52:54:00:00:00:09";
  expect(validate("domain", setInterface(captured("domain-pc"), mac, interfaceToXml({ mac, ...definition })))).toBe(
    "valid",
  );
});
