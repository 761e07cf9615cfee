import { ArgumentError } from "../../provider/errors";
import * as parse from "../../provider/parse";

const { Arguments, UNKNOWN } = parse;

/** The properties that were refused. */
function refused(read: (args: parse.Arguments) => void, values: Record<string, unknown>): string[] {
  const args = new Arguments(values);
  read(args);
  try {
    args.done();
  } catch (error) {
    if (error instanceof ArgumentError) return error.problems.map(({ property }) => property);
    throw error;
  }
  return [];
}

const accepts = (parser: (value: unknown) => unknown, ...values: readonly (readonly [unknown, unknown])[]) =>
  test.each(values)("%j reads as %j", (value, read) => expect(parser(value)).toEqual(read));
const refuses = (parser: (value: unknown) => unknown, ...values: readonly (readonly [unknown, string])[]) =>
  test.each(values)("%j is refused: %s", (value, why) => expect(() => parser(value)).toThrow(why));

describe("interfaceName", () => {
  accepts(
    parse.interfaceName,
    ["eth0", "eth0"],
    ["br-lan.5", "br-lan.5"],
    ["enp0s31f6np0abc", "enp0s31f6np0abc"],
    ["_x", "_x"],
    ["0a", "0a"],
  );
  refuses(
    parse.interfaceName,
    ["sixteen-bytes-xx", "has 16 bytes; the kernel allows 15"],
    ["éééééééé", "16 bytes"],
    ["", "is not an interface name"],
    ["a/b", "is not an interface name"],
    ["a b", "is not an interface name"],
    ["a:b", "is not an interface name"],
    ["a\n", "is not an interface name"],
    [".", "is not an interface name"],
    ["..", "is not an interface name"],
    ["-a", "is not an interface name"],
    ["%d", "is not an interface name"],
    ['"; reboot', "is not an interface name"],
    ["$(reboot)", "is not an interface name"],
    [5, "must be a string, not 5"],
    [null, "must be a string"],
    [["eth0"], "must be a string"],
  );
});

describe("libvirtName", () => {
  accepts(
    parse.libvirtName,
    ["web", "web"],
    ["Windows 11 (x)".slice(0, 10), "Windows 11"],
    ["a.b_c+d:e@f-g", "a.b_c+d:e@f-g"],
  );
  refuses(parse.libvirtName, ['"; reboot', "is not a name for libvirt"], ["", "is not a name"], [" a", "is not a name"], ["a ", "is not a name"],
    ["a/b", "is not a name"], ["a'b", "is not a name"], ["a\nb", "is not a name"], ["-a", "is not a name"], ["x".repeat(201), "is not a name"]); // prettier-ignore
});

describe("macAddress", () => {
  accepts(parse.macAddress, ["52:54:00:AA:bb:0c", "52:54:00:aa:bb:0c"], ["52-54-00-aa-bb-0c", "52:54:00:aa:bb:0c"]);
  refuses(parse.macAddress, ["53:54:00:00:00:01", "multicast bit"], ["ff:ff:ff:ff:ff:ff", "multicast bit"], ["01:00:5e:00:00:01", "multicast bit"],
    ["00:00:00:00:00:00", "no NIC's address"], ["52:54:00:00:00", "is not a MAC address"], ["5254.0000.0001", "is not a MAC address"],
    ["52:54:00:00:00:0g", "is not a MAC address"], ["", "is not a MAC address"], [1, "must be a string"]); // prettier-ignore
});

describe("ipAddress", () => {
  accepts(
    parse.ipAddress,
    ["10.0.0.1", "10.0.0.1"],
    ["FD00:0::1", "fd00::1"],
    ["::", "::"],
    ["::ffff:10.0.0.1", "::ffff:a00:1"],
  );
  refuses(parse.ipAddress, ["10.0.0.256", "is not an IP address"], ["10.1", "is not an IP address"], ["10", "is not an IP address"],
    ["0x0a.0.0.1", "is not an IP address"], ["010.0.0.1", "is not an IP address"], ["10.0.0.1/24", "is not an IP address"], ["10.0.0.1 ", "is not an IP address"],
    ["fe80::1%eth0", "is not an IP address"], ["", "is not an IP address"], ["kvm1.lab", "is not an IP address"]); // prettier-ignore
});

describe("cidr", () => {
  accepts(
    parse.cidr,
    ["10.0.0.11/24", "10.0.0.11/24"],
    ["10.0.0.11/024", "10.0.0.11/24"],
    ["FD00::0:1/64", "fd00::1/64"],
    ["0.0.0.0/0", "0.0.0.0/0"],
  );
  refuses(parse.cidr, ["10.0.0.11", 'has no prefix length: write "10.0.0.11/24"'], ["fd00::1", 'write "fd00::1/64"'], ["10.0.0.11/33", "from 0 to 32"],
    ["fd00::1/129", "from 0 to 128"], ["10.0.0.11/255.255.255.0", "prefix length must be a number"], ["10.0.0.11/", "prefix length must be a number"],
    ["10.0.0.11/24/1", "prefix length must be a number"], ["10.0.0.11/-1", "prefix length must be a number"], ["x/24", "is not an IP address"]); // prettier-ignore
});

describe("numbers, truths and choices", () => {
  accepts(parse.integer(0, 10, "seconds"), [0, 0], [10, 10]);
  refuses(
    parse.integer(0, 10, "seconds"),
    [11, "must be a number from 0 to 10 seconds, not 11"],
    [-1, "from 0 to 10"],
    [1.5, "whole number"],
    ["1", "whole number"],
    [NaN, "whole number"],
    [Infinity, "whole number"],
  );
  accepts(parse.number(0, 30), [0.5, 0.5]);
  refuses(parse.number(0, 30), [30.1, "from 0 to 30"], [NaN, "from 0 to 30"], ["0.5", "from 0 to 30"]);
  accepts(parse.boolean, [true, true], [false, false]);
  refuses(parse.boolean, ["true", "must be true or false"], [1, "must be true or false"], [0, "must be true or false"]);
  accepts(parse.oneOf("up", "down"), ["up", "up"]);
  refuses(parse.oneOf("up", "down"), ["UP", 'must be one of "up", "down", not "UP"'], [undefined, "must be one of"]);
  accepts(parse.domainName, ["lab", "lab"], ["a.lab-1.example", "a.lab-1.example"]);
  refuses(
    parse.domainName,
    ["-lab", "is not a DNS name"],
    ["lab.", "is not a DNS name"],
    ["a..b", "is not a DNS name"],
    ["a_b", "is not a DNS name"],
    ["a".repeat(64), "is not a DNS name"],
    ["x'y", "is not a DNS name"],
  );
});

describe("Arguments", () => {
  test("gathers every problem with its property's path", () => {
    const read = (args: parse.Arguments) => {
      args.required("name", parse.text);
      args.list("ports", parse.interfaceName);
      args.object("dhcp", (dhcp) => {
        dhcp.required("start", parse.ipAddress);
        dhcp.objects("hosts", (host) => host.required("mac", parse.macAddress));
      });
      args.objects("routes", (route) => route.required("via", parse.ipAddress));
    };
    expect(refused(read, { ports: "eth0", dhcp: [], routes: {} })).toEqual(["name", "ports", "dhcp", "routes"]);
    expect(refused(read, { name: 1, ports: ["a/b", "eth0", "c d"], dhcp: { hosts: [{}, 5, { mac: "x" }] }, routes: [{ via: "10.0.0.1" }, {}] })).toEqual([
      "name", "ports[0]", "ports[2]", "dhcp.start", "dhcp.hosts[0].mac", "dhcp.hosts[1]", "dhcp.hosts[2].mac", "routes[1].via",
    ]); // prettier-ignore
    expect(refused(read, { name: "x" })).toEqual([]);
  });

  test("what is not known yet is no problem, wherever it stands", () => {
    const read = (args: parse.Arguments) => {
      expect(args.required("name", parse.text)).toBeUndefined();
      const ports = args.list("ports", parse.interfaceName);
      // Each item keeps its place, so that what is said of another one has the right path.
      if (ports) expect(ports[0]).toBeUndefined();
      args.object("dhcp", (dhcp) => dhcp.required("start", parse.ipAddress));
      args.objects("routes", (route) => route.required("via", parse.ipAddress));
    };
    expect(refused(read, { name: UNKNOWN, ports: UNKNOWN, dhcp: UNKNOWN, routes: UNKNOWN })).toEqual([]);
    expect(
      refused(read, {
        name: UNKNOWN,
        ports: [UNKNOWN, "eth0"],
        dhcp: { start: UNKNOWN },
        routes: [UNKNOWN, { via: UNKNOWN }],
      }),
    ).toEqual([]);
    // Beside it, what is known and bad is named at its own place.
    expect(refused(read, { name: UNKNOWN, ports: [UNKNOWN, "a/b"], dhcp: { start: "x" }, routes: [UNKNOWN, { via: "x" }] })).toEqual([
      "ports[1]", "dhcp.start", "routes[1].via",
    ]); // prettier-ignore
  });

  test.each([
    [UNKNOWN, true],
    [{ a: [{ b: UNKNOWN }] }, true],
    [[[UNKNOWN]], true],
    [{ a: `${UNKNOWN}!` }, false],
    [null, false],
    [{ a: null, b: [1, "x"] }, false],
  ])("hasUnknown(%j) is %s", (value, unknown) => expect(parse.hasUnknown(value)).toBe(unknown));
});

describe("subnets", () => {
  test.each([
    ["192.168.1.5", "192.168.1.1/24", true],
    ["192.168.2.5", "192.168.1.1/24", false],
    ["fd00::5", "fd00::1/64", true],
    ["10.0.0.1", "fd00::1/64", false],
    ["10.0.0.1/8", "10.0.0.0/24", true],
  ])("%s in %s: %s", (address, network, inside) => expect(parse.inSubnet(address, network)).toBe(inside));

  test.each([
    ["10.0.0.1/8", "10.9.0.1/24", true],
    ["10.9.0.1/24", "10.0.0.1/8", true],
    ["10.0.0.1/24", "10.0.1.1/24", false],
    ["10.0.0.1/24", "fd00::1/8", false],
  ])("%s overlaps %s: %s", (a, b, overlap) => expect(parse.overlaps(a, b)).toBe(overlap));

  test.each([
    ["10.0.0.0/24", ["10.0.0.0", "10.0.0.255"]],
    ["10.0.0.77/25", ["10.0.0.0", "10.0.0.127"]],
    ["10.0.0.0/31", []],
    ["fd00::5/64", ["fd00::"]],
    ["fd00::5/127", []],
  ])("nobody has %s's %j", (network, reserved) => expect(parse.reservedAddresses(network)).toEqual(reserved));

  test("addresses have an order, as numbers and not as texts", () => {
    expect(parse.compareAddresses("10.0.0.9", "10.0.0.10")).toBeLessThan(0);
    expect(parse.compareAddresses("fd00::a", "fd00::9")).toBeGreaterThan(0);
    expect(parse.compareAddresses("10.0.0.1", "10.0.0.1")).toBe(0);
  });
});
