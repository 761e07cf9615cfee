import type { BridgePlan, Found } from "../backends/backend";
import type { ArgumentProblem } from "../errors";
import type { Observed } from "../facts";
import { isIPv6 } from "../parse";
import { routeWords, type BridgeSpec } from "./bridgeSpec";

/** `own`: the bridge as it was called until now; its ports are free for it under another name. */
export function portProblems(
  spec: BridgeSpec,
  own: string | undefined,
  observed: Observed,
  host: string,
): ArgumentProblem[] {
  const known = Object.keys(observed.links).filter((name) => name !== "lo");
  return spec.ports.flatMap((port, i): ArgumentProblem[] => {
    const link = observed.links[port];
    if (!link)
      return [
        {
          property: `ports[${i}]`,
          reason: `${port} does not exist on ${host}, which has ${known.join(", ") || "no links"}`,
        },
      ];
    if (link.master && link.master !== spec.name && link.master !== own)
      return [{ property: `ports[${i}]`, reason: `${port} is already a port of ${link.master} on ${host}` }];
    if (link.kind === "bridge" || port === "lo")
      return [
        { property: `ports[${i}]`, reason: `${port} is a ${link.kind ?? "loopback"}, which cannot be a bridge's port` },
      ];
    return [];
  });
}

/** What a port had when it was taken over does not come back with it while the bridge is told to have it: two of it would be on the LAN. */
export function isStillHad(
  found: Found,
  { addresses = [], routes = [], dhcp4 = false, dhcp6 = false }: BridgeSpec,
): boolean {
  const words = routes.map(routeWords);
  return (
    addresses.some((address) => found.addresses.includes(address)) ||
    words.some((route) => found.routes.includes(route)) ||
    (dhcp4 && found.dhcp4) ||
    (dhcp6 && found.dhcp6)
  );
}

/** The kernel has one route to a destination with a metric: ours would take the place of another link's. */
export function takenRoutes(
  plan: BridgePlan,
  observed: Observed,
  own: string | undefined,
  host: string,
): ArgumentProblem[] {
  const key = (words: string) => `${isIPv6(words)} ${words.replace(/ via \S+/, "")}`;
  const ours = [plan.name, own, ...plan.ports, ...plan.left];
  return plan.routes.flatMap((route): ArgumentProblem[] => {
    const other = Object.entries(observed.links).find(
      ([name, { routes = [] }]) => !ours.includes(name) && routes.some((words) => key(words) === key(route)),
    );
    if (!other) return [];
    const reason = `${other[0]} of ${host} has a route to ${route.split(" ")[0]} with the same metric already, which "${route}" would replace; give it a metric, or other routes ([] for none)`;
    return [{ property: "routes", reason }];
  });
}
