import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type LabHost } from "../host";
import { isAlive, kill } from "../process";
import { must } from "../run";
import { type LabOwner } from "../interfaces";
import { announce } from "../lan";
import { type HostRecord, diskOf, hostDir, loadHost, saveHost } from "../state";
import { BOOT_MS, type Boot, SAVED, bootVm, inVm, monitorOf, vmCommand } from "./boot";
import { makeIdentity } from "./identity";
import { monitor } from "./monitor";
import { giveTo } from "./owner";

/** A whole machine with systemd and a kernel of its own, emulated: for reboots, units, modules, and what a power cut leaves. */
export interface VmHost extends LabHost {
  /** Reboots as its owner would. */
  reboot(boot?: Partial<Boot>): Promise<void>;
  /** Its network is another's from now on; it was ifupdown's. */
  giveTo(owner: LabOwner, options?: { readonly dhcp?: boolean }): Promise<void>;
  /** Ends its QEMU at once: what the VM has not sent to its disk is lost. */
  cutPower(): Promise<void>;
  /** Boots it from its disk after a power cut. */
  boot(boot?: Partial<Boot>): Promise<void>;
  /** Keeps the running machine, with its disk, as it is now. */
  save(): Promise<void>;
  /** Goes back to the machine that was kept; in 2 or 3 seconds. */
  restore(): Promise<void>;
}

/** All that begins with the boot has begun, libvirtd too. */
const BOOTED = "{ systemctl is-system-running --wait > /dev/null; virsh -q list > /dev/null; }";

/** Makes a VM's disk and boots it for the first time. Returns its public SSH keys. */
export async function installVm(record: HostRecord, interfaces: string, boot?: Partial<Boot>): Promise<string[]> {
  const { name, vm = "" } = record;
  const keys = await makeIdentity(record, interfaces, vm);
  const backing = ["-b", join(vm, "disk.img"), "-F", "raw"];
  await must(["qemu-img", "create", "-q", "-f", "qcow2", ...backing, join(diskOf(name), "disk.qcow2")]);
  await bootVm({ ...record, vm }, { ready: BOOTED, ...boot });
  const { owner = "ifupdown" } = record;
  if (owner !== "ifupdown") await giveTo({ ...record, owner });
  return keys;
}

export const asVm = (host: LabHost): VmHost => ({
  ...host,
  reboot: (boot) => rebootVm(host.name, boot),
  giveTo: async (owner, { dhcp = false } = {}) => {
    const record = { ...recordOf(host.name), owner, dhcp };
    saveHost(record);
    announce(record);
    await giveTo(record);
  },
  cutPower: () => cutPower(host.name),
  boot: (boot) => bootVm(recordOf(host.name), { ready: BOOTED, ...boot }),
  save: async () => {
    await inVm(host.name, "sync");
    await closeWayIn(host.name);
    await monitor(monitorOf(host.name), `savevm ${SAVED}`);
  },
  restore: async () => {
    await cutPower(host.name);
    // Its clock goes on from when it was kept.
    await bootVm(recordOf(host.name), { saved: true, ready: `date -s @${Math.ceil(Date.now() / 1000)} > /dev/null` });
  },
});

/** Reboots a VM as its owner would. An emulated machine may hang in its reset, so it ends with a reboot, and is started anew. */
export async function rebootVm(name: string, boot?: Partial<Boot>): Promise<void> {
  const { init } = recordOf(name);
  // Not at once: else it may end the connection before we know that it was heard.
  await inVm(name, "systemd-run -q --on-active=0.1 systemctl reboot");
  for (const deadline = Date.now() + BOOT_MS; init !== undefined && isAlive(init); await sleep(50))
    if (Date.now() > deadline) throw new Error(`${name} did not go down within ${BOOT_MS / 1000} s.`);
  await closeWayIn(name);
  await bootVm(recordOf(name), { ready: BOOTED, ...boot });
}

async function cutPower(name: string): Promise<void> {
  const { init } = recordOf(name);
  await kill(init === undefined ? [] : [init]);
  await closeWayIn(name);
}

function recordOf(name: string): HostRecord & { vm: string } {
  const record = loadHost(name);
  if (record?.vm === undefined) throw new Error(`${name} is not a VM of the lab.`);
  return { ...record, vm: record.vm };
}

/** The connection to a machine that is not there any more. */
async function closeWayIn(name: string): Promise<void> {
  if (!existsSync(join(hostDir(name), "ssh"))) return;
  await must([...vmCommand(name, "").slice(0, -1), "-O", "exit"]).catch(() => {}); // it has noticed by itself
}
