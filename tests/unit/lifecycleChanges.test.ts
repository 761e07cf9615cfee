import { log } from "../../provider/host/log";
import { bridge } from "../../provider/resources/bridge";
import { guestInterface } from "../../provider/resources/guestInterface";
import { hostOnlyNetwork, natNetwork } from "../../provider/resources/networks";
import { sysctlForwarding } from "../../provider/resources/sysctlForwarding";
import { describedHost, SimulatedHost, type Described } from "../golden/simulatedHost";

import { kvm1, MAIN, resourceOf, Stack, urnOf } from "../golden/stack";

beforeEach(() => jest.spyOn(log, "warning").mockResolvedValue());

describe("create, update, delete", () => {
  test("a second up does nothing, an update just what differs, delete gives back every byte", async () => {
    const stack = new Stack(bridge, "br0");
    const outs = await stack.up({ ports: ["eth0"] });
    expect(outs).toMatchObject({
      name: "br0",
      owner: "ifupdown",
      macAddress: "52:54:00:aa:00:01",
      currentAddresses: ["10.0.0.11/24"],
    });
    expect(Object.keys(outs)).toEqual(expect.arrayContaining(["__desired", "__before", "__found", "__urn"]));
    expect(stack.host.observed.files[MAIN]).toContain("iface eth0 inet manual");
    expect(await stack.diff((await stack.check({ ports: ["eth0"] })).inputs)).toMatchObject({ changes: false });
    await stack.up({ ports: ["eth0"] });
    expect(stack.host.plans.at(-1)!.ops).toEqual([]);
    await stack.up({ ports: ["eth0"], ageingTime: 60 });
    expect(stack.host.plans.at(-1)!.ops.map(({ title }) => title)).toEqual([
      "ip -batch: br0, eth0",
      "write /etc/network/interfaces",
    ]);
    await stack.destroy();
    expect(stack.host.observed).toEqual(stack.host.initial);
  });

  test("a shared file that was not there is not there again: ifstate of a host that never used ifup", async () => {
    const stack = new Stack(bridge, "br0", { ...kvm1, files: { [MAIN]: kvm1.files![MAIN]! } });
    await stack.up({ ports: ["eth0"] });
    await stack.destroy();
    expect(stack.host.observed.files).toEqual(stack.host.initial.files);
  });

  test("what is new is taken over, what is no longer named comes back", async () => {
    const stack = new Stack(bridge, "br0", {
      ...kvm1,
      links: { ...kvm1.links, eth1: { mac: "52:54:00:aa:00:02", mtu: 9000 } },
    });
    await stack.up({ ports: ["eth0", "eth1"] });
    expect(stack.host.observed.links).toMatchObject({ eth0: { master: "br0" }, eth1: { master: "br0" } });
    await stack.up({ ports: ["eth1"] });
    expect(stack.host.observed.links).toMatchObject({ eth0: { master: null }, eth1: { master: "br0" } });
    await stack.destroy();
    expect(stack.host.observed).toEqual(stack.host.initial);
  });

  test("a sysctl comes back as it was, unless somebody else needs it", async () => {
    const forwarding = (host: SimulatedHost) => host.observed.sysctls["net.ipv4.ip_forward"];
    const first = new Stack(sysctlForwarding, "forwarding", {});
    await first.up({ ipv4: true });
    expect(forwarding(first.host)).toBe("1");
    await first.destroy();
    expect(forwarding(first.host)).toBe("0");
    const other = new Stack(sysctlForwarding, "forwarding", {});
    await other.up({ ipv4: true });
    other.host.observed = {
      ...other.host.observed,
      files: { ...other.host.observed.files, "/etc/sysctl.d/10-router.conf": "net.ipv4.ip_forward=1\n" },
    };
    await other.destroy();
    expect(forwarding(other.host)).toBe("1");
  });

  test("a sysctl that libvirt changed comes back with the last who needs it, whoever that is", async () => {
    const lab = new Stack(natNetwork, "lab", {});
    const network = await lab.up({ address: "192.168.123.1/24" });
    const sysctls = { ...lab.host.observed.sysctls, "net.ipv4.ip_forward": "1" };
    // In a later run.
    const stack = new Stack(sysctlForwarding, "forwarding", new SimulatedHost({ ...lab.host.observed, sysctls }));
    await stack.up({ ipv4: true });
    await resourceOf(natNetwork, stack.host).delete("lab", network);
    expect(stack.host.observed.sysctls["net.ipv4.ip_forward"]).toBe("1");
    await stack.destroy();
    expect(stack.host.observed.sysctls["net.ipv4.ip_forward"]).toBe("0");
  });

  test("delete goes on where what it would give back to is gone", async () => {
    const mac = "52:54:00:00:00:01";
    const domain = { xml: "<domain><name>web</name><devices/></domain>", running: false, persistent: true };
    const stack = new Stack(guestInterface, "nic", { links: { br0: { kind: "bridge" } }, domains: { web: domain } });
    await stack.up({ domain: "web", mac, bridge: "br0" });
    stack.host.observed = { ...stack.host.observed, domains: {} };
    await stack.destroy();
    expect(stack.host.plans.at(-1)!.ops).toEqual([]);
  });

  test("a network with running guests is not deleted", async () => {
    const stack = new Stack(natNetwork, "lab", {});
    await stack.up({ address: "192.168.123.1/24" });
    const liveXml =
      "<domain><devices><interface type='network'><mac address='52:54:00:00:00:01'/><source network='lab' bridge='virbr0'/></interface></devices></domain>";
    stack.host.observed = {
      ...stack.host.observed,
      domains: { web: { xml: "<domain/>", running: true, persistent: true, liveXml } },
    };
    await expect(stack.destroy()).rejects.toThrow(
      'Unable to delete NatNetwork "lab" on kvm1: guest web on kvm1 still uses it; detach or shut down first what is not of this stack (nothing was touched)',
    );
  });

  test("an adopted network is given back under running guests, unless it was stopped when it was found", async () => {
    const liveXml =
      "<domain><devices><interface type='network'><mac address='52:54:00:00:00:01'/><source network='default' bridge='virbr0'/></interface></devices></domain>";
    const xml = "<network><name>default</name><bridge name='virbr0'/><ip address='192.168.122.1' netmask='255.255.255.0'/></network>"; // prettier-ignore
    for (const active of [true, false]) {
      const network = { xml, active, autostart: true, persistent: true, leases: [], ...(active && { liveXml: xml }) };
      const stack = new Stack(hostOnlyNetwork, "default", { networks: { default: network } });
      await stack.up({ address: "192.168.122.1/24", adopt: true });
      const web = { xml: "<domain/>", running: true, persistent: true, liveXml };
      stack.host.observed = { ...stack.host.observed, domains: { web } };
      if (active) await stack.destroy();
      else await expect(stack.destroy()).rejects.toThrow("guest web on kvm1 still uses it");
    }
  });

  test("a bridge under guests stays while libvirt cannot say whose they are", async () => {
    const stack = new Stack(bridge, "br0");
    await stack.up({ ports: ["eth0"] });
    const { observed } = stack.host;
    const vnet0 = { ...observed.links["eth0"]!, kind: "tun", master: "br0" };
    const facts = { ...observed.facts, libvirtError: "Failed to connect socket to '/var/run/libvirt/libvirt-sock'" };
    stack.host.observed = { ...observed, facts, links: { ...observed.links, vnet0 } };
    await expect(stack.destroy()).rejects.toThrow(
      'Unable to delete Bridge "br0" on kvm1: the guest behind vnet0 on kvm1 still uses it; detach or shut down first',
    );
  });
});

describe("read", () => {
  test("finds nothing where nothing changed, and says what did", async () => {
    const stack = new Stack(bridge, "br0");
    await stack.up({ ports: ["eth0"] });
    expect((await stack.read()).inputs).toEqual(stack.inputs);
    const { links } = stack.host.observed;
    stack.host.observed = { ...stack.host.observed, links: { ...links, eth0: { ...links["eth0"]!, master: null } } };
    const { id, inputs, props } = await stack.read();
    expect(id).toBe("br0");
    expect(inputs).toMatchObject({ links: { eth0: { master: null } } });
    // Just that.
    expect({ ...inputs, links: null }).toEqual({ ...stack.inputs, links: null });
    stack.outs = props;
    expect(await stack.diff((await stack.check({ ports: ["eth0"] })).inputs)).toMatchObject({
      changes: true,
      replaces: [],
    });
    await stack.up({ ports: ["eth0"] });
    expect(stack.host.observed.links["eth0"]).toMatchObject({ master: "br0" });
  });

  test("of what is gone, with nothing to give back, is {}", async () => {
    const domain = { xml: "<domain><name>web</name><devices/></domain>", running: false, persistent: true };
    const stack = new Stack(guestInterface, "nic", { links: { br0: { kind: "bridge" } }, domains: { web: domain } });
    await stack.up({ domain: "web", bridge: "br0" });
    stack.host.observed = stack.host.initial;
    expect(await stack.read()).toEqual({});
  });

  test("of what is gone, with something to give back, says so: null", async () => {
    const stack = new Stack(sysctlForwarding, "forwarding", {});
    await stack.up({ ipv4: true });
    stack.host.observed = stack.host.initial;
    const path = "/etc/sysctl.d/60-kvmnet-forwarding.conf";
    expect((await stack.read()).inputs).toMatchObject({
      files: { [path]: null },
      sysctls: { "net.ipv4.ip_forward": "0" },
    });
  });
});

describe("what is there and not ours", () => {
  const kernels = { stp: false, forwardDelay: 15, helloTime: 2, maxAge: 20, ageingTime: 300, priority: 32768 };
  const there: Described = { links: { br0: { kind: "bridge", bridge: kernels } } };
  const args = { ports: [], owner: "runtime" };

  test("is a conflict that names it, in check and again in create", async () => {
    const stack = new Stack(bridge, "br0", there);
    const { failures } = await stack.check(args);
    expect(failures).toEqual([
      {
        property: "name",
        reason: expect.stringMatching(
          /^network device br0 exists on kvm1 and is not ours; take it over with `adopt: true`/,
        ),
      },
    ]);
    const late = new Stack(bridge, "br0", {});
    const { inputs } = await late.check(args);
    late.host.observed = describedHost(there);
    await expect(late.resource.create(inputs)).rejects.toThrow(
      /^Unable to create Bridge "br0" on kvm1: network device br0 exists .*\(nothing was touched\)$/,
    );
    expect(late.host.plans).toEqual([]);
  });

  test("is taken over with adopt, and given back", async () => {
    const stack = new Stack(bridge, "br0", there);
    await stack.up({ ...args, adopt: true, mtu: 1400 });
    expect(stack.host.observed.links["br0"]).toMatchObject({ mtu: 1400 });
    await stack.destroy();
    expect(stack.host.observed.links).toEqual(stack.host.initial.links);
  });

  test("is ours with our mark on it: an up that was cut goes on", async () => {
    const before = new Stack(bridge, "br0", {});
    await before.up(args);
    const again = new Stack(bridge, "br0", before.host);
    await again.up(args);
    expect(again.host.observed.links["br0"]).toMatchObject({ kind: "bridge" });
    const others = resourceOf(bridge, before.host);
    const { failures } = await others.check({}, { ...args, name: "br0", __urn: urnOf(bridge, "another") });
    expect(failures).toHaveLength(1);
  });
});
