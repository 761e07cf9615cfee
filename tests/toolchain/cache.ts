import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { withLock } from "./lock";

/**
 * Returns the directory of something that takes long to make and is kept between runs, under the user's cache directory.
 * It is made in another directory and then renamed, so that a run that is killed leaves nothing that looks finished; two
 * runs do not make it at once.
 */
export async function cached(kind: string, key: string, make: (directory: string) => Promise<void>): Promise<string> {
  const directory = cachedPath(kind, key);
  if (existsSync(directory)) return directory;
  const parent = join(directory, "..");
  return withLock(join(parent, "lock"), 900, async () => {
    if (existsSync(directory)) return directory; // another run made it while we waited
    for (const name of readdirSync(parent).filter((entry) => entry.startsWith("unfinished-"))) {
      rmSync(join(parent, name), { recursive: true, force: true }); // of a run that was killed: we hold the lock
    }
    const unfinished = mkdtempSync(join(parent, "unfinished-"));
    try {
      await make(unfinished);
      renameSync(unfinished, directory);
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
    return directory;
  });
}

/** The key of what scripts make: another one for each change of theirs. */
export const keyOfScripts = (directory: string, names: readonly string[]): string =>
  createHash("sha256")
    .update(Buffer.concat(names.map((name) => readFileSync(join(directory, name)))))
    .digest("hex")
    .slice(0, 16);

/** Where `cached` keeps it, whether it is there or not. */
export const cachedPath = (kind: string, key: string): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "pulumi-kvmnet", kind, key);
