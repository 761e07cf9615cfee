import * as pulumi from "@pulumi/pulumi";
import * as kvmnet from "pulumi-kvmnet";

// Another list: `pulumi config set --path 'hosts[0]' kvm4`, and so on.
const names = new pulumi.Config().getObject<string[]>("hosts") ?? ["kvm1", "kvm2", "kvm3"];

// One provider for all of them: one process, and one SSH connection per host.
const fleet = new kvmnet.Provider("fleet", {
  hosts: Object.fromEntries(names.map((name) => [name, { host: `${name}.lab` }])),
});

// `pulumi up --continue-on-error` goes on with the others where a host is down, names it, and the next `up` finishes it.
const networks = names.map(
  (host) =>
    new kvmnet.HostNetwork(
      host,
      {
        host,
        bridges: { br0: { ports: ["eth0"] } },
        networks: {
          lab: {
            model: "nat",
            address: "192.168.123.1/24",
            dhcp: { start: "192.168.123.2", end: "192.168.123.254" },
          },
        },
        forwarding: { ipv4: true },
        netfilter: { iptables: false, ip6tables: false, arptables: false },
      },
      { provider: fleet },
    ),
);

export const addresses = Object.fromEntries(
  names.map((name, i) => [name, networks[i]?.bridges["br0"]?.currentAddresses]),
);
