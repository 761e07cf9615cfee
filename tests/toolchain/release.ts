import { createWriteStream, rmSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { must } from "../lab/run";

/**
 * Downloads an official release of the Pulumi CLI into a directory. False where that is not possible, as behind a
 * firewall: 5 seconds to be answered, 3 minutes for the rest.
 */
export async function downloadRelease(version: string, directory: string): Promise<boolean> {
  const kind = `${process.platform}-${process.arch === "x64" ? "x64" : process.arch}`;
  // PULUMI_RELEASES: a mirror of the releases
  const base = process.env.PULUMI_RELEASES ?? "https://get.pulumi.com/releases/sdk";
  const archive = join(directory, "release.tar.gz");
  const abort = new AbortController();
  let timer = setTimeout(() => abort.abort(), 5_000);
  try {
    const response = await fetch(`${base}/pulumi-${version}-${kind}.tar.gz`, { signal: abort.signal });
    if (!response.ok || !response.body) return false;
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(), 180_000);
    await pipeline(Readable.fromWeb(response.body as ReadableStream), createWriteStream(archive));
    const members = ["pulumi/pulumi", "pulumi/pulumi-language-nodejs"];
    await must(["tar", "-xzf", archive, "-C", directory, "--strip-components=1", ...members]);
    return true;
  } catch {
    return false; // what it left half is overwritten by the build that follows
  } finally {
    clearTimeout(timer);
    rmSync(archive, { force: true });
  }
}
