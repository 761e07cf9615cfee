import type { Observed } from "./facts";
import {
  differences,
  type HostState,
  type InterfaceState,
  type LinkState,
  type NetworkState,
  type ReservationState,
} from "./hostState";
import { interfaceView } from "./libvirt/interface";
import { changesOf, elementsOf } from "./libvirt/liveInterface";
import { unplugged } from "./libvirt/taps";
import { networkDifferences, networkView, reservations } from "./libvirt/network";
import { PERSISTENT_ONLY } from "./libvirt/networkUpdate";
import { readSection } from "./sections";

/**
 * What the host holds where `state` names something, as it is there: what a change replaces, kept to give it back.
 */
export function capture(observed: Observed, state: HostState): HostState {
  return each(state, {
    files: (path) => observed.files[path] ?? null,
    sections: (key) => readSection(observed.files, key),
    links: (name) => observed.links[name] ?? null,
    sysctls: (key) => observed.sysctls[key] ?? null,
    networks: (name) => networkOf(observed, name),
    reservations: (key) => {
      const [network, mac] = networkKey(key);
      return reservations(observed.networks[network]?.xml ?? "<network/>")[mac] ?? null;
    },
    interfaces: (key) => interfaceOf(observed, key),
  });
}

/**
 * What the host says about just that of which `desired` has an opinion, in the words of `desired`: where both mean the same, the same
 * text, so that `differences` finds what differs and nothing else.
 */
export function project(observed: Observed, desired: HostState): HostState {
  const raw = capture(observed, desired);
  return {
    ...raw,
    ...(raw.links && { links: mapEntries(raw.links, (is, name) => viewLink(is, desired.links![name] ?? null)) }),
    ...(raw.networks && {
      networks: mapEntries(raw.networks, (is, name) =>
        viewNetwork(is, desired.networks![name] ?? null, observed.networks[name]?.liveXml),
      ),
    }),
    ...(raw.reservations && {
      reservations: mapEntries(raw.reservations, (is, key) =>
        viewReservation(is, desired.reservations![key] ?? null, observed, key),
      ),
    }),
    ...(raw.interfaces && {
      interfaces: mapEntries(raw.interfaces, (is, key) =>
        viewInterface(is, desired.interfaces![key] ?? null, observed, key),
      ),
    }),
  };
}

const networkOf = (observed: Observed, name: string): NetworkState | null => {
  const network = observed.networks[name];
  return network ? { xml: network.xml, active: network.active, autostart: network.autostart, live: true } : null;
};

/** `network/mac`, `domain/mac`: a MAC has no slash, libvirt's names neither. */
export const networkKey = (key: string): [name: string, mac: string] => [
  key.slice(0, key.lastIndexOf("/")),
  key.slice(key.lastIndexOf("/") + 1),
];

function interfaceOf(observed: Observed, key: string): InterfaceState | null {
  const [name, mac] = networkKey(key);
  const { persistent, live } = elementsOf(observed, name, mac);
  if (persistent === undefined && live === undefined) return null;
  return { xml: persistent ?? "", live: !observed.domains[name]!.running || live !== undefined };
}

/** While an STP topology changes, the kernel has its own ageing time (br_topology_change_detection) and does not say which one is set. */
function viewLink(observed: LinkState | null, want: LinkState | null): LinkState | null {
  const is = observed?.manager === "NetworkManager" ? reachable(observed) : observed;
  const ageingTime = want?.bridge?.ageingTime;
  return is?.bridge && is.bridge.ageingTime === undefined && ageingTime !== undefined
    ? { ...is, bridge: { ...is.bridge, ageingTime } }
    : is;
}

/** NetworkManager puts a default route behind all others while the world does not answer there: 20000 on top (nm_device_get_route_metric_penalty). */
const reachable = (link: LinkState): LinkState => ({
  ...link,
  ...(link.routes && {
    routes: link.routes.map((route) =>
      route.replace(
        /^(default .* metric )(2\d{4})$/,
        (_, words: string, metric: string) => `${words}${Number(metric) - 20000}`,
      ),
    ),
  }),
});

function viewNetwork(
  is: NetworkState | null,
  want: NetworkState | null,
  liveXml: string | undefined,
): NetworkState | null {
  if (!is || !want) return is;
  return {
    ...is,
    xml: networkView(is.xml, want.xml),
    live: liveXml === undefined || liveView(liveXml, want.xml),
  };
}

/** Of the running network, where it is not as wanted. */
function liveView(liveXml: string, desired: string): true | string {
  const found = networkDifferences(liveXml, desired).filter(({ path }) => !PERSISTENT_ONLY.includes(path[0]!));
  const say = (value: unknown) => (value === undefined ? "not there" : JSON.stringify(value));
  return (
    found.length === 0 ||
    found.map(({ path, wanted, found }) => `${path.join(".")} is ${say(found)}, wanted ${say(wanted)}`).join("; ")
  );
}

/** What the persistent definition has of a reservation, unless that is as wanted: then what the running network has. */
function viewReservation(is: ReservationState | null, want: ReservationState | null, observed: Observed, key: string) {
  const [name, client] = networkKey(key);
  const liveXml = observed.networks[name]?.liveXml;
  const differs = differences({ reservations: { [key]: want } }, { reservations: { [key]: is } }).length > 0;
  return differs || liveXml === undefined ? is : (reservations(liveXml)[client] ?? null);
}

function viewInterface(
  is: InterfaceState | null,
  want: InterfaceState | null,
  observed: Observed,
  key: string,
): InterfaceState | null {
  if (!is || !want) return is;
  const [name, mac] = networkKey(key);
  const { live } = elementsOf(observed, name, mac);
  const changes = live === undefined ? undefined : changesOf(observed, live, want.xml);
  const loose = live === undefined ? undefined : unplugged(observed, live);
  const names = [...(changes?.live ?? []), ...(loose ? [`not on ${loose.bridge}`] : [])];
  return {
    xml: is.xml && interfaceView(is.xml, want.xml),
    live:
      observed.domains[name]?.liveXml === undefined ||
      (changes !== undefined && (names.length === 0 || names.join(", "))),
    ...(want.pending && { pending: changes?.nextStart ?? [] }),
  };
}

type Of = { readonly [C in keyof HostState]-?: (key: string) => unknown };

const each = (state: HostState, of: Of): HostState =>
  Object.fromEntries(
    (Object.keys(state) as (keyof HostState)[]).map((collection) => [
      collection,
      Object.fromEntries(Object.keys(state[collection] ?? {}).map((key) => [key, of[collection](key)])),
    ]),
  ) as HostState;

const mapEntries = <T, U>(record: Readonly<Record<string, T>>, of: (value: T, key: string) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, of(value, key)]));
