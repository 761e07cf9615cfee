import { parseStanza, sections, writeSection, writeSections } from "../../provider/backends/interfacesFile";

/** A small generator of our own (mulberry32): the same texts in every run, so that a failure can be looked at again. */
function random(seed: number): (below: number) => number {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const pieces = [
  "", "", "", "   ", "\t", "# a comment", "  # indented", "# continued? \\", "auto lo", "auto eth0", "auto eth0 eth1", "auto br0", "auto br0 \\",
  "allow-hotplug eth0", "iface lo inet loopback", "iface eth0 inet dhcp", "iface eth0 inet static", "iface eth0 inet6 auto",
  "iface  br1\tinet manual", "iface br0 inet6 auto", "    address 10.0.0.1/24", "\tgateway 10.0.0.254 \\", "    up ip route add x", "\\", "foo \\",
  "source /etc/network/interfaces.d/*", "source-directory interfaces.d", "mapping eth*", "  script /bin/x", "no-auto-down eth0", "\r", "x\r",
]; // prettier-ignore

function anyText(next: (below: number) => number): string {
  const eol = next(4) === 0 ? "\r\n" : "\n";
  const body = Array.from({ length: next(9) }, () => pieces[next(pieces.length)]).join(eol);
  return body + ["", eol, eol + eol, "\n\n\n", "\r"][next(5)];
}

const inserted: [string, string][] = [
  ["auto br0", "auto br0"],
  ["iface br0 inet", "iface br0 inet static\n    address 10.0.0.11/24\n    # why\n    gateway 10.0.0.1"],
  ["iface br0 inet6", "iface br0 inet6 static\n\taddress fd00::1/64"],
  ["auto br1", "auto br1"],
  ["iface br1 inet", "iface br1 inet manual\n    bridge_ports none"],
];
const anchors = [undefined, "iface eth0 inet", "auto eth0", "iface eth0 inet6", "iface none inet"];

describe("writeSection", () => {
  test("removing what was inserted gives back the file, whatever it is, in any order", () => {
    const next = random(1);
    for (let i = 0; i < 5_000; i++) {
      const text = anyText(next);
      const before = anchors[next(anchors.length)];
      const added = inserted.filter(([name]) => !(name in sections(text)) && next(2) === 0);
      let written = text;
      for (const [name, section] of added) {
        written = writeSection(written, name, section, before);
        expect(sections(written)[name]).toBe(section);
      }
      const order = added.map(([name]) => name).sort(() => next(3) - 1);
      expect({ text, back: order.reduce((t, name) => writeSection(t, name, null), written) }).toEqual({
        text,
        back: text,
      });
    }
  });

  test("replacing and putting back gives back the file", () => {
    const next = random(2);
    for (let i = 0; i < 5_000; i++) {
      const text = anyText(next);
      for (const [name, original] of Object.entries(sections(text))) {
        const other = name.startsWith("iface")
          ? `${name.split(" ").slice(0, 3).join(" ")} manual\n    mtu 1400`
          : name.split(" ").slice(0, 2).join(" ");
        const written = writeSection(text, name, other);
        expect(sections(written)[name]).toBe(other);
        expect(writeSection(written, name, original)).toBe(text);
      }
    }
  });

  test("reads as a person would have written it", () => {
    const text =
      "auto lo\niface lo inet loopback\n\n# The primary network interface\nallow-hotplug eth0\niface eth0 inet dhcp\n";
    const withAuto = writeSection(text, "auto br0", "auto br0", "iface eth0 inet");
    expect(
      writeSection(withAuto, "iface br0 inet", "iface br0 inet dhcp\n    bridge_ports eth0", "iface eth0 inet"),
    ).toBe(
      "auto lo\niface lo inet loopback\n\nauto br0\niface br0 inet dhcp\n    bridge_ports eth0\n\n" +
        "# The primary network interface\nallow-hotplug eth0\niface eth0 inet dhcp\n",
    );
    expect(writeSection("auto lo\n", "auto br0", "auto br0")).toBe("auto lo\n\nauto br0\n");
    expect(writeSection("", "auto br0", "auto br0")).toBe("auto br0\n");
  });

  test("refuses what is not that section", () => {
    expect(() => writeSection("", "auto br0", "auto br1")).toThrow("not a section auto br0");
  });
});

describe("sections", () => {
  test("runs a stanza to its last option, with the comments between, and numbers its twins", () => {
    const text =
      "auto lo eth9\nallow-hotplug eth0\niface eth0 inet static\n\taddress 10.0.0.1/24\n\n\t# office\n\tgateway \\\n\t 10.0.0.254\n\t# last\n\n" +
      "iface eth0 inet static\r\n  address 10.0.0.2/24\r\niface eth0 inet6 auto";
    expect(sections(text)).toEqual({
      "allow-hotplug eth0": "allow-hotplug eth0",
      "iface eth0 inet": "iface eth0 inet static\n\taddress 10.0.0.1/24\n\n\t# office\n\tgateway \\\n\t 10.0.0.254",
      "iface eth0 inet 2": "iface eth0 inet static\r\n  address 10.0.0.2/24",
      "iface eth0 inet6": "iface eth0 inet6 auto",
    });
  });

  test("is not misled by options of a mapping or lines that end a stanza", () => {
    expect(sections("mapping eth*\n  script /x\niface eth0 inet manual\nsource x\nmtu 1\n")).toEqual({
      "iface eth0 inet": "iface eth0 inet manual",
    });
  });
});

test("writeSections does not depend on the order of its keys, and undoes itself", () => {
  const text =
    "# header\n\nauto eth0\niface eth0 inet static\n  address 10.0.0.1/24\niface eth0 inet static\n  address 10.0.0.2/24\n";
  const changes = {
    "iface eth0 inet 2": "iface eth0 inet manual",
    "iface br0 inet6": "iface br0 inet6 auto",
    "iface br0 inet 2": "iface br0 inet static\n    address 10.0.0.2/24",
    "iface eth0 inet": "iface eth0 inet manual",
    "iface br0 inet": "iface br0 inet static\n    address 10.0.0.1/24",
    "auto br0": "auto br0",
  };
  const written =
    "# header\n\nauto br0\niface br0 inet static\n    address 10.0.0.1/24\niface br0 inet static\n    address 10.0.0.2/24\niface br0 inet6 auto\n\n" +
    "auto eth0\niface eth0 inet manual\niface eth0 inet manual\n";
  expect(writeSections(text, changes)).toBe(written);
  expect(writeSections(text, Object.fromEntries(Object.entries(changes).reverse()))).toBe(written);
  const before = Object.fromEntries(Object.keys(changes).map((name) => [name, sections(text)[name] ?? null]));
  expect(writeSections(written, before)).toBe(text);
});

test("parseStanza keeps every byte in header and options", () => {
  const section =
    "iface eth0  inet static inherits lan\n\n  # c\n  address 10.0.0.1/24\n\tup  ip route add \\\n   x  || true";
  const stanza = parseStanza(section);
  expect(stanza.header + stanza.options.map(({ raw }) => raw).join("")).toBe(section);
  expect(stanza).toMatchObject({ iface: "eth0", family: "inet", method: "static", inherits: "lan" });
  expect(stanza.options.map(({ keyword, value }) => [keyword, value])).toEqual([
    ["address", "10.0.0.1/24"],
    ["up", "ip route add x || true"],
  ]);
});
