import { equal } from "../hostState";
import {
  properties,
  propertyNames,
  readProperties,
  writeProperty,
  type InterfaceProperties,
  type PropertyName,
} from "./interfaceProperties";
import { writeAttributes } from "./interfaceProperty";
import { remember } from "./remember";
import { childAttribute, childrenOf, ensureChild, parseXml, printXml, removeAll, type XmlElement } from "./xml";

/** A domain's interface: its properties, and the MAC by which it is known. */
export interface InterfaceDefinition extends InterfaceProperties {
  readonly mac: string;
}

/** The element on its own, as `virsh dumpxml` prints it. */
export function interfaceToXml({ mac, ...is }: InterfaceDefinition): string {
  const root = parseXml("<interface/>");
  writeAttributes(root, "mac", { address: mac.toLowerCase() || undefined });
  for (const name of propertyNames) if (is[name] !== undefined) writeProperty(root, name, is);
  return printXml(root);
}

/** All that is modelled of the element. */
export const interfaceFromXml = remember((xml: string): InterfaceDefinition => {
  const element = parseXml(xml);
  return { mac: macOf(element) ?? "", ...readProperties(element) };
});

/** The interfaces of a domain: MAC (lower case) → element. */
export const interfacesOf = remember((domainXml: string): Readonly<Record<string, string>> => {
  const found: Record<string, string> = {};
  for (const { mac, element } of elementsOf(parseXml(domainXml))) found[mac] ??= printXml(element);
  return found;
});

/** The domain with this element as its interface of that MAC, or without one. */
export function setInterface(domainXml: string, mac: string, xml: string | null): string {
  const root = parseXml(domainXml);
  const is = elementsOf(root).find((other) => other.mac === mac.toLowerCase())?.element;
  if (xml !== null) {
    const devices = ensureChild(root, "devices", []);
    devices.insertBefore(root.ownerDocument!.importNode(parseXml(xml), true), is ?? null);
  }
  removeAll([is]);
  return printXml(root);
}

/** `base` (the host's element) with its modelled properties as `desired` has them; all else of it stays: its PCI address, its driver's other attributes. */
export function mergeInterface(base: string | null, desired: string): string {
  if (base === null) return desired;
  const root = parseXml(base);
  const [is, want] = [interfaceFromXml(base), interfaceFromXml(desired)];
  if (is.mac !== want.mac) writeAttributes(root, "mac", { address: want.mac || undefined });
  write(root, differing(is, want), want);
  return printXml(root);
}

/** What a running guest's interface is not as `desired`: what changes live, and what it has at its next start only. */
export interface InterfaceChanges {
  readonly live: readonly PropertyName[];
  readonly nextStart: readonly PropertyName[];
}

/** `network`: the running definition of the network that the interface is in, from which it may have what it does not say itself. */
export function interfaceChanges(live: string, desired: string, network?: string): InterfaceChanges {
  const [is, want] = [interfaceFromXml(live), interfaceFromXml(desired)];
  const names = differing(is, want).filter(
    // The alias of a running guest's device cannot change, and nobody sees it.
    (name) => name !== "alias" && !(want[name] === undefined && equal(is[name], inherited(network, want)[name])),
  );
  const changesLive = (name: PropertyName) => properties[name].live && (name === "linkState" || isLive(is, want));
  return { live: names.filter(changesLive), nextStart: names.filter((name) => !changesLive(name)) };
}

/**
 * QEMU keeps the backend that it has: the tap moves from bridge to bridge, but does not become a user network, or come from one. What else is
 * wanted is for the new source: a filter is not taken off while the guest is still on the bridge that it was for.
 */
const isLive = ({ source: is }: InterfaceProperties, { source: want }: InterfaceProperties): boolean =>
  [is, want].every((source) => source?.type === "bridge" || source?.type === "network") || equal(is, want);

/**
 * libvirt does not hear of another port group in the same network (9.0 in silence, later ones refuse it). On the network's bridge itself, where the tap
 * is plugged in anyway, it is no port of the network's for a moment, and then it can be one of the other group.
 */
export function outsideOfNetwork(live: string, desired: string): string | undefined {
  const [is, want] = [interfaceFromXml(live), interfaceFromXml(desired)];
  const bridge = childAttribute(parseXml(live), "source", "bridge");
  const isSame = [is, want].every(({ source }) => source?.type === "network") && networkOf(is) === networkOf(want);
  return isSame && bridge !== undefined && !equal(is.source, want.source)
    ? updateLive(live, interfaceToXml({ ...want, source: { type: "bridge", bridge } }))
    : undefined;
}

const networkOf = ({ source }: InterfaceProperties) => (source as { network?: string }).network;

/** What `virsh update-device --live` takes for the live part of the change: the running guest's element, but for that. */
export function updateLive(live: string, desired: string): string {
  const root = parseXml(live);
  const [is, want] = [interfaceFromXml(live), interfaceFromXml(desired)];
  // Also where nothing of it changes: what the element has from its network, it would from now on have for itself.
  const names = propertyNames.filter((name) => properties[name].live && (name === "linkState" || isLive(is, want)));
  write(root, names, want);
  return printXml(root);
}

/** The running guest's element for `virsh attach-device`, when it was detached: as desired, in the PCI slot that it had. */
export function reattached(live: string, desired: string): string {
  const root = parseXml(mergeInterface(live, desired));
  const want = interfaceFromXml(desired);
  // What libvirt and the network made of it on the running guest.
  write(root, ["source"], want);
  if (want.tapName === undefined) writeAttributes(root, "target", { dev: undefined });
  if (want.alias === undefined) writeAttributes(root, "alias", { name: undefined });
  return printXml(root);
}

/** What the host says in the words of `desired`: the text `desired` itself where both mean the same. */
export function interfaceView(observed: string, desired: string): string {
  const [is, want] = [interfaceFromXml(observed), interfaceFromXml(desired)];
  const without = propertyNames.filter((name) => properties[name].always && want[name] === undefined);
  if (is.mac === want.mac && differing(is, want).length === 0) return desired;
  return interfaceToXml(
    Object.fromEntries(Object.entries(is).filter(([name]) => !without.includes(name as never))) as never,
  );
}

/** The tap of a running guest's interface. */
export function tapOf(liveXml: string): string | undefined {
  return childAttribute(parseXml(liveXml), "target", "dev");
}

/** A running guest's interface: its tap and its source. */
export const pluggedInto = remember((liveXml: string): { tap: string | undefined; source: Record<string, string> } => ({
  tap: tapOf(liveXml),
  source: { ...(interfaceFromXml(liveXml).source as Record<string, string>) },
}));

/** Names of the properties that are not as wanted. */
const differing = (is: InterfaceProperties, want: InterfaceProperties): PropertyName[] =>
  propertyNames.filter(
    (name) => !equal(is[name], want[name]) && !(properties[name].always && want[name] === undefined),
  );

function write(root: XmlElement, names: readonly PropertyName[], want: InterfaceProperties): void {
  for (const name of names) writeProperty(root, name, want);
}

/** What an interface has from its port group, or else from its network (networkAllocatePort in libvirt's src/network/bridge_driver.c). */
function inherited(network: string | undefined, { source }: InterfaceProperties): InterfaceProperties {
  if (network === undefined || source?.type !== "network") return {};
  const root = parseXml(network);
  const name = (source as { portgroup?: string }).portgroup;
  const group = childrenOf(root, "portgroup").find((element) =>
    name === undefined ? element.getAttribute("default") === "yes" : element.getAttribute("name") === name,
  );
  // A network's own bandwidth is its bridge's.
  const { bandwidth: _, ...ofNetwork } = readProperties(root);
  const all = { ...ofNetwork, ...(group && readProperties(group)) };
  return Object.fromEntries(Object.entries(all).filter(([name]) => properties[name as PropertyName].inherited));
}

const macOf = (element: XmlElement) => childAttribute(element, "mac", "address")?.toLowerCase();

const elementsOf = (domain: XmlElement) =>
  childrenOf(domain, "devices").flatMap((devices) =>
    childrenOf(devices, "interface").flatMap((element) => {
      const mac = macOf(element);
      return mac ? [{ mac, element }] : [];
    }),
  );
