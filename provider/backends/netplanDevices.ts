import { parse } from "yaml";
import { isIPv6 } from "../parse";
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
      // `renderer: NetworkManager` for all of a kind.
      Object.entries(record(all)).flatMap(([id, says]) =>
        typeof says === "string" ? [] : [{ path, kind, id, says: record(says) }],
      ),
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

/** Who brings the device up: what it says itself, else what the files say of its kind, else of all. */
export function rendererOf(files: Files, device: Device | undefined, kind = device?.kind): string {
  const networks = netplanFiles(files).map((path) => networkOf(files, path));
  const last = (says: (network: Record_) => unknown) => networks.flatMap((network) => text(says(network)) ?? []).at(-1);
  return (
    text(device?.says["renderer"]) ??
    (kind === undefined ? undefined : last((network) => record(network[kind])["renderer"])) ??
    last((network) => network["renderer"]) ??
    "networkd"
  );
}

/** What a device says to NetworkManager alone (`passthrough`). */
export const settingsOf = (says: Record_): Record_ => record(record(says["networkmanager"])["passthrough"]);

/** Where netplan writes the device's profile for NetworkManager. */
export const netplanProfile = ({ id }: Pick<Device, "id">): string =>
  `/run/NetworkManager/system-connections/netplan-${id}.nmconnection`;

/** The metric of routes that have none, where the renderer gives them one. */
export type Metric = (family: 4 | 6) => number | undefined;

/** The words of a route: where nobody says a metric, those that the kernel has then. */
export const routeWords = (to: string, via: string, metric: number | undefined): string =>
  normalRoute(`${to} via ${via}${metric === undefined || metric === (isIPv6(via) ? 1024 : 0) ? "" : ` metric ${metric}`}`); // prettier-ignore

/** The routes that a bridge can be given: with a gateway, in the main table. Others stay as they are written. */
export function routeOf(route: unknown, otherwise: Metric): string | undefined {
  const { to, via, metric, ...rest } = (route ?? {}) as Record<string, unknown>;
  if (typeof to !== "string" || typeof via !== "string" || Object.keys(rest).some((key) => key !== "on-link"))
    return undefined;
  return routeWords(to, via, typeof metric === "number" ? metric : otherwise(isIPv6(via) ? 6 : 4));
}

/** netplan's words for true; libyaml leaves them to it, and the newer YAML has fewer (netplan's parse.c, handle_generic_bool). */
export const isYes = (value: unknown): boolean => value === true || /^(true|on|yes|y)$/i.test(String(value));
