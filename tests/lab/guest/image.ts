import { join } from "node:path";
import { cached, keyOfScripts } from "../../toolchain/cache";
import { must } from "../run";

/** The directory with the guests' vmlinuz and initrd.gz, built on first use and then kept. */
export function guestImage(say: (line: string) => void): Promise<string> {
  const key = keyOfScripts(__dirname, ["build.sh", "init.sh", "lease.sh"]);
  return cached("guest", key, async (directory) => {
    say("Building the lab guests' kernel and initramfs from Debian's cloud kernel and busybox: 5 to 20 seconds, once.");
    await must(["bash", join(__dirname, "build.sh"), directory], { timeoutMs: 300_000 });
  });
}
