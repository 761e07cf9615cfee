import { attribute, child, create, elements, insert, parseXml, printXml, type Element } from "./xml";

/** What is modelled of a guest's interface (https://libvirt.org/formatdomain.html#network-interfaces). */
export interface InterfaceDefinition {
  readonly mac: string;
  readonly source: { readonly bridge: string } | { readonly network: string };
  readonly model?: string;
  readonly linkState?: "up" | "down";
  /** `ua-…`: an alias of ours, which libvirt keeps (https://libvirt.org/formatdomain.html#devices). */
  readonly alias?: string;
}

export const interfaceToXml = (definition: InterfaceDefinition): string =>
  mergeInto(parseXml("<interface/>"), definition);

export function interfaceFromXml(xml: string): InterfaceDefinition {
  const root = parseXml(xml);
  const source = child(root, "source");
  const type = attribute(root, "type");
  const [model, state, alias] = [
    attribute(child(root, "model"), "type"),
    attribute(child(root, "link"), "state"),
    attribute(child(root, "alias"), "name"),
  ];
  return {
    mac: (attribute(child(root, "mac"), "address") ?? "").toLowerCase(),
    source:
      type === "bridge"
        ? { bridge: attribute(source, "bridge") ?? "" }
        : { network: (type === "network" ? attribute(source, "network") : type) ?? "" },
    ...(model && { model }),
    ...((state === "up" || state === "down") && { linkState: state }),
    ...(alias?.startsWith("ua-") && { alias }),
  };
}

/** A domain's interfaces by MAC address, each as XML of its own. */
export function interfacesOf(domainXml: string): Record<string, string> {
  const devices = child(parseXml(domainXml), "devices");
  const found = devices ? elements(devices, "interface") : [];
  return Object.fromEntries(
    found.map((element) => [(attribute(child(element, "mac"), "address") ?? "").toLowerCase(), printXml(element)]),
  );
}

/** The domain with the interface in the place of the one with its MAC address, or without it. */
export function setInterface(domainXml: string, mac: string, xml: string | null): string {
  const root = parseXml(domainXml);
  const devices = child(root, "devices") ?? insert(root, create(root, "devices"), []);
  const old = elements(devices, "interface").find(
    (element) => attribute(child(element, "mac"), "address")?.toLowerCase() === mac,
  );
  if (xml !== null) {
    const added = copy(devices, parseXml(xml));
    if (old) devices.insertBefore(added, old);
    else devices.appendChild(added);
  }
  if (old) devices.removeChild(old);
  return printXml(root);
}

function copy(like: Element, from: Element): Element {
  const element = create(
    like,
    from.tagName,
    Object.fromEntries([...from.attributes].map(({ name, value }) => [name, value])),
  );
  for (const nested of elements(from)) element.appendChild(copy(like, nested));
  if (elements(from).length === 0 && from.textContent) element.textContent = from.textContent;
  return element;
}

/** `base` with what is modelled as in `desired`; its PCI address, target, filter and all else that we do not model stay. */
export const mergeInterface = (base: string | null, desired: string): string =>
  base === null || base === desired ? desired : mergeInto(parseXml(base), interfaceFromXml(desired));

/** What `observed` says of just what `desired` has an opinion on: the text of `desired` where both mean the same. */
export function interfaceView(observed: string, desired: string): string {
  const [is, want] = [interfaceFromXml(observed), interfaceFromXml(desired)];
  const seen = interfaceToXml({
    mac: is.mac,
    source: is.source,
    ...(want.model !== undefined && is.model !== undefined && { model: is.model }),
    // A link is up unless it is said to be down.
    ...((want.linkState !== undefined || is.linkState === "down") && { linkState: is.linkState ?? "up" }),
    ...(want.alias !== undefined && is.alias !== undefined && { alias: is.alias }),
  });
  return seen === interfaceToXml(want) ? desired : seen;
}

export const tapOf = (liveXml: string): string | undefined => attribute(child(parseXml(liveXml), "target"), "dev");

/** The value of `virt-install --network` (virt-install(1)). */
export function virtInstallArgument({ source, model, mac, linkState }: InterfaceDefinition): string {
  const [[kind, name]] = Object.entries(source) as [[string, string]];
  return [`${kind}=${name}`, model && `model=${model}`, `mac=${mac}`, linkState === "down" && "link.state=down"]
    .filter(Boolean)
    .join(",");
}

/** Order of an interface's elements, as libvirt's schema (domaincommon.rng) and dumpxml have it. */
const ORDER = [
  "mac",
  "source",
  "virtualport",
  "vlan",
  "port",
  "script",
  "backenddomain",
  "target",
  "guest",
  "model",
  "driver",
  "backend",
  "filterref",
  "bandwidth",
  "tune",
  "mtu",
  "coalesce",
  "link",
  "boot",
  "rom",
  "ip",
  "route",
  "alias",
  "address",
];

function mergeInto(root: Element, { mac, source, model, linkState, alias }: InterfaceDefinition): string {
  const put = (name: string) => child(root, name) ?? insert(root, create(root, name), ORDER);
  const [[kind, name]] = Object.entries(source) as [[string, string]];
  if (attribute(root, "type") !== kind && child(root, "source")) root.removeChild(child(root, "source")!);
  root.setAttribute("type", kind);
  put("mac").setAttribute("address", mac);
  put("source").setAttribute(kind, name);
  if (model !== undefined) put("model").setAttribute("type", model);
  if (linkState !== undefined) put("link").setAttribute("state", linkState);
  else if (child(root, "link")) root.removeChild(child(root, "link")!);
  if (alias !== undefined) put("alias").setAttribute("name", alias);
  return printXml(root);
}
