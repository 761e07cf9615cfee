import type { Files, Owner } from "./backend";
import { globMatches } from "./glob";
import { INTERFACES, sources } from "./ifupdownSources";
import { sections } from "./interfacesFile";

export interface Detected {
  readonly owner: Owner;
  /** What was looked at, in order, and what it said. */
  readonly trail: readonly string[];
  /** Why nothing may be written here: somebody owns the links whose files this version cannot write. */
  readonly refused?: string;
}

interface Facts {
  readonly files: Files;
  readonly has: (command: string) => boolean;
}

/** Another owner: the file (or other reason) by which it claims a link. */
interface Claimant {
  readonly name: string;
  claims(link: string, facts: Facts): string | undefined;
}

const claimants: readonly Claimant[] = [
  {
    name: "netplan",
    // A `match:` needs facts that the file does not have; whoever has one means netplan to own the NICs.
    claims: (link, { files }) =>
      fileThat(files, /^\/etc\/netplan\/[^/]*\.yaml$/, (text) =>
        new RegExp(
          `^\\s+["']?${escape(link)}["']?\\s*:|^\\s+match\\s*:|^\\s*renderer\\s*:\\s*NetworkManager`,
          "m",
        ).test(text),
      ),
  },
  {
    name: "systemd-networkd",
    claims: (link, { files }) =>
      fileThat(files, /^\/etc\/systemd\/network\/[^/]*\.network$/, (text) =>
        [...text.matchAll(/^\s*Name\s*=\s*(.*)$/gm)].some(([, names = ""]) =>
          names.split(/\s+/).some((pattern) => pattern !== "" && globMatches(pattern, link)),
        ),
      ),
  },
  {
    name: "network-scripts (ifcfg)",
    claims: (link, { files }) =>
      fileThat(files, new RegExp(`^/etc/sysconfig/network-scripts/ifcfg-${escape(link)}$`), () => true),
  },
  {
    name: "NetworkManager",
    claims: (link, { files, has }) =>
      fileThat(
        files,
        /^\/etc\/NetworkManager\/system-connections\/[^/]*$/,
        (text, path) =>
          new RegExp(`^\\s*interface-name\\s*=\\s*${escape(link)}\\s*$`, "m").test(text) ||
          path.endsWith(`/${link}.nmconnection`),
      ) ??
      // NetworkManager takes every NIC that /etc/network/interfaces does not name (NetworkManager.conf(5), ifupdown plugin), without a file.
      (has("nmcli") ? "nmcli is installed, and /etc/network/interfaces does not name the link" : undefined),
  },
];

/**
 * Who owns the links. Whoever names one in its files does; where nobody does, ifupdown if it is installed (it leaves
 * alone what it does not name, so there is room for the bridge), else nobody (`runtime`).
 */
export function detect(links: readonly string[], facts: Facts): Detected {
  const trail: string[] = [];
  const { files, has } = facts;
  const named = namedIn(files, links);
  if (named) trail.push(`${named.path} names ${named.link}`);
  else
    trail.push(
      files[INTERFACES] === undefined ? `no ${INTERFACES}` : `${INTERFACES} names none of ${links.join(", ")}`,
    );
  trail.push(`ifup is ${has("ifup") ? "" : "not "}installed`);
  if (named && has("ifup")) return ifupdown(trail, `${named.link} belongs to ifupdown (${named.path})`, has);

  for (const { name, claims } of claimants) {
    for (const link of links) {
      const why = claims(link, facts);
      if (why === undefined) continue;
      trail.push(`${name} owns ${link}: ${why}`);
      const refused =
        `${link} belongs to ${name} (${why}), which this version cannot write yet; ` +
        '`owner: "runtime"` changes the kernel only, until the next reboot';
      return { owner: "runtime", trail, refused };
    }
    trail.push(`${name} names none of them`);
  }
  return has("ifup") ? ifupdown(trail, "ifupdown configures this host", has) : { owner: "runtime", trail };
}

/** ifupdown makes bridges by bridge-utils' scripts alone; ifupdown2 reads the same files, but is another program with another state. */
function ifupdown(trail: string[], fact: string, has: Facts["has"]): Detected {
  const runtime = '`owner: "runtime"` changes the kernel only, until the next reboot';
  if (has("ifreload")) {
    trail.push("ifup is ifupdown2's (there is an ifreload)");
    return {
      owner: "runtime",
      trail,
      refused: `${fact}, in its ifupdown2, which this version cannot activate yet; ${runtime}`,
    };
  }
  if (!has("brctl")) {
    trail.push("brctl is not installed");
    return {
      owner: "runtime",
      trail,
      refused: `${fact}, but bridge-utils, without which it makes no bridge at boot, is not installed: apt-get install bridge-utils, or ${runtime}`,
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
