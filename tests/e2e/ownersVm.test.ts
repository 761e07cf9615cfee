import { randomInt } from "node:crypto";
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { LAN, type VmHost, down, guest, operator, up, useOwnLab } from "../lab/lab";
import { diskOf } from "../lab/state";
import { generator, someOf } from "../toolchain/random";
import { thoroughly } from "../toolchain/thoroughly";
import { type Cut, EVENTS, type Event, type Kind, type Network, cutDisk, cutsOf, networkOf, pointsBy, untilReached, untilWhole } from "./powerCut"; // prettier-ignore
import { type Snapshot, expectAsBefore, snapshot } from "./snapshot";
import { Stack } from "./stack";

/**
 * The quickstart, unchanged, on whole machines of each owner of a host's network: Debians with systemd, and a kernel that is booted. They are
 * one emulated machine, which is kept when it has booted, and goes back there for each owner, who is then installed.
 *
 * Its guest is defined, and not started: it would be emulated within an emulated machine. In its place is a network namespace with
 * a veth on br0, where a guest's tap would be, and the guest's MAC: a DHCP client asks the LAN for a lease, and the operator pings it.
 * Real guests on hosts of each owner: owners.test.ts.
 */
const owners = [
  {
    owner: "networkd",
    dhcp: true,
    drift: "sed -i 's/^.Network.$/&\\nLLMNR=no/' /etc/systemd/network/05-kvmnet-br0.network && networkctl reload",
    named: /LLMNR=no/,
    vlanFiltering: true,
  },
  {
    owner: "NetworkManager",
    drift: "nmcli con mod br0 connection.autoconnect-priority 5",
    named: /autoconnect-priority=5/,
    vlanFiltering: true,
  },
  {
    owner: "netplan",
    // It writes the whole file anew, in its own words: here it has done so before.
    before: "netplan set ethernets.eth0.accept-ra=false",
    drift: "netplan set bridges.br0.optional=true && netplan generate && networkctl reload",
    named: /optional *: *true/,
  },
  {
    owner: "netplan-NetworkManager",
    dhcp: true,
    before: "netplan set ethernets.eth0.accept-ra=false",
    drift: "netplan set bridges.br0.optional=true && netplan generate && nmcli con reload",
    named: /optional *: *true/,
  },
  {
    owner: "ifcfg-nm",
    drift: "nmcli con mod 'Bridge br0' ipv4.dns 10.0.0.9",
    named: /DNS1=10[.]0[.]0[.]9/,
  },
  {
    owner: "ifupdown2",
    drift: "sed -i 's/bridge_fd 0/bridge_fd 4/' /etc/network/interfaces",
    named: /bridge_fd 4/,
  },
  {
    owner: "ifupdown",
    drift: "sed -i 's/bridge_fd 0/bridge_fd 4/' /etc/network/interfaces",
    named: /bridge_fd 4/,
    vlanFiltering: true,
  },
] as const satisfies readonly Row[];

interface Row {
  readonly owner: Parameters<VmHost["giveTo"]>[0];
  readonly dhcp?: boolean;
  /** What somebody did before we came. */
  readonly before?: string;
  /** What somebody changes by the owner's own tool, and how it is named. */
  readonly drift: string;
  readonly named: RegExp;
  /** The bridge is to filter by VLAN in the end, which a kernel in namespaces may not know. */
  readonly vlanFiltering?: boolean;
}

/** KVMNET_SEED chooses the moments of an earlier run again. */
const seed = Number(process.env.KVMNET_SEED ?? randomInt(1 << 30));
/** All, or in the whole suite, for which an emulated machine is too slow to be everyone's, some by chance. */
const chosen = someOf<Row>(owners, thoroughly(owners.length, 1), seed);
/** How often the power of each is cut while the bridge is made. */
const CUTS = thoroughly(5, 1);

/** A boot of which only the network counts. */
const NETWORK_ONLY = {
  ready: "true",
  append: [
    "libvirtd.service",
    "libvirtd.socket",
    "libvirtd-ro.socket",
    "libvirtd-admin.socket",
    "systemd-logind.service",
  ]
    .map((unit) => `systemd.mask=${unit}`)
    .join(" "),
};

const FILTERS = "/sys/class/net/br0/bridge/vlan_filtering";

const bridge = (more = "", provider = "") => `import * as kvmnet from "pulumi-kvmnet";
const on = { provider: new kvmnet.Provider("kvm1", { host: "kvm1.lab"${provider} }) };
new kvmnet.Bridge("br0", { ports: ["eth0"]${more} }, on);
`;

let host: VmHost;
beforeAll(async () => {
  useOwnLab("owners-vm");
  process.stdout.write(`power cut: seed ${seed}\n`);
  host = await up("kvm1", { vm: true });
  await guest(host, "web", { shutOff: true });
  // logind is to end what a session leaves behind: logind.conf(5).
  await host.must(
    "printf '[Login]\\nKillUserProcesses=yes\\n' > /etc/systemd/logind.conf.d/lab.conf; systemctl restart systemd-logind",
  );
  // An emulated machine takes its time, which the program knows nothing of.
  await operator(["sh", "-c", "printf 'Host *\\nConnectTimeout 60\\n' > ~/.ssh/config"]);
  await host.save();
});
afterAll(() => down());

describe.each(chosen)("a whole machine of $owner", (row) => {
  const { owner, dhcp = false, before: prepare = "true", drift, named, vlanFiltering = false } = row;
  let stack: Stack;
  let quickstart: string;
  let before: Snapshot;
  let cuts: readonly Cut[];
  let filtering: string;
  const networks: { old?: Network; new?: Network } = {};

  beforeAll(async () => {
    await host.restore();
    if (owner !== "ifupdown") await host.giveTo(owner, { dhcp });
    await host.must(prepare);
    before = await found();
    networks.old = await networkOf(host);
    stack = await Stack.create({ example: "quickstart" });
    quickstart = readFileSync(join(stack.dir, "index.ts"), "utf8");
  });
  afterAll(() => stack.remove());

  it("a new address that nobody reaches comes back by itself, from a unit of its own", async () => {
    stack.program(bridge(`, addresses: ["10.0.7.11/24"], routes: []`, ", confirmTimeout: 5"));
    const run = stack.start("up", "--yes", "--skip-preview");
    const units = await host.must(
      "for i in $(seq 100); do systemctl list-units --plain --no-legend 'kvmnet-*.service' | grep running && break; sleep 0.5; done",
      { timeoutMs: 240_000 },
    );
    const { code, stdout, stderr } = await run.ended;
    expect(units).toMatch(/^kvmnet-[0-9a-f]{32}\.service +loaded +active +running/m);
    expect(code).not.toBe(0);
    expect(stdout + stderr).toMatch(/went back by itself.*rolled back; nothing changed/);
    expectAsBefore(await found(), before);
    expect(await host.must("systemctl list-units --state=active --plain --no-legend 'kvmnet-*'")).toBe("");
  });

  it("goes up, and has nothing to do afterwards", async () => {
    stack.program(quickstart);
    const run = stack.start("up", "--yes", "--skip-preview");
    const cutting = cutsOf(host, run, pointsBy(generator(seed + owner.length), CUTS));
    cutting.catch(() => {}); // told below
    const { code, stdout, stderr } = await run.ended; // whatever comes, before the host is another's
    expect({ code, said: code === 0 ? "" : stdout + stderr }).toEqual({ code: 0, said: "" });
    cuts = await cutting;
    await stack.expectNoChanges();
  });

  it("has nothing to do after a reboot, and its guest is reached from the LAN", async () => {
    await host.reboot();
    await stack.must("preview", "--refresh", "--diff", "--expect-no-changes");
    networks.new = await networkOf(host);
    const address = await host.must(GUEST);
    expect(address).toMatch(/^10\.0\.0\.1\d\d\n$/);
    expect((await operator(["ping", "-q", "-c", "3", "-W", "5", address.trim()])).code).toBe(0);
    await host.must("kill $(cat /run/guest.pid); ip link del vnet9; ip netns del guest");
    // Nothing has loaded the module; when a firewall does, a rule of udev's sets what it brings.
    await host.must("modprobe br_netfilter && udevadm settle");
    const sysctls = ["bridge.bridge-nf-call-iptables", "bridge.bridge-nf-call-arptables", "ipv4.ip_forward"];
    expect(await host.must(`sysctl -n ${sysctls.map((key) => `net.${key}`).join(" ")}`)).toBe("0\n0\n1\n");
  });

  it("names what somebody changes by the owner's own tool, and heals it", async () => {
    await host.must(drift);
    expect(await stack.preview("--refresh")).toMatch(named);
    if (vlanFiltering) stack.program(quickstart.replace('ports: ["eth0"]', "$&, vlanFiltering: true"));
    await stack.must("up", "--yes", "--skip-preview", "--refresh");
    await stack.expectNoChanges();
    expect(await host.read(FILTERS)).toBe(`${Number(vlanFiltering)}\n`);
    if (vlanFiltering) filtering = cutDisk(host, "filtering");
  });

  it("is destroyed, is as it was, and boots so", async () => {
    await stack.destroy();
    expectAsBefore(await found(), before);
    await host.reboot(NETWORK_ONLY);
    await untilReached(host);
    expect(await untilWhole(host, networks as Record<Kind, Network>)).toBe("old");
  });

  it("whose power is cut while the bridge is made boots its old network or its new one, whole", async () => {
    for (const cut of cuts) {
      await bootFrom(cut.disk);
      const kind = await untilWhole(host, networks as Record<Kind, Network>);
      process.stdout.write(
        `power cut: ${owner}: ${cut.later} ms after ${cut.event} (last seen: ${cut.last}): ${kind}\n`,
      );
      // What is not confirmed is in no file, and what the CLI has said is in all of them.
      if (EVENTS.indexOf(cut.last as Event) <= EVENTS.indexOf("pending")) expect(kind).toBe("old");
      if (cut.event === "told") expect(kind).toBe("new");
    }
  });

  if (vlanFiltering && thoroughly(1, 0))
    it("filters by VLAN after a boot, too", async () => {
      await bootFrom(filtering);
      expect(await host.read(FILTERS)).toBe("1\n");
    });
});

/**
 * Not the names of VRFs, which ifupdown2 writes there of its own accord. Nor whether a NIC hears routers: NetworkManager has ports not do so from
 * boot on, and leaves that as it is where it is to leave IPv6 alone (IPV6INIT=no).
 */
async function found(): Promise<Snapshot> {
  const { etc, sysctls, ...rest } = await snapshot(host);
  const without = (of: Readonly<Record<string, string>>, end: string) =>
    Object.fromEntries(Object.entries(of).filter(([key]) => !key.endsWith(end)));
  return { etc: without(etc, "/ifupdown2_vrf_map.conf"), sysctls: without(sysctls, ".eth0.accept_ra"), ...rest };
}

async function bootFrom(disk: string): Promise<void> {
  await host.cutPower();
  renameSync(disk, join(diskOf(host.name), "disk.qcow2"));
  await host.boot(NETWORK_ONLY);
  await untilReached(host);
}

/** A machine on br0 that asks the LAN for a lease, and prints it. */
const GUEST = `set -e
ip netns add guest
ip link add vnet9 type veth peer name eth0 address 52:54:00:ad:4c:86 netns guest
ip link set vnet9 master br0 up
ip -n guest link set eth0 up
printf '%s\\n' '#!/bin/sh' '[ -z "$new_ip_address" ] || ip addr replace "$new_ip_address/${LAN.prefix}" dev eth0' > /run/guest.sh
chmod +x /run/guest.sh
ip netns exec guest dhclient -1 -q -sf /run/guest.sh -lf /run/guest.leases -pf /run/guest.pid eth0
ip -n guest -4 -o addr show dev eth0 | sed 's,.*inet \\([^/]*\\).*,\\1,'`;
