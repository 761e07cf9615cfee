import type { Observed } from "./facts";
import type { HostState, InterfaceState, LinkState } from "./hostState";
import { moves } from "./kernel/linkBatch";
import { renamed } from "./kernel/dhcpClient";
import { mergeNetwork, setReservation } from "./libvirt/network";
import { mergeInterface, reattached, setInterface, updateLive } from "./libvirt/interface";
import { changesOf, elementsOf } from "./libvirt/liveInterface";
import { networkKey } from "./project";
import { writeSections } from "./sections";

/**
 * The host as it will be when `desired` is done: what the way back starts from, and what the next change of a batch is planned against.
 */
export function simulate(observed: Observed, desired: HostState): Observed {
  const moved = moves(desired.links ?? {}, observed.links);
  const networks = overlay(observed.networks, desired.networks, (want, is) => ({
    leases: [],
    persistent: true,
    ...is,
    xml: mergeNetwork(is?.xml ?? null, want.xml),
    active: want.active,
    autostart: want.autostart,
    ...(want.active && { liveXml: mergeNetwork(is?.xml ?? null, want.xml) }),
  }));
  const domains = { ...observed.domains };
  for (const [key, want] of Object.entries(desired.interfaces ?? {})) {
    const [name, mac] = networkKey(key);
    const domain = domains[name];
    if (!domain) continue;
    const { persistent, live } = elementsOf({ ...observed, domains }, name, mac);
    domains[name] = {
      ...domain,
      xml: setInterface(domain.xml, mac, want && mergeInterface(persistent ?? null, want.xml)),
      ...(domain.liveXml !== undefined && {
        liveXml: setInterface(domain.liveXml, mac, want && liveAfter(observed, live, want)),
      }),
    };
  }
  for (const [key, want] of Object.entries(desired.reservations ?? {})) {
    const [name, client] = networkKey(key);
    const network = networks[name];
    if (!network) continue;
    const { xml, liveXml } = network;
    networks[name] = {
      ...network,
      xml: setReservation(xml, client, want),
      ...(liveXml !== undefined && { liveXml: setReservation(liveXml, client, want) }),
    };
  }
  return {
    ...observed,
    files: overlay(
      observed.files,
      { ...desired.files, ...writeSections(observed.files, desired.sections ?? {}) },
      (text) => text,
    ),
    // A link that is given back is as it was found, in nobody's hands if it was in none.
    links: overlay(observed.links, desired.links, (want, is): LinkState => {
      const { manager, ...rest } = is ?? {};
      // A link that is given back is as it was found, in nobody's hands if it was in none.
      return { ...rest, ...(manager !== undefined && !want.exact && { manager }), ...want };
    }),
    leased: leasedAfter(desired, observed),
    sysctls: overlay(observed.sysctls, desired.sysctls, (value) => value),
    networks,
    domains,
    facts: {
      ...observed.facts,
      dhcpClients: observed.facts.dhcpClients.map((client) => {
        const to = moved.find(([from]) => from === client.link)?.[1];
        return to === undefined ? client : { ...client, link: to, argv: renamed(client, to) };
      }),
    },
  };
}

function liveAfter(observed: Observed, live: string | undefined, want: InterfaceState): string {
  if (live === undefined) return want.xml;
  const again = want.pending && changesOf(observed, live, want.xml).nextStart.length > 0;
  return again ? reattached(live, want.xml) : updateLive(live, want.xml);
}

/** What was leased moves with the link's role, from a port to its bridge or back. */
export function movedLeases({ links = {} }: HostState, { leased, links: before }: Observed): Observed["leased"] {
  const moved = moves(links, before);
  return Object.fromEntries(
    Object.keys(leased)
      .map((name) => [moved.find(([from]) => from === name)?.[1] ?? name, leased[name]!] as const)
      .filter(([name]) => links[name] !== null),
  );
}

/** IPv4's leases go with the client, where there is to be none. */
const leasedAfter = (desired: HostState, observed: Observed): Observed["leased"] =>
  Object.fromEntries(
    Object.entries(movedLeases(desired, observed)).map(([name, { addresses, routes }]) => {
      const stays = (words: string) => words.includes(":") || desired.links?.[name]?.dhcp4 !== false;
      return [name, { addresses: addresses.filter(stays), routes: routes.filter(stays) }];
    }),
  );

function overlay<T, W>(
  lower: Readonly<Record<string, T>>,
  upper: Readonly<Record<string, W | null>> | undefined,
  of: (want: W, is: T | undefined) => T,
): Record<string, T> {
  const entries: [string, T | null][] = Object.entries(upper ?? {}).map(([key, want]) => [
    key,
    want === null ? null : of(want, lower[key]),
  ]);
  return Object.fromEntries(
    Object.entries({ ...lower, ...Object.fromEntries(entries) }).filter(([, value]) => value !== null),
  ) as Record<string, T>;
}
