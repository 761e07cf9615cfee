import ipaddr from "ipaddr.js";
import { HostError } from "../errors";
import { inSubnet, isIPv6 } from "../parse";
import {
  address,
  content,
  integer,
  lowerCase,
  onOff,
  text,
  yesNo,
  type Attribute,
  type Model,
  type Values,
  type ValuesOf,
} from "./element";
import {
  childOf,
  childrenOf,
  ensureChild,
  insert,
  onOneLine,
  parseXml,
  removeAll,
  setAttributes,
  type XmlElement,
} from "./xml";

/**
 * What we model of a libvirt network (https://libvirt.org/formatnetwork.html), in libvirt's own names and order (virNetworkDefFormatBuf in
 * src/conf/network_conf.c). All that is known of an element stands here; how it is changed on a running network, in networkUpdate.ts.
 */
export type Network = ValuesOf<typeof network>;
export type NetworkIp = ValuesOf<typeof ip>;
export type ForwardMode = "nat" | "route" | "open" | "bridge" | "passthrough" | "private" | "vepa" | "hostdev";

const keyOf =
  (...names: readonly string[]) =>
  (values: Values): string =>
    names.flatMap((name) => values[name] ?? []).join(" ");

/** libvirt prints the device once more as the first `<interface>`, and refuses two that are not the same. Those behind it are others'. */
const device: Attribute<string> = {
  read: (forward) => {
    const [first] = childrenOf(forward, "interface");
    return forward.getAttribute("dev") || first?.getAttribute("dev") || undefined;
  },
  write: (forward, dev) => {
    const [first] = childrenOf(forward, "interface");
    if (forward.hasAttribute("dev") || !first) setAttributes(forward, { dev });
    if (dev === undefined) removeAll([first]);
    else if (first) setAttributes(first, { dev });
  },
};

const mode: Attribute<ForwardMode> = {
  read: (forward) => (forward.getAttribute("mode") || "nat") as ForwardMode,
  write: (forward, mode) => setAttributes(forward, { mode }),
};

const family: Attribute<string> = {
  read: (element) => {
    const found = element.getAttribute("address");
    return found ? (isIPv6(found) ? "ipv6" : "ipv4") : undefined;
  },
  write: (element, value) => setAttributes(element, { family: value === "ipv6" ? value : undefined }),
};

/** `prefix` or `netmask`: without one libvirt goes by the address's class (virSocketAddrGetIPPrefix in src/util/virsocketaddr.c). */
const prefix: Attribute<number> = {
  read: (element) => {
    const address = element.getAttribute("address");
    if (!address) return undefined;
    const given = element.getAttribute("prefix");
    const netmask = element.getAttribute("netmask");
    const most = isIPv6(address) ? 128 : 32;
    if (given && (!/^\d{1,3}$/.test(given) || Number(given) > most))
      throw new HostError("failed", `libvirt's network has prefix=${JSON.stringify(given)} for ${address}`);
    if (given) return Number(given);
    if (netmask) {
      if (ipaddr.isValid(netmask)) return ipaddr.parse(netmask).prefixLengthFromSubnetMask() ?? 32;
      throw new HostError("failed", `libvirt's network has netmask=${JSON.stringify(netmask)}, which is no IP address`);
    }
    const first = Number(address.split(".")[0]);
    return isIPv6(address) ? 64 : first < 128 ? 8 : first < 192 ? 16 : 24;
  },
  write: (element, value) => {
    const isV6 = isIPv6(element.getAttribute("address") ?? "");
    const netmask = isV6 || value === undefined ? undefined : ipaddr.IPv4.subnetMaskFromPrefixLength(value).toString();
    setAttributes(element, { netmask, prefix: isV6 && value !== undefined ? String(value) : undefined });
  },
};

const UNITS: Readonly<Record<string, number>> = { seconds: 1, minutes: 60, hours: 3600 };
/** In seconds, 0: for ever. */
const leaseTime: Attribute<number> = {
  read: (element) => {
    const lease = childOf(element, "lease");
    return lease && Number(lease.getAttribute("expiry")) * (UNITS[lease.getAttribute("unit") ?? "minutes"] ?? 60);
  },
  write: (element, value) => {
    if (value === undefined) removeAll(childrenOf(element, "lease"));
    else setAttributes(ensureChild(element, "lease", []), { expiry: String(value), unit: "seconds" });
  },
};

/** The elements of others, each in a namespace of its own; where nothing is said of them, they stay. */
const elements: Attribute<string> = {
  read: (element) => childrenOf(element).map(onOneLine).join("") || undefined,
  write: (element, value = "") => {
    removeAll(childrenOf(element));
    for (const child of childrenOf(parseXml(`<metadata>${value}</metadata>`))) insert(element, child, []);
  },
  kept: true,
};

const only = content();
/** An element that is but its text, or its one attribute. */
const textOnly = { attributes: { text: only } } as const satisfies Model;

export const bandwidth = {
  children: {
    inbound: { attributes: { average: integer("average"), peak: integer("peak"), floor: integer("floor"), burst: integer("burst") } },
    outbound: { attributes: { average: integer("average"), peak: integer("peak"), burst: integer("burst") } },
  },
} as const satisfies Model; // prettier-ignore

const vlan = {
  attributes: { trunk: yesNo("trunk", { otherwise: false }) },
  children: { tag: { attributes: { id: integer("id"), nativeMode: text("nativeMode") }, key: keyOf("id") } },
} as const satisfies Model;

const virtualport = {
  attributes: { type: text("type") },
  children: { parameters: { attributes: { interfaceid: text("interfaceid"), profileid: text("profileid") } } },
  identity: "type",
} as const satisfies Model;

const dns = {
  attributes: {
    enable: yesNo("enable", { otherwise: true }),
    forwardPlainNames: yesNo("forwardPlainNames", { otherwise: true }),
  },
  children: {
    forwarder: {
      attributes: { domain: text("domain"), addr: address("addr"), port: integer("port") },
      key: keyOf("domain", "addr"),
    },
    txt: { attributes: { name: text("name"), value: text("value") }, key: keyOf("name") },
    srv: {
      attributes: {
        service: text("service"),
        protocol: text("protocol"),
        domain: text("domain"),
        target: text("target"),
        port: integer("port"),
        priority: integer("priority"),
        weight: integer("weight"),
      },
      key: keyOf("service", "protocol", "domain", "target", "port"),
    },
    host: {
      attributes: { ip: address("ip") },
      children: { hostname: { ...textOnly, key: keyOf("text") } },
      key: keyOf("ip"),
    },
  },
} as const satisfies Model;

// A reservation: for a MAC (IPv4), a DUID (IPv6) or just a host name.
export const dhcpHost = {
  attributes: {
    mac: lowerCase("mac"),
    id: lowerCase("id"),
    name: text("name", { kept: true }),
    ip: address("ip"),
    leaseTime: { ...leaseTime, kept: true },
  },
  key: ({ mac, id, name }: Values) => String(mac ?? id ?? name),
  others: true,
} as const satisfies Model;

const dhcp = {
  children: {
    range: {
      attributes: { start: address("start"), end: address("end"), leaseTime },
      key: keyOf("start", "end"),
    },
    host: dhcpHost,
    bootp: { attributes: { file: text("file"), server: text("server") } },
  },
} as const satisfies Model;

export const ip = {
  attributes: { family, address: address("address"), prefix, localPtr: yesNo("localPtr", { otherwise: false }) },
  children: { tftp: { attributes: { root: text("root") } }, dhcp },
  key: ({ address, prefix }: Values) => `${String(address)}/${String(prefix)}`,
  kin: (a: Values, b: Values) => a["family"] === b["family"],
  after: leaveSubnet,
} as const satisfies Model;

/** A reservation outside of the subnet is never given to anybody. */
function leaveSubnet(element: XmlElement, written: readonly string[]): void {
  if (!written.includes("address") && !written.includes("prefix")) return;
  const subnet = `${element.getAttribute("address")}/${prefix.read(element)}`;
  const dhcp = childOf(element, "dhcp");
  if (!dhcp) return;
  const hosts = childrenOf(dhcp, "host");
  removeAll(
    hosts.filter((host) => {
      const address = host.getAttribute("ip");
      return address && !inSubnet(address, subnet);
    }),
  );
  if (childrenOf(dhcp).length === 0) removeAll([dhcp]);
}

export const network = {
  attributes: { ipv6: yesNo("ipv6", { otherwise: false }) },
  children: {
    name: textOnly,
    uuid: { attributes: { text: content({ kept: true }) } },
    title: textOnly,
    description: textOnly,
    metadata: { attributes: { xml: elements } },
    forward: {
      attributes: { dev: device, mode },
      children: {
        nat: {
          attributes: { ipv6: yesNo("ipv6", { otherwise: false }) },
          children: {
            address: { attributes: { start: address("start"), end: address("end") } },
            port: { attributes: { start: integer("start", { otherwise: 1024 }), end: integer("end", { otherwise: 65535 }) } },
          },
        },
      },
      identity: "mode",
    },
    // libvirt turns STP on, with no delay, where nothing else is said.
    bridge: {
      attributes: {
        name: text("name", { kept: true }),
        zone: text("zone"),
        stp: onOff("stp", { otherwise: true }),
        delay: integer("delay", { otherwise: 0 }),
        macTableManager: text("macTableManager", { otherwise: "kernel" }),
      },
    },
    mtu: { attributes: { size: integer("size") } },
    domain: {
      attributes: {
        name: text("name"),
        localOnly: yesNo("localOnly", { otherwise: false }),
      },
    },
    dns,
    vlan,
    bandwidth,
    port: { attributes: { isolated: yesNo("isolated", { otherwise: false }) } },
    ip,
    route: {
      attributes: { family, address: address("address"), prefix, gateway: address("gateway"), metric: integer("metric", { otherwise: 1 }) },
      key: ({ address, prefix }: Values) => `${String(address)}/${String(prefix)}`,
    },
    virtualport,
    portgroup: {
      attributes: { name: text("name"), default: yesNo("default", { otherwise: false }) },
      children: { virtualport, bandwidth, vlan },
      order: ["vlan", "virtualport", "bandwidth"],
      key: keyOf("name"),
    },
    "dnsmasq:options": {
      children: { "dnsmasq:option": { attributes: { value: text("value") }, key: keyOf("value") } },
    },
  },
  order: [
    ...["name", "uuid", "title", "description", "metadata", "forward", "bridge", "mtu", "mac", "domain", "dns", "vlan"],
    ...["bandwidth", "port", "ip", "route", "virtualport", "portgroup", "dnsmasq:options"],
  ],
} as const satisfies Model; // prettier-ignore
