import { randomInt } from "node:crypto";
import { type LabHost, down, guest, guestAddress, operator, up, useOwnLab } from "../lab/lab";
import { someOf } from "../toolchain/random";
import { thoroughly } from "../toolchain/thoroughly";
import { Stack } from "./stack";

/** The quickstart, unchanged, on hosts whose network belongs to others than ifupdown. */
const LAN_MAC = "52:54:00:ad:4c:86"; // web-lan's, in the program

const owners = [
  {
    title: "ifupdown2, a static NIC",
    options: { owner: "ifupdown2" },
    because: "ifupdown2: /etc/network/interfaces configures eth0",
    file: "/etc/network/interfaces, iface br0 inet",
    drift: undefined,
    named: /nothing/,
  },
  {
    title: "systemd-networkd, a NIC with DHCP",
    options: { owner: "networkd", dhcp: true },
    because: "systemd-networkd: /etc/systemd/network/20-lan.network configures eth0",
    file: "/etc/systemd/network/05-kvmnet-br0.network",
    drift: undefined,
    named: /nothing/,
  },
  {
    title: "netplan with systemd-networkd, a static NIC",
    options: { owner: "netplan" },
    because: "netplan: /etc/netplan/50-cloud-init.yaml configures eth0; renderer networkd",
    file: "/etc/netplan/50-cloud-init.yaml, bridges.br0",
    drift:
      "sed -i 's/^    br0:$/&\\n      optional: true/' /etc/netplan/50-cloud-init.yaml && netplan generate && networkctl reload",
    // Pulumi reads YAML, too, and shows what differs in its own words.
    named: /[+] optional +: true/,
  },
  {
    title: "netplan with NetworkManager, a NIC with DHCP",
    options: { owner: "netplan-NetworkManager", dhcp: true },
    because: "netplan: /etc/netplan/50-cloud-init.yaml configures eth0; renderer NetworkManager",
    file: "/etc/netplan/50-cloud-init.yaml, bridges.br0",
    drift: undefined,
    named: /nothing/,
  },
  {
    title: "NetworkManager, a static NIC",
    options: { owner: "NetworkManager" },
    because: "NetworkManager: /etc/NetworkManager/system-connections/lan.nmconnection configures eth0",
    file: "/etc/NetworkManager/system-connections/kvmnet-br0.nmconnection",
    drift: "nmcli connection modify br0 ipv4.dns 10.0.0.9",
    named: /dns=10[.]0[.]0[.]9;/,
  },
  {
    title: "NetworkManager with ifcfg files, a NIC with DHCP",
    options: { owner: "ifcfg-nm", dhcp: true },
    because: "ifcfg: /etc/sysconfig/network-scripts/ifcfg-eth0 configures eth0; read by NetworkManager",
    file: "/etc/sysconfig/network-scripts/ifcfg-br0",
    drift: "nmcli connection modify 'Bridge br0' ipv4.dns 10.0.0.9",
    named: /DNS1=10[.]0[.]0[.]9/,
  },
] as const;

/** All, or in the whole suite some by chance: KVMNET_SEED chooses those of an earlier run again. */
const seed = Number(process.env.KVMNET_SEED ?? randomInt(1 << 30));
const chosen = someOf<(typeof owners)[number]>(owners, thoroughly(owners.length, 3), seed);

describe.each(chosen)("the quickstart on a host of $title", ({ options, because, file, drift, named }) => {
  let host: LabHost;
  let stack: Stack;
  let before: string;

  beforeAll(async () => {
    useOwnLab("owners");
    host = await up("kvm1", options);
    await guest(host, "web");
    before = await host.must(asFound);
    stack = await Stack.create({ example: "quickstart" });
  });
  afterAll(async () => {
    stack.remove();
    await down();
  });

  it("previews the owner's own files, and why they are his", async () => {
    const preview = await stack.preview();
    expect(preview).toContain(because);
    expect(preview).toContain(file);
  });

  it("goes up, and has nothing to do afterwards", async () => {
    await stack.up();
    expect((await stack.outputs())["hostAddresses"]).toContain(`${host.address}/24`);
    await stack.expectNoChanges();
    expect(await host.must("ls /sys/class/net/br0/brif")).toContain("eth0\n");
  });

  it("gives the guest a lease of the LAN on br0, where the operator reaches it", async () => {
    expect(await ping(await guestAddress(host, "web", { mac: LAN_MAC }))).toBe(0);
  });

  // Once is enough of what is the same for every owner: CI has 45 minutes.
  if (drift !== undefined)
    it("names what somebody changed, and heals it", async () => {
      await host.must(drift);
      expect(await stack.preview("--refresh")).toMatch(named);
      await stack.must("up", "--yes", "--skip-preview", "--refresh");
      await stack.expectNoChanges();
      expect(await ping(host.address)).toBe(0);
    });

  it("outlasts a reboot of the host", async () => {
    await host.reboot();
    await stack.must("refresh", "--yes", "--skip-preview", "--expect-no-changes");
    await stack.expectNoChanges();
  });

  it("is destroyed, and the host is as it was", async () => {
    await stack.destroy();
    expect(await host.must(asFound)).toBe(before);
    expect(await ping(host.address)).toBe(0);
  });
});

/** What the quickstart changes, in the words of its owners. Leases run out while one looks. */
const asFound = `cat /etc/network/interfaces; for f in /etc/systemd/network/* /etc/netplan/* /etc/NetworkManager/system-connections/* /etc/sysconfig/network-scripts/*; do echo "$f"; cat "$f"; done 2>/dev/null
ls /etc/sysctl.d /etc/udev/rules.d /sys/class/net; ip -4 -br addr | sed "s,@if[0-9]*,,"; ip route
networkctl list --no-legend eth0 | tr -s ' ' | cut -d ' ' -f 3-4; nmcli -t device | grep ^eth0; cat /etc/resolv.conf; virsh -q net-list --all; virsh -q domiflist web --inactive; sysctl net.ipv4.ip_forward`;

const ping = async (address: string): Promise<number> =>
  (await operator(["ping", "-q", "-c", "3", "-i", "0.2", "-W", "2", address])).code;
