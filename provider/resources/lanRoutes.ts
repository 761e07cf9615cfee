import type { Observed } from "../facts";
import { isIPv6, subnetOf } from "../parse";
import type { Context, Properties } from "../resource";
import type { NetworkModel } from "./networkModels";
import type { NetworkSpec } from "./networkSpec";

/**
 * Guests of a routed network are seen by their own addresses, so that whoever answers them needs a route back: what to give to the LAN's
 * router, as ip-route(8) has it.
 */
export function lanRoutes(inputs: Properties, observed: Observed): string[] {
  const { address, address6, addresses = [] } = inputs as { address: string; address6?: string; addresses?: string[] };
  return [address, address6, ...addresses].flatMap((address) => {
    if (address === undefined) return [];
    const via = addressOfHost(isIPv6(address), inputs["forwardInterface"] as string | undefined, observed);
    return via === undefined ? [] : [`${subnetOf(address)} via ${via}`];
  });
}

/** Said once: when the network is made. */
export function routeWarnings(model: NetworkModel, spec: NetworkSpec, { observed, host }: Context): string[] {
  if (model.forward !== "route" || observed.networks[spec.name]) return [];
  const routes = lanRoutes({ ...spec }, observed);
  return routes.length === 0
    ? []
    : [`the LAN's router needs the route ${routes.join(" and ")} (${host}), or nothing comes back to the guests`];
}

/** By which the LAN reaches the host: that of the device the network goes out through, else of the default route's. */
function addressOfHost(isV6: boolean, device: string | undefined, { links, leased }: Observed): string | undefined {
  const goesOut = (name: string) =>
    [...(links[name]?.routes ?? []), ...(leased[name]?.routes ?? [])].some(
      (route) => route.startsWith("default") && isIPv6(route) === isV6,
    );
  const name = device ?? Object.keys(links).find(goesOut);
  const master = name && links[name]?.master;
  const all = [master, name].flatMap((link) =>
    link
      ? [...(links[link]?.addresses ?? []), ...(leased[link]?.addresses ?? []).map((words) => words.split(" ")[0]!)]
      : [],
  );
  return all.find((address) => isIPv6(address) === isV6)?.split("/")[0];
}
