import { HostError } from "../errors";

/** One element of `ip -j -d addr show` (iproute2's ipaddress.c). */
export interface IpLink {
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly master?: string;
  /** The other end of a veth in the same namespace, or what a VLAN or macvlan stands on. */
  readonly link?: string;
  readonly address?: string;
  readonly ifalias?: string;
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_data?: Readonly<Record<string, number>>;
    /** What its master has of it: a bridge, of its port. */
    readonly info_slave_data?: { readonly isolated?: boolean };
  };
  readonly addr_info?: readonly IpAddress[];
}

export interface IpAddress {
  readonly family: string;
  readonly local: string;
  readonly address?: string;
  readonly prefixlen: number;
  readonly broadcast?: string;
  readonly scope: string;
  readonly label?: string;
  readonly metric?: number;
  readonly dynamic?: boolean;
  readonly noprefixroute?: boolean;
  readonly nodad?: boolean;
  readonly valid_life_time: number;
  readonly preferred_life_time: number;
}

/** One element of `ip -j route show`. */
export interface IpRoute {
  readonly type?: string;
  readonly dst: string;
  readonly gateway?: string;
  readonly via?: { readonly family: string; readonly host: string };
  readonly dev?: string;
  readonly protocol?: string;
  readonly scope?: string;
  readonly prefsrc?: string;
  readonly metric?: number;
  readonly flags?: readonly string[];
  readonly nexthops?: readonly unknown[];
}

export const ipLinks = (text: string): IpLink[] =>
  parse(text, isLink).map((link) => ({
    ...link,
    addr_info: link.addr_info?.filter((address) => !isEmpty(address)) ?? [],
  }));
export const ipRoutes = (text: string): IpRoute[] => parse(text, isRoute);

/**
 * ip(8) leaves the control characters of a link's name or alias as they are, which JSON does not have (jsonw_puts in iproute2's
 * lib/json_writer.c).
 */
function parse<T>(text: string, isItem: (value: unknown) => value is T): T[] {
  const escaped = text.replace(
    /[\0-\x08\x0b\x0c\x0e-\x1f]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  try {
    const list = JSON.parse(escaped.trim() || "[]") as unknown;
    if (Array.isArray(list)) {
      const items = list.filter((item) => !isEmpty(item));
      if (items.every(isItem)) return items;
    }
  } catch {
    // said below
  }
  throw new HostError("failed", `ip(8) said what is no list of links or routes: ${text.trim().slice(0, 200)}`);
}

type Is = (value: unknown) => boolean;
const string: Is = (value) => typeof value === "string";
const number: Is = (value) => typeof value === "number";
const listOf =
  (is: Is): Is =>
  (value) =>
    Array.isArray(value) && value.every(is);
const maybe =
  (is: Is): Is =>
  (value) =>
    value === undefined || is(value);
const object =
  (shape: Readonly<Record<string, Is>>): Is =>
  (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.entries(shape).every(([key, is]) => is((value as Record<string, unknown>)[key]));

/** What ip(8) begins to say, and then leaves out. */
const isEmpty: Is = (value) => JSON.stringify(value) === "{}";

const isAddress = object({
  family: string,
  local: string,
  prefixlen: number,
  scope: string,
  ...{ address: maybe(string), broadcast: maybe(string), label: maybe(string) },
});

const isLink = object({
  ifname: string,
  flags: listOf(string),
  mtu: number,
  ...{ master: maybe(string), link: maybe(string), address: maybe(string), ifalias: maybe(string) },
  linkinfo: maybe(object({ info_kind: maybe(string), info_data: maybe(object({})) })),
  addr_info: maybe(listOf((value) => isAddress(value) || isEmpty(value))),
}) as (value: unknown) => value is IpLink;

const isRoute = object({
  dst: string,
  ...{ type: maybe(string), gateway: maybe(string), dev: maybe(string), protocol: maybe(string), scope: maybe(string) },
  ...{ prefsrc: maybe(string), flags: maybe(listOf(string)), via: maybe(object({ family: string, host: string })) },
}) as (value: unknown) => value is IpRoute;
