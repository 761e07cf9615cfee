import { IFSTATE } from "../../provider/backends/ifupdownSources";
import { readSection, splitKey, writeSections } from "../../provider/sections";

const MAIN = "/etc/network/interfaces";
const interfaces =
  "source /etc/network/interfaces.d/*\n\nauto lo\niface lo inet loopback\n\nallow-hotplug eth0\niface eth0 inet static\n\taddress 10.0.0.11/24\n";

type Files = Readonly<Record<string, string>>;
type Sections = Readonly<Record<string, string | null>>;

const cases: readonly (readonly [string, Files, Sections])[] = [
  ["a port becomes manual, its bridge stands before it", { [MAIN]: interfaces }, {
    [`${MAIN}#iface eth0 inet`]: "iface eth0 inet manual",
    [`${MAIN}#auto br0`]: "auto br0",
    [`${MAIN}#iface br0 inet`]: "iface br0 inet static\n\taddress 10.0.0.11/24\n\tbridge_ports eth0",
    [`${MAIN}#iface br0 inet 2`]: "iface br0 inet static\n\taddress 10.0.0.12/24",
    [`${MAIN}#iface br0 inet6`]: "iface br0 inet6 manual",
  }],
  ["no newline at the end", { [MAIN]: interfaces.trimEnd() }, {
    [`${MAIN}#iface eth0 inet`]: "iface eth0 inet manual",
    [`${MAIN}#auto br0`]: "auto br0",
    [`${MAIN}#iface br0 inet`]: "iface br0 inet manual\n\tbridge_ports eth0",
  }],
  ["stanzas go, of one name both", { [MAIN]: `${interfaces}iface eth0 inet static\n\taddress 10.0.0.12/24\n` }, {
    [`${MAIN}#iface eth0 inet`]: null,
    [`${MAIN}#iface eth0 inet 2`]: null,
  }],
  ["ifstate gets a line", { [IFSTATE]: "lo=lo\neth0=eth0\n" }, { [`${IFSTATE}#br0`]: "br0=br0\n" }],
  ["ifstate loses a line", { [IFSTATE]: "lo=lo\nbr0=br0\n" }, { [`${IFSTATE}#br0`]: null }],
  ["ifstate is not there", {}, { [`${IFSTATE}#br0`]: "br0=br0\n" }],
  ["a sysctl line in the middle", { "/etc/sysctl.conf": "# local\nnet/ipv4/ip_forward=0\nvm.swappiness = 10\n" }, {
    "/etc/sysctl.conf#net.ipv4.ip_forward": "net.ipv4.ip_forward = 1\n",
  }],
  ["a sysctl line at the end, without newline", { "/etc/sysctl.conf": "vm.swappiness = 10\nnet.ipv4.ip_forward = 0" }, {
    "/etc/sysctl.conf#net.ipv4.ip_forward": "net.ipv4.ip_forward = 1\n",
  }],
  ["a sysctl set twice", { "/etc/sysctl.d/90-x.conf": "net.ipv4.ip_forward = 0\nvm.swappiness = 10\nnet.ipv4.ip_forward = 0\n" }, {
    "/etc/sysctl.d/90-x.conf#net.ipv4.ip_forward": "net.ipv4.ip_forward = 1\n",
  }],
  ["a sysctl line goes", { "/etc/sysctl.conf": "a = 1\nnet.ipv4.ip_forward = 1\n" }, { "/etc/sysctl.conf#net.ipv4.ip_forward": null }],
  ["several files", { [MAIN]: interfaces, [IFSTATE]: "lo=lo\n", "/etc/network/interfaces.d/x": "iface eth1 inet dhcp\n" }, {
    [`${MAIN}#iface eth0 inet`]: "iface eth0 inet manual",
    "/etc/network/interfaces.d/x#iface eth1 inet": "iface eth1 inet manual",
    [`${IFSTATE}#br0`]: "br0=br0\n",
  }],
]; // prettier-ignore

describe.each(cases)("%s", (_, files, sections) => {
  const written = { ...files, ...writeSections(files, sections) } as Record<string, string>;

  test("what was written is read", () => {
    for (const [key, text] of Object.entries(sections)) expect([key, readSection(written, key)]).toEqual([key, text]);
  });

  test("what is there is not written again", () => expect(writeSections(written, sections)).toEqual({}));

  test("what was there, put back, gives the files byte for byte", () => {
    const before = Object.fromEntries(Object.keys(sections).map((key) => [key, readSection(files, key)]));
    const back = { ...written, ...writeSections(written, before) };
    expect(Object.fromEntries(Object.entries(back).filter(([, text]) => text !== null))).toEqual(files);
  });

  test("the order of the keys does not count: Pulumi's engine loses it", () => {
    const orders = [Object.entries(sections).reverse(), Object.entries(sections).sort(([a], [b]) => (a < b ? -1 : 1))];
    for (const entries of orders)
      expect({ ...files, ...writeSections(files, Object.fromEntries(entries)) }).toEqual(written);
  });
});

test("a section that is not there reads as null, also in a file that is not there", () => {
  for (const key of [
    `${MAIN}#iface eth9 inet`,
    `${MAIN}#auto br0`,
    "/nowhere#iface a inet",
    `${IFSTATE}#br1`,
    "/etc/sysctl.conf#net.ipv4.ip_forward",
  ])
    expect(readSection({ [MAIN]: interfaces }, key)).toBeNull();
});

test("names with regular expressions' characters in them are names", () => {
  const files = { [IFSTATE]: "a.b=a.b\naxb=axb\n" };
  expect(readSection(files, `${IFSTATE}#a.b`)).toBe("a.b=a.b\n");
  expect(writeSections(files, { [`${IFSTATE}#a.b`]: null })).toEqual({ [IFSTATE]: "axb=axb\n" });
});

test("splitKey cuts at the first #", () =>
  expect(splitKey(`${MAIN}#iface eth0 inet`)).toEqual([MAIN, "iface eth0 inet"]));
