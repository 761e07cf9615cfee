import { ipAddress } from "../parse";
import type { DhcpHost, DhcpRange, NetworkIp } from "./networkDefinition";

/** Whether two addresses are one: IPv6 has many spellings. What is no address is compared as it is. */
export const sameAddress = (a: string, b: string): boolean => canonical(a) === canonical(b);

function canonical(address: string): string {
  try {
    return ipAddress(address);
  } catch {
    return address;
  }
}

export const sameSubnet = (a: NetworkIp, b: NetworkIp): boolean =>
  a.prefix === b.prefix && sameAddress(a.address, b.address);

export const sameRange = (a: DhcpRange, b: DhcpRange): boolean =>
  sameAddress(a.start, b.start) && sameAddress(a.end, b.end);

/** Whether two reservations are for the same machine. */
export const sameHost = (a: DhcpHost, b: DhcpHost): boolean =>
  a.mac !== undefined || b.mac !== undefined
    ? a.mac?.toLowerCase() === b.mac?.toLowerCase()
    : a.id !== undefined || b.id !== undefined
      ? a.id?.toLowerCase() === b.id?.toLowerCase()
      : a.name === b.name;

/** Which of `found` each of `wanted` is: the same subnet, else the first free one of its family, whose address then changes. */
export function pairIps<T extends { readonly ip: NetworkIp }>(
  wanted: readonly NetworkIp[],
  found: readonly T[],
): {
  readonly pairs: readonly { readonly want: NetworkIp; readonly is: T | undefined }[];
  readonly extra: readonly T[];
} {
  const free = [...found];
  const take = (fits: (candidate: T) => boolean): T | undefined => {
    const index = free.findIndex(fits);
    return index < 0 ? undefined : free.splice(index, 1)[0];
  };
  const exact = wanted.map((want) => take(({ ip }) => sameSubnet(want, ip)));
  const pairs = wanted.map((want, i) => ({ want, is: exact[i] ?? take(({ ip }) => ip.family === want.family) }));
  return { pairs, extra: free };
}
