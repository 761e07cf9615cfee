import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isAlive } from "../process";
import { type RunOptions, run } from "../run";
import { type HostRecord, diskOf, hostDir, labPaths, loadHost, namespaceOf, saveHost } from "../state";
import { initrdOf } from "./identity";
import { TAPS, WAY_IN } from "./plug";

export const monitorOf = (name: string): string => join(hostDir(name), "monitor");

/** Booting takes 15 to 25 s on two cores that have nothing else to do. */
export const BOOT_MS = 240_000;

/** What a state is saved as, in the disk. */
export const SAVED = "saved";

export interface Boot {
  /** A script that succeeds on the VM when it is up. */
  readonly ready: string;
  /** More for the kernel's command line, which systemd reads too: https://manpages.debian.org/kernel-command-line.7 */
  readonly append?: string;
  /** Not from power on: from where its state was saved. */
  readonly saved?: boolean;
}

/** Starts a VM's QEMU and waits until it is ready. */
export async function bootVm(record: HostRecord & { vm: string }, boot: Boot): Promise<void> {
  const { name } = record;
  const logFile = join(hostDir(name), "boot.log");
  const log = openSync(logFile, "w");
  const qemu = spawn("ip", ["netns", "exec", namespaceOf(name), ...commandLine(record, boot)], {
    detached: true, // as hosts in namespaces: it outlives us
    stdio: ["ignore", log, log],
  });
  qemu.unref();
  closeSync(log);
  const init = identify(qemu.pid ?? 0);
  saveHost({ ...record, ...(init && { init }) });
  await until(name, boot.ready, BOOT_MS);
}

/** Waits until a script on the VM succeeds. */
async function until(name: string, ready: string, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  const script = `timeout ${timeoutMs / 1000} sh -c ${quoted(ready)}`;
  for (;;) {
    const { init } = loadHost(name) ?? {};
    const left = deadline - Date.now();
    const ended = init === undefined || !isAlive(init);
    if (!ended && left > 0) {
      const { code } = await inVm(name, script, { timeoutMs: left + 5000 }).catch(() => ({ code: 255 }));
      if (code === 0) return;
      await sleep(100);
      continue;
    }
    const said = ["boot.log", "serial.log"].map((file) => readFileSync(join(hostDir(name), file), "utf8").trim());
    throw new Error(
      `${name} ${ended ? "stopped while booting" : `was not ready within ${timeoutMs / 1000} s`}: ${said.join("\n").slice(-2000)}`,
    );
  }
}

export const inVm = (name: string, script: string, options?: RunOptions) => run(vmCommand(name, script), options);

/** The command line that runs a script on the VM, through the lab's way in. The first makes a connection for all. */
export function vmCommand(name: string, script: string, terminal = false): string[] {
  const { home } = labPaths();
  const options = [
    "BatchMode=yes",
    "ConnectTimeout=20",
    "ServerAliveInterval=5",
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "LogLevel=ERROR",
    "ControlMaster=auto",
    "ControlPersist=600",
    `ControlPath=${join(hostDir(name), "ssh")}`,
  ];
  const ssh = [
    "ssh",
    "-F",
    "none",
    "-i",
    join(home, ".ssh/id_ed25519"),
    ...options.flatMap((option) => ["-o", option]),
  ];
  return ["ip", "netns", "exec", namespaceOf(name), ...ssh, ...(terminal ? ["-t"] : []), `root@${WAY_IN}`, script];
}

export const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** The same for every start of a VM: a saved state goes on in the machine that it was saved on. */
function commandLine({ name, mac, vm }: HostRecord & { vm: string }, { append = "", saved = false }: Boot): string[] {
  const nic = (tap: string, mac: string): string[] => [
    ...["-netdev", `tap,id=${tap},ifname=${tap},script=no,downscript=no`],
    ...["-device", `virtio-net-pci,netdev=${tap},mac=${mac}`],
  ];
  // What is at the same address in every process is translated once: a program's start takes a third of the time without ASLR.
  const kernel =
    "console=ttyS0 8250.nr_uarts=1 quiet net.ifnames=0 mitigations=off apparmor=0 audit=0 nokaslr norandmaps tsc=reliable no_timer_check";
  return [
    ...["qemu-system-x86_64", "-name", name, "-accel", "tcg,thread=multi", "-cpu", "qemu64", "-M", "q35"],
    ...[
      "-smp",
      "1",
      "-m",
      "1024",
      "-nodefaults",
      "-no-reboot",
      "-display",
      "none",
      "-serial",
      `file:${join(hostDir(name), "serial.log")}`,
    ],
    ...["-kernel", join(vm, "vmlinuz"), "-initrd", initrdOf(name), "-append", `${kernel} ${append}`],
    // What the VM has written is in the file; that the file reaches the machine's own disk is not waited for.
    ...["-drive", `if=none,id=disk,file=${join(diskOf(name), "disk.qcow2")},cache=writeback`],
    ...["-device", "virtio-blk-pci,drive=disk", "-device", "virtio-rng-pci"],
    ...nic(TAPS.lan, mac),
    ...nic(TAPS.wayIn, "52:54:00:00:00:01"),
    ...["-qmp", `unix:${monitorOf(name)},server=on,wait=off`],
    ...(saved ? ["-loadvm", SAVED] : []),
  ];
}
