import { lay, read } from "./element";
import { append, attribute, ORDER, writeAttributes, type Property } from "./interfaceProperty";
import { bandwidth as bandwidthModel } from "./networkModel";
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

/** On a bridge, in a libvirt network, or QEMU's own network stack (slirp, or passt). Another kind is kept as it is, and never made. */
export type InterfaceSource =
  | { readonly type: "bridge"; readonly bridge: string }
  | { readonly type: "network"; readonly network: string; readonly portgroup?: string }
  | { readonly type: "user"; readonly backend?: "passt" }
  | { readonly type: string; readonly xml?: string };

/** The tag of all frames; or those of a trunk, of which one may be the tag of frames that have none. */
export interface Vlan {
  readonly trunk: boolean;
  readonly tags: readonly { readonly id: number; readonly nativeMode?: string }[];
}

/** In KiB a second; `burst` in KiB. */
export interface Rate {
  readonly average?: number;
  readonly peak?: number;
  readonly floor?: number;
  readonly burst?: number;
}

export interface Bandwidth {
  readonly inbound?: Rate;
  readonly outbound?: Rate;
}

export interface FilterReference {
  readonly name: string;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
}

/** What we model of a domain's `<interface>`, beside its MAC (https://libvirt.org/formatdomain.html#network-interfaces). */
export interface InterfaceProperties {
  readonly source?: InterfaceSource;
  readonly vlan?: Vlan;
  readonly bandwidth?: Bandwidth;
  readonly isolated?: true;
  readonly tapName?: string;
  readonly model?: string;
  readonly queues?: number;
  readonly filter?: FilterReference;
  /** Absent: up. */
  readonly linkState?: "down";
  readonly mtu?: number;
  readonly bootOrder?: number;
  /** A name of our own for the device; libvirt asks for the prefix `ua-`. */
  readonly alias?: string;
}

export type PropertyName = keyof InterfaceProperties;

const text = (text: string) => text;

const source: Property<InterfaceSource> = {
  live: true, // from a bridge to a network and back: the tap moves; see interface.ts for the rest
  read: (element) => {
    const type = element.getAttribute("type") ?? "";
    const is = childOf(element, "source");
    const of = (name: string) => is?.getAttribute(name) ?? undefined;
    const [network, portgroup, bridge] = [of("network"), of("portgroup"), of("bridge")];
    // In a network that is a bridge (forward mode='bridge') a running guest's type is what it became; the network's name stays.
    if (network !== undefined) return { type: "network", network, ...(portgroup && { portgroup }) };
    if (type === "bridge" && bridge !== undefined) return { type, bridge };
    if (type === "user")
      return childAttribute(element, "backend", "type") === "passt" ? { type, backend: "passt" } : { type };
    return { type, ...(is && { xml: printXml(is) }) };
  },
  write: (element, value) => {
    const { type, backend, xml, ...attributes } = value as Record<string, string>;
    const was = source.read(element) as Readonly<Record<string, string>>;
    // Attributes of the old source (mode, portid, …) belong to it.
    if (was["type"] !== type) removeAll(childrenOf(element, "source"));
    else if (type === "network" && was["network"] !== attributes["network"])
      for (const is of childrenOf(element, "source"))
        setAttributes(is, Object.fromEntries([...is.attributes].map(({ name }) => [name, undefined])));
    if ((was["type"] === "user") !== (type === "user"))
      removeAll(["backend", "portForward", "ip", "route"].flatMap((name) => childrenOf(element, name)));
    setAttributes(element, { type });
    if (xml !== undefined) {
      removeAll(childrenOf(element, "source"));
      insert(element, parseXml(xml), ORDER);
    } else if (type === "network") {
      const { network, portgroup } = attributes;
      // What the network made of it on a running guest: given back to libvirt as type='bridge', it would leave the network.
      writeAttributes(element, "source", { network, portgroup, portid: undefined, bridge: undefined });
    } else writeAttributes(element, "source", attributes);
    if (type === "user") writeAttributes(element, "backend", { type: backend });
  },
};

const vlan: Property<Vlan> = {
  live: true,
  inherited: true,
  read: (element) => {
    const is = childOf(element, "vlan");
    if (!is) return undefined;
    const tags = childrenOf(is, "tag").map((tag) => {
      const nativeMode = tag.getAttribute("nativeMode") ?? undefined;
      return { id: Number(tag.getAttribute("id")), ...(nativeMode && { nativeMode }) };
    });
    return { trunk: is.getAttribute("trunk") === "yes" || tags.length > 1, tags };
  },
  write: (element, value) => {
    if (!value) return removeAll(childrenOf(element, "vlan"));
    const is = ensureChild(element, "vlan", ORDER);
    removeAll(childrenOf(is, "tag"));
    setAttributes(is, { trunk: value.trunk ? "yes" : undefined });
    for (const { id, nativeMode } of value.tags) setAttributes(append(is, "tag"), { id: String(id), nativeMode });
  },
};

const bandwidth: Property<Bandwidth> = {
  live: true,
  inherited: true,
  read: (element) => {
    const is = childOf(element, "bandwidth");
    const values = is ? (read(is, bandwidthModel) as Bandwidth) : {};
    return Object.keys(values).length > 0 ? values : undefined;
  },
  write: (element, value) => {
    if (!value) return removeAll(childrenOf(element, "bandwidth"));
    lay(ensureChild(element, "bandwidth", ORDER), { ...value }, bandwidthModel);
  },
};

const filter: Property<FilterReference> = {
  live: true,
  read: (element) => {
    const is = childOf(element, "filterref");
    const name = is?.getAttribute("filter");
    if (!is || !name) return undefined;
    const all = childrenOf(is, "parameter").map((parameter) => ({
      name: parameter.getAttribute("name") ?? "",
      value: parameter.getAttribute("value") ?? "",
    }));
    const valuesOf = (name: string) => all.filter((other) => other.name === name).map(({ value }) => value);
    return { name, parameters: Object.fromEntries(all.map(({ name }) => [name, valuesOf(name)])) };
  },
  write: (element, value) => {
    if (!value) return removeAll(childrenOf(element, "filterref"));
    const is = ensureChild(element, "filterref", ORDER);
    setAttributes(is, { filter: value.name });
    removeAll(childrenOf(is, "parameter"));
    // Pulumi's engine keeps no order of keys, and the same is to be the same text.
    for (const [name, values] of Object.entries(value.parameters).sort(([a], [b]) => (a < b ? -1 : 1)))
      for (const value of values) setAttributes(append(is, "parameter"), { name, value });
  },
};

/** Every property that we model, once: what is printed, merged, compared, inherited and changed live goes by these. */
export const properties: { readonly [K in PropertyName]-?: Property<NonNullable<InterfaceProperties[K]>> } = {
  source,
  vlan,
  bandwidth,
  isolated: attribute("port", "isolated", { live: true, inherited: true, parse: (text) => (text === "yes" ? true : undefined), print: () => "yes" }),
  // libvirt chooses vnetN anew at each start (virNetDevGenerateName), and takes none of these from a definition.
  tapName: attribute("target", "dev", { live: false, parse: (text) => (isGenerated(text) ? undefined : text) }),
  model: attribute("model", "type", { live: false, always: true, parse: text }),
  queues: attribute("driver", "queues", { live: false, parse: Number }),
  filter,
  linkState: attribute("link", "state", { live: true, parse: (text) => (text === "down" ? text : undefined) }),
  mtu: attribute("mtu", "size", { live: false, parse: Number }),
  bootOrder: attribute("boot", "order", { live: false, parse: Number }),
  alias: attribute("alias", "name", { live: false, always: true, parse: (text) => (text.startsWith("ua-") ? text : undefined) }),
}; // prettier-ignore

export const propertyNames = Object.keys(properties) as PropertyName[];

/** A name of the kind that libvirt makes up for a tap. */
export const isGenerated = (tap: string): boolean => /^(vnet|macvtap|macvlan)\d/.test(tap);

/** All that is modelled of the element. */
export const readProperties = (element: XmlElement): InterfaceProperties =>
  Object.fromEntries(
    propertyNames.flatMap((name) => {
      const value = properties[name].read(element);
      return value === undefined ? [] : [[name, value]];
    }),
  );

export const writeProperty = (element: XmlElement, name: PropertyName, { [name]: value }: InterfaceProperties): void =>
  properties[name].write(element, value as never);
