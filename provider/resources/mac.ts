import { createHash } from "node:crypto";

/** QEMU's prefix and a digest: the same for the same thing for ever, so that what is made anew keeps its lease and its neighbours. */
export function stableMac(...of: readonly string[]): string {
  const digest = createHash("sha256").update(of.join("\0")).digest("hex");
  return `52:54:00:${digest.slice(0, 2)}:${digest.slice(2, 4)}:${digest.slice(4, 6)}`;
}
