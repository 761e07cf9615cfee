import * as kvmnet from "pulumi-kvmnet";

// User, port, key, known_hosts: as `ssh kvm1.lab` would.
const kvm1 = new kvmnet.Provider("kvm1", { host: "kvm1.lab" });
const on = { provider: kvm1 };

// Guests on the LAN: the bridge takes over eth0's addresses (or DHCP), routes, DNS and MAC.
const br0 = new kvmnet.Bridge("br0", { ports: ["eth0"] }, on);

// Guests behind the host.
const lab = new kvmnet.NatNetwork(
  "lab",
  { address: "192.168.123.1/24", dhcp: { start: "192.168.123.2", end: "192.168.123.254" } },
  on,
);

// What NAT needs, and what keeps the host's firewall out of bridged traffic.
new kvmnet.SysctlForwarding("forwarding", { ipv4: true }, on);
new kvmnet.BridgeNetfilter("netfilter", { iptables: false, ip6tables: false, arptables: false }, on);

// The guest "web" is on the host already: one interface on the LAN, one behind NAT with an address of its own.
const webLan = new kvmnet.GuestInterface("web-lan", { domain: "web", mac: "52:54:00:ad:4c:86", bridge: br0.name }, on);
const webNat = new kvmnet.GuestInterface(
  "web-nat",
  { domain: "web", network: lab.name, address: "192.168.123.10" },
  on,
);

export const hostAddresses = br0.currentAddresses;
export const web = { lanMac: webLan.mac, natAddress: webNat.currentAddress };
