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
  [
    "netplan",
    { "/etc/netplan/50-cloud-init.yaml": "network:\n  ethernets:\n    eth0:\n      dhcp4: true\n" },
    has("ifup", "brctl"),
    "eth0 belongs to netplan (/etc/netplan/50-cloud-init.yaml)",
  ],
  [
    "networkd",
    { "/etc/systemd/network/10-lan.network": "[Match]\nName=en* eth*\n" },
    has("networkctl"),
    "systemd-networkd (/etc/systemd/network/10-lan.network)",
  ],
  [
    "ifcfg",
    { "/etc/sysconfig/network-scripts/ifcfg-eth0": "DEVICE=eth0\n" },
    has("ifup"),
    "network-scripts (ifcfg) (/etc/sysconfig/network-scripts/ifcfg-eth0)",
  ],
  [
    "NetworkManager's file",
    { "/etc/NetworkManager/system-connections/lan.nmconnection": "[connection]\ninterface-name=eth0\n" },
    has("nmcli"),
    "NetworkManager (/etc/NetworkManager",
  ],
  [
    "NetworkManager without a file",
    { [MAIN]: "auto lo\n" },
    has("nmcli", "ifup", "brctl"),
    "NetworkManager (nmcli is installed",
  ],
  ["ifupdown2", { [MAIN]: "iface eth0 inet dhcp\n" }, has("ifup", "brctl", "ifreload"), "ifupdown2"],
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
