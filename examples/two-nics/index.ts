import * as kvmnet from "pulumi-kvmnet";

const kvm1 = new kvmnet.Provider("kvm1", { host: "kvm1.lab" });
const on = { provider: kvm1 };

// The office is on eth0, with the host's own address; storage is on eth1, where the host has none.
// A VLAN of eth1 that the host has, as eth1.42, is a port like any other.
const office = new kvmnet.Bridge("br0", { ports: ["eth0"] }, on);
const storage = new kvmnet.Bridge("br1", { ports: ["eth1"], addresses: [], mtu: 1400 }, on);

// The guest "web" is on the host already. It gets a lease in the office, and has an address of its own in the other network.
const lan = new kvmnet.GuestInterface("lan", { domain: "web", bridge: office.name }, on);
const san = new kvmnet.GuestInterface(
  "san",
  {
    domain: "web",
    bridge: storage.name,
    address: "10.42.0.20/24",
    mtu: 1400,
    isolated: true,
    filter: { name: "no-mac-spoofing" },
  },
  on,
);

export const taps = [lan, san].map(({ mac, tap }) => ({ mac, tap }));
// What the guest is told of its interfaces, for cloud-init; `guestConfig` has it for netplan, ifupdown and ifcfg too.
export const networkConfig = kvmnet.cloudInitNetworkConfig([lan, san]);
