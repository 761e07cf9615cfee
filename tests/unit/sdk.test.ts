import * as pulumi from "@pulumi/pulumi";
import * as kvmnet from "../../sdk";

interface Sent {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

const sent: Sent[] = [];
const secretMark = "4dabf18193072939515e22adb298388d";
const secret = (value: unknown) => ({ [secretMark]: "1b47061264138c4ac30d75fd1eb44270", value });
const value = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));

/** What went over the wire for the resource of that name, once it is registered. */
async function wire(resource: pulumi.Resource): Promise<Sent> {
  const urn = await value(resource.urn);
  return sent.find(({ name, type }) => urn.endsWith(`${type}::${name}`))!;
}

beforeEach(async () => {
  sent.length = 0;
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        sent.push({ type, name, inputs });
        return { id: `${name}-id`, state: { ...inputs, currentAddresses: ["10.0.0.11/24"] } };
      },
      call: () => ({}),
    },
    "project",
    "stack",
  );
});

describe("wire format", () => {
  // These texts stand in users' states: a change here breaks every stack that exists.
  const handlers = {
    Bridge: 'exports.handler=()=>require("pulumi-kvmnet/provider").bridge;',
    NatNetwork: 'exports.handler=()=>require("pulumi-kvmnet/provider").natNetwork;',
    RoutedNetwork: 'exports.handler=()=>require("pulumi-kvmnet/provider").routedNetwork;',
    OpenNetwork: 'exports.handler=()=>require("pulumi-kvmnet/provider").openNetwork;',
    HostOnlyNetwork: 'exports.handler=()=>require("pulumi-kvmnet/provider").hostOnlyNetwork;',
    IsolatedNetwork: 'exports.handler=()=>require("pulumi-kvmnet/provider").isolatedNetwork;',
    BridgedNetwork: 'exports.handler=()=>require("pulumi-kvmnet/provider").bridgedNetwork;',
    GuestInterface: 'exports.handler=()=>require("pulumi-kvmnet/provider").guestInterface;',
    SysctlForwarding: 'exports.handler=()=>require("pulumi-kvmnet/provider").sysctlForwarding;',
    BridgeNetfilter: 'exports.handler=()=>require("pulumi-kvmnet/provider").bridgeNetfilter;',
  };
  const make = {
    Bridge: () => new kvmnet.Bridge("r", { ports: ["eth0"] }),
    NatNetwork: () => new kvmnet.NatNetwork("r", { address: "192.168.123.1/24" }),
    RoutedNetwork: () => new kvmnet.RoutedNetwork("r", { address: "192.168.123.1/24" }),
    OpenNetwork: () => new kvmnet.OpenNetwork("r", { address: "192.168.123.1/24" }),
    HostOnlyNetwork: () => new kvmnet.HostOnlyNetwork("r", { address: "192.168.123.1/24" }),
    IsolatedNetwork: () => new kvmnet.IsolatedNetwork("r", { mtu: 9000 }),
    BridgedNetwork: () => new kvmnet.BridgedNetwork("r", { bridge: "br0" }),
    GuestInterface: () => new kvmnet.GuestInterface("r", { domain: "web", bridge: "br0" }),
    SysctlForwarding: () => new kvmnet.SysctlForwarding("r", { ipv4: true }),
    BridgeNetfilter: () => new kvmnet.BridgeNetfilter("r", { iptables: false }),
  };
  const args = {
    Bridge: { ports: ["eth0"] },
    NatNetwork: { address: "192.168.123.1/24" },
    RoutedNetwork: { address: "192.168.123.1/24" },
    OpenNetwork: { address: "192.168.123.1/24" },
    HostOnlyNetwork: { address: "192.168.123.1/24" },
    IsolatedNetwork: { mtu: 9000 },
    BridgedNetwork: { bridge: "br0" },
    GuestInterface: { domain: "web", bridge: "br0" },
    SysctlForwarding: { ipv4: true },
    BridgeNetfilter: { iptables: false },
  };

  test.each(Object.keys(handlers) as (keyof typeof handlers)[])(
    "%s: token, handler, arguments, no more",
    async (type) => {
      const { inputs, ...token } = await wire(make[type]());
      expect(token).toEqual({ type: `pulumi-nodejs:dynamic/kvmnet:${type}`, name: "r" });
      expect(inputs).toEqual({
        ...args[type],
        __provider: handlers[type],
        __urn: `urn:pulumi:stack::project::pulumi-nodejs:dynamic/kvmnet:${type}::r`,
      });
      expect(Object.values(inputs)).not.toContain(undefined);
      expect(Buffer.byteLength(handlers[type])).toBeLessThan(100);
    },
  );

  test("undefined is left out at every depth, by value and by output", async () => {
    const { inputs } = await wire(
      new kvmnet.NatNetwork("r", {
        address: "192.168.123.1/24",
        domain: undefined,
        mtu: pulumi.output(undefined),
        dhcp: { start: "192.168.123.2", end: pulumi.output("192.168.123.9"), leaseTime: undefined },
      }),
    );
    expect(Object.keys(inputs).sort()).toEqual(["__provider", "__urn", "address", "dhcp"]);
    expect(Object.keys(inputs["dhcp"] as object).sort()).toEqual(["end", "start"]);
  });

  test("what the engine answers are the outputs, arguments too", async () => {
    const bridge = new kvmnet.Bridge("br0", { name: "br0", ports: ["eth0"] });
    expect(await value(bridge.name)).toBe("br0");
    expect(await value(bridge.ports)).toEqual(["eth0"]);
    expect(await value(bridge.currentAddresses)).toEqual(["10.0.0.11/24"]);
    for (const output of ["macAddress", "owner", "files", "links", "host"] as const) {
      expect(pulumi.Output.isInstance(bridge[output])).toBe(true);
      expect(await value<unknown>(bridge[output])).toBeUndefined();
    }
  });

  test("what was found on the host is a secret, beside the secrets of the program", async () => {
    let options: pulumi.CustomResourceOptions = {};
    const transformations: pulumi.ResourceTransformation[] = [
      ({ opts }) => {
        options = opts;
        return undefined;
      },
    ];
    const opts = { transformations, additionalSecretOutputs: ["files"] };
    await wire(new kvmnet.Bridge("br0", { ports: ["eth0"] }, opts));
    expect(options.additionalSecretOutputs).toEqual(["files", "__before"]);
    expect(opts.additionalSecretOutputs).toEqual(["files"]);
  });
});

describe("HostNetwork", () => {
  const parts = (name: string, args: kvmnet.HostNetworkArgs) => {
    const { bridges, networks, guests, forwarding, netfilter } = new kvmnet.HostNetwork(name, args);
    const nics = Object.values(guests).flatMap((each) => Object.values(each));
    const all = [...Object.values(bridges), ...Object.values(networks), ...nics, forwarding, netfilter];
    return Promise.all(all.filter((part) => part !== undefined).map(wire));
  };

  test("is its parts, called by its keys, on its host", async () => {
    const sent = await parts("kvm1", {
      host: "kvm1",
      bridges: { br0: { ports: ["eth0"] }, guests: { name: "br1", ports: [] } },
      networks: {
        lab: { model: "nat", address: "192.168.123.1/24" },
        dmz: { model: "routed", address: "10.20.0.1/24" },
        fw: { model: "open", address: "10.21.0.1/24" },
        db: { model: "hostOnly", address: "10.22.0.1/24" },
        mesh: { model: "isolated" },
        lan: { model: "bridged", bridge: "br0" },
      },
      guests: { web: { lan: { bridge: "br0" }, old: { network: "default" } } },
      forwarding: { ipv4: true },
      netfilter: { iptables: false },
    });
    const plain = sent.map(({ type, name, inputs: { __provider, __urn, ...inputs } }) => ({
      [`${type.split(":").at(-1)} ${name}`]: inputs,
    }));
    const host = "kvm1";
    expect(Object.assign({}, ...plain)).toEqual({
      "Bridge kvm1-br0": { host, name: "br0", ports: ["eth0"] },
      "Bridge kvm1-guests": { host, name: "br1", ports: [] },
      "NatNetwork kvm1-lab": { host, name: "lab", address: "192.168.123.1/24" },
      "RoutedNetwork kvm1-dmz": { host, name: "dmz", address: "10.20.0.1/24" },
      "OpenNetwork kvm1-fw": { host, name: "fw", address: "10.21.0.1/24" },
      "HostOnlyNetwork kvm1-db": { host, name: "db", address: "10.22.0.1/24" },
      "IsolatedNetwork kvm1-mesh": { host, name: "mesh" },
      "BridgedNetwork kvm1-lan": { host, name: "lan", bridge: "br0" },
      "GuestInterface kvm1-web-lan": { host, domain: "web", bridge: "br0" },
      "GuestInterface kvm1-web-old": { host, domain: "web", network: "default" },
      "SysctlForwarding kvm1-forwarding": { host, ipv4: true },
      "BridgeNetfilter kvm1-netfilter": { host, iptables: false },
    });
  });

  test("may be empty, and refuses a model that it does not know", async () => {
    expect(await parts("kvm1", {})).toEqual([]);
    const networks = { lab: { model: "tunnel", address: "192.168.123.1/24" } } as never;
    expect(() => new kvmnet.HostNetwork("kvm1", { networks })).toThrow(
      'networks.lab.model of kvm1 is tunnel; it can be "nat", "routed", "open", "hostOnly", "isolated" or "bridged"',
    );
  });
});

describe("URN", () => {
  class Component extends pulumi.ComponentResource {
    readonly children: kvmnet.SysctlForwarding[];
    constructor(name: string, count: number, opts?: pulumi.ComponentResourceOptions) {
      super("my:index:Component", name, {}, opts);
      this.children = Array.from(
        { length: count },
        (_, i) => new kvmnet.SysctlForwarding(`${name}-${i}`, { ipv4: true }, { parent: this }),
      );
      this.registerOutputs();
    }
  }
  const own = async (resource: pulumi.Resource) => (await wire(resource)).inputs["__urn"];

  test("of children of a component, which do not wait for each other", async () => {
    const { children } = new Component("c", 3);
    const urns = await Promise.all(children.map(own));
    const prefix = "urn:pulumi:stack::project::my:index:Component$pulumi-nodejs:dynamic/kvmnet:SysctlForwarding";
    expect(urns).toEqual([`${prefix}::c-0`, `${prefix}::c-1`, `${prefix}::c-2`]);
    expect(await Promise.all(children.map(({ urn }) => value(urn)))).toEqual(urns);
  });

  test("of a child of a resource", async () => {
    const bridge = new kvmnet.Bridge("br0", { ports: [] });
    const child = new kvmnet.GuestInterface("web", { domain: "web", bridge: bridge.name }, { parent: bridge });
    expect(await own(child)).toBe(await value(child.urn));
    expect(await own(child)).toContain("kvmnet:Bridge$pulumi-nodejs:dynamic/kvmnet:GuestInterface::web");
  });
});

describe("Provider", () => {
  test("one host: every argument as text under the stack config's name, credentials secret", async () => {
    const { type, inputs } = await wire(
      new kvmnet.Provider("kvm1", {
        host: "kvm1.lab",
        port: 2222,
        user: pulumi.output("admin"),
        password: "pw",
        privateKey: Promise.resolve("KEY"),
        passphrase: "phrase",
        agent: "/run/agent",
        hostKey: "ssh-ed25519 AAAA",
        knownHosts: "/etc/ssh/ssh_known_hosts",
        sudo: false,
        connectTimeout: 5,
        confirmTimeout: 60,
      }),
    );
    expect(type).toBe("pulumi:providers:pulumi-nodejs");
    expect(inputs).toEqual({
      "kvmnet:host": "kvm1.lab",
      "kvmnet:port": "2222",
      "kvmnet:user": "admin",
      "kvmnet:password": secret("pw"),
      "kvmnet:privateKey": secret("KEY"),
      "kvmnet:passphrase": secret("phrase"),
      "kvmnet:agent": "/run/agent",
      "kvmnet:hostKey": "ssh-ed25519 AAAA",
      "kvmnet:knownHosts": "/etc/ssh/ssh_known_hosts",
      "kvmnet:sudo": "false",
      "kvmnet:connectTimeout": "5",
      "kvmnet:confirmTimeout": "60",
    });
  });

  test("what is left out is not sent, and undefined is left out", async () => {
    const absent = pulumi.output<string | undefined>(undefined);
    const args = { host: "kvm1.lab", port: undefined, password: undefined, privateKey: absent, passphrase: absent };
    expect((await wire(new kvmnet.Provider("kvm1", args))).inputs).toEqual({ "kvmnet:host": "kvm1.lab" });
  });

  test("a secret stays one", async () => {
    const args = { host: pulumi.secret("kvm1.lab") };
    expect((await wire(new kvmnet.Provider("kvm1", args))).inputs).toEqual({ "kvmnet:host": secret("kvm1.lab") });
  });

  test.each([
    ["open where nothing in it is secret", { host: "10.0.0.12", port: 22 }, false],
    ["secret where a host has a password", { password: "pw" }, true],
    ["secret where a part of it is", { user: pulumi.secret("admin") }, true],
  ])("a fleet is one JSON text, %s", async (_, kvm2: kvmnet.ConnectionArgs, hidden) => {
    const { inputs } = await wire(new kvmnet.Provider("fleet", { user: "root", hosts: { kvm1: {}, kvm2 } }));
    const plain = JSON.stringify({ kvm1: {}, kvm2: await value(pulumi.output(kvm2)) });
    expect(inputs).toEqual({ "kvmnet:user": "root", "kvmnet:hosts": hidden ? secret(plain) : plain });
  });
});
