import {
  type LabHost,
  LAN,
  down,
  guest,
  guestAddress,
  guestLog,
  guestReaches,
  operator,
  up,
  useOwnLab,
} from "../lab/lab";
import { Stack } from "./stack";

const LAN_MAC = "52:54:00:ad:4c:86"; // web-lan's, in the program

describe.each([
  ["a static NIC", {}],
  ["a NIC with DHCP", { dhcp: true }],
])("the quickstart on a host with %s", (_kind, options) => {
  let host: LabHost;
  let stack: Stack;
  let natMac: string;
  let before: string;

  beforeAll(async () => {
    useOwnLab("quickstart");
    host = await up("kvm1", options);
    await guest(host, "web");
    await host.must("virsh -q autostart web");
    before = await host.must(asFound);
    stack = await Stack.create({ example: "quickstart" });
  });
  afterAll(async () => {
    stack.remove();
    await down();
  });

  it("goes up", async () => {
    await stack.up();
    const outputs = await stack.outputs();
    expect(outputs["hostAddresses"]).toContain(`${host.address}/24`);
    expect(outputs["web"]).toEqual({ lanMac: LAN_MAC, natAddress: "192.168.123.10" });
    const interfaces = await host.must("virsh -q domiflist web");
    natMac = /network +lab +virtio +(\S+)/.exec(interfaces)?.[1] ?? "none";
    expect(interfaces).toMatch(new RegExp(`bridge +br0 +virtio +${LAN_MAC}`));
  });

  it("leaves nothing of the change itself on the host, but the empty lock", async () => {
    expect(await host.must("find /run/kvmnet -mindepth 1")).toBe("/run/kvmnet/lock\n");
  });

  it("has nothing to do afterwards", () => stack.expectNoChanges());

  it("gives the guest a lease of the LAN on br0, where the operator reaches it", async () => {
    const address = await guestAddress(host, "web", { mac: LAN_MAC });
    expect(address).toMatch(/^10\.0\.0\.1\d\d$/);
    expect(await ping(address)).toBe(0);
  });

  it("gives the guest its reserved address behind NAT, from where it reaches the LAN", async () => {
    expect(await guestAddress(host, "web", { mac: natMac })).toBe("192.168.123.10");
    const nic = (await guestLog(host, "web")).match(new RegExp(`^GUEST-IP (\\S+) ${natMac} `, "m"))?.[1] ?? "none";
    await guestReaches(host, "web", LAN.operator, { nic });
    expect(await host.must("virsh -q net-dhcp-leases lab")).toMatch(new RegExp(`${natMac}.* 192\\.168\\.123\\.10/24`));
  });

  it("outlasts a reboot of the host", async () => {
    await host.reboot();
    // Guests have begun to boot with it: the one on br0 is reached again, with nobody's help.
    await host.must("virsh -q domstate web | grep -q running || virsh -q start web");
    await stack.expectNoChanges();
    await stack.must("refresh", "--yes", "--skip-preview", "--expect-no-changes");
    await stack.expectNoChanges();
    expect(await ping(await guestAddress(host, "web", { mac: LAN_MAC }))).toBe(0);
    expect(await guestAddress(host, "web", { mac: natMac })).toBe("192.168.123.10");
  });

  it("is destroyed, and the host is as it was", async () => {
    await stack.destroy();
    expect(await host.must(asFound)).toBe(before);
    expect(await ping(host.address)).toBe(0);
  });
});

/** What the quickstart changes, in the words of its owners. */
const asFound = `cat /etc/network/interfaces; ls /etc/network/interfaces.d /etc/sysctl.d /etc/udev/rules.d /sys/class/net
ip -4 -br addr | sed "s,@if[0-9]*,,"; ip route; virsh -q net-list --all; virsh -q domiflist web --inactive; sysctl net.ipv4.ip_forward`;

const ping = async (address: string): Promise<number> =>
  (await operator(["ping", "-q", "-c", "3", "-i", "0.2", "-W", "2", address])).code;
