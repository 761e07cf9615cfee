import {
  childAttribute,
  childOf,
  childrenOf,
  ensureChild,
  insert,
  removeAll,
  setAttributes,
  type XmlElement,
} from "./xml";

/** How the element says one property. What is as by default is absent, however the element spells it. */
export interface Property<T> {
  read(element: XmlElement): T | undefined;
  /** Undefined: as by default. Of an element or attribute that is not the property's own nothing is touched. */
  write(element: XmlElement, value: T | undefined): void;
  /** `virsh update-device --live` changes it on a running guest; what it cannot is refused there (qemuDomainChangeNet in libvirt's src/qemu/qemu_hotplug.c). */
  readonly live: boolean;
  /** libvirt always has some value: where nothing is wanted, any is right. */
  readonly always?: true;
  /** A network or its port group gives it to an interface that has none of its own, and a running guest's element shows that. */
  readonly inherited?: true;
}

/** libvirt's own order (virDomainNetDefFormat and virDomainDeviceInfoFormat in src/conf/domain_conf.c). */
export const ORDER = [
  ...["mac", "source", "ip", "route", "vlan", "virtualport", "bandwidth", "port", "script", "downscript"],
  ...["backenddomain", "target", "guest", "model", "driver", "backend", "filterref", "link", "tune", "teaming"],
  ...["coalesce", "mtu", "portForward", "boot", "alias", "rom", "acpi", "address"],
];

/** Sets attributes of the child `name`; a child that then says nothing goes. */
export function writeAttributes(
  element: XmlElement,
  name: string,
  attributes: Readonly<Record<string, string | undefined>>,
): void {
  const isGiven = Object.values(attributes).some((value) => value !== undefined);
  const child = isGiven ? ensureChild(element, name, ORDER) : childOf(element, name);
  if (!child) return;
  setAttributes(child, attributes);
  if (child.attributes.length === 0 && childrenOf(child).length === 0) removeAll([child]);
}

interface AttributeOptions<T> extends Pick<Property<T>, "live" | "always" | "inherited"> {
  readonly parse: (text: string) => T | undefined;
  readonly print?: (value: T) => string;
}

/** A property that is one attribute of one child. */
export const attribute = <T>(
  name: string,
  attribute: string,
  { parse, print = String, ...rest }: AttributeOptions<T>,
): Property<T> => ({
  ...rest,
  read: (element) => {
    const text = childAttribute(element, name, attribute);
    return text === undefined ? undefined : parse(text);
  },
  write: (element, value) =>
    writeAttributes(element, name, { [attribute]: value === undefined ? undefined : print(value) }),
});

/** A new child behind all the others. */
export const append = (parent: XmlElement, name: string): XmlElement =>
  insert(parent, parent.ownerDocument!.createElement(name), [name]);
