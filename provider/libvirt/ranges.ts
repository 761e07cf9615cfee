import { networkFromXml, networkToXml, type DhcpRange, type NetworkDefinition } from "./networkDefinition";
import { sameRange, sameSubnet } from "./networkMatch";
import { networkView } from "./networkView";

/** How `virsh net-update` changes the ranges of one subnet of a running network: libvirt cannot modify one, only add and delete. */
export interface RangeUpdate {
  readonly parentIndex: number;
  readonly remove: readonly string[];
  readonly add: readonly string[];
}

/**
 * What takes the running network to `desired` without a bounce; undefined where more than DHCP ranges differs. libvirt then starts only
 * dnsmasq anew (https://libvirt.org/formatnetwork.html, virNetworkUpdate).
 */
export function rangeUpdates(liveXml: string, desired: string): RangeUpdate[] | undefined {
  const [live, want] = [networkFromXml(liveXml), networkFromXml(desired)];
  const wanted = (ip: NetworkDefinition["ips"][number]) =>
    want.ips.find((other) => sameSubnet(ip, other))?.dhcp?.ranges ?? [];
  const updated: NetworkDefinition = {
    ...live,
    ips: live.ips.map((ip) => ({
      ...ip,
      ...((ip.dhcp ?? wanted(ip).length > 0) && { dhcp: { hosts: ip.dhcp?.hosts ?? [], ranges: wanted(ip) } }),
    })),
  };
  if (networkView(networkToXml(updated), desired) !== desired) return undefined;
  return live.ips.flatMap((ip, parentIndex): RangeUpdate[] => {
    const [is, to] = [ip.dhcp?.ranges ?? [], wanted(ip)];
    const remove = is.filter((range) => !to.some((other) => sameRange(range, other)));
    const add = to.filter((range) => !is.some((other) => sameRange(range, other)));
    return remove.length + add.length > 0
      ? [{ parentIndex, remove: remove.map(rangeElement), add: add.map(rangeElement) }]
      : [];
  });
}

const rangeElement = ({ start, end, leaseTime }: DhcpRange) =>
  leaseTime === undefined
    ? `<range start='${start}' end='${end}'/>`
    : `<range start='${start}' end='${end}'><lease expiry='${leaseTime}' unit='seconds'/></range>`;
