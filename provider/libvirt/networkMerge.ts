import { inSubnet } from "../parse";
import { hostOf, ipOf, networkOf, rangeOf } from "./networkDefinition";
import { pairIps, sameAddress, sameHost, sameRange, sameSubnet } from "./networkMatch";
import {
  childOf,
  childrenOf,
  ensureChild,
  insert,
  parseXml,
  printXml,
  removeAll,
  setAttributes,
  type XmlElement,
} from "./xml";

/** libvirt's own order (virNetworkDefFormatBuf in src/conf/network_conf.c). */
const ORDER = [
  ...["name", "uuid", "title", "description", "metadata", "forward", "bridge", "mtu", "mac", "domain", "dns", "vlan"],
  ...["bandwidth", "port", "ip", "route", "virtualport", "portgroup", "dnsmasq:options"],
];
export const IP_ORDER = ["tftp", "dhcp"];
export const DHCP_ORDER = ["range", "host", "bootp"];

/**
 * What to give to `virsh net-define`: `base` (the host's `net-dumpxml --inactive`) with its modelled parts as `desired` has them. What we do
 * not model stays, and so do the UUID, the MAC, the bridge's name where `desired` gives none, and reservations that it does not name.
 */
export function mergeNetwork(base: string | null, desired: string): string {
  if (base === null) return desired;
  const root = parseXml(base);
  const want = parseXml(desired);
  root.removeAttribute("connections"); // the running network's own
  for (const name of ["name", "uuid"]) {
    const text = childOf(want, name)?.textContent;
    if (text) ensureChild(root, name, ORDER).textContent = text;
  }
  mergeForward(root, want);
  mergeBridge(root, want);
  mergeOnly(root, want, "mtu", "size");
  mergeOnly(root, want, "domain", "name");
  mergeIps(root, want);
  return printXml(root);
}

function mergeForward(root: XmlElement, want: XmlElement): void {
  const is = childOf(root, "forward");
  const forward = childOf(want, "forward");
  const [from, to] = [networkOf(root).forward, networkOf(want).forward];
  if (!is || !forward || from?.mode !== to?.mode) {
    // What stands in it (`<nat>`, `<interface>`, `<address>`) belongs to its mode.
    removeAll([is]);
    if (forward) insert(root, forward, ORDER);
  } else if (from?.dev !== to?.dev) {
    // libvirt writes `dev` a second time as an <interface>, and refuses two that are not the same.
    removeAll(childrenOf(is, "interface"));
    setAttributes(is, { dev: to?.dev });
  }
}

function mergeBridge(root: XmlElement, want: XmlElement): void {
  const bridge = childOf(want, "bridge");
  if (!bridge) return;
  const [name, stp, delay] = ["name", "stp", "delay"].map((attribute) => bridge.getAttribute(attribute) ?? undefined);
  setAttributes(ensureChild(root, "bridge", ORDER), { ...(name !== undefined && { name }), stp, delay });
}

/** An element of which just one attribute is modelled. */
function mergeOnly(root: XmlElement, want: XmlElement, name: string, attribute: string): void {
  const [is, to] = [childOf(root, name), childOf(want, name)];
  if (!to) removeAll([is]);
  else if (!is) insert(root, to, ORDER);
  else setAttributes(is, { [attribute]: to.getAttribute(attribute) ?? undefined });
}

function mergeIps(root: XmlElement, want: XmlElement): void {
  const elements = (parent: XmlElement) =>
    childrenOf(parent, "ip").flatMap((element) => ipOf(element).map((ip) => ({ element, ip })));
  const wanted = elements(want);
  const { pairs, extra } = pairIps(
    wanted.map(({ ip }) => ip),
    elements(root),
  );
  removeAll(extra.map(({ element }) => element));
  pairs.forEach(({ want: ip, is }, i) => {
    const { element } = wanted[i]!;
    if (!is) {
      insert(root, element, ORDER);
      return;
    }
    if (!sameSubnet(ip, is.ip)) {
      const attribute = (name: string) => element.getAttribute(name) ?? undefined;
      setAttributes(is.element, {
        address: ip.address,
        netmask: attribute("netmask"),
        prefix: attribute("prefix"),
      });
      // A reservation outside of the subnet is never given to anybody.
      const dhcp = childOf(is.element, "dhcp");
      const hosts = dhcp ? childrenOf(dhcp, "host") : [];
      removeAll(hosts.filter((host) => !hostOf(host).every((host) => inSubnet(host.ip, `${ip.address}/${ip.prefix}`))));
    }
    mergeDhcp(is.element, element);
  });
}

function mergeDhcp(ip: XmlElement, want: XmlElement): void {
  const wanted = childOf(want, "dhcp");
  const children = (parent: XmlElement | undefined, name: string) => (parent ? childrenOf(parent, name) : []);
  const dhcp = ensureChild(ip, "dhcp", IP_ORDER);

  const ranges = children(wanted, "range");
  const same = (a: XmlElement, b: XmlElement) =>
    sameRange(rangeOf(a), rangeOf(b)) && rangeOf(a).leaseTime === rangeOf(b).leaseTime;
  removeAll(children(dhcp, "range").filter((range) => !ranges.some((other) => same(other, range))));
  for (const range of ranges)
    if (!children(dhcp, "range").some((other) => same(other, range))) insert(dhcp, range, DHCP_ORDER);

  for (const element of children(wanted, "host")) {
    for (const host of hostOf(element)) {
      const is = children(dhcp, "host").find((other) => hostOf(other).some((other) => sameHost(host, other)));
      if (!is) insert(dhcp, element, DHCP_ORDER);
      else
        setAttributes(is, {
          ...(host.name !== undefined && { name: host.name }),
          ip: sameAddress(is.getAttribute("ip")!, host.ip) ? is.getAttribute("ip")! : host.ip,
        });
    }
  }
  if (childrenOf(dhcp).length === 0) removeAll([dhcp]);
}
