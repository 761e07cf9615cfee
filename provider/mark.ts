import { createHash } from "node:crypto";
import type { Observed } from "./facts";
import type { HostState } from "./hostState";

/** `urn:pulumi:STACK::PROJECT::TYPE::NAME` */
export const nameOf = (urn: string) => urn.split("::").at(-1) ?? "";

/** One line that says whose a thing is. */
export function markOf(urn: string): string {
  const [stack = "", project = "", type = ""] = urn.split("::");
  return `Managed by pulumi-kvmnet (${project}/${stack.split(":")[2] ?? ""}, ${type.split(":").at(-1) ?? ""} ${nameOf(urn)}).`.replace(
    /[^\x20-\x7e]/g,
    "?",
  );
}

/** A create was cut after the host had made it, or the state was lost: it is ours, and what it found may still be known there. */
export const isMarked = ({ files, links }: Observed, mark: string) =>
  Object.values(files).some((text) => text.includes(mark)) || Object.values(links).some(({ alias }) => alias === mark);

/** Under which name a host keeps what a create found. */
export const keepsake = (urn: string) => createHash("sha256").update(urn).digest("hex").slice(0, 32);

/** What a create of this resource found on the host, whose outcome never arrived. */
export function keptOf({ kept }: Observed, urn: string): { found?: unknown; before: HostState } | undefined {
  try {
    return JSON.parse(kept?.[keepsake(urn)] ?? "") as { found?: unknown; before: HostState };
  } catch {
    return undefined; // nothing, or not to be read
  }
}
