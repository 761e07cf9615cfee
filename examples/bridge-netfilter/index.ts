import * as kvmnet from "pulumi-kvmnet";

const kvm1 = new kvmnet.Provider("kvm1", { host: "kvm1.lab" });

// Not on a host that runs Docker or Kubernetes: they filter bridged traffic. Preview warns.
const netfilter = new kvmnet.BridgeNetfilter(
  "netfilter",
  { iptables: false, ip6tables: false, arptables: false },
  { provider: kvm1 },
);

export const files = netfilter.files.apply((files) => Object.keys(files ?? {}));
