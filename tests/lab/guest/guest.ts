import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type LabHost } from "../host";
import { LAN } from "../lan";
import { loadHost } from "../state";
import { sendEmulator } from "../vm/emulator";
import { guestImage } from "./image";

export interface GuestOptions {
  /** A NIC on this bridge of the host. */
  readonly bridge?: string;
  /** A NIC in this libvirt network. With neither, the guest has no NIC: Pulumi or virsh plugs one in later. */
  readonly network?: string;
  /** The MAC of its only NIC; libvirt's choice by default. */
  readonly mac?: string;
  /** Whom it pings from every NIC, beside the NIC's gateway. Default: the LAN's gateway and the operator. */
  readonly targets?: readonly string[];
  /** NICs that ask for no lease: MAC → address with prefix. */
  readonly fixed?: Readonly<Record<string, string>>;
  /** Whom a NIC pings ten times a second, every answer a line on the console: MAC → address. */
  readonly echo?: Readonly<Record<string, string>>;
  /** Only define it, do not start it. */
  readonly shutOff?: boolean;
  readonly say?: (line: string) => void;
}

/**
 * Defines and starts a guest on a host: a real Linux that gets a lease on every NIC, answers pings, and tells on its serial
 * console (/var/log/guest-NAME.log on the host) what it got and whom it reaches. It is up in some seconds.
 */
export async function guest(host: LabHost, name: string, options: GuestOptions = {}): Promise<void> {
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(name)) throw new Error(`"${name}" cannot be a guest's name.`);
  const record = loadHost(host.name);
  const boot = "/var/lib/libvirt/boot/lab-guest";
  const { vm, init } = record ?? {};
  if (vm !== undefined && !options.shutOff)
    throw new Error(`${host.name} is emulated itself: guests run on hosts in namespaces.`);
  if (vm !== undefined) await sendEmulator(host.name);
  else {
    const image = await guestImage(options.say ?? (() => {}));
    const outside = `/proc/${init?.pid}/root${boot}`;
    for (const file of ["vmlinuz", "initrd.gz"]) {
      if (existsSync(join(outside, file))) continue;
      mkdirSync(outside, { recursive: true });
      copyFileSync(join(image, file), join(outside, file));
    }
  }
  await host.must("cat | virsh -q define /dev/stdin", { input: domainXml(name, boot, options) });
  if (!options.shutOff) await host.must(`virsh -q start ${name}`);
}

/** What a guest has said since it was started. */
export const guestLog = async (host: LabHost, name: string): Promise<string> =>
  (await host.sh(`cat /var/log/guest-${name}.log`)).stdout.replaceAll("\r", "");

export interface GuestWait {
  /** Which of its NICs, as the guest names them: "eth0". */
  readonly nic?: string;
  /** Which of its NICs, by MAC. */
  readonly mac?: string;
  readonly timeoutMs?: number;
}

/** Waits until a guest has a lease, and returns the address. */
export function guestAddress(host: LabHost, name: string, wait: GuestWait = {}): Promise<string> {
  const line = /^GUEST-IP (\S+) (\S+) (\S+)$/gm;
  return untilGuestSays(host, name, wait, "has no lease", (log) => {
    const leases = [...log.matchAll(line)].filter(
      ([, nic, mac]) => (wait.nic ?? nic) === nic && (wait.mac?.toLowerCase() ?? mac) === mac,
    );
    return leases.at(-1)?.[3];
  });
}

/** Waits until a guest reaches an address, through the given NIC where one is given: its gateways, 10.0.0.1 or 10.0.0.254. */
export async function guestReaches(
  host: LabHost,
  name: string,
  target: string,
  wait: GuestWait & { readonly reaches?: boolean } = {},
): Promise<void> {
  const wanted = wait.reaches ?? true;
  await untilGuestSays(host, name, wait, `${wanted ? "does not reach" : "still reaches"} ${target}`, (log) => {
    const last = [...log.matchAll(/^GUEST-PING-(OK|FAIL) (\S+) (\S+)$/gm)]
      .filter(([, , nic, address]) => address === target && (wait.nic ?? nic) === nic)
      .at(-1);
    return last !== undefined && (last[1] === "OK") === wanted ? true : undefined;
  });
}

async function untilGuestSays<T>(
  host: LabHost,
  name: string,
  wait: GuestWait,
  failure: string,
  answer: (log: string) => T | undefined,
): Promise<T> {
  const timeoutMs = wait.timeoutMs ?? 60_000;
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const log = await guestLog(host, name);
    const found = answer(log);
    if (found !== undefined) return found;
    if (Date.now() > deadline) {
      throw new Error(
        `Guest ${name} on ${host.name} ${failure} after ${timeoutMs / 1000} s. It said: ${log.slice(-2000)}`,
      );
    }
    await sleep(100);
  }
}

/** A small PC under emulation (the machine's /dev/kvm may not be usable), with room to plug NICs in by ACPI hot-plug. */
function domainXml(name: string, boot: string, options: GuestOptions): string {
  const { bridge, network, mac, targets = [LAN.gateway, LAN.operator], fixed = {}, echo = {} } = options;
  const pairs = (of: Readonly<Record<string, string>>) => Object.entries(of).map(([mac, value]) => `${mac}=${value}`);
  const nic = (type: string, source: string): string =>
    `<interface type='${type}'><source ${type}='${source}'/>${mac ? `<mac address='${mac}'/>` : ""}<model type='virtio'/></interface>`;
  const kernel = "console=ttyS0 quiet panic=-1 mitigations=off nokaslr tsc=reliable no_timer_check net.ifnames=0";
  return `<domain type='qemu'>
  <name>${name}</name><memory unit='MiB'>128</memory><vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>${boot}/vmlinuz</kernel><initrd>${boot}/initrd.gz</initrd>
    <cmdline>${kernel} guest=${name} targets=${targets.join(",")} fixed=${pairs(fixed).join(",")} echo=${pairs(echo).join(",")}</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='custom' match='exact'><model fallback='allow'>qemu64</model></cpu>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    ${bridge ? nic("bridge", bridge) : ""}${network ? nic("network", network) : ""}
    <serial type='file'><source path='/var/log/guest-${name}.log'/><target port='0'/></serial>
    <controller type='usb' model='none'/><memballoon model='none'/>
  </devices>
</domain>
`;
}
