import type { Observed } from "./facts";
import type { HostState } from "./hostState";
import { isV6, linkBatch } from "./kernel/linkBatch";
import { simulate } from "./simulate";

/**
 * Whether a change of links can cut the line that it came by: a touched link carries this SSH connection or the default route, be it
 * through a bridge, a bond or a VLAN. It is computed from the host's own answer, never declared by the user.
 */
export function hazardOf(desired: HostState, observed: Observed): string | undefined {
  const links = desired.links ?? {};
  if (linkBatch(links, observed.links, observed.leased).length === 0) return undefined;
  for (const name of Object.keys(observed.links)) {
    if (!standsOn(name, Object.keys(links), observed)) continue;
    const server = observed.facts.ssh?.server;
    if (server && addressesOf(name, observed).includes(server))
      return `${name} carries this SSH connection (${server})`;
    const routes = [...(observed.links[name]!.routes ?? []), ...(observed.leased[name]?.routes ?? [])];
    if (routes.some((route) => route.startsWith("default "))) return `${name} carries the default route`;
  }
  return undefined;
}

/** Seconds until the ports of a change forward: a bridge with STP listens, then learns, each for its forward delay. */
export const settleOf = (desired: HostState): number =>
  Math.max(
    0,
    ...Object.values(desired.links ?? {}).map(
      (link) => (link?.bridge?.stp ? 2 : 1) * (link?.bridge?.forwardDelay ?? 0),
    ),
  );

/** Why a host that is to lose the address by which it is reached cannot be confirmed there, and how it is done instead. */
export function lostAddress(desired: HostState, observed: Observed): string | undefined {
  const server = observed.facts.ssh?.server;
  if (server === undefined || !hazardOf(desired, observed)) return undefined;
  const after = simulate(observed, desired);
  if (Object.keys(after.links).some((name) => addressesOf(name, after).includes(server))) return undefined;
  // A lease that a new client gets may well be the same address again.
  if (Object.values(desired.links ?? {}).some((link) => (isV6(server) ? link?.dhcp6 : link?.dhcp4))) return undefined;
  return `${server}, by which the provider reaches it, would be gone: change it in steps that keep it reachable (add the new address beside the old one, point the provider's \`host\` at the new one, then take the old one out)`;
}

/** What the preview says of a change that may cut its line. */
export function hazardWarning(
  desired: HostState,
  observed: Observed,
  host: string,
  confirmTimeout: number,
): string | undefined {
  const hazard = hazardOf(desired, observed);
  if (!hazard) return undefined;
  const lost = lostAddress(desired, observed);
  return `${hazard}: the change is made in one batch on ${host}, which goes back by itself unless it is seen over a new connection within ${confirmTimeout + settleOf(desired)} s, and gateway and nameserver still answer${lost ? `. ${lost}` : ""}`;
}

/** Whether the link is one of `touched`, or stands on one: as their bridge or bond, or as a VLAN over one. */
function standsOn(
  name: string,
  touched: readonly string[],
  { links }: Observed,
  seen: readonly string[] = [],
): boolean {
  if (touched.includes(name)) return true;
  if (seen.includes(name)) return false;
  const below = Object.keys(links).filter((port) => links[port]!.master === name || links[name]!.over === port);
  return below.some((port) => standsOn(port, touched, { links } as Observed, [...seen, name]));
}

const addressesOf = (name: string, { links, leased }: Observed): string[] =>
  [...(links[name]!.addresses ?? []), ...(leased[name]?.addresses ?? [])].map((words) => words.split(/[/ ]/)[0]!);
