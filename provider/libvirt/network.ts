import { elementDifferences, lay, read, withKept, withoutKept, type ElementDifference } from "./element";
import { network, type ForwardMode, type Network } from "./networkModel";
import { remember } from "./remember";
import { childrenOf, parseXml, printXml, setAttributes, type XmlElement } from "./xml";

export { type ForwardMode, type Network, type NetworkIp } from "./networkModel";
export { reservations, setReservation } from "./reservation";

/** In whose words dnsmasq's own options stand, and what else there is of that kind. */
const DNSMASQ = "http://libvirt.org/schemas/network/dnsmasq/1.0";

/** As `virsh net-dumpxml` prints it. */
export function networkToXml(values: Network): string {
  const root = parseXml("<network/>");
  layNetwork(root, values);
  return printXml(root);
}

/** Of `virsh net-dumpxml`, of the running network or with --inactive: all that we model. */
export const networkOf = remember((xml: string): Network => read(parseXml(xml), network));

/** What others ask of a network. */
export const networkFromXml = remember((xml: string) => {
  const { name, uuid, forward, bridge, ip = [] } = networkOf(xml);
  return {
    name: name?.text ?? "",
    uuid: uuid?.text,
    mode: forward?.mode as ForwardMode | undefined,
    bridge,
    ips: ip.map(({ address, prefix, family }) => ({ address: address!, prefix: prefix!, family: family! })),
  };
});

/**
 * What to give to `virsh net-define`: `base` (the host's `net-dumpxml --inactive`) with its modelled parts as `desired` has them. What we do
 * not model stays, and so do the UUID, the MAC, the bridge's name where `desired` gives none, and reservations that it does not name.
 */
export function mergeNetwork(base: string | null, desired: string): string {
  if (base === null) return desired;
  const root = parseXml(base);
  root.removeAttribute("connections"); // the running network's own
  layNetwork(root, withKept(networkOf(desired), networkOf(base), network), parseXml(desired));
  return printXml(root);
}

/**
 * What the host says about just that of which `desired` has an opinion, in the words of `desired`: the text `desired` itself where both mean
 * the same. So `networkView(x, desired) === desired` just when `mergeNetwork(x, desired)` changes nothing that counts.
 */
export function networkView(observed: string, desired: string): string {
  if (networkDifferences(observed, desired).length === 0) return desired;
  const root = parseXml(desired);
  layNetwork(root, withoutKept(networkOf(observed), networkOf(desired), network));
  return printXml(root);
}

/** Without what is kept where nothing is said of it: the UUID, the bridge's name, reservations. */
export const withoutOthers = (values: Network): Network => withoutKept(values, {}, network);

/** Where a network is not as `desired` says. */
export const networkDifferences = (observed: string, desired: string): ElementDifference[] =>
  elementDifferences(networkOf(desired), networkOf(observed), network);

function layNetwork(root: XmlElement, values: Network, from?: XmlElement): void {
  if (values["dnsmasq:options"] && !root.hasAttribute("xmlns:dnsmasq"))
    setAttributes(root, { "xmlns:dnsmasq": DNSMASQ });
  lay(root, values, network, from);
  if (childrenOf(root, "dnsmasq:options").length === 0) root.removeAttribute("xmlns:dnsmasq");
}
