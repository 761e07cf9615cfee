import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownerRoot } from "../lab/ownerRoot";
import { run } from "../lab/run";

/** What `netplan generate` makes of an /etc below another root: systemd-networkd's files, and what it had to say. */
export async function netplanGenerate(etc: string) {
  const root = await ownerRoot("netplan");
  const folder = mkdtempSync(join(tmpdir(), "kvmnet-netplan-"));
  try {
    cpSync(etc, join(folder, "etc"), { recursive: true });
    const script = 'chmod 600 "$1"/etc/netplan/*; LD_LIBRARY_PATH=$(echo "$0"/usr/lib/*-linux-gnu) "$0"/usr/libexec/netplan/generate --root-dir "$1" 2>&1'; // prettier-ignore
    const { stdout, code } = await run(["sh", "-c", script, root, folder]);
    const files = join(folder, "run/systemd/network");
    const text = (name: string) => readFileSync(join(files, name), "utf8");
    return { code, said: stdout, files: Object.fromEntries((existsSync(files) ? readdirSync(files) : []).map((name) => [name, text(name)])) }; // prettier-ignore
  } finally {
    rmSync(folder, { recursive: true });
  }
}
