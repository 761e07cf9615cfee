import * as kvmnet from "pulumi-kvmnet";

const kvm1 = new kvmnet.Provider("kvm1", { host: "kvm1.lab" });

// Nothing is taken over from eth0 but its MAC: all else is said here.
const br0 = new kvmnet.Bridge(
  "br0",
  {
    ports: ["eth0"],
    dhcp4: false,
    addresses: ["10.0.0.11/24"],
    routes: [
      { to: "default", via: "10.0.0.1" },
      { to: "10.9.0.0/16", via: "10.0.0.254", metric: 10 },
    ],
    nameservers: ["10.0.0.1"],
    mtu: 1500,
    // Two bridges between the same switches need STP; a port then forwards after twice the delay, 8 s.
    stp: true,
    forwardDelay: 4,
    helloTime: 2,
    maxAge: 6,
    priority: 40960,
    ageingTime: 300,
  },
  { provider: kvm1 },
);

export const mac = br0.macAddress;
export const addresses = br0.currentAddresses;
export const owner = br0.owner;
