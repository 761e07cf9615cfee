import type { Observed } from "./facts";
import type { HostState } from "./hostState";
import { linkBatch } from "./kernel/linkBatch";

/**
 * Whether a change of links can cut the line that it came by: a touched link carries this SSH connection or the default route.
 * It is computed from the host's own answer, never declared by the user.
 */
export function hazardOf(desired: HostState, observed: Observed): string | undefined {
  const links = desired.links ?? {};
  if (linkBatch(links, observed.links, observed.leased).length === 0) return undefined;
  const touched = Object.keys(links);
  const carries = (name: string) =>
    touched.includes(name) ||
    Object.entries(observed.links).some(([port, link]) => link.master === name && touched.includes(port));
  for (const [name, link] of Object.entries(observed.links)) {
    if (!carries(name)) continue;
    const addresses = [...(link.addresses ?? []), ...(observed.leased[name]?.addresses ?? [])];
    const server = observed.facts.ssh?.server;
    if (server && addresses.some((address) => address.split(/[/ ]/)[0] === server))
      return `${name} carries this SSH connection (${server})`;
    const routes = [...(link.routes ?? []), ...(observed.leased[name]?.routes ?? [])];
    if (routes.some((route) => route.startsWith("default "))) return `${name} carries the default route`;
  }
  return undefined;
}
