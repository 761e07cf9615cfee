import type { Disruption } from "../disruption";
import type { Observed } from "../facts";
import {
  interfaceChanges,
  interfaceFromXml,
  interfaceToXml,
  tapOf,
  type InterfaceDefinition,
} from "../libvirt/interface";
import type { InterfaceProperties, InterfaceSource, PropertyName } from "../libvirt/interfaceProperties";
import { changesOf, elementsOf } from "../libvirt/liveInterface";
import { reservations } from "../libvirt/network";
import { unplugged } from "../libvirt/taps";
import { virtInstallArgument } from "../libvirt/virtInstall";
import type { Context, Properties, Rendered, ResourceDefinition } from "../resource";
import { guestConfig } from "./guestConfig";
import { guestInterfaceProblems } from "./guestInterfaceChecks";
import { guestInterfaceArgs, parseGuestInterface, type GuestInterfaceSpec } from "./guestInterfaceSpec";
import { stableMac } from "./mac";
import { uuidOf } from "../backends/uuid";

/** What was found of an interface that was taken over: what the arguments do not speak of stays so. */
interface Found {
  readonly adopted: boolean;
  readonly of: string;
  readonly had?: InterfaceProperties;
  /** The network that was to keep an address for it. */
  readonly reservedIn?: string;
}

export const guestInterface: ResourceDefinition<GuestInterfaceSpec> = {
  type: "GuestInterface",
  args: guestInterfaceArgs,
  renders: ["interfaces", "reservations"],
  known: ["guestConfig", "virtInstall"],
  outputs: ["tap", "currentAddress", "pending", "guestConfig", "virtInstall"],
  replaceOn: ["domain", "mac"],

  parse: parseGuestInterface,

  render(spec: GuestInterfaceSpec, context: Context): Rendered {
    const { observed, host, urn } = context;
    if (observed.facts.libvirtError !== undefined)
      return {
        desired: {},
        completed: {},
        problems: [{ property: "host", reason: `libvirt of ${host} does not answer: ${observed.facts.libvirtError}` }],
      };
    const mac = spec.mac ?? stableMac(spec.domain, urn);
    const key = `${spec.domain}/${mac}`;
    const alias = `ua-${uuidOf(urn)}`;
    const { reservedIn: before, ...found } = foundBefore(spec.domain, mac, alias, context);
    const { had = {} } = found;
    const reservedIn = spec.reservation === undefined ? undefined : (spec.source as { network: string }).network;
    const source = { ...(isSameNetwork(had.source, spec.source) && had.source), ...spec.source };
    const definition = defined({
      ...(!found.adopted && { model: "virtio", alias }),
      ...had,
      ...spec.given,
      source,
      mac,
    });
    const xml = interfaceToXml(definition);
    return {
      desired: {
        interfaces: { [key]: { xml, live: true, ...(spec.reattach && { pending: [] }) } },
        ...(spec.reservation && { reservations: { [`${reservedIn}/${mac}`]: { address: spec.reservation } } }),
      },
      found: { ...found, ...(reservedIn !== undefined && { reservedIn }) },
      completed: {
        mac,
        ...(definition.model && { model: definition.model }),
        guestConfig: guestConfig({ ...spec.guest, mac, mtu: definition.mtu }),
        virtInstall: virtInstallArgument(xml),
      },
      problems: guestInterfaceProblems(spec, definition, observed, host),
      disruptions: [
        ...[...new Set([before, reservedIn])].flatMap((network) =>
          reserves(network, mac, network === reservedIn ? spec.reservation : undefined, observed),
        ),
        ...disruptions(spec, mac, xml, observed),
      ],
    };
  },

  id: (inputs) => `${String(inputs["domain"])}/${String(inputs["mac"])}`,
  claims: (desired) => desired,

  missing(inputs: Properties, observed: Observed): string[] {
    const { domain, bridge, network } = inputs as { domain: string; bridge?: string; network?: string };
    return [
      ...(observed.domains[domain] ? [] : [`libvirt has no domain "${domain}"`]),
      ...(bridge === undefined || observed.links[bridge] ? [] : [`there is no bridge "${bridge}"`]),
      ...(network === undefined || observed.networks[network] ? [] : [`libvirt has no network "${network}"`]),
    ];
  },

  compute(inputs: Properties, observed: Observed): Properties {
    const { domain, mac, network } = inputs as { domain: string; mac: string; network?: string };
    const { persistent, live } = elementsOf(observed, domain, mac);
    const tap = live === undefined ? undefined : tapOf(live);
    const { xml = "<network/>", leases = [] } = (network === undefined ? undefined : observed.networks[network]) ?? {};
    const address = reservations(xml)[mac]?.address ?? leases.find((lease) => lease.mac === mac)?.address;
    const pending =
      live === undefined || persistent === undefined
        ? []
        : changesOf(observed, live, persistent).nextStart.map((name) => argumentOf(name, persistent, live));
    return { ...(tap && { tap }), ...(address && { currentAddress: address }), pending };
  },
};

function foundBefore(domain: string, mac: string, alias: string, { found, observed, adopt }: Context): Found {
  const known = found as Found | undefined;
  const key = `${domain}/${mac}`;
  if (known?.of === key) return known;
  const { persistent: there } = elementsOf(observed, domain, mac);
  if (!adopt || there === undefined || there.includes(alias)) return { adopted: false, of: key };
  const { mac: _, alias: __, ...had } = interfaceFromXml(there);
  return { adopted: true, of: key, had };
}

/** A port group that nobody speaks of stays with its network. */
const isSameNetwork = (had: InterfaceProperties["source"], want: InterfaceSource) =>
  had !== undefined && "network" in had && "network" in want && had.network === want.network;

const defined = (all: { readonly [K in keyof InterfaceDefinition]: InterfaceDefinition[K] | undefined }) =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as unknown as InterfaceDefinition;

/** The argument that says it: a source is a bridge, a network or a user network. */
const argumentOf = (name: PropertyName, xml: string, was: string): string => {
  const { source } = interfaceFromXml(xml);
  if (name !== "source") return name;
  return isSameNetwork(interfaceFromXml(was).source, source!) ? "portgroup" : source!.type;
};

/** A running network's DHCP server reads its reservations again. */
function reserves(
  name: string | undefined,
  mac: string,
  address: string | undefined,
  observed: Observed,
): Disruption[] {
  const network = name === undefined ? undefined : observed.networks[name];
  const is = reservations(network?.liveXml ?? "<network/>")[mac]?.address;
  return network?.active && is !== address
    ? [{ label: "dnsmasq reload", what: `network ${name}: the address of ${mac}` }]
    : [];
}

/** What a change of the interface means for the running guest. */
function disruptions(spec: GuestInterfaceSpec, mac: string, xml: string, observed: Observed): Disruption[] {
  const { persistent, live } = elementsOf(observed, spec.domain, mac);
  const nic = `interface ${mac} of guest ${spec.domain}`;
  if (observed.domains[spec.domain]?.liveXml === undefined) return [];
  if (live === undefined) return [{ label: "live", what: nic }];
  const changes = changesOf(observed, live, xml);
  const defines = persistent === undefined ? undefined : interfaceChanges(persistent, xml);
  const defined = [...(defines?.live ?? []), ...(defines?.nextStart ?? [])];
  const said = (label: Disruption["label"], names: readonly PropertyName[]): Disruption[] =>
    names.length === 0
      ? []
      : [
          {
            label,
            what: `${nic}: ${names.map((name) => argumentOf(name, xml, live)).join(", ")}`,
            ...(label !== "live" && { guests: [spec.domain] }),
          },
        ];
  if (spec.reattach && changes.nextStart.length > 0)
    return said("link bounce", [...changes.nextStart, ...changes.live]);
  // What the running guest has already is only defined; what waits since an earlier change was said then.
  const known = defined.filter((name) => ![...changes.live, ...changes.nextStart].includes(name));
  const later = changes.nextStart.filter((name) => defined.includes(name));
  const loose = unplugged(observed, live);
  return [
    ...(loose ? [{ label: "live", what: `${nic}: its place on ${loose.bridge}` } as const] : []),
    ...said("live", [...changes.live, ...known]),
    ...said("next start", later),
  ];
}
