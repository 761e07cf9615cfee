import { HostError } from "../../provider/errors";
import { log } from "../../provider/host/log";
import type { HostSession } from "../../provider/host/session";
import { lifecycle } from "../../provider/lifecycle";
import { UNKNOWN } from "../../provider/parse";
import type { Properties, ResourceDefinition } from "../../provider/resource";
import { bridge } from "../../provider/resources/bridge";
import { bridgeNetfilter } from "../../provider/resources/bridgeNetfilter";
import { guestInterface } from "../../provider/resources/guestInterface";
import { natNetwork } from "../../provider/resources/networks";
import { sysctlForwarding } from "../../provider/resources/sysctlForwarding";
import { describedHost, SimulatedHost } from "../golden/simulatedHost";

import { kvm1, resourceOf, Stack, urnOf } from "../golden/stack";

let warnings: jest.SpyInstance;
beforeEach(() => (warnings = jest.spyOn(log, "warning").mockClear().mockResolvedValue()));

describe("unknown values", () => {
  test.each<[string, unknown, Properties, readonly string[]]>([
    ["an argument", bridge, { ports: ["eth0"], mtu: UNKNOWN }, ["files", "sections", "links"]],
    ["in a list", bridge, { ports: ["eth0"], addresses: ["10.0.0.1/24", UNKNOWN] }, ["files", "sections", "links"]],
    ["deep in a list of objects", bridge, { ports: ["eth0"], routes: [{ to: "default", via: UNKNOWN }] }, ["files", "sections", "links"]],
    ["in an object", natNetwork, { address: "10.9.0.1/24", dhcp: { start: UNKNOWN, end: "10.9.0.9" } }, ["networks"]],
    ["deeper", natNetwork, { address: "10.9.0.1/24", dhcp: { start: "10.9.0.2", end: "10.9.0.9", hosts: [{ mac: UNKNOWN, address: "10.9.0.3" }] } }, ["networks"]],
    ["the bridge of a guest's interface", guestInterface, { domain: "web", bridge: UNKNOWN }, ["interfaces", "reservations"]],
    ["a boolean", sysctlForwarding, { ipv4: UNKNOWN }, ["files", "sections", "sysctls"]],
    ["all of it", bridgeNetfilter, { iptables: UNKNOWN, ip6tables: UNKNOWN }, ["files", "sections", "sysctls"]],
  ])("%s: what is rendered is unknown as a whole", async (_, definition, args, rendered) => {
    const host = new SimulatedHost(describedHost(kvm1));
    host.observe = () => Promise.reject(new Error("no reason to ask the host"));
    const { inputs, failures } = await new Stack(definition, "x", host).check(args);
    expect(failures).toBeUndefined();
    expect(inputs).toMatchObject(args);
    for (const key of rendered) expect(inputs[key]).toBe(UNKNOWN);
    // Never text with the sentinel inside: that would be written one day.
    const texts = JSON.stringify(inputs).split(`"${UNKNOWN}"`).join("");
    expect(texts).not.toContain(UNKNOWN);
  }); // prettier-ignore

  test("bad known arguments beside them are refused", async () => {
    const { failures } = await new Stack(bridge, "br0").check({
      ports: UNKNOWN,
      mtu: 1,
      addresses: [UNKNOWN, "10.0.0.1"],
    });
    expect(failures?.map(({ property }) => property)).toEqual(["addresses[1]", "mtu"]);
  });

  test("of an update are a difference", async () => {
    const stack = new Stack(bridge, "br0");
    await stack.up({ ports: ["eth0"] });
    const { inputs } = await stack.check({ ports: ["eth0"], mtu: UNKNOWN });
    expect(await stack.diff(inputs)).toMatchObject({ changes: true, replaces: [] });
  });
});

describe("diff", () => {
  const olds = {
    name: "br0",
    ports: ["eth0"],
    links: { br0: { up: true } },
    __found: { a: 1 },
    __before: {},
    __urn: "u",
  };
  const { diff } = resourceOf(bridge, new SimulatedHost(describedHost(kvm1)));

  test("minds no hidden property, nor one that a resource does not have", async () => {
    for (const news of [
      olds,
      { ...olds, __found: { a: 2 } },
      { ...olds, __before: 1, __provider: "x", __urn: "v" },
      { ...olds, currentAddresses: ["x"] },
      { ...olds, adopt: true },
    ])
      expect(await diff("br0", olds, news)).toEqual({ changes: false, replaces: [], deleteBeforeReplace: false });
  });

  test.each<[string, Properties, string[]]>([
    ["an argument", { ...olds, ports: [] }, []],
    ["what is rendered", { ...olds, links: { br0: { up: false } } }, []],
    ["an argument that is new", { ...olds, mtu: 1400 }, []],
    ["an argument that is gone", { ...olds, ports: undefined }, []],
    ["its name", { ...olds, name: "br1" }, ["name"]],
    ["its host", { ...olds, host: "kvm2" }, ["host"]],
    ["both", { ...olds, name: "br1", host: "kvm2" }, ["host", "name"]],
  ])("sees %s", async (_, news, replaces) => {
    const found = await diff("br0", olds, news);
    expect(found).toMatchObject({ changes: true, deleteBeforeReplace: replaces.length > 0 });
    expect([...found.replaces].sort()).toEqual(replaces);
  });

  test.each<[unknown, string[]]>([
    [bridge, ["name", "owner"]],
    [natNetwork, ["name"]],
    [guestInterface, ["domain", "mac"]],
    [sysctlForwarding, []],
    [bridgeNetfilter, []],
  ])("replaces what becomes another thing (%#)", async (definition, replaceOn) => {
    const { diff } = resourceOf(definition, new SimulatedHost(describedHost()));
    for (const key of (definition as ResourceDefinition<never>).args) {
      const { replaces } = await diff("x", { [key]: "a" }, { [key]: "b" });
      expect([key, replaces]).toEqual([key, replaceOn.includes(key) ? [key] : []]);
    }
  });
});

describe("errors", () => {
  const failing = (error: Error) => {
    const session = { host: "kvm1", observe: () => Promise.reject(error), change: () => Promise.reject(error) };
    return lifecycle(bridge as ResourceDefinition<never>, () => session as unknown as HostSession);
  };
  const props = { __urn: urnOf(bridge, "br0"), name: "br0", ports: [], __desired: { links: { br0: { up: true } } } };
  const unreachable = new HostError("unreachable", "no route to 10.0.0.11:22, tried for 10 s");

  test("a host that does not answer is a failure of `host` in preview", async () => {
    const { failures } = await failing(unreachable).check({}, { ports: [], __urn: props.__urn });
    expect(failures).toEqual([{ property: "host", reason: unreachable.message }]);
  });

  test("all say what failed, on what, where and why, in one grammar", async () => {
    const resource = failing(unreachable);
    const tries = {
      create: () => resource.create(props),
      update: () => resource.update("br0", props, props),
      read: () => resource.read("br0", props),
      delete: () => resource.delete("br0", props),
    };
    for (const [verb, attempt] of Object.entries(tries))
      await expect(attempt()).rejects.toThrow(
        `Unable to ${verb} Bridge "br0" on kvm1: no route to 10.0.0.11:22, tried for 10 s`,
      );
  });

  test("a mistake of ours keeps its own words and its stack", async () => {
    const bug = new TypeError("undefined is not a function");
    await expect(failing(bug).create(props)).rejects.toBe(bug);
    await expect(failing(bug).check({}, { ports: [], __urn: props.__urn })).rejects.toBe(bug);
  });

  test("a change that the host does not show is a resource half made: id, properties and what differs", async () => {
    const stack = new Stack(bridge, "br0");
    const { change } = stack.host;
    stack.host.change = async (request) => {
      const observed = await change(request);
      return {
        ...observed,
        links: { ...observed.links, br0: { ...observed.links["br0"]!, mac: "52:54:00:00:00:99" } },
      };
    };
    const error = (await stack.up({ ports: ["eth0"] }).catch((error: unknown) => error)) as Error & {
      id: string;
      properties: Properties;
      reasons: string[];
    };
    expect(error.message).toMatch(
      /^Unable to create Bridge "br0" on kvm1: links\.br0\.mac is "52:54:00:00:00:99", wanted "52:54:00:aa:00:01"/,
    );
    expect(error).toMatchObject({
      id: "br0",
      reasons: ['links.br0.mac is "52:54:00:00:00:99", wanted "52:54:00:aa:00:01"'],
    });
    expect(error.properties).toMatchObject({ __provider: "handler", __desired: {}, __before: {}, name: "br0" });
  });

  test("nothing that the engine cannot keep is returned", async () => {
    const stack = new Stack(natNetwork, "lab", {});
    const outs = await stack.up({
      address: "192.168.123.1/24",
      dhcp: { start: "192.168.123.2", end: "192.168.123.9" },
    });
    for (const value of [outs, stack.inputs, await stack.read()])
      expect(JSON.parse(JSON.stringify(value))).toStrictEqual(value);
    expect(stack.id).toBe("lab");
  });

  test("what is missing is a warning in preview and an error before anything is touched", async () => {
    const stack = new Stack(guestInterface, "nic", {});
    const { inputs, failures } = await stack.check({ domain: "web", network: "lab" });
    expect(failures).toBeUndefined();
    expect(warnings.mock.calls.map(([, message]: string[]) => message)).toEqual([
      'libvirt has no domain "web" on kvm1 yet; the update fails unless it is made before',
      'libvirt has no network "lab" on kvm1 yet; the update fails unless it is made before',
    ]);
    await expect(stack.resource.create(inputs)).rejects.toThrow(
      'libvirt has no domain "web", and libvirt has no network "lab" on kvm1; nothing was touched. Make it first, or take this resource out of the program.',
    );
    expect(stack.host.plans).toEqual([]);
  });
});
