import {
  given,
  networkFromXml,
  networkToXml,
  type DhcpHost,
  type NetworkDefinition,
  type NetworkIp,
} from "./networkDefinition";
import { pairIps, sameAddress, sameHost, sameRange } from "./networkMatch";

/**
 * What the host says about just that of which `desired` has an opinion, in the words of `desired`: the text `desired` itself where both mean
 * the same. So `networkView(x, desired) === desired` just when `mergeNetwork(x, desired)` changes nothing that counts.
 */
export function networkView(observed: string, desired: string): string {
  const want = networkFromXml(desired);
  const view = inWordsOf(want, networkFromXml(observed));
  return JSON.stringify(view) === JSON.stringify(inWordsOf(want, want)) ? desired : networkToXml(view);
}

function inWordsOf(want: NetworkDefinition, is: NetworkDefinition): NetworkDefinition {
  const { pairs, extra } = pairIps(
    want.ips,
    is.ips.map((ip) => ({ ip })),
  );
  return given<NetworkDefinition>({
    name: is.name,
    uuid: want.uuid && is.uuid,
    forward: is.forward,
    bridge: want.bridge && bridgeInWordsOf(want.bridge, is.bridge ?? {}),
    mtu: is.mtu,
    domain: is.domain,
    ips: [
      ...pairs.flatMap(({ want, is }) => (is ? [ipInWordsOf(want, is.ip)] : [])),
      ...extra.map(({ ip }) => ({ ...ip, ...(ip.dhcp && { dhcp: { ranges: ip.dhcp.ranges, hosts: [] } }) })),
    ],
  });
}

type Bridge = NonNullable<NetworkDefinition["bridge"]>;

/** Of a bridge that libvirt makes, STP is on and the delay 0 where nothing else is said (https://libvirt.org/formatnetwork.html#connectivity). */
function bridgeInWordsOf(want: Bridge, is: Bridge): Bridge {
  const orDefault = <T>(want: T | undefined, is: T | undefined, otherwise: T) =>
    (is ?? otherwise) === (want ?? otherwise) ? want : (is ?? otherwise);
  return given<Bridge>({
    name: want.name === undefined ? undefined : is.name,
    stp: orDefault(want.stp, is.stp, true),
    delay: orDefault(want.delay, is.delay, 0),
  });
}

function ipInWordsOf(want: NetworkIp, is: NetworkIp): NetworkIp {
  const spelled = (want: string, is: string) => (sameAddress(want, is) ? want : is);
  const wantedRanges = want.dhcp?.ranges ?? [];
  const ranges = is.dhcp?.ranges ?? [];
  const known = wantedRanges.flatMap((range) => {
    const found = ranges.find((other) => sameRange(range, other));
    return found ? [{ ...found, start: range.start, end: range.end }] : [];
  });
  const hosts = (want.dhcp?.hosts ?? []).flatMap((host): DhcpHost[] => {
    const found = is.dhcp?.hosts.find((other) => sameHost(host, other));
    if (!found) return [];
    const name = host.name === undefined ? undefined : found.name;
    return [given<DhcpHost>({ mac: host.mac, id: host.id, ip: spelled(host.ip, found.ip), name })];
  });
  return {
    family: is.family,
    address: spelled(want.address, is.address),
    prefix: is.prefix,
    dhcp: {
      ranges: [...known, ...ranges.filter((range) => !wantedRanges.some((other) => sameRange(range, other)))],
      hosts,
    },
  };
}
