import * as kvmnet from "pulumi-kvmnet";

const kvm1 = new kvmnet.Provider("kvm1", { host: "kvm1.lab" });

// br0 was made by hand, or by the installer. Without `adopt` it is a conflict, and nothing is touched. With it, the bridge is
// ours from now on; `pulumi destroy` gives back what was found, byte for byte.
const br0 = new kvmnet.Bridge("br0", { ports: ["eth0"], adopt: true }, { provider: kvm1 });

export const addresses = br0.currentAddresses;
export const mac = br0.macAddress;
