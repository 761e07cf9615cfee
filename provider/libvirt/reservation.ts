import { inSubnet } from "../parse";
import { hostOf, ipOf } from "./networkDefinition";
import { DHCP_ORDER, IP_ORDER } from "./networkMerge";
import { remember } from "./remember";
import {
  childrenOf,
  ensureChild,
  insert,
  parseXml,
  printXml,
  removeAll,
  setAttributes,
  textOf,
  type XmlElement,
} from "./xml";

export interface Reservation {
  readonly address: string;
  readonly name?: string;
}

/** The reservations of a network, in all of its subnets, by MAC (lower case). */
export const reservations = remember((networkXml: string): Readonly<Record<string, Reservation>> =>
  Object.fromEntries(
    hosts(parseXml(networkXml)).flatMap(({ mac, element }) => {
      const address = element.getAttribute("ip");
      const name = element.getAttribute("name");
      return mac && address ? [[mac, { address, ...(name && { name }) }]] : [];
    }),
  ),
);

/** The network with this reservation, or without one for the MAC. A name or lease time that the host has for it stays. */
export function setReservation(networkXml: string, mac: string, reservation: Reservation | null): string {
  const root = parseXml(networkXml);
  const found = hosts(root).filter((host) => host.mac === mac.toLowerCase());
  if (!reservation) {
    removeAll(found.map(({ element }) => element));
    for (const { dhcp } of found) if (childrenOf(dhcp).length === 0) removeAll([dhcp]);
    return printXml(root);
  }
  const ip = childrenOf(root, "ip").find((element) => holds(element, reservation.address));
  if (!ip) {
    const subnets = childrenOf(root, "ip")
      .flatMap(ipOf)
      .map(({ address, prefix }) => `${address}/${prefix}`);
    throw new Error(
      `network ${textOf(root, "name")} has no subnet that holds ${reservation.address} (${subnets.join(", ") || "it has none"})`,
    );
  }
  const here = found.find(({ dhcp }) => dhcp.parentNode === ip);
  removeAll(found.filter((host) => host !== here).map(({ element }) => element));
  const wanted = hostElement(mac, reservation);
  if (here) setAttributes(here.element, attributesOf(wanted));
  else insert(ensureChild(ip, "dhcp", IP_ORDER), wanted, DHCP_ORDER);
  return printXml(root);
}

/**
 * The `<host>` for `virsh net-update NETWORK add-last|modify ip-dhcp-host`. `modify` puts it in the place of the whole element, so what
 * the host has besides (a name, a lease time) is taken from `networkXml`.
 */
export function reservationElement(mac: string, reservation: Reservation, networkXml?: string): string {
  const found = networkXml === undefined ? [] : hosts(parseXml(networkXml));
  const is = found.find((host) => host.mac === mac.toLowerCase())?.element;
  const wanted = hostElement(mac, reservation);
  if (!is) return onOneLine(wanted);
  setAttributes(is, attributesOf(wanted));
  return onOneLine(is);
}

/**
 * Which `<ip>` of the network holds the address, as `virsh net-update --parent-index` counts them; -1, with which libvirt looks for itself,
 * where none does.
 */
export function parentIndex(networkXml: string, address: string): number {
  return childrenOf(parseXml(networkXml), "ip").findIndex((element) => holds(element, address));
}

const hosts = (root: XmlElement) =>
  childrenOf(root, "ip").flatMap((ip) =>
    childrenOf(ip, "dhcp").flatMap((dhcp) =>
      childrenOf(dhcp, "host").map((element) => ({ dhcp, element, mac: hostOf(element)[0]?.mac })),
    ),
  );

const holds = (ip: XmlElement, address: string) =>
  ipOf(ip).some((subnet) => inSubnet(address, `${subnet.address}/${subnet.prefix}`));

const hostElement = (mac: string, { address, name }: Reservation): XmlElement => {
  const element = parseXml("<host/>");
  setAttributes(element, { mac: mac.toLowerCase(), name, ip: address });
  return element;
};

const attributesOf = (element: XmlElement) =>
  Object.fromEntries([...element.attributes].map(({ name, value }) => [name, value]));

const onOneLine = (element: XmlElement) => printXml(element).replace(/\n\s*/g, "");
