import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { installerInterfaces, ownerFile } from "./interfaces";
import { LAN } from "./lan";
import { ownerRoot } from "./ownerRoot";
import { type ProcessId, childOf, identify } from "./process";
import { type HostRecord, diskOf, hostDir, labPaths, namespaceFile, saveHost } from "./state";

/**
 * Boots a host from its disk, in fresh namespaces, and waits until its libvirtd answers. The first boot installs it:
 * `interfaces` is then its /etc/network/interfaces.
 */
export async function boot(record: HostRecord, interfaces = installerInterfaces(record)): Promise<void> {
  const { name, dhcp, owner = "ifupdown" } = record;
  const own = ownerFile(record);
  const layer = await ownerRoot(owner);
  const logFile = join(hostDir(name), "boot.log");
  const log = openSync(logFile, "w");
  const text = (script: string): string => readFileSync(join(__dirname, script), "utf8");
  const holder = spawn(
    "nsenter",
    [
      ...[`--net=${namespaceFile(name)}`, "unshare", "--mount", "--uts", "--pid", "--ipc", "--fork", "--kill-child"],
      ...["--propagation", "private", "bash", join(__dirname, "boot.sh")],
    ],
    {
      detached: true, // the host outlives us, and Ctrl-C in our terminal is not for it
      stdio: ["ignore", log, log],
      env: {
        PATH: process.env.PATH,
        NAME: name,
        DISK: diskOf(name),
        INTERFACES: interfaces,
        OWNER: owner,
        LAYER: layer,
        OWNER_FILE: own?.path ?? "",
        OWNER_TEXT: own?.text ?? "",
        RESOLV: dhcp && owner.startsWith("ifupdown") ? "" : `nameserver ${LAN.gateway}\nsearch ${LAN.domain}\n`,
        UUID: uuidOf(name),
        KEY: readFileSync(join(labPaths().home, ".ssh/id_ed25519.pub"), "utf8").trim(),
        INSTALL: text("install.sh"),
        INIT: text("init.sh"),
      },
    },
  );
  holder.unref();
  closeSync(log);
  const deadline = Date.now() + 60_000;
  let identified: { holder?: ProcessId; init?: ProcessId } = {};
  for (;;) {
    if (!identified.init && holder.pid !== undefined) identified = remember(record, holder.pid);
    const said = readFileSync(logFile, "utf8");
    if (/^READY$/m.test(said)) return;
    const ended = holder.exitCode !== null || holder.signalCode !== null;
    if (ended || Date.now() > deadline) {
      throw new Error(
        `${name} ${ended ? "stopped while booting" : "did not boot within 60 s"}: ${said.trim().slice(-2000)}`,
      );
    }
    await sleep(20);
  }
}

/** A host's UUID, the same at every start. */
export const uuidOf = (name: string): string =>
  createHash("md5")
    .update(`kvmnet ${name}`)
    .digest("hex")
    .replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");

/** Records the processes as soon as they are there: a run that is killed now leaves nothing unknown. */
function remember(record: HostRecord, holderPid: number): { holder?: ProcessId; init?: ProcessId } {
  const holder = identify(holderPid);
  const child = childOf(holderPid);
  const init = child === undefined ? undefined : identify(child);
  const found = { ...(holder && { holder }), ...(init && { init }) };
  saveHost({ ...record, ...found });
  return found;
}
