import { worst, type DisruptionLabel } from "../disruption";
import type { ReservationState } from "../hostState";
import { isIPv6 } from "../parse";
import { lay, read, withKept, type Model, type Values } from "./element";
import { networkOf } from "./network";
import { network } from "./networkModel";
import { hostUpdate } from "./reservation";
import { childOf, childrenOf, onOneLine, parseXml, printXml, removeAll, type XmlElement } from "./xml";

/** One thing to say to a virsh, by whether a definition of the network has a text: a change is as good as made where it is made already. */
export interface Update {
  readonly there: string;
  readonly then: string;
  readonly otherwise: string;
}

/** What takes a running network to what is desired. */
export interface LiveUpdate {
  readonly updates: readonly Update[];
  readonly label: DisruptionLabel;
}

/**
 * What libvirt changes on a running network (virNetworkDefUpdateSection in src/conf/network_conf.c), and what it does for it (networkUpdate in
 * src/network/bridge_driver.c). It modifies no section but those of which it is said: of others one element goes and another comes.
 */
const SECTIONS: readonly {
  readonly section: string;
  readonly path: readonly string[];
  readonly label: DisruptionLabel;
  readonly modifies?: true;
  /** The one attribute by which libvirt finds what is to be deleted, where by all it would find others too. */
  readonly by?: string;
}[] = [
  { section: "forward-interface", path: ["forward", "interface"], label: "live" },
  { section: "portgroup", path: ["portgroup"], label: "live", modifies: true },
  { section: "dns-host", path: ["dns", "host"], label: "dnsmasq reload", by: "ip" },
  { section: "dns-txt", path: ["dns", "txt"], label: "dnsmasq restart" },
  { section: "dns-srv", path: ["dns", "srv"], label: "dnsmasq restart" },
  { section: "ip-dhcp-range", path: ["ip", "dhcp", "range"], label: "dnsmasq restart" },
];
/** For people and applications: a running network need not know them, and has them at its next start. */
export const PERSISTENT_ONLY: readonly string[] = ["title", "description", "metadata"];

/** What takes the running network to `desired` without a bounce; undefined where it has to start anew. */
export function liveUpdate(networkName: string, liveXml: string, desired: string): LiveUpdate | undefined {
  const [is, want] = [parseXml(liveXml), parseXml(liveXml)];
  lay(want, withKept(networkOf(desired), networkOf(liveXml), network), network);
  for (const root of [is, want]) interfaceOf(root);
  const found = SECTIONS.flatMap((row) => {
    const [before, after] = [elementsAt(is, row.path), elementsAt(want, row.path)];
    const same = (a: Found, b: Found) => a.parentIndex === b.parentIndex && a.text === b.text;
    const less = before.filter((one) => !after.some((other) => same(one, other)));
    const more = after.filter((one) => !before.some((other) => same(one, other)));
    // libvirt takes a second default portgroup for a mistake: it comes when the first one is none any more.
    const isDefault = ({ element }: Found) => Number(element.getAttribute("default") === "yes");
    return [{ ...row, less, more: [...more].sort((a, b) => isDefault(a) - isDefault(b)) }];
  });
  for (const root of [is, want]) {
    removeAll(PERSISTENT_ONLY.map((name) => childOf(root, name)));
    for (const { path } of SECTIONS) removeAll(elementsAt(root, path).map(({ element }) => element));
    removeBare(root);
  }
  if (printXml(is) !== printXml(want)) return undefined;
  const say = (verb: string, section: string, { text, parentIndex }: Found) =>
    netUpdate(networkName, verb, section, text, parentIndex);
  const changed = found.filter(({ less, more }) => less.length + more.length > 0);
  return {
    label: worst(changed.map(({ label }) => label)),
    updates: changed.flatMap(({ section, less, more, modifies, by }) => {
      const isModified = (one: Found) => modifies && more.some(({ key }) => key === one.key);
      return [
        ...less
          .filter((one) => !isModified(one))
          .map((one) => ({
            there: one.text,
            then: say("delete", section, by ? withOnly(one, by) : one),
            otherwise: "",
          })),
        ...more.map((one) => ({
          there: one.text,
          then: "",
          otherwise: say(modifies && less.some(({ key }) => key === one.key) ? "modify" : "add-last", section, one),
        })),
      ];
    }),
  };
}

function withOnly(found: Found, attribute: string): Found {
  const part = parseXml(`<${found.element.nodeName}/>`);
  part.setAttribute(attribute, found.element.getAttribute(attribute) ?? "");
  return { ...found, text: onOneLine(part) };
}

/** What a definition of the network needs to have these reservations, by their clients; `null`: none. */
export function reservationUpdates(
  networkName: string,
  networkXml: string,
  reservations: Readonly<Record<string, ReservationState | null>>,
  back = false,
): Update[] {
  const all = Object.entries(reservations).map(([client, want]) => {
    const update = hostUpdate(networkXml, client, want);
    // Nobody knows how far the way there was gone.
    return { ...update, canModify: update.canModify && !back };
  });
  const say = (verb: string, xml: string, parentIndex: number) =>
    netUpdate(networkName, verb, "ip-dhcp-host", xml, parentIndex);
  const remove = all.flatMap(({ there, partial, parentIndex, element, canModify }) =>
    element !== undefined && canModify ? [] : [{ there, then: say("delete", partial, parentIndex), otherwise: "" }],
  );
  const put = all.flatMap(({ there, parentIndex, element, canModify }) => {
    if (element === undefined) return [];
    const otherwise = say("add-last", element, parentIndex);
    const update = canModify
      ? { there, then: say("modify", element, parentIndex), otherwise }
      : { there: "", then: otherwise, otherwise: "" };
    return [{ update, canModify }];
  });
  // An address is free when all that had it have gone, or have another one.
  const those = (which: boolean) => put.flatMap(({ update, canModify }) => (canModify === which ? [update] : []));
  return [...remove, ...those(true), ...those(false)];
}

/** What a reservation disturbs: where nothing is leased from a range, dnsmasq has to begin to, or to end it (networkUpdate looks at IPv4 alone). */
export function reservationLabel(liveXml: string, address: string | undefined): DisruptionLabel {
  const hasRange = networkOf(liveXml).ip?.some(({ dhcp, family }) => family === "ipv4" && dhcp?.range);
  return hasRange || (address !== undefined && isIPv6(address)) ? "dnsmasq reload" : "dnsmasq restart";
}

interface Found {
  readonly element: XmlElement;
  readonly text: string;
  readonly key: string;
  readonly parentIndex: number;
}

/** The elements at a path; `parentIndex`: in which `<ip>` they are. */
function elementsAt(root: XmlElement, path: readonly string[]): Found[] {
  const models = path.reduce<Model[]>((models, name) => [...models, models.at(-1)?.children?.[name] ?? {}], [network]);
  const model = models.at(-1)!;
  const isOfIp = path[0] === "ip";
  const below = (parents: readonly XmlElement[], [name, ...rest]: readonly string[]): readonly XmlElement[] =>
    name === undefined
      ? parents
      : below(
          parents.flatMap((parent) => childrenOf(parent, name)),
          rest,
        );
  const tops = isOfIp ? childrenOf(root, "ip") : [root];
  return tops.flatMap((top, parentIndex) =>
    below([top], isOfIp ? path.slice(1) : path).map((element) => ({
      element,
      text: onOneLine(element),
      key: model.key?.(read(element, model) as Values) ?? "",
      parentIndex: isOfIp ? parentIndex : -1,
    })),
  );
}

/** The device as libvirt's `<interface>` has it: what net-update changes. */
function interfaceOf(root: XmlElement): void {
  const forward = childOf(root, "forward");
  const dev = forward?.getAttribute("dev");
  if (!forward || !dev) return;
  forward.removeAttribute("dev");
  if (childrenOf(forward, "interface").length === 0)
    forward.appendChild(root.ownerDocument!.createElement("interface") as XmlElement);
  childOf(forward, "interface")!.setAttribute("dev", dev);
}

function removeBare(element: XmlElement): void {
  for (const child of childrenOf(element)) {
    removeBare(child);
    if (child.attributes.length === 0 && childrenOf(child).length === 0 && !child.textContent?.trim())
      removeAll([child]);
  }
}

const netUpdate = (name: string, verb: string, section: string, xml: string, parentIndex: number) =>
  [
    ...["net-update --network", virshQuote(name), verb, section, virshQuote(xml)],
    ...(parentIndex < 0 ? [] : ["--parent-index", String(parentIndex)]),
  ].join(" ");

/** As a word for virsh's own parser (vshCommandStringGetArg in tools/vsh.c), which has the shell's two quotes. */
const virshQuote = (word: string) => (/["\\]/.test(word) ? `'${word.replaceAll("'", "'\\''")}'` : `"${word}"`);
