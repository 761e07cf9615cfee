import * as kvmnet from "pulumi-kvmnet";

const on = { provider: new kvmnet.Provider("kvm1", { host: "kvm1.lab" }) };

// Guests on the LAN, side by side with the host: on the bridge itself, or on a network of libvirt's that is a name for it.
const br0 = new kvmnet.Bridge("br0", { ports: ["eth0"] }, on);
new kvmnet.BridgedNetwork("lan", { bridge: br0.name }, on);

// Guests behind the host's address: they reach out, nobody reaches in.
new kvmnet.NatNetwork(
  "lab",
  { address: "192.168.123.1/24", dhcp: { start: "192.168.123.2", end: "192.168.123.254" } },
  on,
);

// Guests with addresses of their own beyond the host: the LAN's router needs a route to them.
const dmz = new kvmnet.RoutedNetwork(
  "dmz",
  { address: "10.20.0.1/24", dhcp: { start: "10.20.0.2", end: "10.20.0.99" } },
  on,
);

// The same, but the host's firewall is yours: libvirt adds no rules.
new kvmnet.OpenNetwork("own-rules", { address: "10.21.0.1/24" }, on);

// Guests and the host, and nobody else.
new kvmnet.HostOnlyNetwork("backend", { address: "10.22.0.1/24", dhcp: { start: "10.22.0.2", end: "10.22.0.99" } }, on);

// Guests among themselves: not even the host has an address there.
new kvmnet.IsolatedNetwork("cluster", { mtu: 9000 }, on);

export const forTheRouter = dmz.lanRoutes;
