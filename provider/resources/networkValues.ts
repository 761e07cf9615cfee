import { networkOf, withoutOthers, type Network, type NetworkIp } from "../libvirt/network";
import { isIPv6 } from "../parse";
import type { DhcpSpec } from "./dhcpSpec";
import type { NetworkModel } from "./networkModels";
import type { BandwidthSpec, VirtualportSpec, VlanSpec } from "./networkParts";
import type { NetworkSpec } from "./networkSpec";

/**
 * libvirt's definition of the network: what the program says, laid over what was `found` where the network was taken over. Elsewhere
 * libvirt's own defaults hold.
 */
export function networkValues(model: NetworkModel, spec: NetworkSpec, found: Network | undefined): Network {
  const said = saidOf(model, spec);
  const values = (found ? over(found, said) : said) as Network;
  return {
    ...values,
    // Another mode than was found: what belongs to that one goes.
    ...(found && {
      forward: (found.forward?.mode ?? "none") === (model.forward ?? "none") ? values.forward : said.forward,
      ip: ipsOver(found.ip ?? [], said.ip ?? [], spec.addresses === undefined),
    }),
    bridge: spec.bridge ? said.bridge : { stp: true, delay: 0, ...values.bridge },
  };
}

/** What an adopted network has that the program may say nothing of; neither its identity, nor the reservations of others. */
export function foundValues(xml: string): Network {
  const { name: _, uuid: __, ...values } = withoutOthers(networkOf(xml));
  return values;
}

function saidOf(model: NetworkModel, spec: NetworkSpec): Network {
  const { dns, nat, forwardInterface, bridge, bridgeName, stp, delay, zone, macTableManager } = spec;
  const ips = [
    ...(spec.address ? [ip(spec, spec.address, spec.dhcp)] : []),
    ...(spec.address6 ? [ip(spec, spec.address6, spec.dhcp6)] : []),
    ...(spec.addresses ?? []).map((address) => ip(spec, address)),
  ];
  return said({
    name: { text: spec.name },
    title: spec.title && { text: spec.title },
    description: spec.description && { text: spec.description },
    metadata: spec.metadata && { xml: spec.metadata },
    ipv6: spec.guestIpv6,
    forward: model.forward && said({ dev: forwardInterface, mode: model.forward, nat: nat && said({ ...nat }) }),
    bridge: bridge ? { name: bridge } : said({ name: bridgeName, stp, delay, zone, macTableManager }),
    mtu: spec.mtu && { size: spec.mtu },
    domain: spec.domain && said({ name: spec.domain, localOnly: dns?.localOnly }),
    dns:
      dns &&
      said({
        enable: dns.enable,
        forwardPlainNames: dns.forwardPlainNames,
        forwarder: dns.forwarders?.map(({ domain, address, port }) => said({ domain, addr: address, port })),
        txt: dns.txt,
        srv: dns.srv?.map((srv) => said({ ...srv })),
        host: dns.hosts?.map(({ address, hostnames }) => ({ ip: address, hostname: hostnames.map((text) => ({ text })) })),
      }),
    vlan: spec.vlan && vlan(spec.vlan),
    bandwidth: spec.bandwidth && bandwidth(spec.bandwidth),
    port: spec.isolatedPorts === undefined ? undefined : { isolated: spec.isolatedPorts },
    ip: ips.length > 0 ? ips : undefined,
    route: spec.routes?.map(({ to, via, metric }) => said({ ...cidrOf(to), gateway: via, metric })),
    virtualport: spec.virtualport && virtualport(spec.virtualport),
    portgroup: spec.portgroups?.map((portgroup) =>
      said({
        name: portgroup.name,
        default: portgroup.default,
        vlan: portgroup.vlan && vlan(portgroup.vlan),
        virtualport: portgroup.virtualport && virtualport(portgroup.virtualport),
        bandwidth: portgroup.bandwidth && bandwidth(portgroup.bandwidth),
      }),
    ),
    "dnsmasq:options": spec.dnsmasqOptions && { "dnsmasq:option": spec.dnsmasqOptions.map((value) => ({ value })) },
  }) as Network; // prettier-ignore
}

function cidrOf(cidr: string): { family: string; address: string; prefix: number } {
  const [address = "", prefix] = cidr.split("/");
  return { family: isIPv6(address) ? "ipv6" : "ipv4", address, prefix: Number(prefix) };
}

const ip = (spec: NetworkSpec, cidr: string, dhcp?: DhcpSpec): NetworkIp =>
  said({
    ...cidrOf(cidr),
    localPtr: spec.dns?.localPtr,
    tftp: dhcp?.tftpRoot && { root: dhcp.tftpRoot },
    // Each reservation is a thing of its own (HostState.reservations): changed live, beside those of guest interfaces.
    dhcp:
      dhcp &&
      said({
        range: dhcp.ranges?.map(({ start, end, leaseTime }) => said({ start, end, leaseTime })),
        bootp: dhcp.bootp && said({ ...dhcp.bootp }),
      }),
  }) as NetworkIp;

const bandwidth = ({ inbound, outbound }: BandwidthSpec) =>
  said({ inbound: inbound && said({ ...inbound }), outbound: outbound && said({ ...outbound }) });
const vlan = ({ trunk, tags }: VlanSpec) => said({ trunk, tag: tags.map((tag) => said({ ...tag })) });
const virtualport = ({ type, interfaceId, profileId }: VirtualportSpec) =>
  said({ type, parameters: said({ interfaceid: interfaceId, profileid: profileId }) });

/** Without what nothing is said of. */
const said = <T extends object>(values: T): T =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;

/** An object's fields one by one; a list, or a value, takes the place of the other. */
function over(found: unknown, said: unknown): unknown {
  if (said === undefined) return found;
  const isRecord = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isRecord(found) || !isRecord(said)) return said;
  return Object.fromEntries(
    [...new Set([...Object.keys(found), ...Object.keys(said)])].map((key) => [key, over(found[key], said[key])]),
  );
}

/** The same subnet keeps what it has besides; one that is said to be another takes the place of the first of its family. */
function ipsOver(found: readonly NetworkIp[], said: readonly NetworkIp[], keepsOthers: boolean): NetworkIp[] {
  const free = [...found];
  const take = (fits: (ip: NetworkIp) => boolean) => {
    const index = free.findIndex(fits);
    return index < 0 ? undefined : free.splice(index, 1)[0];
  };
  const same = said.map((ip) => take((other) => ip.address === other.address && ip.prefix === other.prefix));
  const result = said.map((ip, i) => {
    if (!same[i]) take((other) => ip.family === other.family);
    return over(same[i], ip) as NetworkIp;
  });
  return [...result, ...(keepsOthers ? free : [])];
}
