import * as kvmnet from "pulumi-kvmnet";

const kvm1 = new kvmnet.Provider("kvm1", { host: "kvm1.lab" });
const on = { provider: kvm1 };

const br0 = new kvmnet.Bridge("br0", { ports: ["eth0"] }, on);
const lab = new kvmnet.NatNetwork(
  "lab",
  { address: "192.168.123.1/24", dhcp: { start: "192.168.123.2", end: "192.168.123.254" } },
  on,
);

// The guest "web" is on the host already. While it runs the interfaces are plugged in live; they are there at its next boot too.
const lan = new kvmnet.GuestInterface("lan", { domain: "web", bridge: br0.name }, on);
const nat = new kvmnet.GuestInterface("nat", { domain: "web", network: lab.name, address: "192.168.123.10" }, on);

// A spare one with its cable pulled.
const spare = new kvmnet.GuestInterface(
  "spare",
  { domain: "web", mac: "52:54:00:00:00:03", network: lab.name, model: "e1000", linkState: "down" },
  on,
);

// Taps and addresses are there while the guest runs.
export const interfaces = [lan, nat, spare].map(({ mac, tap, currentAddress }) => ({ mac, tap, currentAddress }));
// For a guest that is yet to be made: virt-install --network …
export const virtInstall = nat.virtInstall;
