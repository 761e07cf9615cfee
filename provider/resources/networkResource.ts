import type { ArgumentProblem } from "../errors";
import type { Observed } from "../facts";
import type { HostState } from "../hostState";
import { FORWARDING } from "../kernel/sysctl";
import { networkFromXml, networkToXml, type Network } from "../libvirt/network";
import { overlaps } from "../parse";
import type { Context, Properties, Rendered, ResourceDefinition } from "../resource";
import { lanRoutes, routeWarnings } from "./lanRoutes";
import { networkDisruptions } from "./networkDisruptions";
import type { NetworkModel } from "./networkModels";
import { parseNetwork, type NetworkSpec } from "./networkSpec";
import { foundValues, networkValues } from "./networkValues";
import { tooNew } from "./networkVersions";
import { addressesOf } from "./routeSpec";
import { uuidOf } from "../backends/uuid";

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
    const found = context.found as Found | undefined;
    const known = found?.of === spec.name ? found : undefined;
    const there = observed.networks[spec.name];
    const adopted =
      known === undefined ? adopt && there !== undefined && networkFromXml(there.xml).uuid !== uuid : known.adopted;
    const values = adopted ? (known?.values ?? (there && foundValues(there.xml))) : undefined;
    const xml = networkToXml({
      ...networkValues(model, spec, values),
      // An adopted network keeps its own UUID, and so do the guests' views of it.
      ...(!adopted && { uuid: { text: uuid } }),
    });
    const desired: HostState = {
      networks: { [spec.name]: { xml, active: true, autostart: spec.autostart, live: true } },
      ...reservationsOf(spec),
    };
    return {
      desired,
      found: { adopted, of: spec.name, ...(values && { values }) } satisfies Found,
      completed: { name: spec.name, autostart: spec.autostart },
      problems: [...overlapProblems(spec, observed, host), ...tooNew(spec, observed.facts.libvirtVersion, host)],
      warnings: routeWarnings(model, spec, context),
      disruptions: networkDisruptions(spec.name, desired, observed),
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

/** What was found of a network that was taken over: what the program says nothing of stays so. */
interface Found {
  readonly adopted: boolean;
  readonly of: string;
  readonly values?: Network;
}

function reservationsOf({ name: network, dhcp, dhcp6 }: NetworkSpec): Pick<HostState, "reservations"> {
  const hosts = [...(dhcp?.hosts ?? []), ...(dhcp6?.hosts ?? [])];
  const entries = hosts.map(({ client, address, name, leaseTime }) => [
    `${network}/${client}`,
    { address, ...(name && name !== client && { name }), ...(leaseTime !== undefined && { leaseTime }) },
  ]);
  const reservations = Object.fromEntries(entries) as NonNullable<HostState["reservations"]>;
  return hosts.length > 0 ? { reservations } : {};
}

/** Two routes to one subnet: the guests of one network, or the host's own LAN, would be cut off. */
function overlapProblems(spec: NetworkSpec, observed: Observed, host: string): ArgumentProblem[] {
  const own = observed.networks[spec.name];
  const ownBridge = own && networkFromXml(own.liveXml ?? own.xml).bridge?.name;
  return addressesOf(spec).flatMap(([property, address]): ArgumentProblem[] => {
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
