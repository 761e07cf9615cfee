import ipaddr from "ipaddr.js";
import { HostError } from "../errors";
import { isIPv6 } from "../parse";
import { remember } from "./remember";
import { childAttribute, childOf, childrenOf, parseXml, printXml, setAttributes, textOf, type XmlElement } from "./xml";

/** What we model of a libvirt network (https://libvirt.org/formatnetwork.html). */
export interface NetworkDefinition {
  readonly name: string;
  readonly uuid?: string;
  /** Absent: isolated. */
  readonly forward?: { readonly mode: ForwardMode; readonly dev?: string };
  /** `delay` in seconds. */
  readonly bridge?: { readonly name?: string; readonly stp?: boolean; readonly delay?: number };
  readonly mtu?: number;
  readonly domain?: string;
  readonly ips: readonly NetworkIp[];
}

/** The last four are others' only: we read them. */
export type ForwardMode = "nat" | "route" | "open" | "bridge" | "passthrough" | "private" | "vepa" | "hostdev";

export interface NetworkIp {
  readonly address: string;
  readonly prefix: number;
  readonly family: "ipv4" | "ipv6";
  readonly dhcp?: { readonly ranges: readonly DhcpRange[]; readonly hosts: readonly DhcpHost[] };
}

/** `leaseTime` in seconds, 0: for ever. */
export interface DhcpRange {
  readonly start: string;
  readonly end: string;
  readonly leaseTime?: number;
}

/** A reservation: for a MAC (IPv4), a DUID (IPv6) or just a host name. */
export interface DhcpHost {
  readonly mac?: string;
  readonly id?: string;
  readonly ip: string;
  readonly name?: string;
}

/** As `virsh net-dumpxml` prints it. */
export function networkToXml(definition: NetworkDefinition): string {
  const { name, uuid, forward, bridge, mtu, domain, ips } = definition;
  const root = parseXml("<network/>");
  const add = (parent: XmlElement, tag: string, attributes: Readonly<Record<string, unknown>> = {}) => {
    const child = parent.appendChild(root.ownerDocument!.createElement(tag)) as XmlElement;
    setAttributes(
      child,
      mapValues(attributes, (value) => (value === undefined ? undefined : String(value))),
    );
    return child;
  };
  add(root, "name").textContent = name;
  if (uuid !== undefined) add(root, "uuid").textContent = uuid;
  if (forward) add(root, "forward", { dev: forward.dev, mode: forward.mode });
  if (bridge) add(root, "bridge", { name: bridge.name, stp: onOff(bridge.stp), delay: bridge.delay });
  if (mtu !== undefined) add(root, "mtu", { size: mtu });
  if (domain !== undefined) add(root, "domain", { name: domain });
  for (const { address, prefix, family, dhcp } of ips) {
    const ip = add(
      root,
      "ip",
      family === "ipv6" ? { family, address, prefix } : { address, netmask: netmaskOf(prefix) },
    );
    if (!dhcp || dhcp.ranges.length + dhcp.hosts.length === 0) continue;
    const server = add(ip, "dhcp");
    for (const { start, end, leaseTime } of dhcp.ranges) {
      const range = add(server, "range", { start, end });
      if (leaseTime !== undefined) add(range, "lease", { expiry: leaseTime, unit: "seconds" });
    }
    for (const { mac, id, name, ip } of dhcp.hosts) add(server, "host", { mac, id, name, ip });
  }
  return printXml(root);
}

/** Of `virsh net-dumpxml`, of the running network or with --inactive. */
export const networkFromXml = remember((xml: string): NetworkDefinition => networkOf(parseXml(xml)));

export function networkOf(root: XmlElement): NetworkDefinition {
  const forward = childOf(root, "forward");
  const bridge = childOf(root, "bridge");
  const mtu = childAttribute(root, "mtu", "size");
  return given<NetworkDefinition>({
    name: textOf(root, "name") ?? "",
    uuid: textOf(root, "uuid"),
    forward:
      forward &&
      given<NonNullable<NetworkDefinition["forward"]>>({
        mode: (forward.getAttribute("mode") ?? "nat") as ForwardMode,
        dev: forward.getAttribute("dev") ?? undefined,
      }),
    bridge:
      bridge &&
      given<NonNullable<NetworkDefinition["bridge"]>>({
        name: bridge.getAttribute("name") ?? undefined,
        stp: bridge.hasAttribute("stp") ? bridge.getAttribute("stp") === "on" : undefined,
        delay: bridge.hasAttribute("delay") ? Number(bridge.getAttribute("delay")) : undefined,
      }),
    mtu: mtu === undefined ? undefined : Number(mtu),
    domain: childAttribute(root, "domain", "name"),
    ips: childrenOf(root, "ip").flatMap(ipOf),
  });
}

/** Nothing for an `<ip>` without an address: it is legal, and means nothing. */
export function ipOf(element: XmlElement): NetworkIp[] {
  const address = addressOf(element, "address");
  if (!address) return [];
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  const dhcp = childOf(element, "dhcp");
  return [
    given<NetworkIp>({
      address,
      prefix: prefixOf(element, address),
      family,
      dhcp: dhcp && {
        ranges: childrenOf(dhcp, "range").map(rangeOf),
        hosts: childrenOf(dhcp, "host").flatMap(hostOf),
      },
    }),
  ];
}

export function rangeOf(element: XmlElement): DhcpRange {
  const lease = childOf(element, "lease");
  const unit = { seconds: 1, minutes: 60, hours: 3600 }[lease?.getAttribute("unit") ?? "minutes"] ?? 60;
  return given<DhcpRange>({
    start: element.getAttribute("start") ?? "",
    end: element.getAttribute("end") ?? "",
    leaseTime: lease && Number(lease.getAttribute("expiry")) * unit,
  });
}

export function hostOf(element: XmlElement): DhcpHost[] {
  const ip = addressOf(element, "ip");
  if (!ip) return [];
  const [mac, id, name] = ["mac", "id", "name"].map((attribute) => element.getAttribute(attribute) ?? undefined);
  return [given<DhcpHost>({ mac: mac?.toLowerCase(), id, ip, name })];
}

/** An address that is none would fail wherever it is compared. */
function addressOf(element: XmlElement, attribute: string): string | undefined {
  const address = element.getAttribute(attribute);
  if (!address) return undefined;
  if (ipaddr.isValid(address)) return address;
  throw new HostError(
    "failed",
    `libvirt's network has ${attribute}=${JSON.stringify(address)}, which is no IP address`,
  );
}

/** Without a prefix or netmask libvirt goes by the address's class (virSocketAddrGetIPPrefix in src/util/virsocketaddr.c). */
function prefixOf(element: XmlElement, address: string): number {
  const prefix = element.getAttribute("prefix");
  if (prefix) {
    if (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (isIPv6(address) ? 128 : 32)) return Number(prefix);
    throw new HostError("failed", `libvirt's network has prefix=${JSON.stringify(prefix)} for ${address}`);
  }
  const netmask = addressOf(element, "netmask");
  if (netmask) return ipaddr.parse(netmask).prefixLengthFromSubnetMask() ?? 32;
  if (isIPv6(address)) return 64;
  const first = Number(address.split(".")[0]);
  return first < 128 ? 8 : first < 192 ? 16 : 24;
}

const netmaskOf = (prefix: number) => ipaddr.IPv4.subnetMaskFromPrefixLength(prefix).toString();
const onOff = (value: boolean | undefined) => (value === undefined ? undefined : value ? "on" : "off");

const mapValues = <T, U>(record: Readonly<Record<string, T>>, of: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, of(value)]));

/** The object without its undefined values. */
export const given = <T extends object>(values: { readonly [K in keyof T]-?: T[K] | undefined }): T =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
