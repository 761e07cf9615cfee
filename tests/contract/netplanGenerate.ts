import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownerRoot } from "../lab/ownerRoot";
import { run } from "../lab/run";

/** What `netplan generate` makes of an /etc below another root: its renderers' files, and what it had to say. */
export async function netplanGenerate(etc: string) {
  const root = await ownerRoot("netplan");
  const folder = mkdtempSync(join(tmpdir(), "kvmnet-netplan-"));
  try {
    cpSync(etc, join(folder, "etc"), { recursive: true });
    const script = 'chmod 600 "$1"/etc/netplan/*; LD_LIBRARY_PATH=$(echo "$0"/usr/lib/*-linux-gnu) "$0"/usr/libexec/netplan/generate --root-dir "$1" 2>&1'; // prettier-ignore
    const { stdout, code } = await run(["sh", "-c", script, root, folder]);
    const folders = ["systemd/network", "NetworkManager/system-connections"].map((path) => join(folder, "run", path));
    const files = folders.filter(existsSync).flatMap((path) => readdirSync(path).map((name) => [name, readFileSync(join(path, name), "utf8")] as const)); // prettier-ignore
    return { code, said: stdout, files: Object.fromEntries(files) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
