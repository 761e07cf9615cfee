import type { DisruptionLabel } from "../../../provider/disruption";
import { interfacesOf } from "../../../provider/libvirt/interface";
import type { Properties } from "../../../provider/resource";
import { macOf } from "./lab";
import type { Look } from "./look";
import type { Subject } from "./subject";

/** One property that is changed. Rows come one after the other, each on what the last one left. */
export interface Row {
  /** As a program says it: `dhcp.leaseTime`. */
  readonly property: string;
  readonly change: string;
  /** The types that have it; by default those that have the argument. */
  readonly only?: readonly string[];
  /** What changes in the arguments. */
  readonly args: (now: Properties, n: number) => Properties;
  /** libvirt's words for the new value: afterwards in the running definition and in the persistent one, before in neither. */
  readonly shows: string | ((n: number) => string);
  /** What the preview is to say, and the host to show. */
  readonly label: DisruptionLabel;
  /** By which word a refresh names it; by default that of the XML. */
  readonly named?: string;
  /** The value waits in the persistent definition already. */
  readonly pending?: true;
  /** It does not go with others. */
  readonly alone?: true;
  /** By what the property says, the guest is cut off: its pings tell nothing. */
  readonly cutsOff?: true;
  /** The types that have it otherwise. */
  readonly labels?: Readonly<Record<string, DisruptionLabel>>;
  /** Guests move so quickly that they may lose none, or some. */
  readonly lost?: "any";
}

/** What libvirt says of a resource, on one line: of the running thing, and of what it will be at its next start. */
export function textsOf(
  { observed }: Look,
  { type, n }: Subject,
): { readonly live: string; readonly persistent: string } {
  const onOneLine = (text: string) => text.replace(/\n\s*/g, "").replace(/ connections='\d+'/g, "");
  if (type === "GuestInterface") {
    const { xml, liveXml = "<domain/>" } = observed.domains["a"]!;
    const of = (domain: string) => onOneLine(interfacesOf(domain)[macOf("a", n)] ?? "");
    // A reservation is the network's.
    const home = observed.networks["home"]!;
    return { live: of(liveXml) + onOneLine(home.liveXml ?? ""), persistent: of(xml) + onOneLine(home.xml) };
  }
  const { xml, liveXml = "", autostart } = observed.networks[type]!;
  const flags = `<!-- autostart ${autostart ? "on" : "off"} -->`;
  return { live: flags + onOneLine(liveXml), persistent: flags + onOneLine(xml) };
}

/** The word by which a refresh names the row's property: of the XML that it shows, the element, or else the attribute. */
export const wordOf = ({ named, shows }: Row): string => {
  const text = typeof shows === "string" ? shows : shows(0);
  return named ?? (/<([\w:]+)/.exec(text) ?? /(\w+)=/.exec(text))![1]!;
};
