import { createHash } from "node:crypto";
import type { Observed } from "./facts";
import { differences, type HostState } from "./hostState";
import { project } from "./project";

/** `urn:pulumi:STACK::PROJECT::TYPE::NAME` */
export const nameOf = (urn: string) => urn.split("::").at(-1) ?? "";

/** The most that the kernel takes as a link's alias (IFALIASZ). */
const LONGEST = 255;

/** One line that says whose a thing is, in characters that a comment of every file, and a word of `ip -batch` in quotes, may have. */
export function markOf(urn: string): string {
  const [stack = "", project = "", type = ""] = urn.split("::");
  const mark =
    `Managed by pulumi-kvmnet (${project}/${stack.split(":")[2] ?? ""}, ${type.split(":").at(-1) ?? ""} ${nameOf(urn)}).`.replace(
      /[^\x20-\x7e]|["#\\]/g,
      "?",
    );
  return mark.length <= LONGEST ? mark : `${mark.slice(0, LONGEST - 36)}... ${keepsake(urn)}`;
}

/** A create was cut after the host had made it, or the state was lost: it is ours, and what it found may still be known there. */
export const isMarked = ({ files, links }: Observed, mark: string) =>
  Object.values(files).some((text) => text.includes(mark)) || Object.values(links).some(({ alias }) => alias === mark);

/** Under which name a host keeps what a change of this resource replaces. */
export const keepsake = (urn: string) => createHash("sha256").update(urn).digest("hex").slice(0, 32);

/** What a change of this resource replaces, and made of the host. */
export interface Kept {
  readonly found?: unknown;
  readonly before: HostState;
  readonly desired: HostState;
}

/** What a change of this resource, whose outcome may never have arrived, has kept on the host; unless the host shows that it went back. */
export function keptOf(observed: Observed, urn: string): Kept | undefined {
  let kept: Kept;
  try {
    kept = JSON.parse(observed.kept?.[keepsake(urn)] ?? "") as Kept;
  } catch {
    return undefined; // nothing, or not to be read
  }
  // After a boot in the middle of it, or the way back of a shell that was killed.
  const wasMade = differences(kept.desired, project(observed, kept.desired)).length === 0;
  return wasMade || isMarked(observed, markOf(urn)) ? kept : undefined;
}
