import { plug } from "../lan";
import { must } from "../run";
import { type HostRecord, namespaceOf } from "../state";

/** Where the lab reaches a VM whatever its network is like (customize.sh), seen from the VM's own namespace only. */
export const WAY_IN = "169.254.1.2";
/** The VM's NICs: its eth0, and the one of the way in. QEMU opens their taps by these names. */
export const TAPS = { lan: "lan", wayIn: "way-in" } as const;

/** Plugs a VM into the switch: its namespace holds QEMU, its taps, and a bridge from eth0's to the switch's port. */
export async function plugVm(record: HostRecord): Promise<void> {
  // The cable has a MAC of its own: what is sent to the VM's must not end at the bridge.
  await plug({ ...record, mac: record.mac.replace(/^52/, "02") });
  const commands = [
    "link add plug type bridge mcast_snooping 0",
    "link set eth0 master plug up",
    ...Object.values(TAPS).map((tap) => `tuntap add ${tap} mode tap`),
    `link set ${TAPS.lan} master plug up`,
    "link set plug up",
    `addr add 169.254.1.1/30 dev ${TAPS.wayIn}`,
    `link set ${TAPS.wayIn} up`,
  ];
  await must(["ip", "-n", namespaceOf(record.name), "-batch", "-"], { input: `${commands.join("\n")}\n` });
}
