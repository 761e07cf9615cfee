import { owners, type Owner } from "../backends/backend";
import {
  boolean,
  cidr,
  domainName,
  integer,
  interfaceName,
  ipAddress,
  isIPv6,
  macAddress,
  number,
  oneOf,
  type Arguments,
} from "../parse";

/** A bridge as the program says it; what it leaves out is found or decided in bridge.ts. */
export interface BridgeSpec {
  readonly name: string;
  readonly ports: readonly string[];
  readonly dhcp4?: boolean | undefined;
  readonly dhcp6?: boolean | undefined;
  readonly addresses?: readonly string[] | undefined;
  readonly routes?: readonly Route[] | undefined;
  readonly nameservers?: readonly string[] | undefined;
  readonly searchDomains?: readonly string[] | undefined;
  readonly macAddress?: string | undefined;
  readonly stp?: boolean | undefined;
  readonly forwardDelay?: number | undefined;
  readonly helloTime?: number | undefined;
  readonly maxAge?: number | undefined;
  readonly ageingTime?: number | undefined;
  readonly priority?: number | undefined;
  readonly vlanFiltering?: boolean | undefined;
  readonly maxWait?: number | undefined;
  readonly mtu?: number | undefined;
  readonly owner?: Owner | undefined;
}

export interface Route {
  readonly to: string;
  readonly via: string;
  readonly metric?: number | undefined;
}

export function parseBridge(args: Arguments, name: string): BridgeSpec {
  const spec: BridgeSpec = {
    name: args.named(interfaceName, name),
    ports: args.requiredList("ports", interfaceName),
    dhcp4: args.optional("dhcp4", boolean),
    dhcp6: args.optional("dhcp6", boolean),
    addresses: args.list("addresses", cidr),
    routes: args.objects("routes", (route) => ({
      to: route.required("to", (value) => (value === "default" ? "default" : cidr(value))),
      via: route.required("via", ipAddress),
      metric: route.optional("metric", integer(0, 4294967295)),
    })),
    nameservers: args.list("nameservers", ipAddress),
    searchDomains: args.list("searchDomains", domainName),
    macAddress: args.optional("macAddress", macAddress),
    stp: args.optional("stp", boolean),
    forwardDelay: args.optional("forwardDelay", number(0, 30, "seconds")),
    helloTime: args.optional("helloTime", number(1, 10, "seconds")),
    maxAge: args.optional("maxAge", number(6, 40, "seconds")),
    ageingTime: args.optional("ageingTime", number(0, 1000000, "seconds")),
    priority: args.optional("priority", integer(0, 65535)),
    vlanFiltering: args.optional("vlanFiltering", boolean),
    maxWait: args.optional("maxWait", integer(0, 3600, "seconds")),
    mtu: args.optional("mtu", integer(68, 65535, "bytes")),
    owner: args.optional("owner", oneOf(...owners)),
  };
  check(spec, args);
  return spec;
}

function check(spec: BridgeSpec, args: Arguments): void {
  spec.ports.forEach((port, i) => {
    if (port === undefined) return;
    if (port === spec.name) args.problem(`ports[${i}]`, `${port} is the bridge itself`);
    if (spec.ports.indexOf(port) !== i) args.problem(`ports[${i}]`, `${port} is named twice`);
  });
  if (spec.stp && spec.forwardDelay !== undefined && spec.forwardDelay < 2)
    args.problem(
      "forwardDelay",
      `must be 2 to 30 seconds with STP on (IEEE 802.1D, and the kernel), not ${spec.forwardDelay}`,
    );
  if (spec.dhcp4 && spec.addresses?.some((address) => address !== undefined && !isIPv6(address)))
    args.problem("addresses", "an IPv4 address and dhcp4 exclude each other; leave one out");
  spec.routes?.forEach((route, i) => {
    if (route?.to && route.via && route.to !== "default" && isIPv6(route.to) !== isIPv6(route.via))
      args.problem(`routes[${i}].via`, `${route.via} and ${route.to} are not of one family`);
  });
}

/** In the words of `ip route`, without `dev`. */
export const routeWords = ({ to, via, metric }: Route) => `${to} via ${via}${metric ? ` metric ${metric}` : ""}`;
