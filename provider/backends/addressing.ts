import { cidr, inSubnet, isIPv6 } from "../parse";
import type { BridgePlan, Found } from "./backend";

/** A port over which nothing is reached has nothing to say of the bridge. */
export const reaches = ({ dhcp4, dhcp6, addresses, routes }: Found): boolean =>
  dhcp4 || dhcp6 || addresses.length > 0 || routes.length > 0;

/** IPv4 first, each once. */
export const byFamily = (addresses: readonly string[]): string[] =>
  [...new Set(addresses)].toSorted((a, b) => Number(isIPv6(a)) - Number(isIPv6(b)));

/** An address without a prefix is a host's. */
export const withPrefix = (address: string): string =>
  address.includes("/") ? address : `${address}/${isIPv6(address) ? 128 : 32}`;

/** One address, however it is spelt; what is none is no other's. */
export function isSameAddress(a: string | undefined, b: string | undefined): boolean {
  try {
    return a !== undefined && b !== undefined && cidr(a) === cidr(b);
  } catch {
    return false;
  }
}

/** The words of a route, and whether its gateway is in a subnet of the bridge's: else it has to be said to be on the link. */
export function gatewayRoute(words: string, { dhcp4, addresses }: BridgePlan) {
  const [, to = "", via = "", metric] = /^(\S+) via (\S+)(?: metric (\d+))?$/.exec(words) ?? [];
  const isReached = isIPv6(via) || dhcp4 || addresses.some((address) => inSubnet(via, address));
  return { to, via, metric, isReached };
}
