import {
  cidr,
  inSubnet,
  integer,
  ipAddress,
  isIPv6,
  overlaps,
  reservedAddresses,
  subnetOf,
  type Arguments,
} from "../parse";
import type { NetworkSpec } from "./networkSpec";

/** A route of the host's into the network: to what lies behind one of the guests. */
export interface RouteSpec {
  readonly to: string;
  readonly via: string;
  readonly metric: number | undefined;
}

export const parseRoute = (args: Arguments): RouteSpec => ({
  to: args.required("to", subnet),
  via: args.required("via", ipAddress),
  metric: args.optional("metric", integer(1, 4294967295)),
});

const subnet = (value: unknown): string => {
  const found = cidr(value);
  if (subnetOf(found) !== found)
    throw new Error(`${found} is an address in a subnet; the subnet is ${subnetOf(found)}`);
  return found;
};

/** The addresses that the host has in the network, by their properties. */
export const addressesOf = ({
  address,
  address6,
  addresses,
}: Pick<NetworkSpec, "address" | "address6" | "addresses">) =>
  [
    ["address", address],
    ["address6", address6],
    ...(addresses ?? []).map((address, i) => [`addresses[${i}]`, address]),
  ].filter((entry): entry is [property: string, address: string] => entry[1] !== undefined);

export function checkAddresses(spec: NetworkSpec, args: Arguments): void {
  const { address, address6, routes } = spec;
  if (address && isIPv6(address)) args.problem("address", `${address} is IPv6; it belongs in address6`);
  if (address6 && !isIPv6(address6)) args.problem("address6", `${address6} is IPv4; it belongs in address`);
  const all = addressesOf(spec);
  all.forEach(([property, address], i) => {
    const own = address.split("/")[0]!;
    if (reservedAddresses(address).includes(own))
      args.problem(property, `${own} is the subnet's own or its broadcast address; the host needs one of the others, as .1`); // prettier-ignore
    const [other] = all.slice(0, i).filter(([, other]) => overlaps(address, other));
    if (other) args.problem(property, `${address} overlaps ${other[1]} (\`${other[0]}\`)`);
  });
  routes?.forEach((route, i) => {
    if (!route?.to || !route.via) return;
    if (isIPv6(route.to) !== isIPv6(route.via))
      args.problem(`routes[${i}].via`, `${route.via} is not of the family of ${route.to}`);
    else if (!all.some(([, address]) => inSubnet(route.via, address)))
      args.problem(`routes[${i}].via`, `${route.via} is in none of the network's subnets, so that the host cannot reach it`); // prettier-ignore
    const twice = routes.findIndex((other) => other?.to === route.to) < i;
    if (twice) args.problem(`routes[${i}].to`, `${route.to} has a route above`);
  });
}
