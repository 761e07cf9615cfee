import * as kvmnet from "pulumi-kvmnet";

const kvm1 = new kvmnet.Provider("kvm1", { host: "kvm1.lab" });

// The network that every libvirt has. Without `adopt` it is a conflict, and nothing is touched. With it, the preview shows what would
// change of it: nothing, where the arguments say what is there. What they do not speak of (DNS entries, others' reservations, metadata)
// stays as it is, and `pulumi destroy` gives back what was found.
const lan = new kvmnet.NatNetwork(
  "default",
  { address: "192.168.122.1/24", dhcp: { start: "192.168.122.2", end: "192.168.122.254" }, adopt: true },
  { provider: kvm1 },
);

export const bridge = lan.bridge;
export const uuid = lan.uuid;
