import { createHash } from "node:crypto";

/** The name space of our UUIDs: of RFC 9562's version 5, the same for the same name for ever. */
const NAMESPACE = Buffer.from("6f7b3f4a9f0c4d3a8a5e1c2b7d9e0f13", "hex");

/**
 * A UUID that says whose a thing of libvirt is: a network's own, or a guest interface's alias. libvirt keeps both through every
 * edit, where it keeps no comment, and before 9.7 no metadata of a network (https://libvirt.org/formatnetwork.html#general-metadata).
 */
export function uuidOf(urn: string): string {
  const hash = createHash("sha1").update(NAMESPACE).update(urn).digest().subarray(0, 16);
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
