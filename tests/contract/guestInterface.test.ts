import { log } from "../../provider/host/log";
import { HostSession } from "../../provider/host/session";
import { lifecycle } from "../../provider/lifecycle";
import type { Properties, ResourceDefinition } from "../../provider/resource";
import { guestInterface } from "../../provider/resources/guestInterface";
import { down, guest, type LabHost } from "../lab/lab";
import { changed, contractHost, LocalTransport, probe, shells, snapshot } from "./hosts";

/** What a running guest's interface takes now, what waits, and what is attached anew: on a real libvirt, with a real guest. */
const MAC = "52:54:00:00:00:01";
const URN = "urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:GuestInterface::nic";
const BRIDGE = { domain: "web", mac: MAC, bridge: "br0" };

let host: LabHost;
beforeAll(async () => {
  host = await contractHost("nics");
  await host.must(`for b in br0 br1; do ip link add $b type bridge; ip link set $b up; done
cat > /tmp/lab.xml <<'END'
<network><name>lab</name><bridge name='lab0'/><ip address='10.77.0.1' netmask='255.255.255.0'/><portgroup name='a'/><portgroup name='b'/></network>
END
virsh -q 'net-define /tmp/lab.xml; net-start lab'`);
  await guest(host, "web");
  await host.must("until grep -q GUEST-UP /var/log/guest-web.log; do sleep 0.2; done");
}, 120_000);
afterAll(() => down());

/** A resource of a stack, from one \`up\` to the next. */
class Nic {
  private state: { id: string; inputs: Properties; outs: Properties } | undefined;
  said: string[] = [];

  constructor(private readonly shell: "dash" | "busybox" = "dash") {}

  private get handler() {
    const session = new HostSession(new LocalTransport(host, this.shell), 10);
    return lifecycle(guestInterface as ResourceDefinition<never>, () => session);
  }

  /** What a preview says: the labels of the change, in its order. */
  async preview(args: Properties): Promise<{ inputs: Properties; labels: string[] }> {
    this.said = [];
    for (const how of ["warning", "info"] as const)
      jest.spyOn(log, how).mockImplementation((_, message) => Promise.resolve(void this.said.push(message)));
    const { inputs, failures } = await this.handler.check({ ...this.state?.inputs }, { ...args, __urn: URN });
    expect(failures).toBeUndefined();
    if (this.state)
      expect(await this.handler.diff(this.state.id, { ...this.state.outs }, inputs)).toMatchObject({ replaces: [] });
    const label = /^(?:interface|network) [^]*? \((live|dnsmasq \w+|next start|link bounce)\): /;
    return { inputs, labels: this.said.flatMap((message) => label.exec(message)?.[1] ?? []) };
  }

  async up(args: Properties): Promise<string[]> {
    const { inputs, labels } = await this.preview(args);
    const { id = "", outs } = this.state
      ? { id: this.state.id, ...(await this.handler.update(this.state.id, { ...this.state.outs }, { ...inputs })) }
      : await this.handler.create({ ...inputs });
    this.state = { id, inputs, outs };
    return labels;
  }

  get outputs(): Properties {
    return this.state!.outs;
  }

  /** What a refresh says: whether there is something to heal, and what is pending. */
  async refresh(): Promise<{ drift: boolean; pending: unknown }> {
    const { id, inputs, outs } = this.state!;
    const found = (await this.handler.read(id, { ...outs })) as { inputs: Properties; props: Properties };
    const { changes } = (await this.handler.diff(id, { ...found.props }, { ...inputs })) as { changes: boolean };
    return { drift: changes, pending: found.props["pending"] };
  }

  destroy = () => this.handler.delete(this.state!.id, { ...this.state!.outs });
}

/** The interface in both definitions, and what the kernel has of it. */
async function seen() {
  const nic = (inactive: string) =>
    host.must(`virsh -q dumpxml ${inactive} web | sed -n "/<mac address='${MAC}'/,/<.interface>/p"`);
  const tap = (await host.must(`virsh -q domiflist web | awk '$5 == "${MAC}" { print $1 }'`)).trim();
  const [ifindex = "", master = ""] = (await host.sh(`cat /sys/class/net/${tap}/ifindex; basename "$(readlink /sys/class/net/${tap}/master)"`)).stdout.split("\n"); // prettier-ignore
  return { live: await nic(""), persistent: await nic("--inactive"), tap, ifindex, master };
}

const FILTER = { name: "no-mac-spoofing", parameters: { MAC } };

describe("a running guest", () => {
  const nic = new Nic();
  let before: Awaited<ReturnType<typeof seen>>;
  let given: Properties = BRIDGE;
  beforeAll(async () => {
    await nic.up(given);
    before = await seen();
  });

  /** Each on what the last one left. */
  test.each<[what: string, args: Properties, live: string]>([
    ["bridge", { bridge: "br1" }, "<source bridge='br1'/>"],
    ["network", { bridge: undefined, network: "lab", portgroup: "a" }, "<source network='lab' portgroup='a'"],
    ["portgroup", { portgroup: "b" }, "portgroup='b'"],
    [
      "isolated, filter and linkState",
      { isolated: true, filter: FILTER, linkState: "down" },
      `<parameter name='MAC' value='${MAC}'/>`,
    ],
    [
      "what was before",
      { ...BRIDGE, network: undefined, portgroup: undefined, linkState: "up", filter: undefined, isolated: undefined },
      "<source bridge='br0'/>",
    ],
  ])("%s changes live", async (_, args, live) => {
    given = { ...given, ...args };
    expect(await nic.up(given)).toEqual(["live"]);
    const now = await seen();
    expect(now.live).toContain(live);
    expect(now.persistent).toContain(live);
    // The same device to QEMU and to the kernel.
    expect([now.tap, now.ifindex]).toEqual([before.tap, before.ifindex]);
    expect(await nic.refresh()).toEqual({ drift: false, pending: [] });
  });

  test("what the kernel shows of it", async () => {
    await nic.up({ ...given, bridge: "br1", isolated: true });
    expect((await seen()).master).toBe("br1");
    expect(await host.must(`cat /sys/class/net/${before.tap}/brport/isolated`)).toBe("1\n");
    await nic.up(given);
    expect((await seen()).master).toBe("br0");
    expect(await host.must(`cat /sys/class/net/${before.tap}/brport/isolated`)).toBe("0\n");
  });

  test("when its network was started anew by hand it is plugged in again, and isolated again", async () => {
    const inLab = { ...BRIDGE, bridge: undefined, network: "lab", isolated: true };
    await nic.up(inLab);
    await host.must("virsh -q 'net-destroy lab; net-start lab'");
    expect(await nic.refresh()).toMatchObject({ drift: true });
    await nic.up(inLab);
    expect((await seen()).master).toBe("lab0");
    const isolated = () => host.must(`cat /sys/class/net/${before.tap}/brport/isolated`);
    expect(await isolated()).toBe("1\n");
    await host.must(`bridge link set dev ${before.tap} isolated off`);
    expect(await nic.refresh()).toMatchObject({ drift: true });
    await nic.up(inLab);
    expect(await isolated()).toBe("1\n");
    await nic.up(given);
    expect(await seen()).toEqual(before);
  });

  test("bandwidth: the kernel has it, or cannot, and then all is as it was", async () => {
    // What libvirt asks of the kernel: a class of HTB and an SFQ below it.
    const { code } = await host.sh(
      "ip link add q type dummy && tc qdisc add dev q root handle 1: htb && tc class add dev q parent 1: classid 1:1 htb rate 8mbit && tc qdisc add dev q parent 1:1 handle 2: sfq; c=$?; ip link del q; exit $c",
    );
    const limited = { ...given, bandwidth: { inbound: { average: 1000, peak: 2000, burst: 512 } } };
    if (code === 0) {
      expect(await nic.up(limited)).toEqual(["live"]);
      expect(await host.must(`tc class show dev ${before.tap}`)).toMatch(/rate 8Mbit ceil 16Mbit/);
      await nic.up(given);
    } else await expect(nic.up(limited)).rejects.toThrow(/sfq.*\(rolled back; nothing changed\)/s);
    expect(await seen()).toEqual(before);
  });

  test.each<[properties: string[], args: Properties]>([
    [["tapName", "queues", "mtu"], { mtu: 1400, tapName: "web-lan", queues: 2 }],
    [["user", "model"], { bridge: undefined, user: "slirp", model: "e1000" }],
  ])("%j wait for the next start: said, pending, no drift", async (properties, args) => {
    expect(await nic.up({ ...given, ...args })).toEqual(["next start"]);
    expect(nic.said.join()).toContain(`${properties.join(", ")} (next start): takes effect at the next start of web`);
    expect(nic.outputs["pending"]).toEqual(properties);
    const now = await seen();
    expect(now.live).toBe(before.live);
    expect(now.persistent).not.toBe(before.persistent);
    expect(await nic.refresh()).toEqual({ drift: false, pending: properties });
    // It is not said again, and nothing is done.
    expect((await nic.preview({ ...given, ...args })).labels).toEqual([]);
    // And it can be taken back, of which the guest never knows.
    await nic.up(given);
    expect([nic.outputs["pending"], await seen()]).toEqual([[], before]);
  });

  test("what changes live beside what waits changes now", async () => {
    expect(await nic.up({ ...given, model: "e1000", isolated: true })).toEqual(["live", "next start"]);
    const now = await seen();
    expect(now.live).toContain("<port isolated='yes'/>");
    expect(now.live).toContain("<model type='virtio'/>");
    await nic.up(given);
  });

  test("by hand, live or in the definition: healed, but for what waits", async () => {
    await host.must(`virsh -q domif-setlink web ${MAC} down; virsh -q domif-setlink web ${MAC} down --config`);
    expect(await nic.refresh()).toMatchObject({ drift: true });
    await nic.up(given);
    await host.must(`virsh -q domif-setlink web ${before.tap} down`);
    expect(await nic.refresh()).toMatchObject({ drift: true });
    expect(await nic.up(given)).toEqual(["live"]);
    await host.must(`virsh -q dumpxml --inactive web | sed "s/<model type='virtio'/<model type='e1000'/" > /tmp/w.xml; virsh -q define /tmp/w.xml`);
    expect(await nic.refresh()).toEqual({ drift: true, pending: ["model"] });
    await nic.up(given);
    expect([await nic.refresh(), await seen()]).toEqual([{ drift: false, pending: [] }, before]);
  }); // prettier-ignore

  test("with reattach it is attached anew, in the slot that it had", async () => {
    given = { ...given, reattach: true, model: "e1000", mtu: 1400, tapName: "web-lan" };
    expect(await nic.up(given)).toEqual(["link bounce"]);
    expect(nic.said.join()).toMatch(/: tapName, model, mtu \(link bounce\): takes the link away for a moment from web/);
    const now = await seen();
    expect(now).toMatchObject({ tap: "web-lan", master: "br0" });
    for (const text of ["e1000", "<mtu size='1400'/>", /slot='0x\d+'/.exec(before.live)![0]])
      expect(now.live).toContain(text);
    expect(await nic.refresh()).toEqual({ drift: false, pending: [] });
    // What changes live is not attached anew for that.
    expect(await nic.up({ ...given, isolated: true })).toEqual(["live"]);
    expect((await seen()).ifindex).toBe(now.ifindex);
    await nic.up(given);
  });

  test.each(shells)("where the new one cannot be attached, the old one is back (%s)", async (shell) => {
    const other = new Nic(shell);
    Object.assign(other, { state: (nic as unknown as { state: unknown }).state });
    const was = await snapshot(host);
    await expect(other.up({ ...given, model: "nonesuch", tapName: undefined })).rejects.toThrow(
      /^Unable to update GuestInterface "nic" on nics: step "guest web: attach anew 52:54:00:00:00:01" failed: .*(rolled back; nothing changed)/s,
    );
    expect(changed(was, await snapshot(host))).toEqual([]);
    expect(await nic.refresh()).toEqual({ drift: false, pending: [] });
  });

  test("a guest that was started anew has nothing pending", async () => {
    given = { ...given, reattach: false, model: "virtio", queues: 2, tapName: undefined };
    expect(await nic.up(given)).toEqual(["next start"]);
    expect(nic.outputs["pending"]).toEqual(["tapName", "model", "queues"]);
    await host.must("virsh -q destroy web; virsh -q start web");
    expect(await nic.refresh()).toEqual({ drift: false, pending: [] });
    const { live } = await seen();
    for (const text of ["<model type='virtio'/>", "queues='2'", "<mtu size='1400'/>", "vnet"])
      expect(live).toContain(text);
  });

  test("a guest that was undefined meanwhile: which one, on which host, and what to do", async () => {
    await host.must("virsh -q dumpxml --inactive web > /tmp/web.xml; virsh -q destroy web; virsh -q undefine web");
    await expect(nic.up({ ...given, mtu: 1500 })).rejects.toThrow(
      'Unable to update GuestInterface "nic" on nics: libvirt has no domain "web" on nics; nothing was touched. Make it first, or take this resource out of the program.',
    );
    await nic.destroy();
    await host.must("virsh -q define /tmp/web.xml; virsh -q start web");
  });
});

test("one that was made by hand: taken over whole, changed, and given back byte for byte", async () => {
  await host.must(`cat > /tmp/nic.xml <<END
<interface type='bridge'><mac address='52:54:00:00:00:07'/><source bridge='br0'/><port isolated='yes'/><model type='e1000'/>
<filterref filter='no-mac-spoofing'/><link state='down'/><coalesce><rx><frames max='7'/></rx></coalesce><mtu size='1300'/></interface>
END
virsh -q attach-device web /tmp/nic.xml --live --config`);
  const was = await snapshot(host);
  const nic = new Nic();
  const args = { domain: "web", mac: "52:54:00:00:00:07", bridge: "br0", adopt: true };
  expect(await nic.up(args)).toEqual([]);
  expect(changed(was, await snapshot(host))).toEqual([]);
  expect(nic.outputs).toMatchObject({ model: "e1000", pending: [] });
  expect(await nic.up({ ...args, linkState: "up", mtu: 1200 })).toEqual(["live", "next start"]);
  const text = (await probe(host)).domains["web"]!.xml;
  for (const kept of ["isolated='yes'", "no-mac-spoofing", "<frames max='7'/>", "e1000"]) expect(text).toContain(kept);
  await nic.destroy();
  expect(changed(was, await snapshot(host))).toEqual([]);
});
