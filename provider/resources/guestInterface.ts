import type { ArgumentProblem } from "../errors";
import type { Observed } from "../facts";
import {
  interfacesOf,
  interfaceToXml,
  tapOf,
  virtInstallArgument,
  type InterfaceDefinition,
} from "../libvirt/interface";
import { networkFromXml, reservations } from "../libvirt/network";
import { inSubnet, interfaceName, ipAddress, libvirtName, macAddress, oneOf, type Arguments } from "../parse";
import type { Context, Properties, Rendered, ResourceDefinition } from "../resource";
import { stableMac } from "./mac";
import { uuidOf } from "./uuid";

interface GuestInterfaceSpec {
  readonly domain: string;
  readonly mac: string | undefined;
  readonly bridge: string | undefined;
  readonly network: string | undefined;
  readonly model: string;
  readonly address: string | undefined;
  readonly linkState: "up" | "down" | undefined;
}

export const guestInterface: ResourceDefinition<GuestInterfaceSpec> = {
  type: "GuestInterface",
  args: ["domain", "mac", "bridge", "network", "model", "address", "linkState"],
  renders: ["interfaces", "reservations"],
  outputs: ["tap", "currentAddress", "virtInstall"],
  replaceOn: ["domain", "mac", "model"],

  parse(args: Arguments): GuestInterfaceSpec {
    if (args.has("bridge") && args.has("network"))
      args.problem("network", "give either `bridge` or `network`, not both");
    if (!args.has("bridge") && !args.has("network"))
      args.problem("bridge", "give a `bridge` or a `network` that the interface is on");
    if (args.has("address") && args.has("bridge"))
      args.problem(
        "address",
        "a reservation needs a `network`, whose DHCP server is libvirt's; on a bridge the LAN's DHCP server gives addresses",
      );
    return {
      domain: args.required("domain", domain),
      mac: args.optional("mac", macAddress),
      bridge: args.optional("bridge", interfaceName),
      network: args.optional("network", libvirtName),
      model: args.optional("model", model) ?? "virtio",
      address: args.optional("address", ipAddress),
      linkState: args.optional("linkState", oneOf("up", "down")),
    };
  },

  render(spec: GuestInterfaceSpec, context: Context): Rendered {
    const { observed, host, urn, adopt } = context;
    if (observed.facts.libvirtError !== undefined)
      return {
        desired: {},
        completed: {},
        problems: [{ property: "host", reason: `libvirt of ${host} does not answer: ${observed.facts.libvirtError}` }],
      };
    const mac = spec.mac ?? stableMac(spec.domain, urn);
    const key = `${spec.domain}/${mac}`;
    const found = context.found as { adopted: boolean; of: string } | undefined;
    const known = found?.of === key ? found : undefined;
    const alias = `ua-${uuidOf(urn)}`;
    const there = interfacesOf(observed.domains[spec.domain]?.xml ?? "<domain/>")[mac];
    const adopted = known === undefined ? adopt && there !== undefined && !there.includes(alias) : known.adopted;
    const definition: InterfaceDefinition = { ...definitionOf(spec, mac), ...(!adopted && { alias }) };
    return {
      desired: {
        interfaces: { [key]: { xml: interfaceToXml(definition), live: true } },
        ...(spec.address && { reservations: { [`${spec.network}/${mac}`]: { address: spec.address } } }),
      },
      found: { adopted, of: key },
      completed: { mac, model: spec.model },
      problems: [...addressProblems(spec, mac, observed, host), ...domainProblems(spec, observed, host)],
      warnings: [],
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
    const live = interfacesOf(observed.domains[domain]?.liveXml ?? "<domain/>")[mac];
    const tap = live === undefined ? undefined : tapOf(live);
    const reserved =
      network === undefined ? undefined : reservations(observed.networks[network]?.xml ?? "<network/>")[mac]?.address;
    const leased =
      network === undefined
        ? undefined
        : observed.networks[network]?.leases.find((lease) => lease.mac === mac)?.address;
    const address = reserved ?? leased;
    return {
      ...(tap && { tap }),
      ...(address && { currentAddress: address }),
      virtInstall: virtInstallArgument(definitionOf(inputs as unknown as GuestInterfaceSpec, mac)),
    };
  },
};

/** A model's name goes into XML and to QEMU: `virtio`, `e1000e`, `rtl8139`, … (https://libvirt.org/formatdomain.html#setting-the-nic-model). */
const model = (value: unknown): string => {
  if (typeof value !== "string" || !/^[A-Za-z0-9_-]+$/.test(value))
    throw new Error(`${JSON.stringify(value)} is not a NIC model, as virtio or e1000e`);
  return value;
};

/** virsh takes a number for the id of a running guest, and a UUID for that guest's, before it looks at names: it could be another one. */
const domain = (value: unknown): string => {
  const name = libvirtName(value);
  if (/^\d+$|^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name))
    throw new Error(`${JSON.stringify(name)} would be read by virsh as a guest's number or UUID, not as its name`);
  return name;
};

const definitionOf = (
  spec: Pick<GuestInterfaceSpec, "bridge" | "network" | "model" | "linkState">,
  mac: string,
): InterfaceDefinition => ({
  mac,
  source: spec.bridge !== undefined ? { bridge: spec.bridge } : { network: spec.network! },
  model: spec.model ?? "virtio",
  ...(spec.linkState && { linkState: spec.linkState }),
});

function addressProblems(spec: GuestInterfaceSpec, mac: string, observed: Observed, host: string): ArgumentProblem[] {
  const network = spec.network === undefined ? undefined : observed.networks[spec.network];
  if (!network || !spec.address) return [];
  const subnets = networkFromXml(network.xml).ips.map(({ address, prefix }) => `${address}/${prefix}`);
  if (!subnets.some((subnet) => inSubnet(spec.address!, subnet)))
    return [
      {
        property: "address",
        reason: `${spec.address} is in no subnet of network ${spec.network} on ${host} (${subnets.join(", ") || "it has none"})`,
      },
    ];
  if (subnets.some((subnet) => subnet.split("/")[0] === spec.address))
    return [{ property: "address", reason: `${spec.address} is ${host}'s own address in network ${spec.network}` }];
  const other = Object.entries(reservations(network.xml)).find(
    ([other, { address }]) => address === spec.address && other !== mac,
  );
  return other
    ? [
        {
          property: "address",
          reason: `${spec.address} is reserved for ${other[0]} in network ${spec.network} on ${host}`,
        },
      ]
    : [];
}

function domainProblems(spec: GuestInterfaceSpec, observed: Observed, host: string): ArgumentProblem[] {
  const domain = observed.domains[spec.domain];
  return domain && !domain.persistent
    ? [
        {
          property: "domain",
          reason: `${spec.domain} on ${host} is transient: it has no definition that an interface could be added to for its next start`,
        },
      ]
    : [];
}
