import * as kvmnet from "pulumi-kvmnet";

const provider = new kvmnet.Provider("kvm1", { host: "kvm1.lab" });

// One plain object: it may as well come from a YAML file, a list, or a function of the host's name.
const kvm1 = new kvmnet.HostNetwork(
  "kvm1",
  {
    bridges: { br0: { ports: ["eth0"] } },
    networks: {
      lab: {
        model: "nat",
        address: "192.168.123.1/24",
        dhcp: { start: "192.168.123.2", end: "192.168.123.254" },
      },
    },
    guests: { web: { lan: { bridge: "br0" }, nat: { network: "lab", address: "192.168.123.10" } } },
    forwarding: { ipv4: true },
    netfilter: { iptables: false, ip6tables: false, arptables: false },
  },
  { provider },
);

export const hostAddresses = kvm1.bridges["br0"]?.currentAddresses;
export const web = kvm1.guests["web"]?.["nat"]?.currentAddress;
