import ipaddr from "ipaddr.js";
import { ArgumentError, type ArgumentProblem } from "./errors";

/** What Pulumi puts in the place of a value that is not known before the update (pulumi/sdk/nodejs/runtime/rpc.ts). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function hasUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(hasUnknown);
}

type Parse<T> = (value: unknown) => T;
const refuse = (reason: string): never => {
  throw new Error(reason);
};
const show = (value: unknown) => JSON.stringify(value);

/**
 * Reads the arguments of a resource, gathering every problem with its property's path. A value that is not known yet
 * reads as undefined and is no problem, so known arguments are refused in preview even beside unknown ones.
 */
export class Arguments {
  private readonly problems: ArgumentProblem[];

  constructor(
    private readonly values: Readonly<Record<string, unknown>>,
    private readonly path = "",
    parent?: Arguments,
  ) {
    this.problems = parent?.problems ?? [];
  }

  has(key: string): boolean {
    return this.values[key] !== undefined && this.values[key] !== null;
  }

  optional<T>(key: string, parse: Parse<T>): T | undefined {
    return this.has(key) ? this.at(key, this.values[key], parse) : undefined;
  }

  /** The value; where it is missing or wrong, the problem is noted and `done` will throw before the value is used. */
  required<T>(key: string, parse: Parse<T>): T {
    if (!this.has(key)) this.problem(key, "is required");
    return this.optional(key, parse) as T;
  }

  /** The items. In the place of one that is wrong or not known yet stands undefined, so that every other keeps its index. */
  list<T>(key: string, parse: Parse<T>): T[] | undefined {
    const list = this.optional(key, array);
    return list?.map((item, i) => this.at(`${key}[${i}]`, item, parse)) as T[] | undefined;
  }

  requiredList<T>(key: string, parse: Parse<T>): T[] {
    if (!this.has(key)) this.problem(key, "is required");
    return this.list(key, parse) ?? [];
  }

  /** The objects of a list, each read by `read`; every one is read, also beside a bad one. */
  objects<T>(key: string, read: (item: Arguments) => T): T[] | undefined {
    const list = this.optional(key, array);
    return list?.map((item, i) => {
      const values = this.at(`${key}[${i}]`, item, record);
      return values && read(new Arguments(values, this.name(`${key}[${i}]`), this));
    }) as T[] | undefined;
  }

  object<T>(key: string, read: (value: Arguments) => T): T | undefined {
    const value = this.optional(key, record);
    return value && read(new Arguments(value, this.name(key), this));
  }

  /** The argument `name`; where it is left out the resource's own name in the program, which has to be one all the same. */
  named(parse: Parse<string>, own: string): string {
    if (this.has("name")) return this.optional("name", parse) ?? own;
    try {
      return parse(own);
    } catch (error) {
      this.problem("name", `the resource's name is the default, but ${(error as Error).message}; give a \`name\``);
      return own;
    }
  }

  /** Refuses every other key: a misspelt one would be left out in silence. */
  only(...keys: readonly string[]): void {
    for (const key of Object.keys(this.values).filter((key) => this.has(key) && !keys.includes(key)))
      this.problem(key, `is not known here; there is ${keys.join(", ")}`);
  }

  problem(key: string, reason: string): void {
    this.problems.push({ property: this.name(key), reason });
  }

  /** Throws what was gathered. */
  done(): void {
    if (this.problems.length > 0) throw new ArgumentError(this.problems);
  }

  private name(key: string): string {
    return this.path ? `${this.path}.${key}` : key;
  }

  private at<T>(key: string, value: unknown, parse: Parse<T>): T | undefined {
    if (value === UNKNOWN) return undefined;
    try {
      return parse(value);
    } catch (error) {
      this.problem(key, (error as Error).message);
      return undefined;
    }
  }
}

const array: Parse<readonly unknown[]> = (value) =>
  Array.isArray(value) ? (value as unknown[]) : refuse("must be a list");

const record: Parse<Record<string, unknown>> = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : refuse("must be an object");

export const boolean: Parse<boolean> = (value) =>
  typeof value === "boolean" ? value : refuse(`must be true or false, not ${show(value)}`);

export const text: Parse<string> = (value) =>
  typeof value === "string" ? value : refuse(`must be a string, not ${show(value)}`);

/** Text that stands in a line of somebody's file, and may not begin another one. */
export const line: Parse<string> = (value) => {
  const found = text(value);
  if (/[\0-\x1f\x7f]/.test(found)) refuse(`${show(found)} has control characters`);
  return found.trim() === found && found !== ""
    ? found
    : refuse(`${show(found)} is empty, or begins or ends with a space`);
};

export const number =
  (min: number, max: number, unit = ""): Parse<number> =>
  (value) =>
    typeof value === "number" && value >= min && value <= max
      ? value
      : refuse(`must be a number from ${min} to ${max}${unit && ` ${unit}`}, not ${show(value)}`);

export const integer =
  (min: number, max: number, unit = ""): Parse<number> =>
  (value) =>
    Number.isInteger(value) ? number(min, max, unit)(value) : refuse(`must be a whole number, not ${show(value)}`);

export const oneOf =
  <T extends string>(...choices: readonly T[]): Parse<T> =>
  (value) =>
    choices.includes(value as T)
      ? (value as T)
      : refuse(`must be one of ${choices.map(show).join(", ")}, not ${show(value)}`);

/** A network device's name. The kernel's limit is IFNAMSIZ (16 with the closing NUL), without `/`, `:` and white space (dev_valid_name). */
export const interfaceName: Parse<string> = (value) => {
  const name = text(value);
  if (Buffer.byteLength(name) > 15)
    refuse(`${show(name)} has ${Buffer.byteLength(name)} bytes; the kernel allows 15 in an interface name`);
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.@+-]*$/.test(name))
    refuse(`${show(name)} is not an interface name: letters, digits and _ . @ + - only`);
  return notJavaScripts(name);
};

/** A libvirt network's or domain's name: what libvirt's schema allows, less what no careful person would use in one. */
export const libvirtName: Parse<string> = (value) => {
  const name = text(value);
  if (!/^[A-Za-z0-9_.+][A-Za-z0-9_.+:@ -]*$/.test(name) || name.trim() !== name || Buffer.byteLength(name) > 200)
    refuse(`${show(name)} is not a name for libvirt: letters, digits, spaces and _ . + : @ - only`);
  return notJavaScripts(name);
};

/** Things are kept by their names in objects, which have these already: `constructor`, `toString`, `__proto__`. */
const notJavaScripts: Parse<string> = (value) => {
  const name = text(value);
  if (name in {}) refuse(`${show(name)} is a name that every object of JavaScript has; choose another`);
  return name;
};

export const macAddress: Parse<string> = (value) => {
  const mac = text(value).toLowerCase().replaceAll("-", ":");
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac))
    refuse(`${show(value)} is not a MAC address: six pairs of hex digits, as 52:54:00:12:34:56`);
  if (parseInt(mac.slice(0, 2), 16) & 1)
    refuse(`${show(value)} has the multicast bit set (the first byte is odd); a NIC needs a unicast address`);
  if (mac === "00:00:00:00:00:00") refuse(`${show(value)} is no NIC's address`);
  return mac;
};

export const ipAddress: Parse<string> = (value) => {
  const address = text(value);
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) && (!ipaddr.IPv6.isValid(address) || address.includes("%")))
    refuse(`${show(value)} is not an IP address`);
  return canonical(ipaddr.parse(address));
};

/** An address with its prefix, as a host's own (`10.0.0.11/24`), in canonical spelling. */
export const cidr: Parse<string> = (value) => {
  const [address = "", prefix, ...rest] = text(value).split("/");
  if (prefix === undefined)
    refuse(
      `${show(value)} has no prefix length: write ${show(`${address}/${address.includes(":") ? 64 : 24}`)} if that is the subnet`,
    );
  const ip = ipAddress(address);
  const most = ip.includes(":") ? 128 : 32;
  if (rest.length > 0 || !/^\d{1,3}$/.test(prefix!) || Number(prefix) > most)
    refuse(`${show(value)}: the prefix length must be a number from 0 to ${most}`);
  return `${ip}/${Number(prefix)}`;
};

const canonical = (ip: ipaddr.IPv4 | ipaddr.IPv6) =>
  ip.kind() === "ipv6" ? (ip as ipaddr.IPv6).toRFC5952String() : ip.toString();

export const isIPv6 = (address: string) => address.includes(":");

/** Whether `address` (with or without prefix) lies in the subnet of `network` (`192.168.1.1/24`). */
export function inSubnet(address: string, network: string): boolean {
  const ip = ipaddr.parse(address.split("/")[0]!);
  const [base, prefix] = ipaddr.parseCIDR(network);
  return ip.kind() === base.kind() && ip.match(base, prefix);
}

export const overlaps = (a: string, b: string) => inSubnet(a, b) || inSubnet(b, a);

/** Order of two addresses of one family: negative when `a` comes first. */
export function compareAddresses(a: string, b: string): number {
  return Buffer.compare(Buffer.from(ipaddr.parse(a).toByteArray()), Buffer.from(ipaddr.parse(b).toByteArray()));
}

/** How far `a` lies behind `b`. */
export function subtractAddresses(a: string, b: string): bigint {
  const number = (address: string) => ipaddr.parse(address).toByteArray().reduce((sum, byte) => sum * 256n + BigInt(byte), 0n); // prettier-ignore
  return number(a) - number(b);
}

/** The subnet in which an address with its prefix lies: `10.0.0.0/24` of `10.0.0.11/24`. */
export function subnetOf(address: string): string {
  const of = isIPv6(address)
    ? ipaddr.IPv6.networkAddressFromCIDR(address)
    : ipaddr.IPv4.networkAddressFromCIDR(address);
  return `${canonical(of)}/${address.split("/")[1]}`;
}

/** The subnet's network and (IPv4) broadcast address, which no machine may have; none for /31 and /32, /127 and /128. */
export function reservedAddresses(network: string): string[] {
  const [base, prefix] = ipaddr.parseCIDR(network);
  if (base.kind() === "ipv6") return prefix >= 127 ? [] : [canonical(ipaddr.IPv6.networkAddressFromCIDR(network))];
  return prefix >= 31
    ? []
    : [
        ipaddr.IPv4.networkAddressFromCIDR(network).toString(),
        ipaddr.IPv4.broadcastAddressFromCIDR(network).toString(),
      ];
}

/** A DNS name: RFC 1123 labels. */
export const domainName: Parse<string> = (value) => {
  const name = text(value);
  const label = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
  if (name.length > 253 || !name.split(".").every((part) => label.test(part)))
    refuse(`${show(name)} is not a DNS name`);
  return name;
};
