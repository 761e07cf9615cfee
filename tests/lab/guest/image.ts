import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "../../toolchain/cache";
import { withLock } from "../../toolchain/lock";
import { must } from "../run";

/** The directory with the guests' vmlinuz and initrd.gz, built on first use and then kept. */
export async function guestImage(say: (line: string) => void): Promise<string> {
  const scripts = ["build.sh", "init.sh", "lease.sh"].map((name) => readFileSync(join(__dirname, name)));
  const key = createHash("sha256").update(Buffer.concat(scripts)).digest("hex").slice(0, 16);
  const parent = join(cacheDirectory(), "guest");
  const directory = join(parent, key);
  if (existsSync(directory)) return directory;
  return withLock(join(parent, "lock"), 600, async () => {
    if (existsSync(directory)) return directory; // another run built it while we waited
    say("Building the lab guests' kernel and initramfs from Debian's cloud kernel and busybox: 5 to 20 seconds, once.");
    const unfinished = mkdtempSync(join(parent, "unfinished-"));
    await must(["bash", join(__dirname, "build.sh"), unfinished], { timeoutMs: 300_000 });
    renameSync(unfinished, directory);
    return directory;
  });
}
