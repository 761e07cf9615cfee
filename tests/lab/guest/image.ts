import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cached } from "../../toolchain/cache";
import { must } from "../run";

/** The directory with the guests' vmlinuz and initrd.gz, built on first use and then kept. */
export function guestImage(say: (line: string) => void): Promise<string> {
  const scripts = ["build.sh", "init.sh", "lease.sh"].map((name) => readFileSync(join(__dirname, name)));
  const key = createHash("sha256").update(Buffer.concat(scripts)).digest("hex").slice(0, 16);
  return cached("guest", key, async (directory) => {
    say("Building the lab guests' kernel and initramfs from Debian's cloud kernel and busybox: 5 to 20 seconds, once.");
    await must(["bash", join(__dirname, "build.sh"), directory], { timeoutMs: 300_000 });
  });
}
