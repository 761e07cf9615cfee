import type { Disruption } from "../disruption";
import type { ArgumentProblem } from "../errors";
import type { Observed } from "../facts";
import type { HostState } from "../hostState";
import { FORWARDING } from "../kernel/sysctl";
import { networkFromXml, networkToXml, networkView, type NetworkIp } from "../libvirt/network";
import { rangeUpdates } from "../libvirt/ranges";
import { isIPv6, overlaps } from "../parse";
import type { Context, Properties, Rendered, ResourceDefinition } from "../resource";
import { lanRoutes, routeWarnings } from "./lanRoutes";
import type { NetworkModel } from "./networkModels";
import { parseNetwork, type DhcpSpec, type NetworkSpec } from "./networkSpec";
import { uuidOf } from "./uuid";

/** A libvirt network of one of the models: https://libvirt.org/formatnetwork.html#connectivity */
export const networkResource = (model: NetworkModel): ResourceDefinition<NetworkSpec> => ({
  type: model.type,
  args: ["name", ...model.args, "autostart"],
  renders: ["networks", "reservations"],
  outputs: model.outputs,
  replaceOn: ["name"],

  parse: parseNetwork(model),

  render(spec: NetworkSpec, context: Context): Rendered {
    const { observed, host, urn, adopt } = context;
    if (observed.facts.libvirtError !== undefined)
      return {
        desired: {},
        completed: {},
        problems: [{ property: "host", reason: `libvirt of ${host} does not answer: ${observed.facts.libvirtError}` }],
      };
    const uuid = uuidOf(urn);
    const found = context.found as { adopted: boolean; of: string } | undefined;
    const known = found?.of === spec.name ? found : undefined;
    const there = observed.networks[spec.name];
    const adopted =
      known === undefined ? adopt && there !== undefined && networkFromXml(there.xml).uuid !== uuid : known.adopted;
    const xml = networkToXml({
      name: spec.name,
      // An adopted network keeps its own UUID, and so do the guests' views of it.
      ...(!adopted && { uuid }),
      ...(model.forward && {
        forward: { mode: model.forward, ...(spec.forwardInterface && { dev: spec.forwardInterface }) },
      }),
      bridge: spec.bridge
        ? { name: spec.bridge }
        : { ...(spec.bridgeName && { name: spec.bridgeName }), stp: true, delay: 0 },
      ...(spec.mtu && { mtu: spec.mtu }),
      ...(spec.domain && { domain: spec.domain }),
      ips: [...(spec.address ? [ip(spec.address, spec.dhcp)] : []), ...(spec.address6 ? [ip(spec.address6)] : [])],
    });
    return {
      desired: {
        networks: { [spec.name]: { xml, active: true, autostart: spec.autostart, live: true } },
        ...(spec.dhcp && spec.dhcp.hosts.length > 0 && { reservations: reservationsOf(spec.name, spec.dhcp) }),
      },
      found: { adopted, of: spec.name },
      completed: { name: spec.name, autostart: spec.autostart },
      problems: overlapProblems(spec, observed, host),
      warnings: routeWarnings(model, spec, context),
      disruptions: disruptions(spec.name, xml, observed),
    };
  },

  id: (inputs) => inputs["name"] as string,
  claims: (desired) => desired,

  /** libvirt switches forwarding on when it starts the network, and never off again. */
  ...(model.switchesForwarding && { sideEffects: forwarding }),

  /** The bridge under a network is somebody else's to make. */
  missing: (inputs, observed) =>
    typeof inputs["bridge"] === "string" && model.args.includes("bridge") && !observed.links[inputs["bridge"]]
      ? [`there is no bridge ${inputs["bridge"]}`]
      : [],

  users: (desired: HostState, observed: Observed) => {
    const names = Object.keys(desired.networks ?? {});
    return Object.entries(observed.domains).flatMap(([guest, { liveXml = "" }]) =>
      names.some((name) => liveXml.includes(`<source network='${name}'`)) ? [`guest ${guest}`] : [],
    );
  },

  compute(inputs: Properties, observed: Observed): Properties {
    const network = observed.networks[inputs["name"] as string];
    if (!network) return {};
    const { uuid, bridge } = networkFromXml(network.liveXml ?? network.xml);
    const all: Properties = {
      uuid,
      bridge: bridge?.name,
      macAddress: /<mac address=['"]([^'"]+)/.exec(network.xml)?.[1],
      lanRoutes: model.forward === "route" ? lanRoutes(inputs, observed) : undefined,
    };
    return Object.fromEntries(model.outputs.flatMap((key) => (all[key] ? [[key, all[key]]] : [])));
  },
});

function forwarding(desired: HostState): HostState {
  const has6 = Object.values(desired.networks ?? {}).some((network) => network?.xml.includes("family='ipv6'"));
  return { sysctls: { [FORWARDING.ipv4]: "1", ...(has6 && { [FORWARDING.ipv6]: "1" }) } };
}

const reservationsOf = (network: string, { hosts }: DhcpSpec) =>
  Object.fromEntries(hosts.map(({ mac, address, name }) => [`${network}/${mac}`, { address, ...(name && { name }) }]));

function ip(address: string, dhcp?: DhcpSpec): NetworkIp {
  const [host = "", prefix = ""] = address.split("/");
  return {
    address: host,
    prefix: Number(prefix),
    family: isIPv6(host) ? "ipv6" : "ipv4",
    ...(dhcp && {
      dhcp: {
        ranges: [
          { start: dhcp.start, end: dhcp.end, ...(dhcp.leaseTime !== undefined && { leaseTime: dhcp.leaseTime }) },
        ],
        // Each reservation is a thing of its own (HostState.reservations): changed live, beside those of guest interfaces.
        hosts: [],
      },
    }),
  };
}

/** Two routes to one subnet: the guests of one network, or the host's own LAN, would be cut off. */
function overlapProblems(spec: NetworkSpec, observed: Observed, host: string): ArgumentProblem[] {
  const own = observed.networks[spec.name];
  const ownBridge = own && networkFromXml(own.liveXml ?? own.xml).bridge?.name;
  return (
    [
      ["address", spec.address],
      ["address6", spec.address6],
    ] as const
  ).flatMap(([property, address]): ArgumentProblem[] => {
    if (!address) return [];
    for (const [name, network] of Object.entries(observed.networks)) {
      const other =
        name === spec.name
          ? undefined
          : networkFromXml(network.xml).ips.find((ip) => overlaps(`${ip.address}/${ip.prefix}`, address));
      if (other)
        return [
          {
            property,
            reason: `${address} overlaps ${other.address}/${other.prefix} of the libvirt network ${name} on ${host}`,
          },
        ];
    }
    for (const [name, link] of Object.entries(observed.links)) {
      if (name === ownBridge || name === spec.bridgeName) continue;
      const all = [
        ...(link.addresses ?? []),
        ...(observed.leased[name]?.addresses ?? []).map((words) => words.split(" ")[0]!),
      ];
      const other = all.find((other) => !other.startsWith("127.") && overlaps(other, address));
      if (other) return [{ property, reason: `${address} overlaps ${other} of ${name} on ${host}` }];
    }
    return [];
  });
}

/** libvirt has no way to change most of a running network: it is started anew, and guests lose a ping or two. */
function disruptions(name: string, xml: string, observed: Observed): Disruption[] {
  const network = observed.networks[name];
  if (!network?.active || !network.liveXml || networkView(network.liveXml, xml) === xml) return [];
  const what = `network ${name}`;
  if (rangeUpdates(network.liveXml, xml)) return [{ label: "dnsmasq restart", what: `${what}: DHCP ranges` }];
  const guests = Object.entries(observed.domains).flatMap(([guest, { liveXml = "" }]) =>
    liveXml.includes(`<source network='${name}'`) ? [guest] : [],
  );
  return [{ label: "network bounce", what, guests }];
}
