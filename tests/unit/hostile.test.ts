import { globMatches } from "../../provider/backends/glob";
import { sections, writeSection } from "../../provider/backends/interfacesFile";
import { ArgumentError } from "../../provider/errors";
import { isMarked, markOf } from "../../provider/mark";
import { Arguments } from "../../provider/parse";
import type { ResourceDefinition } from "../../provider/resource";
import { bridge } from "../../provider/resources/bridge";
import { guestInterface } from "../../provider/resources/guestInterface";
import { natNetwork } from "../../provider/resources/networks";
import { readAssignment, sysctlFile, writeAssignment } from "../../provider/kernel/sysctl";
import { quote } from "../../provider/shell";
import { hostileTexts, seed } from "../hostile";

/** Those that tests/contract/hostile.test.ts sends through a shell: what never gets there, since it is refused. */
const texts = hostileTexts(600);
afterAll(() => process.stdout.write(`HOSTILE_SEED=${seed}\n`));

/** Each argument that is a text, in a set of arguments that is fine without it. */
const nat = { address: "10.0.0.1/24" };
const dhcp = { start: "10.0.0.2", end: "10.0.0.9" };
const given: [string, unknown, (text: string) => Record<string, unknown>][] = [
  ["name", bridge, (name) => ({ name, ports: [] })],
  ["ports[0]", bridge, (port) => ({ name: "br0", ports: [port] })],
  ["addresses[0]", bridge, (address) => ({ name: "br0", ports: [], addresses: [address] })],
  ["routes[0].to", bridge, (to) => ({ name: "br0", ports: [], routes: [{ to, via: "10.0.0.1" }] })],
  ["routes[0].via", bridge, (via) => ({ name: "br0", ports: [], routes: [{ to: "default", via }] })],
  ["nameservers[0]", bridge, (nameserver) => ({ name: "br0", ports: [], nameservers: [nameserver] })],
  ["macAddress", bridge, (macAddress) => ({ name: "br0", ports: [], macAddress })],
  ["owner", bridge, (owner) => ({ name: "br0", ports: [], owner })],
  ["name", natNetwork, (name) => ({ ...nat, name })],
  ["address", natNetwork, (address) => ({ address })],
  ["address6", natNetwork, (address6) => ({ ...nat, address6 })],
  ["bridgeName", natNetwork, (bridgeName) => ({ ...nat, bridgeName })],
  ["domain", natNetwork, (domain) => ({ ...nat, domain })],
  ["forwardInterface", natNetwork, (forwardInterface) => ({ ...nat, forwardInterface })],
  ["dhcp.start", natNetwork, (start) => ({ ...nat, dhcp: { ...dhcp, start } })],
  ["dhcp.hosts[0].name", natNetwork, (name) => ({ ...nat, dhcp: { ...dhcp, hosts: [{ mac: "52:54:00:00:00:01", address: "10.0.0.3", name }] } })],
  ["dhcp.hosts[0].mac", natNetwork, (mac) => ({ ...nat, dhcp: { ...dhcp, hosts: [{ mac, address: "10.0.0.3" }] } })],
  ["domain", guestInterface, (domain) => ({ domain, bridge: "br0" })],
  ["bridge", guestInterface, (bridge) => ({ domain: "web", bridge })],
  ["network", guestInterface, (network) => ({ domain: "web", network })],
  ["model", guestInterface, (model) => ({ domain: "web", bridge: "br0", model })],
  ["linkState", guestInterface, (linkState) => ({ domain: "web", bridge: "br0", linkState })],
  ["portgroup", guestInterface, (portgroup) => ({ domain: "web", network: "lab", portgroup })],
  ["tapName", guestInterface, (tapName) => ({ domain: "web", bridge: "br0", tapName })],
  ["filter.name", guestInterface, (name) => ({ domain: "web", bridge: "br0", filter: { name } })],
  ["filter.parameters", guestInterface, (text) => ({ domain: "web", bridge: "br0", filter: { name: "f", parameters: { IP: ["1", text] } } })],
  ["filter.parameters", guestInterface, (text) => ({ domain: "web", bridge: "br0", filter: { name: "f", parameters: { [text]: "1" } } })],
  ["address", guestInterface, (address) => ({ domain: "web", bridge: "br0", address })],
  ["gateway", guestInterface, (gateway) => ({ domain: "web", bridge: "br0", address: "10.0.0.2/0", gateway })],
  ["nameservers[0]", guestInterface, (nameserver) => ({ domain: "web", bridge: "br0", nameservers: [nameserver] })],
  ["searchDomains[0]", guestInterface, (domain) => ({ domain: "web", bridge: "br0", searchDomains: [domain] })],
]; // prettier-ignore

function problems(definition: unknown, args: Record<string, unknown>, name = "x"): string[] {
  const read = new Arguments(args);
  (definition as ResourceDefinition<never>).parse(read, name);
  try {
    read.done();
    return [];
  } catch (error) {
    return (error as ArgumentError).problems.map(({ property }) => property);
  }
}

/** What no shell, no XML and no file that we write takes for anything but a character of a name. */
const HARMLESS = /^[A-Za-z0-9_.+:@ /-]*$/;

test.each(given)("%s: a text is refused by that path, or is harmless", (path, definition, argsOf) => {
  let refused = 0;
  for (const text of texts) {
    const found = problems(definition, argsOf(text));
    if (found.length > 0) refused++;
    if (found.length > 0) expect([text, found]).toEqual([text, expect.arrayContaining([path])]);
    else expect(text).toMatch(HARMLESS);
  }
  expect(refused).toBeGreaterThan(texts.length * 0.9);
});

test.each([["a bridge", bridge, { ports: [] }] as const, ["a network", natNetwork, nat] as const])(
  "the name of a resource, where it is the default of %s's: the same",
  (_, definition, args) => {
    for (const text of texts)
      if (problems(definition, args, text).length === 0) expect(text).toMatch(HARMLESS);
      else expect(problems(definition, args, text)).toEqual(["name"]);
  },
);

test.each(["constructor", "__proto__", "toString", "valueOf", "hasOwnProperty"])("%s is no name", (name) => {
  expect(problems(natNetwork, { ...nat, name })).toEqual(["name"]);
  expect(problems(guestInterface, { domain: name, bridge: "br0" })).toEqual(["domain"]);
  if (name.length < 16) expect(problems(bridge, { name, ports: [] })).toEqual(["name"]);
});

test.each(["7", "101", "d1ef6221-d8b8-4e83-8a7f-1a4f57bbd7cc"])("a guest %s would be another one to virsh", (domain) =>
  expect(problems(guestInterface, { domain, bridge: "br0" })).toEqual(["domain"]),
);

test("a mark is one line, of characters that mean nothing in a comment, and still one resource's", () => {
  const marks = texts.map((text) =>
    markOf(`urn:pulumi:${text}::${text}::pulumi-nodejs:dynamic/kvmnet:Bridge::${text}`),
  );
  for (const mark of marks) expect(mark).toMatch(/^Managed by pulumi-kvmnet \([ !$-[\]-~]{1,230}/);
  for (const mark of marks) expect(mark.length).toBeLessThanOrEqual(255);
  const long = ["a", "b"].map((end) => markOf(`urn:pulumi:s::p::t::${"x".repeat(300)}${end}`));
  expect(long[0]).not.toBe(long[1]);
  expect(isMarked({ files: { f: sysctlFile(long[0]!, { a: "1" }) }, links: {} } as never, long[0]!)).toBe(true);
});

test("a NUL reaches no shell", () => {
  for (const text of texts.map((text) => `${text}\0${text}`))
    expect(() => quote(text)).toThrow("a NUL cannot be given to a shell");
});

test("a file of interfaces(5) of any text takes a section, and gives it back byte for byte", () => {
  const name = "iface br0 inet";
  const section = "iface br0 inet manual\n\tbridge_ports eth0";
  let written = 0;
  for (const text of texts) {
    if (sections(text)[name] !== undefined) continue;
    let file: string;
    try {
      file = writeSection(text, name, section);
    } catch (error) {
      expect((error as Error).message).toMatch(/^not a section/);
      continue;
    }
    expect(sections(file)[name]).toBe(section);
    expect(writeSection(file, name, null)).toBe(text);
    written++;
  }
  expect(written).toBeGreaterThan(texts.length * 0.9);
});

test("so does a file of sysctl.conf(5)", () => {
  for (const text of texts) {
    if (readAssignment(text, "net.ipv4.ip_forward") !== null) continue;
    const file = writeAssignment(text, "net.ipv4.ip_forward", "net.ipv4.ip_forward = 1\n");
    expect(readAssignment(file, "net.ipv4.ip_forward")).toBe("net.ipv4.ip_forward = 1\n");
    expect(file.startsWith(text)).toBe(true);
  }
});

test("a pattern of a host's file is matched as a shell does, and at once, whatever it is", () => {
  const cases: [pattern: string, path: string, matches: boolean][] = [
    ["/etc/*", "/etc/a", true], ["/etc/*", "/etc/.a", false], ["/etc/*", "/etc/a/b", false], ["/etc/.*", "/etc/.a", true], ["/etc/?b", "/etc/ab", true],
    ["/etc/[a-c]x", "/etc/bx", true], ["/etc/[!a-c]x", "/etc/bx", false], ["/etc/[", "/etc/[", true], ["/etc/[]]", "/etc/]", true], ["/etc/a*b*c", "/etc/axxbxxc", true],
    ["/etc/a*b*c", "/etc/axxbxx", false], ["/etc/**", "/etc/a", true], ["/etc/*.cfg", "/etc/a.cfg.cfg", true], ["/etc/+(a)", "/etc/a", false], ["/etc/$x^", "/etc/$x^", true],
  ]; // prettier-ignore
  for (const [pattern, path, matches] of cases) expect([pattern, path, globMatches(pattern, path)]).toEqual([pattern, path, matches]); // prettier-ignore
  const began = performance.now();
  expect(globMatches(`/${"*a".repeat(2000)}b`, `/${"a".repeat(4000)}`)).toBe(false);
  for (const text of texts) globMatches(text, text);
  expect(performance.now() - began).toBeLessThan(3000);
});
