import type { BridgePlan, Found } from "../backends/backend";
import { isIPv6 } from "../parse";
import type { Context } from "../resource";
import { routeWords, type BridgeSpec } from "./bridgeSpec";

/** What is given, else what an adopted bridge has, else what the ports had, else what a KVM host needs: no delay where there is no STP. */
export function resolve(
  spec: BridgeSpec,
  found: readonly Found[],
  left: readonly string[],
  adopted: Found | undefined,
  mac: string,
  vlanFilteringGiven: boolean,
  { mark }: Context,
): BridgePlan {
  const had = (adopted?.bridge ?? {}) as Partial<
    Record<
      "stp" | "forwardDelay" | "helloTime" | "maxAge" | "ageingTime" | "priority" | "maxWait" | "mtu" | "vlanFiltering",
      never
    >
  >;
  const v4 = spec.addresses?.some((address) => !isIPv6(address));
  const hadDhcp = found.some((link) => link.dhcp4);
  const dhcp4 = spec.dhcp4 ?? (!v4 && hadDhcp);
  const dhcp6 = spec.dhcp6 ?? found.some((link) => link.dhcp6);
  // An adopted bridge has its MAC from its own file, or from the kernel as ever.
  const macAddress = spec.macAddress ?? (adopted ? adopted.macAddress : mac);
  const stp = spec.stp ?? (had.stp as boolean | undefined) ?? false;
  const optional = <K extends "helloTime" | "maxAge" | "ageingTime" | "priority" | "mtu">(key: K) => {
    const value = spec[key] ?? (had[key] as number | undefined);
    return value === undefined ? {} : { [key]: value };
  };
  const vlanFiltering =
    spec.vlanFiltering ?? (had.vlanFiltering as boolean | undefined) ?? (vlanFilteringGiven ? false : undefined);
  const isKept = (words: string) => isIPv6(words) || !dhcp4 || (hadDhcp && !words.startsWith("default "));
  const kept = (all: readonly string[]) => all.filter(isKept);
  return {
    name: spec.name,
    ports: spec.ports,
    left,
    dhcp4,
    dhcp6,
    addresses: spec.addresses ?? kept(found.flatMap((link) => link.addresses)),
    routes: spec.routes?.map(routeWords) ?? kept(found.flatMap((link) => link.routes)),
    nameservers: spec.nameservers ?? once(found.flatMap((link) => link.nameservers)),
    searchDomains: spec.searchDomains ?? once(found.flatMap((link) => link.searchDomains)),
    ...(macAddress && { macAddress }),
    stp,
    forwardDelay: spec.forwardDelay ?? (had.forwardDelay as number | undefined) ?? (stp ? 15 : 0),
    ...optional("helloTime"),
    ...optional("maxAge"),
    ...optional("ageingTime"),
    ...optional("priority"),
    ...optional("mtu"),
    ...(vlanFiltering !== undefined && { vlanFiltering }),
    maxWait: spec.maxWait ?? (had.maxWait as number | undefined) ?? 0,
    mark,
  };
}

/** Two ports of one LAN often name the same. */
const once = (words: readonly string[]): string[] => [...new Set(words)];
