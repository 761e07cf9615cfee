import { inSubnet } from "../parse";
import { attribute, child, create, elements, insert, parseXml, printXml, type Element } from "./xml";

/** What is modelled of a libvirt network (https://libvirt.org/formatnetwork.html). */
export interface NetworkDefinition {
  readonly name: string;
  readonly uuid?: string;
  readonly forward?: { readonly mode: string; readonly dev?: string };
  readonly bridge?: { readonly name?: string; readonly stp?: boolean; readonly delay?: number };
  readonly mtu?: number;
  readonly domain?: string;
  readonly ips: readonly NetworkIp[];
}

export interface NetworkIp {
  readonly address: string;
  readonly prefix: number;
  readonly family: "ipv4" | "ipv6";
  readonly dhcp?: { readonly ranges: readonly DhcpRange[]; readonly hosts: readonly DhcpHost[] };
}

/** `leaseTime` in seconds; 0 is for ever. */
interface DhcpRange {
  readonly start: string;
  readonly end: string;
  readonly leaseTime?: number;
}

interface DhcpHost {
  readonly mac?: string;
  readonly id?: string;
  readonly ip: string;
  readonly name?: string;
}

/** As `virsh net-dumpxml` prints it, in its order. */
export const networkToXml = (network: NetworkDefinition): string => mergeInto(parseXml("<network/>"), network);

export function networkFromXml(xml: string): NetworkDefinition {
  const root = parseXml(xml);
  const forward = child(root, "forward");
  const bridge = child(root, "bridge");
  const [uuid, mtu, domain] = [
    child(root, "uuid")?.textContent,
    attribute(child(root, "mtu"), "size"),
    attribute(child(root, "domain"), "name"),
  ];
  // libvirt's own spelling of the device: an attribute, or the first <interface>.
  const dev = attribute(forward, "dev") ?? (forward && attribute(child(forward, "interface"), "dev"));
  return {
    name: child(root, "name")?.textContent ?? "",
    ...(uuid && { uuid }),
    ...(forward && { forward: { mode: attribute(forward, "mode") ?? "nat", ...(dev && { dev }) } }),
    ...(bridge && {
      bridge: {
        ...(attribute(bridge, "name") && { name: attribute(bridge, "name")! }),
        stp: attribute(bridge, "stp") !== "off",
        delay: Number(attribute(bridge, "delay") ?? 0),
      },
    }),
    ...(mtu && { mtu: Number(mtu) }),
    ...(domain && { domain }),
    ips: elements(root, "ip").map(ipOf),
  };
}

/**
 * What to give to net-define: `base` with what is modelled as in `desired`. All else of `base` stays, also reservations that `desired`
 * does not name: other resources make them.
 */
export const mergeNetwork = (base: string | null, desired: string): string =>
  base === null || base === desired ? desired : mergeInto(parseXml(base), networkFromXml(desired));

/** What `observed` says of just what `desired` has an opinion on: the text of `desired` where both mean the same. */
export function networkView(observed: string, desired: string): string {
  if (observed === desired) return desired;
  const [is, want] = [networkFromXml(observed), networkFromXml(desired)];
  const seen: NetworkDefinition = {
    name: is.name,
    ...(want.uuid !== undefined && is.uuid !== undefined && { uuid: is.uuid }),
    ...(is.forward && { forward: is.forward }),
    ...(is.bridge && { bridge: { ...is.bridge, ...(want.bridge?.name === undefined && { name: "" }) } }),
    ...(is.mtu !== undefined && { mtu: is.mtu }),
    ...(is.domain !== undefined && { domain: is.domain }),
    ips: is.ips.map((ip) =>
      reduced(
        ip,
        want.ips.find(({ address }) => address === ip.address),
      ),
    ),
  };
  const text = networkToXml(seen);
  return text ===
    networkToXml({ ...want, ...(want.bridge && { bridge: { ...want.bridge, name: want.bridge.name ?? "" } }) })
    ? desired
    : text;
}

function reduced(ip: NetworkIp, want: NetworkIp | undefined): NetworkIp {
  if (!ip.dhcp) return ip;
  const { dhcp, ...rest } = ip;
  const hosts = dhcp.hosts.filter((host) => want?.dhcp?.hosts.some((wanted) => same(wanted, host)));
  if (dhcp.ranges.length === 0 && hosts.length === 0) return rest;
  // In the order of `desired`: libvirt appends.
  const order = (host: DhcpHost) => want?.dhcp?.hosts.findIndex((wanted) => same(wanted, host)) ?? 0;
  return { ...rest, dhcp: { ranges: dhcp.ranges, hosts: [...hosts].sort((a, b) => order(a) - order(b)) } };
}

const same = (a: DhcpHost, b: DhcpHost) =>
  (a.mac !== undefined || a.id !== undefined) && a.mac?.toLowerCase() === b.mac?.toLowerCase() && a.id === b.id;

const UNITS: Readonly<Record<string, number>> = { seconds: 1, minutes: 60, hours: 3600 };

function ipOf(ip: Element): NetworkIp {
  const address = attribute(ip, "address") ?? "";
  const netmask = attribute(ip, "netmask");
  const family = address.includes(":") ? "ipv6" : "ipv4";
  const prefix =
    attribute(ip, "prefix") ??
    (netmask === undefined ? undefined : prefixOf(netmask)) ??
    (family === "ipv6" ? 64 : classOf(address));
  const dhcp = child(ip, "dhcp");
  const ranges = dhcp ? elements(dhcp, "range").map(rangeOf) : [];
  const hosts = dhcp ? elements(dhcp, "host").map(hostOf) : [];
  return {
    address,
    prefix: Number(prefix),
    family,
    ...(ranges.length + hosts.length > 0 && { dhcp: { ranges, hosts } }),
  };
}

function rangeOf(range: Element): DhcpRange {
  const lease = child(range, "lease");
  const leaseTime = lease && Number(attribute(lease, "expiry")) * (UNITS[attribute(lease, "unit") ?? "minutes"] ?? 60);
  return {
    start: attribute(range, "start") ?? "",
    end: attribute(range, "end") ?? "",
    ...(leaseTime !== undefined && { leaseTime }),
  };
}

const hostOf = (host: Element): DhcpHost => ({
  ...(attribute(host, "mac") && { mac: attribute(host, "mac")!.toLowerCase() }),
  ...(attribute(host, "id") && { id: attribute(host, "id")! }),
  ip: attribute(host, "ip") ?? "",
  ...(attribute(host, "name") && { name: attribute(host, "name")! }),
});

const prefixOf = (netmask: string) =>
  netmask.split(".").reduce((bits, byte) => bits + Number(byte).toString(2).replaceAll("0", "").length, 0);

/** Without prefix and netmask libvirt takes the address's class (virSocketAddrGetIPPrefix). */
const classOf = (address: string) =>
  Number(address.split(".")[0]) < 128 ? 8 : Number(address.split(".")[0]) < 192 ? 16 : 24;

/** Order of a network's elements, as libvirt's schema (network.rng) and net-dumpxml have it. */
const ORDER = [
  "name",
  "uuid",
  "metadata",
  "title",
  "description",
  "forward",
  "virtualport",
  "bandwidth",
  "port",
  "bridge",
  "mtu",
  "mac",
  "domain",
  "dns",
  "vlan",
  "ip",
  "route",
  "portgroup",
];

function mergeInto(root: Element, network: NetworkDefinition): string {
  const put = (name: string) => child(root, name) ?? insert(root, create(root, name), ORDER);
  const text = (name: string, value: string | undefined) => {
    if (value !== undefined) put(name).textContent = value;
  };
  text("name", network.name);
  text("uuid", network.uuid);
  if (network.forward) {
    const forward = put("forward");
    forward.setAttribute("mode", network.forward.mode);
    if (network.forward.dev !== attribute(forward, "dev"))
      for (const device of elements(forward, "interface")) forward.removeChild(device);
    set(forward, "dev", network.forward.dev);
  } else if (child(root, "forward")) root.removeChild(child(root, "forward")!);
  if (network.bridge) {
    const bridge = put("bridge");
    if (network.bridge.name) bridge.setAttribute("name", network.bridge.name);
    if (network.bridge.stp !== undefined) bridge.setAttribute("stp", network.bridge.stp ? "on" : "off");
    if (network.bridge.delay !== undefined) bridge.setAttribute("delay", String(network.bridge.delay));
  }
  for (const [name, key, value] of [
    ["mtu", "size", network.mtu],
    ["domain", "name", network.domain],
  ] as const) {
    if (value !== undefined) put(name).setAttribute(key, String(value));
    else if (child(root, name)) root.removeChild(child(root, name)!);
  }
  for (const old of elements(root, "ip"))
    if (!network.ips.some(({ address }) => address === attribute(old, "address"))) root.removeChild(old);
  for (const ip of network.ips)
    mergeIp(
      elements(root, "ip").find((old) => attribute(old, "address") === ip.address) ??
        insert(root, create(root, "ip"), ORDER),
      ip,
    );
  return printXml(root);
}

function mergeIp(element: Element, ip: NetworkIp): void {
  if (ip.family === "ipv6") element.setAttribute("family", "ipv6");
  element.setAttribute("address", ip.address);
  if (ipOf(element).prefix !== ip.prefix || !(attribute(element, "prefix") ?? attribute(element, "netmask"))) {
    element.removeAttribute("netmask");
    element.setAttribute("prefix", String(ip.prefix));
  }
  const dhcp = child(element, "dhcp");
  if (!ip.dhcp && !dhcp) return;
  const parent = dhcp ?? insert(element, create(element, "dhcp"), ["tftp", "dhcp"]);
  const ranges = elements(parent, "range");
  const wanted = ip.dhcp?.ranges ?? [];
  if (JSON.stringify(ranges.map(rangeOf)) !== JSON.stringify(wanted)) {
    for (const range of ranges) parent.removeChild(range);
    for (const range of wanted) insert(parent, rangeElement(parent, range), ["range", "host", "bootp"]);
  }
  for (const host of ip.dhcp?.hosts ?? []) mergeHost(parent, host);
  if (elements(parent).length === 0) element.removeChild(parent);
}

function rangeElement(parent: Element, range: DhcpRange): Element {
  const element = create(parent, "range", { start: range.start, end: range.end });
  if (range.leaseTime !== undefined)
    element.appendChild(create(parent, "lease", { expiry: String(range.leaseTime), unit: "seconds" }));
  return element;
}

function mergeHost(dhcp: Element, host: DhcpHost): void {
  const element =
    elements(dhcp, "host").find((old) => same(hostOf(old), host)) ??
    insert(dhcp, create(dhcp, "host"), ["range", "host", "bootp"]);
  set(element, "mac", host.mac);
  if (host.id !== undefined) element.setAttribute("id", host.id);
  if (host.name !== undefined) element.setAttribute("name", host.name);
  set(element, "ip", host.ip);
}

const set = (element: Element, name: string, value: string | undefined) =>
  value === undefined ? element.removeAttribute(name) : element.setAttribute(name, value);

/** Every reservation by MAC address. */
export function reservations(xml: string): Record<string, { address: string }> {
  const hosts = networkFromXml(xml).ips.flatMap(({ dhcp }) => dhcp?.hosts ?? []);
  return Object.fromEntries(hosts.flatMap(({ mac, ip }) => (mac ? [[mac, { address: ip }]] : [])));
}

/** What `net-update` takes as an ip-dhcp-host. */
export const reservationElement = (mac: string, { address }: { readonly address: string }): string =>
  `<host mac='${mac}' ip='${address}'/>`;

/** Which of a network's `<ip>` elements, as `net-update --parent-index` counts them, has a subnet that holds the address. */
export const parentIndex = (xml: string, address: string): number =>
  Math.max(
    0,
    networkFromXml(xml).ips.findIndex((ip) => inSubnet(address, `${ip.address}/${ip.prefix}`)),
  );

/** The network with the reservation, or without it. */
export function setReservation(xml: string, mac: string, reservation: { readonly address: string } | null): string {
  const root = parseXml(xml);
  for (const ip of elements(root, "ip"))
    for (const dhcp of elements(ip, "dhcp"))
      for (const host of elements(dhcp, "host")) if (hostOf(host).mac === mac) dhcp.removeChild(host);
  const ip = reservation && elements(root, "ip")[parentIndex(xml, reservation.address)];
  if (reservation && ip)
    mergeHost(child(ip, "dhcp") ?? insert(ip, create(ip, "dhcp"), ["tftp", "dhcp"]), { mac, ip: reservation.address });
  return printXml(root);
}
