import fc from "fast-check";
import { parse, stringify } from "yaml";
import { CLOUD_INIT, cloudInitSection } from "../../provider/backends/cloudInit";
import { netplan } from "../../provider/backends/netplan";
import { columnFor, readDevice, writeDevices } from "../../provider/backends/netplanFile";
import { readSection, writeSections } from "../../provider/sections";

const text = `# By hand
network:
    version: 2
    ethernets:
        eth0:
            addresses:
            - 10.0.0.11/24 # kvm1
            # nothing else

        "eth1":
            dhcp4: true
    # the end
`;
const FILE = "/etc/netplan/01-netcfg.yaml";
const found = (yaml: string, name = "eth0", mac = "52:54:00:12:34:56") => netplan.find(name, { mac }, { [FILE]: yaml });

test("a device is its lines", () => {
  expect(readDevice(text, "ethernets.eth0")).toBe("        eth0:\n            addresses:\n            - 10.0.0.11/24 # kvm1\n            # nothing else"); // prettier-ignore
  expect(readDevice(text, "ethernets.eth1")).toBe('        "eth1":\n            dhcp4: true');
  expect(readDevice(text, "bridges.br0")).toBeNull();
  expect([columnFor(text, "bridges"), columnFor("network: {}\n", "bridges"), columnFor("network:\n  bridges: {}\n", "bridges")]).toEqual([8, undefined, undefined]); // prettier-ignore
});

test("what is inserted and removed, or replaced and put back, leaves the very file", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9.]{0,6}$/);
  const device = fc.record({ dhcp4: fc.boolean(), addresses: fc.array(fc.constant("10.0.0.1/24"), { maxLength: 2 }) });
  const kinds = fc.dictionary(fc.constantFrom("ethernets", "vlans", "bridges"), fc.dictionary(name, device, { minKeys: 1, maxKeys: 3 }), { minKeys: 1 }); // prettier-ignore
  fc.assert(
    fc.property(kinds, name, fc.constantFrom(2, 4), fc.boolean(), fc.boolean(), (kinds, id, indent, bare, comment) => {
      const whole = stringify({ network: { version: 2, ...kinds } }, { indent }) + (comment ? "# the end\n\n" : "");
      const file = bare ? whole.replace(/\n+$/, "") : whole;
      const key = `bridges.${id}`;
      const before = readDevice(file, key);
      const column = " ".repeat(columnFor(file, "bridges")!);
      const written = writeDevices(file, { [key]: `${column}${id}:\n${column}  dhcp4: true` });
      expect((parse(written) as { network: { bridges: object } }).network.bridges).toMatchObject({
        [id]: { dhcp4: true },
      });
      expect(writeDevices(written, { [key]: before })).toBe(file);
    }),
  );
});

test("a link's part is found by its id, by match and set-name; what is said of a MAC is no number", () => {
  const device = "      macaddress: 52:54:00:12:34:56\n      addresses: [10.0.0.11/24]\n";
  const by = (match: string) => found(`network:\n  ethernets:\n    nic:\n${match}${device}`).addresses;
  expect(found(`network:\n  ethernets:\n    eth0:\n${device}`)).toMatchObject({ addresses: ["10.0.0.11/24"], macAddress: "52:54:00:12:34:56" }); // prettier-ignore
  expect(by("      match: {macaddress: '52:54:00:12:34:56'}\n")).toEqual(["10.0.0.11/24"]);
  expect(by("      match: {name: en*}\n      set-name: eth0\n")).toEqual(["10.0.0.11/24"]);
  expect(by("      match: {name: eth*}\n")).toEqual(["10.0.0.11/24"]);
  expect(by("      match: {name: en*}\n")).toEqual([]);
  expect(by("      match: {macaddress: '52:54:00:12:34:57', name: eth0}\n")).toEqual([]);
});

test("every spelling", () =>
  expect(found("network:\n  ethernets:\n    eth0:\n      dhcp4: no\n      dhcp6: yes\n      addresses: [{10.0.0.11/24: {label: 'a'}}, 'fd00::11/64']\n      gateway6: fd00::1\n      routes: [{to: 0.0.0.0/0, via: 10.0.0.1}, {to: 10.9.0.0/16, via: 10.0.0.2, metric: 5}, {to: 10.8.0.0/16, via: 10.0.0.2, table: 9}]\n      nameservers: {addresses: [10.0.0.1]}\n")).toMatchObject({
    dhcp4: false, dhcp6: true, addresses: ["10.0.0.11/24", "fd00::11/64"], nameservers: ["10.0.0.1"],
    routes: ["default via fd00::1", "default via 10.0.0.1", "10.9.0.0/16 via 10.0.0.2 metric 5"],
  })); // prettier-ignore

test.each(["network: [", "", "network:\n", "just text", "network:\n  ethernets: none\n"])(
  "%j says nothing of a link",
  (yaml) => expect(found(yaml).sections).toEqual({}),
);

test("cloud-init is kept from the network as long as there is a bridge, in its documented way", () => {
  const has = (command: string) => command === "cloud-init";
  const of = (bridge: string, files = {}) => cloudInitSection(bridge, files, has);
  const one = writeSections({}, of("br0")!);
  expect(Object.keys(one)).toEqual([CLOUD_INIT]);
  expect(parse(one[CLOUD_INIT]!)).toEqual({ network: { config: "disabled" } });
  const files = one as Record<string, string>;
  expect(of("br0", files)).toEqual(of("br0"));
  const two = writeSections(files, of("br1", files)!) as Record<string, string>;
  expect(parse(two[CLOUD_INIT]!)).toEqual({ network: { config: "disabled" } });
  for (const bridge of ["br0", "br1"]) expect(readSection(two, `${CLOUD_INIT}#${bridge}`)).toBe(`# for ${bridge}\n`);
  expect(readSection({ [CLOUD_INIT]: "# for br0\n" }, `${CLOUD_INIT}#br0`)).toBeNull();
  expect(writeSections(two, { [`${CLOUD_INIT}#br1`]: null })).toEqual(one);
  expect(writeSections(files, { [`${CLOUD_INIT}#br0`]: null })).toEqual({ [CLOUD_INIT]: null });
  expect(cloudInitSection("br0", {}, () => false)).toBeUndefined();
  for (const said of [
    "network: {config: disabled}\n",
    "network:\n  config: disabled\n",
    "network: { config: 'disabled' }\n",
  ])
    for (const path of ["/etc/cloud/cloud.cfg.d/50-net.cfg", CLOUD_INIT])
      expect(of("br0", { [path]: said })).toBeUndefined();
  expect(of("br0", { "/etc/cloud/cloud.cfg.d/50-net.cfg": "network:\n" })).toEqual(of("br0"));
});
