import { join } from "node:path";
import { cached, keyOfScripts } from "../../toolchain/cache";
import { must } from "../run";

/** The directory with the VMs' disk.img, vmlinuz and initrd.gz, built on first use and then kept. */
export function vmImage(say: (line: string) => void): Promise<string> {
  const key = keyOfScripts(__dirname, ["build.sh", "customize.sh", "init.sh", "quick-init.sh"]);
  return cached("vm", key, async (directory) => {
    say("Building the disk of a Debian 12 for lab VMs: 1 to 3 minutes, once.");
    await must(["bash", join(__dirname, "build.sh"), directory], { timeoutMs: 850_000 });
  });
}
