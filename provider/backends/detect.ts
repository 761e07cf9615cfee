import type { Managed } from "../facts";
import type { Files, Owner } from "./backend";
import { fileOf, isScript, SCRIPTS } from "./ifcfgFiles";
import { INTERFACES, sources } from "./ifupdownSources";
import { sections } from "./interfacesFile";
import { isProfile, profileOf } from "./networkManagerFiles";
import { devicesOf, rendererOf } from "./netplanDevices";
import { networkFileOf } from "./networkdFiles";

export interface Detected {
  readonly owner: Owner;
  /** What was looked at, in order, and what it said. */
  readonly trail: readonly string[];
  /** The file that decided it, for the reviewer. */
  readonly because?: string;
  /** Why nothing may be written here: somebody owns the links whose files this version cannot write. */
  readonly refused?: string;
}

/** What is known of a host before anybody owns it. */
export interface Facts {
  readonly files: Files;
  readonly has: (command: string) => boolean;
  /** What daemons say that they have in their hands. */
  readonly managed?: Readonly<Record<string, Managed>>;
  readonly macs?: (link: string) => string | undefined;
}

/** Another owner: the file (or other reason) by which it claims a link. */
interface Claimant {
  readonly name: string;
  /** The backend, where there is one. */
  readonly owner?: Owner;
  claims(link: string, facts: Facts): string | undefined;
}

const NETPLAN = /^\/run\/(systemd\/network\/10-netplan-|NetworkManager\/system-connections\/netplan-)/;

const claimants: readonly Claimant[] = [
  {
    name: "netplan",
    owner: "netplan",
    // A `match:` needs facts that the file may not have; whoever has one means netplan to own the NICs. Whoever says no more than
    // `renderer: NetworkManager` leaves them to it.
    claims: (link, { files, macs = () => undefined }) =>
      devicesOf(files, link, macs(link))[0]?.path ??
      fileThat(files, /^\/etc\/netplan\/[^/]*\.yaml$/, (text) =>
        new RegExp(`^\\s+["']?${escape(link)}["']?\\s*:|^\\s+match\\s*:`, "m").test(text),
      ),
  },
  {
    name: "systemd-networkd",
    owner: "networkd",
    claims: (link, { files, managed = {}, macs = () => undefined }) => {
      const file = managed[link]?.by === "networkd" ? managed[link].file : networkFileOf(files, link, macs(link));
      return file === undefined || NETPLAN.test(file) ? undefined : file;
    },
  },
  {
    name: "ifcfg",
    owner: "ifcfg",
    claims: (link, { files, macs = () => undefined }) => fileOf(files, link, macs(link)),
  },
  {
    name: "NetworkManager",
    owner: "NetworkManager",
    claims: (link, { files, managed = {}, macs = () => undefined }) => {
      const is = managed[link]?.by === "NetworkManager" ? managed[link] : undefined;
      const file = is?.file ?? profileOf(files, link, macs(link));
      if (file === undefined) return is && "its default profile (no file)";
      return NETPLAN.test(file) || !isProfile(file) ? undefined : file;
    },
  },
];

/**
 * Who owns the links. Whoever names one in its files does; where nobody does, ifupdown if it is installed (it leaves
 * alone what it does not name, so there is room for the bridge), else nobody (`runtime`).
 */
export function detect(links: readonly string[], facts: Facts): Detected {
  const trail: string[] = [];
  const { files, has, managed = {} } = facts;
  const refuse = (reason: string): Detected => ({
    owner: "runtime",
    trail,
    refused: `${reason}; ${RUNTIME}`,
  });
  const named = namedIn(files, links);
  if (named) trail.push(`${named.path} names ${named.link}`);
  else
    trail.push(
      files[INTERFACES] === undefined ? `no ${INTERFACES}` : `${INTERFACES} names none of ${links.join(", ")}`,
    );
  trail.push(`ifup is ${has("ifup") ? "" : "not "}installed`);
  if (named && has("ifup")) {
    // Whoever is there at the same time as ifupdown: what is left over in the files of one that does not run claims nothing.
    const rival = managed[named.link] && claimOf(named.link, facts);
    if (rival) return refuse(`${named.link} belongs to ifupdown (${named.path}) and to ${rival.name} (${rival.why}) at once, which bring it up one after the other at boot; take it out of one of them`); // prettier-ignore
    const because = `ifupdown${has("ifreload") ? "2" : ""}: ${named.path} configures ${named.link}`;
    return { ...ifupdown(trail, `${named.link} belongs to ifupdown (${named.path})`, has), because };
  }

  for (const claimant of claimants) {
    const [claim] = links.flatMap((link) => claimOf(link, facts, [claimant]) ?? []);
    trail.push(claim ? `${claimant.name} owns ${claim.link}: ${claim.why}` : `${claimant.name} names none of them`);
    if (claim) break;
  }
  const claimed = links.flatMap((link) => claimOf(link, facts) ?? []);
  const [first] = claimed;
  // RHEL's ifup is another than Debian's.
  const isRhel = files[INTERFACES] === undefined && Object.keys(files).some((path) => path.startsWith(`${SCRIPTS}/`));
  if (first === undefined && isRhel && has("ifup")) {
    trail.push(`ifup is network-scripts' (there is a ${SCRIPTS})`);
    return { owner: "ifcfg", trail };
  }
  if (first === undefined)
    return has("ifup") ? ifupdown(trail, "ifupdown configures this host", has) : { owner: "runtime", trail };
  const other = claimed.find(({ name }) => name !== first.name);
  if (other) return refuse(`${first.link} belongs to ${first.name} (${first.why}), ${other.link} to ${other.name} (${other.why}), and a bridge has one owner`); // prettier-ignore
  if (first.owner === undefined) return refuse(`${first.link} belongs to ${first.name} (${first.why}), which this version cannot write yet`); // prettier-ignore
  return {
    owner: first.owner,
    trail,
    because: `${first.name}: ${first.why} configures ${first.link}${by(first.owner, first.link, facts)}`,
  };
}

/** Who reads the owner's files, where that may be one or another. */
function by(owner: Owner, link: string, { files, macs, managed = {} }: Facts): string {
  if (owner === "netplan") return `; renderer ${rendererOf(files, devicesOf(files, link, macs?.(link))[0])}`;
  if (owner !== "ifcfg") return "";
  return isScript(managed[link]?.file ?? "") ? "; read by NetworkManager" : "; network-scripts";
}

const RUNTIME = '`owner: "runtime"` changes the kernel only, until the next reboot';

function claimOf(link: string, facts: Facts, among = claimants) {
  for (const { name, owner, claims } of among) {
    const why = claims(link, facts);
    if (why !== undefined) return { name, owner, link, why };
  }
  return undefined;
}

/** ifupdown makes bridges by bridge-utils' scripts alone; ifupdown2 makes them itself. */
function ifupdown(trail: string[], fact: string, has: Facts["has"]): Detected {
  if (has("ifreload")) trail.push("ifup is ifupdown2's (there is an ifreload)");
  else if (!has("brctl")) {
    trail.push("brctl is not installed");
    return {
      owner: "runtime",
      trail,
      refused: `${fact}, but bridge-utils, without which it makes no bridge at boot, is not installed: apt-get install bridge-utils, or ${RUNTIME}`,
    };
  }
  return { owner: "ifupdown", trail };
}

function namedIn(files: Files, links: readonly string[]): { path: string; link: string } | undefined {
  for (const path of sources(files).paths) {
    const names = Object.keys(sections(files[path]!)).filter((name) => name.startsWith("iface "));
    const link = links.find((link) => names.some((name) => name.split(" ")[1] === link));
    if (link !== undefined) return { path, link };
  }
  return undefined;
}

const fileThat = (files: Files, path: RegExp, claims: (text: string, path: string) => boolean): string | undefined =>
  Object.keys(files).find((name) => path.test(name) && claims(files[name]!, name));

const escape = (text: string) => text.replace(/[.+]/g, "\\$&");
