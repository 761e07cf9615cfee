import type { ArgumentProblem } from "../errors";
import type { Observed } from "../facts";
import { interfacesOf, tapOf, type InterfaceDefinition } from "../libvirt/interface";
import { elementsOf } from "../libvirt/liveInterface";
import { networkFromXml, reservations } from "../libvirt/network";
import { inSubnet } from "../parse";
import type { GuestInterfaceSpec } from "./guestInterfaceSpec";
import { isOlder } from "./networkVersions";

/** What the host has to say against the interface: every reason, by its property. */
export function guestInterfaceProblems(
  spec: GuestInterfaceSpec,
  definition: InterfaceDefinition,
  observed: Observed,
  host: string,
): ArgumentProblem[] {
  const problem = (property: string, reason: string | undefined) =>
    reason === undefined ? [] : [{ property, reason }];
  const has = (what: string) => `${host} has ${what}`;
  const { libvirtVersion = "an unknown version", commands } = observed.facts;
  const needs = (version: string) =>
    isOlder(libvirtVersion, version) ? `needs libvirt ${version}, ${has(libvirtVersion)}` : undefined;
  const domain = observed.domains[spec.domain];
  const { source, vlan, bandwidth, bootOrder, tapName, queues, filter, mtu, isolated, model = "" } = definition;
  const network = networkOf(spec, observed);
  return [
    ...problem(
      "domain",
      domain && !domain.persistent
        ? `${spec.domain} on ${host} is transient: it has no definition that an interface could be added to for its next start`
        : undefined,
    ),
    ...addressProblems(spec, definition.mac, observed, host),
    ...(source && "backend" in source
      ? problem(
          "user",
          needs("9.0") ??
            (commands.includes("passt") ? undefined : `passt is not installed on ${host} (Debian: apt install passt)`),
        )
      : []),
    ...problem("mtu", mtu === undefined ? undefined : needs("3.1")),
    ...problem("isolated", isolated ? needs("6.1") : undefined),
    ...problem("portgroup", portgroupProblem(spec, network, host)),
    ...(vlan && !isTagged(spec, definition.mac, observed)
      ? problem("vlan", needs("11.0")?.concat("; before that libvirt tags only what is on Open vSwitch"))
      : []),
    ...problem(
      "bandwidth.inbound.floor",
      bandwidth?.inbound?.floor === undefined ? undefined : floorProblem(network, spec),
    ),
    ...problem(
      "bootOrder",
      bootOrder === undefined ? undefined : bootProblem(domain?.xml ?? "", definition, host, spec.domain),
    ),
    ...problem(
      "tapName",
      tapName === undefined ? undefined : tapProblem(tapName, spec.domain, definition.mac, observed, host),
    ),
    ...problem(
      "queues",
      queues !== undefined && !model.startsWith("virtio")
        ? `only a virtio NIC has several; its model is ${model}`
        : undefined,
    ),
    ...problem(
      "filter.name",
      filter && observed.facts.filters && !observed.facts.filters.includes(filter.name)
        ? `libvirt of ${host} has no filter ${filter.name} (virsh nwfilter-list)`
        : undefined,
    ),
  ];
}

const networkOf = ({ source }: GuestInterfaceSpec, { networks }: Observed) =>
  "network" in source ? networks[source.network] : undefined;

function portgroupProblem({ source }: GuestInterfaceSpec, network: { xml: string } | undefined, host: string) {
  if (!("portgroup" in source) || !network) return undefined;
  const names = [...network.xml.matchAll(/<portgroup name='([^']*)'/g)].map(([, name]) => name!);
  return names.includes(source.portgroup!)
    ? undefined
    : `network ${source.network} on ${host} has no port group ${source.portgroup} (it has ${names.join(", ") || "none"})`;
}

/** Open vSwitch tags frames for every libvirt; so does an SR-IOV card that a network is a pool of. */
function isTagged(spec: GuestInterfaceSpec, mac: string, observed: Observed): boolean {
  const { persistent: own = "" } = elementsOf(observed, spec.domain, mac);
  const network = networkOf(spec, observed)?.xml ?? "";
  return [own, network].some((xml) => /<virtualport type='openvswitch'|<forward [^>]*mode='hostdev'/.test(xml));
}

/** A least rate is a share of the network's own (virNetDevSupportsFloor). */
function floorProblem(network: { xml: string } | undefined, { source }: GuestInterfaceSpec): string | undefined {
  if (!("network" in source)) return "a least rate is a share of a network's; a bridge has none to share";
  return network && !/^ {2}<bandwidth>\s*<inbound/m.test(network.xml)
    ? `network ${source.network} has no inbound bandwidth of its own that it would be a share of`
    : undefined;
}

function bootProblem(xml: string, { mac, bootOrder }: InterfaceDefinition, host: string, domain: string) {
  if (/<os>[^]*<boot dev=[^]*<\/os>/.test(xml))
    return `${domain} on ${host} boots by <os><boot dev='…'/>, and libvirt takes an order of devices only where that is not there: give its disk an order and take that out (virsh edit ${domain})`;
  const others = xml.replace(new RegExp(`<mac address='${mac}'[^]*?</interface>`, "i"), "");
  return others.includes(`<boot order='${bootOrder}'`)
    ? `another device of ${domain} on ${host} is number ${bootOrder} already`
    : undefined;
}

function tapProblem(tap: string, domain: string, mac: string, observed: Observed, host: string): string | undefined {
  for (const [name, { xml, liveXml = "<domain/>" }] of Object.entries(observed.domains))
    for (const text of [xml, liveXml])
      for (const [other, element] of Object.entries(interfacesOf(text)))
        if (tapOf(element) === tap)
          return name === domain && other === mac
            ? undefined
            : `${tap} on ${host} is interface ${other} of guest ${name}`;
  return observed.links[tap] ? `there is a network device ${tap} on ${host} already` : undefined;
}

function addressProblems(spec: GuestInterfaceSpec, mac: string, observed: Observed, host: string): ArgumentProblem[] {
  const network = networkOf(spec, observed);
  const address = (spec.reservation ?? spec.guest.address)?.split("/")[0];
  if (!network || !address || !("network" in spec.source)) return [];
  const name = spec.source.network;
  const problem = (reason: string) => [{ property: "address", reason }];
  const subnets = networkFromXml(network.xml).ips.map(({ address, prefix }) => `${address}/${prefix}`);
  // A network without addresses has no subnet that a guest's own could be wrong in.
  if (!subnets.some((subnet) => inSubnet(address, subnet)) && (spec.reservation !== undefined || subnets.length > 0))
    return problem(`${address} is in no subnet of network ${name} on ${host} (${subnets.join(", ") || "it has none"})`);
  if (subnets.some((subnet) => subnet.split("/")[0] === address))
    return problem(`${address} is ${host}'s own address in network ${name}`);
  const other = Object.entries(reservations(network.xml)).find(
    ([other, reserved]) => reserved.address === address && other !== mac,
  );
  return other ? problem(`${address} is reserved for ${other[0]} in network ${name} on ${host}`) : [];
}
