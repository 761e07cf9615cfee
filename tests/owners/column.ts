import type { Owner } from "../../provider/backends/backend";
import type { Managed } from "../../provider/facts";
import type { Manager } from "../../provider/hostState";
import type { Link } from "./cases";

export type Links = Readonly<Record<string, Link>>;

/** Writes what whoever installed the host would have written for its links; not what we render. */
export interface Column {
  /** Begins the names of its cells, of tests/golden/owners. */
  readonly name: string;
  readonly owner: Owner;
  /** On root's PATH, beside `ip` and `virsh`. */
  readonly commands: readonly string[];
  /** The daemon that has the links in its hands, and is their DHCP client; without one it is dhclient. */
  readonly manager?: Manager;
  /** Its files: path below / → text. */
  files(links: Links): Readonly<Record<string, string>>;
  /** What the daemon says of a link that it has in its hands. */
  managed?(name: string, link: Link): Omit<Managed, "by">;
  /** The metric of its routes over the link that have none of their own, where that is not the kernel's. */
  metric?(link: Link): number;
  /** It has one word for router advertisements and DHCPv6, and asks for what the router says. */
  readonly autoIsDhcp6?: boolean;
  /** It sets a bridge's times only with STP on, which they are about. */
  readonly timesNeedStp?: boolean;
}

export const paragraphs = (...lines: readonly (readonly string[])[]): string =>
  `${lines
    .filter((paragraph) => paragraph.length > 0)
    .map((paragraph) => paragraph.join("\n"))
    .join("\n\n")}\n`;

export const isIPv6 = (words: string) => words.includes(":");
export const bondOf = (links: Links, member: string): string | undefined =>
  Object.keys(links).find((name) => links[name]!.bond?.of.includes(member));
export const vlansOver = (links: Links, parent: string): string[] =>
  Object.keys(links).filter((name) => links[name]!.vlan?.over === parent);

/** What systemd-networkd makes of the name eth0. */
export const IAID = "0xb85d39e7";
