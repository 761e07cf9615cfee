import * as kvmnet from "pulumi-kvmnet";

const kvm1 = new kvmnet.Provider("kvm1", { host: "kvm1.lab" });

const lab = new kvmnet.NatNetwork(
  "lab",
  {
    address: "192.168.123.1/24",
    address6: "fd00:123::1/64",
    bridgeName: "virbr-lab",
    domain: "lab.example",
    mtu: 1400,
    dhcp: {
      start: "192.168.123.100",
      end: "192.168.123.199",
      leaseTime: 600,
      // Always the same address, and a name in the network's DNS; such addresses may lie outside the range.
      hosts: [{ mac: "52:54:00:12:34:56", address: "192.168.123.10", name: "db" }],
    },
  },
  { provider: kvm1 },
);

export const uuid = lab.uuid;
export const device = lab.bridge;
export const mac = lab.macAddress;
