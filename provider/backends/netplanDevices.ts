import { parse } from "yaml";
import type { Files } from "./backend";
import { globMatches } from "./glob";
import { normalRoute } from "./ifupdownCommands";

/** A device as a netplan file says it. */
export interface Device {
  readonly path: string;
  readonly kind: string;
  readonly id: string;
  readonly says: Readonly<Record<string, unknown>>;
}

type Record_ = Readonly<Record<string, unknown>>;
const record = (value: unknown): Record_ =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record_) : {};
const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** netplan's files in the order in which they are read: by their names, and of one name the one in /run before /etc before /lib (netplan-generate(8)). */
export function netplanFiles(files: Files): string[] {
  const base = (path: string) => path.slice(path.lastIndexOf("/") + 1);
  const byName = new Map<string, string>();
  for (const folder of ["/lib/netplan/", "/etc/netplan/", "/run/netplan/"])
    for (const path of Object.keys(files))
      if (path.startsWith(folder) && path.endsWith(".yaml")) byName.set(base(path), path);
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
}

/** What a file says of the network; nothing where it is no YAML, which netplan itself refuses. */
function networkOf(files: Files, path: string): Record_ {
  try {
    return record(record(parse(files[path]!))["network"]);
  } catch {
    return {};
  }
}

export const devices = (files: Files): Device[] =>
  netplanFiles(files).flatMap((path) =>
    Object.entries(networkOf(files, path)).flatMap(([kind, all]) =>
      Object.entries(record(all)).map(([id, says]) => ({ path, kind, id, says: record(says) })),
    ),
  );

/** All that is said of a link, file by file: by its name, or by a `match:` that it meets. */
export function devicesOf(files: Files, name: string, mac: string | undefined): Device[] {
  const all = devices(files);
  const ids = all.filter(({ id, says }) => isFor(says, id, name, mac)).map(({ kind, id }) => `${kind}.${id}`);
  return all.filter(({ kind, id }) => ids.includes(`${kind}.${id}`));
}

function isFor(says: Record_, id: string, name: string, mac: string | undefined): boolean {
  if (says["match"] === undefined) return id === name;
  const match = record(says["match"]);
  const [wantedMac, wantedName] = [text(match["macaddress"]), text(match["name"])];
  if (text(says["set-name"]) === name) return true;
  return (
    (wantedMac !== undefined || wantedName !== undefined) &&
    (wantedMac === undefined || wantedMac.toLowerCase() === mac) &&
    (wantedName === undefined || globMatches(wantedName, name))
  );
}

/** Who brings the device up: what it says itself, else what the files say of all. */
export function rendererOf(files: Files, device: Device | undefined): string {
  const all = netplanFiles(files).flatMap((path) => text(networkOf(files, path)["renderer"]) ?? []);
  return text(device?.says["renderer"]) ?? all.at(-1) ?? "networkd";
}

/** The routes that a bridge can be given: with a gateway, in the main table. Others stay as they are written. */
export function routeOf(route: unknown): string | undefined {
  const { to, via, metric, ...rest } = (route ?? {}) as Record<string, unknown>;
  if (typeof to !== "string" || typeof via !== "string" || Object.keys(rest).some((key) => key !== "on-link"))
    return undefined;
  return normalRoute(`${to} via ${via}${typeof metric === "number" ? ` metric ${metric}` : ""}`);
}

/** netplan's words for true; libyaml leaves them to it, and the newer YAML has fewer (netplan's parse.c, handle_generic_bool). */
export const isYes = (value: unknown): boolean => value === true || /^(true|on|yes|y)$/i.test(String(value));
