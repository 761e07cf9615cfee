import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type LabOwner } from "./interfaces";
import { type ProcessId, identify, isAlive } from "./process";

/** Where the labs of this machine are recorded: gone after a reboot of the machine, as the labs themselves are. */
export const LABS = "/run/kvmnet-lab";

/** What is recorded of a host, before and while it runs. */
export interface HostRecord {
  readonly name: string;
  readonly address: string;
  readonly mac: string;
  readonly dhcp: boolean;
  /** Who configures its network; ifupdown where nothing is said. */
  readonly owner?: LabOwner;
  /** The directory with what it boots from, where it is a VM. */
  readonly vm?: string;
  /** The process that holds the host's namespaces, and the host's PID 1 as the machine sees it; a VM's is its QEMU. */
  readonly holder?: ProcessId;
  readonly init?: ProcessId;
}

/** The lab this process works with: KVMNET_LAB, so that a test run and a user's own lab do not meet. */
export function labId(): string {
  const id = process.env.KVMNET_LAB ?? "lab";
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(id)) {
    throw new Error(`KVMNET_LAB is "${id}": it must be at most 20 lower-case letters, digits and dashes.`);
  }
  return id;
}

/** Held while labs are made and removed. It stays, for a lock file must not be removed while another run waits for it. */
export const LOCK = "/run/lock/kvmnet-lab.lock";

/** The paths of a lab. */
export function labPaths(id = labId()): { dir: string; home: string; lan: string; hosts: string } {
  const dir = join(LABS, id);
  return { dir, home: join(dir, "home"), lan: join(dir, "lan"), hosts: join(dir, "hosts") };
}

/** The name of a network namespace of this lab. */
export const namespaceOf = (member: string, id = labId()): string => `${id}-${member}`;

/** The file that stands for a network namespace. */
export const namespaceFile = (member: string, id = labId()): string => `/run/netns/${namespaceOf(member, id)}`;

export const hostDir = (name: string, id = labId()): string => join(labPaths(id).hosts, name);

/** Where a host's disk is mounted: a tmpfs, on which its root is an overlay of the machine's, or of a VM's image. */
export const diskOf = (name: string, id = labId()): string => join(hostDir(name, id), "disk");

export function saveHost(record: HostRecord): void {
  mkdirSync(hostDir(record.name), { recursive: true });
  const file = join(hostDir(record.name), "host.json");
  writeFileSync(`${file}.new`, JSON.stringify(record, undefined, 2)); // a reader sees the old record or the new one
  renameSync(`${file}.new`, file);
}

export function loadHost(name: string, id = labId()): HostRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(hostDir(name, id), "host.json"), "utf8")) as HostRecord;
  } catch {
    return undefined;
  }
}

/** The names of all hosts the lab has a directory for, running or left behind. */
export function hostNames(id = labId()): string[] {
  const { hosts } = labPaths(id);
  return existsSync(hosts) ? readdirSync(hosts).sort() : [];
}

export const isRunning = (record: HostRecord | undefined): record is HostRecord & { init: ProcessId } =>
  record?.init !== undefined && isAlive(record.init);

/**
 * Makes this process, and what it starts, work in a lab of its own, which is over when the process is: the next caller
 * sweeps it away where a killed run left it. For test runs and the demo; a user's own lab stays until `npm run lab -- down`.
 * Where KVMNET_LAB is set already, by a test run for its workers or by a user, that lab is used and stays its owner's.
 */
export function useOwnLab(prefix: string): void {
  if (process.env.KVMNET_LAB !== undefined) return;
  process.env.KVMNET_LAB = `${prefix}-${process.pid}`;
  const { dir } = labPaths();
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "owner.json"), JSON.stringify(identify(process.pid)));
}

/** The labs whose owner has died. */
export function abandonedLabs(): string[] {
  if (!existsSync(LABS)) return [];
  return readdirSync(LABS).filter((id) => {
    const file = join(LABS, id, "owner.json");
    if (!existsSync(file)) return false;
    try {
      return !isAlive(JSON.parse(readFileSync(file, "utf8")) as ProcessId);
    } catch {
      return false; // being written just now
    }
  });
}

/** Forgets a lab. */
export function forgetLab(id = labId()): void {
  rmSync(labPaths(id).dir, { recursive: true, force: true });
  if (existsSync(LABS) && readdirSync(LABS).length === 0) rmSync(LABS, { recursive: true, force: true });
}
