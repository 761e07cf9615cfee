import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HostSession } from "../../provider/host/session";
import { lifecycle } from "../../provider/lifecycle";
import type { Properties, ResourceDefinition } from "../../provider/resource";
import { bridge } from "../../provider/resources/bridge";
import { down, type LabHost } from "../lab/lab";
import { goldens } from "./goldens";
import { contractHost, LocalTransport } from "./hosts";
import { expectWayBack } from "./ownedBridge";
import { expectPowerCuts } from "./powerCuts";

/** ifupdown2 itself: reads what is rendered, finds nothing to do when a change is made, and makes the same of the files at boot. */
const INTERFACES = "/etc/network/interfaces";
const urn = "urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:Bridge::br0";
afterAll(() => down());

/** What a change of the bridge is about; the kernel says elsewhere who set a route, and what it thinks of an address. */
const state = `ip -br link | sed 's/@if[0-9]*//'; ls /sys/class/net/br0/brif; grep -s . /sys/class/net/br0/bridge/{stp_state,forward_delay}
ip -o addr show scope global | awk '{print $2, $4}'; { ip route; ip -6 route | grep -v fe80; } | sed -E 's/ (proto|metric) .*| onlink//g; s/ +$//'
pgrep -a dhclient | sed 's/^[0-9]* //; s,^/sbin/,,'; cat ${INTERFACES}`;

/** What ifreload says, and what the kernel hears of it: nothing goes, no link goes down. */
const reload = `ip monitor address route link > /tmp/monitor 2>&1 & sleep 0.2; ifreload -a 2>&1; sleep 0.3; kill $!
grep -E '^Deleted|state DOWN' /tmp/monitor | grep -v 'fe80::\\|ff00::\\|multicast'`;

const hosts = [
  { title: "static", options: {}, args: { addresses: undefined } },
  // A host that forwards, whose guests' answers come in by the bridge.
  { title: "DHCP", options: { dhcp: true }, args: { addresses: ["fd00::11/64"], routes: [{ to: "default", via: "fd00::1" }] } },
] as const; // prettier-ignore

describe.each(hosts)("$title", ({ title, options, args }) => {
  let host: LabHost;
  let made: { id: string; outs: Properties };
  let before: string;
  const resource = lifecycle(bridge as ResourceDefinition<never>, () => new HostSession(new LocalTransport(host), 30));
  beforeAll(async () => {
    host = await contractHost(`i2${title.toLowerCase()}`, { owner: "ifupdown2", ...options });
    await host.must("echo net.ipv4.ip_forward=1 > /etc/sysctl.d/forward.conf; sysctl -q --system");
  });

  test("a bridge is made, which ifreload leaves alone", async () => {
    before = await host.must(state);
    const { inputs, failures } = await resource.check({}, { ports: ["eth0"], ...args, __urn: urn });
    expect(failures).toBeUndefined();
    made = (await resource.create(inputs)) as typeof made;
    expect(made.outs["currentAddresses"]).toContain(`${host.address}/24`);
    const after = await host.must(state);
    expect(after).toMatch(/^eth0\n/m);
    expect((await host.sh(reload)).stdout).toBe("");
    expect(await host.must(state)).toBe(after);
    expect((await host.sh("ifquery --check -a")).code).toBe(0);
  });

  test("the files say the same at boot", async () => {
    const after = await host.must(state);
    await host.reboot();
    expect(await host.must(state)).toBe(after);
    expect(await host.must("cat /proc/sys/net/ipv4/conf/br0/forwarding")).toBe("1\n");
    const { inputs } = (await resource.read(made.id, made.outs)) as { inputs: Properties };
    expect(await resource.diff(made.id, made.outs, inputs)).toMatchObject({ changes: false });
  });

  test("deleted, all is as before, also to ifreload", async () => {
    await resource.delete(made.id, made.outs);
    expect(await host.must(state)).toBe(before);
    expect((await host.sh(reload)).stdout).toBe("");
    expect(await host.must(state)).toBe(before);
  });

  if (title === "static")
    test("it reads every golden file without a warning", async () => {
      const read = goldens(INTERFACES).filter(({ name }) => name.includes("/ifupdown2-"));
      expect(read.length).toBeGreaterThan(15);
      for (const { name, folder, below } of read)
        await host.write(
          `/tmp/read/${name.replaceAll("/", "-")}`,
          readFileSync(join(folder, below, INTERFACES), "utf8"),
        );
      const { stdout } = await host.sh(
        'cd /tmp/read; for f in $(find . -type f); do ifup --syntax-check -a -i $f 2>&1 | sed "s,^,$f: ,"; done',
      );
      const isKnown = [
        // It does set it, and the kernel does as it is told.
        /bridge inherits mtu from its ports/,
        // What is left of two stanzas of a port's.
        /duplicate interface \w+ found/,
        // Its owner's word for it, with which this version asks for nothing else than it would without.
        /unsupported address method 'auto'/,
      ];
      expect(stdout.split("\n").filter((line) => line && !isKnown.some((known) => known.test(line)))).toEqual([]);
    });

  if (title === "static")
    test("not confirmed, it comes back by itself, and its files were never touched", () =>
      expectWayBack(host, "/etc/network", () => host.must(state)));

  if (title === "static")
    test("the power goes at moments by chance: the next boot has one network or the other, whole", () =>
      expectPowerCuts(host, "/etc/network"));
});
