import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Runs `work` while holding an exclusive lock on a file, so that two runs do not build or start the same thing at once.
 * The kernel holds the lock for a `flock` process that lives as long as we do: a run that is killed leaves nothing locked.
 */
export async function withLock<T>(file: string, timeoutSeconds: number, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  const holder = spawn("flock", ["--wait", String(timeoutSeconds), file, "sh", "-c", "echo locked; exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true, // Ctrl-C in the terminal must not end it before our clean-up has ended
  });
  const ended = new Promise<void>((resolve, reject) => {
    holder.on("exit", () => resolve());
    holder.on("error", (error) => reject(new Error(`Unable to run flock (package util-linux): ${error.message}`)));
  });
  const locked = await Promise.race([once(holder.stdout, "data").then(() => true), ended.then(() => false)]);
  if (!locked) throw new Error(`Unable to lock ${file} within ${timeoutSeconds} s: another run holds it.`);
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
