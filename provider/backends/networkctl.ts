import type { Managed } from "../facts";
import { baseOf } from "./networkdFiles";

/** What systemd-networkd has in its hands, as `networkctl status --all` tells people. */
export function parseNetworkctl(text: string): Record<string, Managed> {
  const managed = Object.create(null) as Record<string, Managed>;
  // `● 2: eth0`, or `* 2: eth0`, and its fields indented.
  for (const [, name = "", fields = ""] of text.matchAll(/^\W*\d+: (\S+)\s*\n((?:[ \t]+.*\n?)*)/gm)) {
    const field = (title: string) => new RegExp(`^\\s*${title}: *(.*?)\\s*$`, "m").exec(fields)?.[1];
    const file = field("Network File");
    const setup = /\((\S+)\)/.exec(field("State") ?? "")?.[1];
    if (setup === undefined || setup === "unmanaged" || !file?.startsWith("/")) continue;
    const iaid = /IAID:(\w+)/.exec(field("DHCP4 Client ID") ?? "")?.[1];
    managed[name] = { by: "networkd", file, ...(iaid !== undefined && { iaid }) };
  }
  return managed;
}

/** Drop-ins of a unit's file, in the order in which they are read (systemd.network(5)): by their own names, whichever folder has them. */
export function dropIns(file: string, files: Readonly<Record<string, string>>): string[] {
  return Object.keys(files)
    .filter((path) => path.endsWith(".conf") && path.includes(`/systemd/network/${baseOf(file)}.d/`))
    .sort((a, b) => (baseOf(a) < baseOf(b) ? -1 : 1));
}

/** For which families networkd is a link's DHCP client, by the link's file: the last `DHCP=` counts. */
export function dhcpOf(file: string | undefined, files: Readonly<Record<string, string>>): (4 | 6)[] {
  if (file === undefined) return [];
  const text = [file, ...dropIns(file, files)].map((path) => files[path] ?? "").join("\n");
  return dhcpFamilies([...text.matchAll(/^\s*DHCP\s*=\s*(\S*)\s*$/gm)].at(-1)?.[1]);
}

/** A boolean of systemd.syntax(7). */
export const isOn = (value = ""): boolean => /^(yes|true|on|y|t|1)$/i.test(value);

/** The values that systemd.network(5) has for `DHCP=`, the old ones too. */
export function dhcpFamilies(value = ""): (4 | 6)[] {
  if (isOn(value) || /^both$/i.test(value)) return [4, 6];
  return /^(ipv4|v4)$/i.test(value) ? [4] : /^(ipv6|v6)$/i.test(value) ? [6] : [];
}
