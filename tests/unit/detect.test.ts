import { detect } from "../../provider/backends/detect";

const has =
  (...commands: string[]) =>
  (command: string) =>
    commands.includes(command);
const MAIN = "/etc/network/interfaces";
const debian = has("ifup", "ifquery", "brctl");

test.each([
  [
    "named in interfaces",
    { [MAIN]: "iface eth0 inet dhcp\n", "/etc/netplan/a.yaml": "network:\n  ethernets:\n    eth0:\n" },
    debian,
    "ifupdown",
  ],
  [
    "named in a sourced file",
    { [MAIN]: "source interfaces.d/*\n", "/etc/network/interfaces.d/x": "iface eth0 inet dhcp\n" },
    debian,
    "ifupdown",
  ],
  [
    "NetworkManager leaves what interfaces names",
    { [MAIN]: "iface eth0 inet dhcp\n" },
    has("ifup", "brctl", "nmcli"),
    "ifupdown",
  ],
  ["ifupdown2 needs no bridge-utils", { [MAIN]: "iface eth0 inet dhcp\n" }, has("ifup", "ifreload"), "ifupdown"],
  ["network-scripts", { "/etc/sysconfig/network-scripts/ifcfg-eth0": "" }, has("ifup"), "ifcfg"],
  ["by DEVICE", { "/etc/sysconfig/network-scripts/ifcfg-lan": 'DEVICE="eth1"\n' }, has("ifup"), "ifcfg"],
  ["a backup is no file", { "/etc/sysconfig/network-scripts/ifcfg-eth0.bak": "DEVICE=eth0\n" }, has("ip"), "runtime"],
  ["RHEL's ifup", { "/etc/sysconfig/network-scripts/ifcfg-lo": "DEVICE=lo\n" }, has("ifup"), "ifcfg"],
  ["named by nobody", { [MAIN]: "auto lo\n" }, debian, "ifupdown"],
  ["nobody there", {}, has("ip"), "runtime"],
  ["interfaces left over without ifup", { [MAIN]: "iface eth0 inet dhcp\n" }, has("ip"), "runtime"],
] as const)("%s", (_, files, has, owner) => {
  const detected = detect(["eth0", "eth1"], { files, has });
  expect(detected).toMatchObject({ owner });
  expect(detected.refused).toBeUndefined();
  expect(detected.trail.length).toBeGreaterThan(1);
});

test.each([
  ["no bridge-utils", { [MAIN]: "iface eth0 inet dhcp\n" }, has("ifup"), "apt-get install bridge-utils"],
] as const)("refuses %s", (_, files, has, reason) => {
  const detected = detect(["eth0"], { files, has });
  expect(detected.owner).toBe("runtime");
  expect(detected.refused).toContain(reason);
  expect(detected.refused).toContain('owner: "runtime"');
});

test("another link's files claim nothing", () => {
  const files = {
    "/etc/netplan/a.yaml": "network:\n  ethernets:\n    eth10:\n",
    "/etc/systemd/network/a.network": "[Match]\nName=eth1\n",
    "/etc/sysconfig/network-scripts/ifcfg-eth1": "",
  };
  expect(detect(["eth0"], { files, has: debian }).refused).toBeUndefined();
});

describe("daemons", () => {
  const file = "/etc/systemd/network/10-lan.network";
  const networkd = { by: "networkd", file } as const;

  test("systemd-networkd, by what it says of the NIC, or by its file", () => {
    const because = `systemd-networkd: ${file} configures eth0`;
    expect(detect(["eth0"], { files: {}, has: has("networkctl"), managed: { eth0: networkd } })).toMatchObject({ owner: "networkd", because }); // prettier-ignore
    expect(detect(["eth0"], { files: { [file]: "[Match]\nName=en* eth*\n" }, has: has("networkctl") })).toMatchObject({ owner: "networkd", because }); // prettier-ignore
  });

  test("NetworkManager, by what it says of the NIC, or by its file; what is installed and does not run claims nothing", () => {
    const file = "/etc/NetworkManager/system-connections/lan.nmconnection";
    const detected = { owner: "NetworkManager", because: `NetworkManager: ${file} configures eth0` };
    const managed = { eth0: { by: "NetworkManager", file } } as const;
    expect(detect(["eth0"], { files: {}, has: debian, managed })).toMatchObject(detected);
    const mac = "[connection]\ntype=ethernet\n[ethernet]\nmac-address=52:54:00:AA:00:01\n";
    for (const text of ["[connection]\ntype=ethernet\ninterface-name=eth0\n", mac])
      expect(detect(["eth0"], { files: { [file]: text }, has: debian, macs: () => "52:54:00:aa:00:01" })).toMatchObject(detected); // prettier-ignore
    expect(detect(["eth0"], { files: { [file]: mac }, has: debian, macs: () => "52:54:00:aa:00:02" }).owner).toBe("ifupdown"); // prettier-ignore
    const without = { eth0: { by: "NetworkManager" } } as const;
    expect(detect(["eth0"], { files: {}, has: debian, managed: without })).toMatchObject({ owner: "NetworkManager", because: "NetworkManager: its default profile (no file) configures eth0" }); // prettier-ignore
    expect(detect(["eth0"], { files: {}, has: has("ifup", "brctl", "nmcli") }).owner).toBe("ifupdown");
  });

  test("netplan, by its file, with the renderer", () => {
    const path = "/etc/netplan/50-cloud-init.yaml";
    const run = { by: "networkd", file: "/run/systemd/network/10-netplan-eth0.network" } as const;
    const files = { [path]: "network:\n  ethernets:\n    eth0:\n      dhcp4: true\n" };
    expect(detect(["eth0"], { files, has: has("netplan"), managed: { eth0: run } })).toMatchObject({
      owner: "netplan",
      because: `netplan: ${path} configures eth0; renderer networkd`,
    });
  });

  test("netplan that names no NIC, and gives all to NetworkManager, leaves them to it", () => {
    const path = "/etc/netplan/01-network-manager-all.yaml";
    const lan = "/etc/NetworkManager/system-connections/lan.nmconnection";
    const all = "network:\n  version: 2\n  renderer: NetworkManager\n";
    const of = (yaml: string, file: string) =>
      detect(["eth0"], { files: { [path]: yaml }, has: has("netplan", "nmcli"), managed: { eth0: { by: "NetworkManager", file } } }); // prettier-ignore
    expect(of(all, lan)).toMatchObject({ owner: "NetworkManager", because: `NetworkManager: ${lan} configures eth0` });
    const run = "/run/NetworkManager/system-connections/netplan-eth0.nmconnection";
    expect(of(`${all}  ethernets:\n    eth0: {dhcp4: true}\n`, run)).toMatchObject({
      owner: "netplan",
      because: `netplan: ${path} configures eth0; renderer NetworkManager`,
    });
  });

  test("two owners of one NIC are named both", () => {
    const { refused } = detect(["eth0"], { files: { [MAIN]: "iface eth0 inet dhcp\n" }, has: debian, managed: { eth0: networkd } }); // prettier-ignore
    expect(refused).toContain(`eth0 belongs to ifupdown (${MAIN}) and to systemd-networkd (${file}) at once`);
  });

  test("so are the owners of two ports", () => {
    const files = { "/etc/sysconfig/network-scripts/ifcfg-eth1": "DEVICE=eth1\n" };
    const { refused } = detect(["eth0", "eth1"], { files, has: has("networkctl"), managed: { eth0: networkd } });
    expect(refused).toMatch(/eth0 belongs to systemd-networkd .*, eth1 to ifcfg .*, and a bridge has one owner/);
  });
});
