import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "../toolchain/lock";
import { boot } from "./boot";
import { type LabHost, attach } from "./host";
import { type LabOwner, installerInterfaces } from "./interfaces";
import { LAN, announce, lanDown, lanUp, plug, unplug, withdraw } from "./lan";
import { ensurePackages } from "./packages";
import { kill } from "./process";
import { must } from "./run";
import * as state from "./state";
import { type HostRecord } from "./state";
import { type Boot } from "./vm/boot";
import { vmImage } from "./vm/image";
import { plugVm } from "./vm/plug";
import { type VmHost, asVm, installVm, rebootVm } from "./vm/vm";

export interface UpOptions {
  /** eth0 gets its address by DHCP; by default it is static, as Debian's installer writes it. */
  readonly dhcp?: boolean;
  /** By default the first free one: from 10.0.0.11 on, with DHCP from 10.0.0.151 on. */
  readonly address?: string;
  /** The whole text of /etc/network/interfaces, instead of the installer's. */
  readonly interfaces?: string;
  /** Who configures eth0: ifupdown, or a daemon. */
  readonly owner?: LabOwner;
  /** A whole machine with systemd and a kernel of its own, emulated: up in some 20 seconds. */
  readonly vm?: boolean;
  /** How a VM boots for the first time; by default with all that a Debian has. */
  readonly boot?: Partial<Boot>;
  readonly say?: (line: string) => void;
}

/** Starts a host. The first of a lab makes the LAN too. */
export function up(name: string, options: UpOptions & { vm: true }): Promise<VmHost>;
export function up(name: string, options?: UpOptions): Promise<LabHost>;
export async function up(name: string, options: UpOptions = {}): Promise<LabHost> {
  requireRoot();
  if (!/^[a-z][a-z0-9-]{0,11}$/.test(name) || ["sw", "op", "gw", "operator"].includes(name)) {
    throw new Error(
      `"${name}" cannot be a host's name: at most 12 lower-case letters, digits and dashes; not sw, op, gw, operator.`,
    );
  }
  const { say = () => {}, vm = false } = options;
  await withLock(state.LOCK, 600, () => ensurePackages(say, { vm }));
  const image = vm ? await vmImage(say) : undefined;
  const record = await withLock(state.LOCK, 600, async () => {
    for (const id of state.abandonedLabs()) await downAll(id);
    await lanUp();
    const before = state.loadHost(name);
    if (state.isRunning(before)) throw new Error(`${name} is already up, at ${before.address}.`);
    await clean(name); // what a killed run left
    const claimed = claim(name, options, image);
    announce(claimed);
    await (vm ? plugVm : plug)(claimed);
    await must(["mount", "-t", "tmpfs", "-o", "mode=755", `${state.labId()}-${name}`, state.diskOf(name)]);
    return claimed;
  });
  try {
    const interfaces = options.interfaces ?? installerInterfaces(record);
    if (vm) trustHostKeys(record, await installVm(record, interfaces, options.boot));
    else {
      await boot(record, interfaces);
      trustHostKeys(record, hostKeys(record));
    }
  } catch (error) {
    await down(name);
    throw error;
  }
  return attached(record);
}

const attached = (record: HostRecord): LabHost => {
  const host = attach(record, control);
  return record.vm === undefined ? host : asVm(host);
};

/** The hosts of the lab that are up. */
export const list = (): LabHost[] =>
  state
    .hostNames()
    .map((name) => state.loadHost(name))
    .filter(state.isRunning)
    .map(attached);

/** A host that is up, by its name. */
export function find(name: string): LabHost {
  const found = list().find((host) => host.name === name);
  if (!found) throw new Error(`No host ${name} is up in the lab "${state.labId()}".`);
  return found;
}

/** Stops a host, or the whole lab, and removes every trace of it, also of one that was killed half-way. */
export async function down(name?: string): Promise<void> {
  requireRoot();
  await withLock(state.LOCK, 600, async () => {
    if (name !== undefined) return clean(name);
    for (const id of [...state.abandonedLabs(), state.labId()]) await downAll(id);
  });
}

async function downAll(id: string): Promise<void> {
  for (const name of state.hostNames(id)) await clean(name, id);
  await lanDown(id);
  state.forgetLab(id);
}

async function clean(name: string, id = state.labId()): Promise<void> {
  const { init, holder } = state.loadHost(name, id) ?? {};
  await kill([init, holder].filter((process) => process !== undefined));
  await unplug(name, id);
  const disk = state.diskOf(name, id);
  if (isMounted(disk)) await must(["umount", disk]).catch(() => must(["umount", "-l", disk]));
  withdraw(name, id);
  const knownHosts = join(state.labPaths(id).home, ".ssh/known_hosts");
  if (existsSync(knownHosts)) {
    const others = readFileSync(knownHosts, "utf8")
      .split("\n")
      .filter((line) => !line.startsWith(`${name}.${LAN.domain},`));
    writeFileSync(knownHosts, others.join("\n"));
  }
  rmSync(state.hostDir(name, id), { recursive: true, force: true });
}

export function requireRoot(): void {
  if (process.platform !== "linux")
    throw new Error("The lab's hosts are made of Linux namespaces: run it on Linux, as root.");
  if (process.getuid?.() !== 0) throw new Error("The lab makes network namespaces and mounts: run it as root.");
}

/** Picks the host's address and records the host before anything of it exists. */
function claim(name: string, options: UpOptions, vm?: string): HostRecord {
  const dhcp = options.dhcp ?? false;
  const taken = new Set(state.hostNames().map((other) => state.loadHost(other)?.address));
  const first = dhcp ? 151 : 11;
  const free = Array.from({ length: 49 }, (_, i) => `10.0.0.${first + i}`).find((address) => !taken.has(address));
  const address = options.address ?? free;
  const suffix = /^10\.0\.0\.(\d{1,3})$/.exec(address ?? "")?.[1];
  if (address === undefined) throw new Error("The lab's LAN has no address left.");
  if (suffix === undefined || Number(suffix) < 2 || Number(suffix) > 253) {
    throw new Error(`"${address}" is not an address for a host on the LAN: 10.0.0.2 to 10.0.0.253.`);
  }
  if (taken.has(address)) throw new Error(`Another host of the lab has the address ${address}.`);
  const [a, b, c] = createHash("md5").update(name).digest("hex").match(/../g) ?? [];
  const owner = options.owner ?? "ifupdown";
  const record = { name, address, dhcp, mac: `52:54:00:${a}:${b}:${c}`, owner, ...(vm !== undefined && { vm }) }; // the same at every start
  state.saveHost(record);
  mkdirSync(state.diskOf(name), { recursive: true });
  return record;
}

const hostKeys = ({ name }: HostRecord): string[] =>
  ["ed25519", "ecdsa"].map((type) =>
    readFileSync(join(state.diskOf(name), "upper/etc/ssh", `ssh_host_${type}_key.pub`), "utf8"),
  );

/** What the operator would have in known_hosts after the first visit, by name and by address. */
function trustHostKeys({ name, address }: HostRecord, keys: readonly string[]): void {
  const lines = keys
    .map((key) => `${name}.${LAN.domain},${address} ${key.split(" ").slice(0, 2).join(" ")}\n`)
    .join("");
  appendFileSync(join(state.labPaths().home, ".ssh/known_hosts"), lines);
}

const isMounted = (path: string): boolean =>
  readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .some((line) => line.split(" ")[1] === path);

async function reboot(name: string): Promise<void> {
  const record = state.loadHost(name);
  if (!record) throw new Error(`${name} is not up.`);
  if (record.vm !== undefined) return rebootVm(name);
  await withLock(state.LOCK, 60, async () => {
    await kill([record.init, record.holder].filter((process) => process !== undefined));
    await unplug(name);
    await plug(record);
  });
  await boot(record);
}

const control = { reboot, down };
