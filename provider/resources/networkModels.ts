import type { ForwardMode } from "../libvirt/network";

/** What sets one model of libvirt network apart from the others. */
export interface NetworkModel {
  readonly type: string;
  /** `<forward mode=…>`. Absent: isolated. */
  readonly forward?: ForwardMode;
  /** Beyond `name` and `autostart`. */
  readonly args: readonly string[];
  readonly outputs: readonly string[];
  /** libvirt switches forwarding on when it starts such a network, and never off again (networkEnableIPForwarding). */
  readonly switchesForwarding: boolean;
}

const all = ["title", "description", "metadata", "portgroups", "isolatedPorts"];
const ownBridge = [
  ...all,
  ...["bridgeName", "stp", "delay", "macTableManager", "zone", "mtu", "bandwidth", "guestIpv6"],
];
const addressed = [
  ...["address", "dhcp", "address6", "dhcp6", "addresses", "routes", "domain", "dns", "dnsmasqOptions"],
  ...ownBridge,
];
const outputs = ["uuid", "bridge", "macAddress"];

export const nat: NetworkModel = {
  type: "NatNetwork",
  forward: "nat",
  args: [...addressed, "forwardInterface", "nat"],
  outputs,
  switchesForwarding: true,
};

export const routed: NetworkModel = {
  type: "RoutedNetwork",
  forward: "route",
  args: [...addressed, "forwardInterface"],
  outputs: [...outputs, "lanRoutes"],
  switchesForwarding: true,
};

export const open: NetworkModel = {
  type: "OpenNetwork",
  forward: "open",
  args: addressed,
  outputs,
  switchesForwarding: true,
};

export const hostOnly: NetworkModel = { type: "HostOnlyNetwork", args: addressed, outputs, switchesForwarding: false };

export const isolated: NetworkModel = { type: "IsolatedNetwork", args: ownBridge, outputs, switchesForwarding: false };

export const bridged: NetworkModel = {
  type: "BridgedNetwork",
  forward: "bridge",
  args: [...all, "bridge", "vlan", "virtualport"],
  outputs: ["uuid"],
  switchesForwarding: false,
};
