import { remember } from "./remember";
import {
  childAttribute,
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

/** What we model of a domain's `<interface>` (https://libvirt.org/formatdomain.html#network-interfaces). */
export interface InterfaceDefinition {
  readonly mac: string;
  readonly source: { readonly bridge: string } | { readonly network: string };
  /** Default: virtio. */
  readonly model?: string;
  /** Default: up. */
  readonly linkState?: "up" | "down";
  /** A name of our own for the device; libvirt asks for the prefix `ua-`. */
  readonly alias?: string;
}

/** libvirt's own order (virDomainNetDefFormat and virDomainDeviceInfoFormat in src/conf/domain_conf.c), as far as it matters here. */
const ORDER = [
  ...["mac", "source", "vlan", "virtualport", "script", "backenddomain", "target", "guest", "model", "driver"],
  ...[
    "backend",
    "filterref",
    "link",
    "tune",
    "bandwidth",
    "coalesce",
    "teaming",
    "mtu",
    "boot",
    "alias",
    "rom",
    "acpi",
    "address",
  ],
];

/** The element on its own, as `virsh dumpxml` prints it. */
export function interfaceToXml(definition: InterfaceDefinition): string {
  const { mac, source, model = "virtio", linkState, alias } = definition;
  const type = "bridge" in source ? "bridge" : "network";
  return printed({ mac: mac.toLowerCase(), type, source: { ...source }, model, linkState, alias });
}

/** The interfaces of a domain: MAC (lower case) → element. */
export const interfacesOf = remember((domainXml: string): Readonly<Record<string, string>> => {
  const found: Record<string, string> = {};
  for (const { mac, element } of elementsOf(parseXml(domainXml))) found[mac] ??= printXml(element);
  return found;
});

/** The domain with this interface laid over its own of that MAC, or without it. */
export function setInterface(domainXml: string, mac: string, xml: string | null): string {
  const root = parseXml(domainXml);
  const is = elementsOf(root).find((other) => other.mac === mac.toLowerCase())?.element;
  if (xml !== null) {
    const merged = parseXml(mergeInterface(is ? printXml(is) : null, xml));
    const devices = ensureChild(root, "devices", []);
    devices.insertBefore(root.ownerDocument!.importNode(merged, true), is ?? null);
  }
  removeAll([is]);
  return printXml(root);
}

/**
 * `base` (the host's element) with its modelled parts as `desired` has them; all else of it stays: its PCI address, boot order, filters.
 * Over a running guest's element it is what `virsh update-device --live` takes: there the alias cannot change.
 */
export function mergeInterface(base: string | null, desired: string): string {
  if (base === null) return desired;
  const root = parseXml(base);
  const want = parseXml(desired);
  const [is, to] = [read(root), read(want)];
  setAttributes(ensureChild(root, "mac", ORDER), { address: to.mac });
  setAttributes(root, { type: to.type });
  if (!sameSource(is, to)) {
    // Attributes of the old source (portgroup, mode, …) belong to it.
    removeAll(childrenOf(root, "source"));
    const source = childOf(want, "source");
    if (source) insert(root, source, ORDER);
  }
  // What a network made of it on the running guest: given back to libvirt as type='bridge', it would leave the network.
  if (to.type === "network")
    setAttributes(ensureChild(root, "source", ORDER), { portid: undefined, bridge: undefined });
  if (to.model !== undefined) setAttributes(ensureChild(root, "model", ORDER), { type: to.model });
  if (to.linkState !== undefined) setAttributes(ensureChild(root, "link", ORDER), { state: to.linkState });
  else if (is.linkState === "down") removeAll(childrenOf(root, "link"));
  if (to.alias !== undefined && !givenByLibvirt(is.alias))
    setAttributes(ensureChild(root, "alias", ORDER), { name: to.alias });
  return printXml(root);
}

/**
 * What the host says about just that of which `desired` has an opinion: the text `desired` itself where both mean the same. What libvirt adds
 * to a running guest's (tap, alias net0, port) does not count.
 */
export function interfaceView(observed: string, desired: string): string {
  const [want, is] = [readText(desired), readText(observed)];
  const view: Read = {
    ...is,
    model: want.model && is.model,
    linkState: (is.linkState ?? "up") === (want.linkState ?? "up") ? want.linkState : (is.linkState ?? "up"),
    alias: want.alias && (givenByLibvirt(is.alias) ? want.alias : is.alias),
  };
  const { source, ...rest } = view;
  const same =
    sameSource(view, want) && Object.entries(rest).every(([key, value]) => want[key as keyof Read] === value);
  return same ? desired : printed(view);
}

/** The tap of a running guest's interface. */
export function tapOf(liveXml: string): string | undefined {
  return childAttribute(parseXml(liveXml), "target", "dev");
}

/** A running guest's interface: its tap and its source. */
export const pluggedInto = remember((liveXml: string): { tap: string | undefined; source: Record<string, string> } => ({
  tap: tapOf(liveXml),
  source: { ...readText(liveXml).source },
}));

/** For `virt-install --network` (virt-install(1)). */
export function virtInstallArgument({ mac, source, model = "virtio", linkState }: InterfaceDefinition): string {
  const [[kind, name] = ["", ""]] = Object.entries(source);
  const link = linkState === "down" ? ",link.state=down" : "";
  // A comma in a value is doubled.
  return `${kind}=${name.replaceAll(",", ",,")},model=${model},mac=${mac.toLowerCase()}${link}`;
}

interface Read {
  readonly mac: string;
  readonly type: string;
  readonly source: Readonly<Record<string, string>>;
  readonly model: string | undefined;
  readonly linkState: string | undefined;
  readonly alias: string | undefined;
}

const readText = remember((xml: string) => read(parseXml(xml)));

function read(element: XmlElement): Read {
  const source = childOf(element, "source");
  const type = element.getAttribute("type") ?? "";
  const network = source?.getAttribute("network");
  const bridge = type === "bridge" ? source?.getAttribute("bridge") : undefined;
  return {
    mac: childAttribute(element, "mac", "address")?.toLowerCase() ?? "",
    // On a network that is a bridge (forward mode='bridge') a running guest's type is what it became; the network's name stays.
    type: network ? "network" : type,
    source: network ? { network } : bridge ? { bridge } : source ? attributesOf(source) : {},
    model: childAttribute(element, "model", "type"),
    linkState: childAttribute(element, "link", "state"),
    alias: childAttribute(element, "alias", "name"),
  };
}

/** `net0`: libvirt names the devices of a running guest that have no `ua-…` of their user (https://libvirt.org/formatdomain.html#devices). */
const givenByLibvirt = (alias: string | undefined) => alias !== undefined && !alias.startsWith("ua-");

const sameSource = (a: Read, b: Read) =>
  a.type === b.type &&
  JSON.stringify(Object.entries(a.source).sort()) === JSON.stringify(Object.entries(b.source).sort());

function printed({ mac, type, source, model, linkState, alias }: Read): string {
  const root = parseXml("<interface/>");
  const add = (name: string, attributes: Readonly<Record<string, string | undefined>>) =>
    setAttributes(ensureChild(root, name, ORDER), attributes);
  setAttributes(root, { type });
  add("mac", { address: mac });
  if (Object.keys(source).length > 0) add("source", source);
  if (model !== undefined) add("model", { type: model });
  if (linkState !== undefined) add("link", { state: linkState });
  if (alias !== undefined) add("alias", { name: alias });
  return printXml(root);
}

const elementsOf = (domain: XmlElement) =>
  childrenOf(domain, "devices").flatMap((devices) =>
    childrenOf(devices, "interface").flatMap((element) => {
      const mac = childAttribute(element, "mac", "address")?.toLowerCase();
      return mac ? [{ mac, element }] : [];
    }),
  );

const attributesOf = (element: XmlElement): Record<string, string> =>
  Object.fromEntries([...element.attributes].map(({ name, value }) => [name, value]));
