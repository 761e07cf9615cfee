import type { ReservationState } from "../hostState";
import { inSubnet, isIPv6, macAddress } from "../parse";
import { lay, read } from "./element";
import { dhcpHost, ip } from "./networkModel";
import { remember } from "./remember";
import {
  childrenOf,
  ensureChild,
  insert,
  onOneLine,
  parseXml,
  printXml,
  removeAll,
  textOf,
  type XmlElement,
} from "./xml";

/** The reservations of a network, in all of its subnets, by whom they are for: a MAC (lower case), a DUID, or just a host name. */
export const reservations = remember((networkXml: string): Readonly<Record<string, ReservationState>> =>
  Object.fromEntries(
    hosts(parseXml(networkXml)).flatMap(({ client, element }) => {
      const { ip, name, leaseTime } = read(element, dhcpHost) as Host;
      if (!client || !ip) return [];
      return [[client, { address: ip, ...(name && { name }), ...(leaseTime !== undefined && { leaseTime }) }]];
    }),
  ),
);

/** The network with this reservation, or without one for the client. A name or lease time that the host has for it stays. */
export function setReservation(networkXml: string, client: string, reservation: ReservationState | null): string {
  const root = parseXml(networkXml);
  const found = hosts(root).filter((host) => host.client === client.toLowerCase());
  if (!reservation) {
    removeAll(found.map(({ element }) => element));
    for (const { dhcp } of found) if (childrenOf(dhcp).length === 0) removeAll([dhcp]);
    return printXml(root);
  }
  const subnet = childrenOf(root, "ip").find((element) => holds(element, reservation.address));
  if (!subnet) {
    const subnets = childrenOf(root, "ip").flatMap(subnetOf);
    throw new Error(
      `network ${textOf(root, "name")} has no subnet that holds ${reservation.address} (${subnets.join(", ") || "it has none"})`,
    );
  }
  const here = found.find(({ dhcp }) => dhcp.parentNode === subnet);
  removeAll(found.filter((host) => host !== here).map(({ element }) => element));
  if (here) lay(here.element, valuesOf(client, reservation, here.element), dhcpHost);
  else insert(ensureChild(subnet, "dhcp", ["tftp", "dhcp"]), hostElement(client, reservation), Object.keys(ip.children.dhcp.children)); // prettier-ignore
  return printXml(root);
}

/** How a definition of a network comes to have a reservation, or no more: for `virsh net-update NETWORK … ip-dhcp-host`. */
export interface HostUpdate {
  /** The beginning of the element, as the definition has it, or would. */
  readonly there: string;
  /** To delete it. */
  readonly partial: string;
  /** What it is to be: of what the definition has of it, a name or a lease time that nobody speaks of stays. */
  readonly element?: string;
  /** Which `<ip>` of the network holds the address, as --parent-index counts them; -1, with which libvirt looks for itself, where none does. */
  readonly parentIndex: number;
  /**
   * libvirt modifies the first one that has the MAC, the address or the name (virNetworkDefUpdateIPDHCPHost): sure to be this one only where
   * no other has any of them.
   */
  readonly canModify: boolean;
}

export function hostUpdate(networkXml: string, client: string, reservation: ReservationState | null): HostUpdate {
  const root = parseXml(networkXml);
  const all = hosts(root);
  const is = all.find((host) => host.client === client.toLowerCase())?.element;
  const attribute = ["mac", "id", "name"].find((name) =>
    is ? is.getAttribute(name) : valuesOf(client, reservation ?? { address: "" })[name as keyof Host] !== undefined,
  )!;
  const spelled = is?.getAttribute(attribute) ?? client.toLowerCase();
  const partial = parseXml("<host/>");
  partial.setAttribute(attribute, spelled);
  const there = printXml(partial).replace("/>", "");
  // libvirt does not look for a DUID.
  if (attribute === "id" && is?.getAttribute("ip")) partial.setAttribute("ip", is.getAttribute("ip")!);
  const address = reservation?.address ?? is?.getAttribute("ip") ?? "";
  const wanted = reservation && (is ?? hostElement(client, reservation));
  if (is && reservation) lay(is, valuesOf(client, reservation, is), dhcpHost);
  const { ip: itsAddress, name } = (wanted ? read(wanted, dhcpHost) : {}) as Host;
  const others = all.filter(({ element }) => element !== is).map(({ element }) => read(element, dhcpHost) as Host);
  return {
    there,
    partial: printXml(partial),
    ...(wanted && { element: onOneLine(wanted) }),
    parentIndex: address ? childrenOf(root, "ip").findIndex((element) => holds(element, address)) : -1,
    canModify: attribute === "mac" && !others.some((other) => other.ip === itsAddress || (name && other.name === name)),
  };
}

type Host = {
  readonly mac?: string;
  readonly id?: string;
  readonly name?: string;
  readonly ip?: string;
  readonly leaseTime?: number;
};

const hosts = (root: XmlElement) =>
  childrenOf(root, "ip").flatMap((ip) =>
    childrenOf(ip, "dhcp").flatMap((dhcp) =>
      childrenOf(dhcp, "host").map((element) => {
        const { mac, id, name } = read(element, dhcpHost) as Host;
        return { dhcp, element, client: (mac ?? id ?? name)?.toLowerCase() };
      }),
    ),
  );

const subnetOf = (element: XmlElement): string[] => {
  const { address, prefix } = read(element, ip) as { address?: string; prefix?: number };
  return address ? [`${address}/${prefix}`] : [];
};

const holds = (element: XmlElement, address: string) => subnetOf(element).some((subnet) => inSubnet(address, subnet));

/** A DUID has colons too, and is IPv6's. */
const isMac = (client: string) => {
  try {
    return macAddress(client) === client.toLowerCase();
  } catch {
    return false;
  }
};

function valuesOf(client: string, { address, name, leaseTime }: ReservationState, is?: XmlElement): Host {
  const found = (is ? read(is, dhcpHost) : {}) as Host;
  const as = !client.includes(":") ? "name" : isMac(client) && !isIPv6(address) ? "mac" : "id";
  return {
    ...(found.name && { name: found.name }),
    ...(found.leaseTime !== undefined && { leaseTime: found.leaseTime }),
    ...(name && { name }),
    ...(leaseTime !== undefined && { leaseTime }),
    [as]: client.toLowerCase(),
    ip: address,
  };
}

const hostElement = (client: string, reservation: ReservationState): XmlElement => {
  const element = parseXml("<host/>");
  lay(element, { ...valuesOf(client, reservation) }, dhcpHost);
  return element;
};
