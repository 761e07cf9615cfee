import * as kvmnet from "pulumi-kvmnet";

const kvm1 = new kvmnet.Provider("kvm1", { host: "kvm1.lab" });

// A host that forwards IPv6 no longer listens to router advertisements: preview warns where it lives on them.
const forwarding = new kvmnet.SysctlForwarding("forwarding", { ipv4: true, ipv6: true }, { provider: kvm1 });

export const values = forwarding.sysctls;
