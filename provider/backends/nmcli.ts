import type { Managed } from "../facts";
import { IfcfgFile } from "./ifcfgFile";
import { GLOBAL, isScript } from "./ifcfgFiles";
import { isDhcp } from "./ifcfgKeys";
import { method6, PORT } from "./ifcfgNmKeys";
import { dhcpOf, parseKeyfile } from "./networkManagerFiles";

/**
 * What NetworkManager has in its hands, as `nmcli -t -f all device show` and `nmcli -t -f UUID,FILENAME connection show` tell people. A
 * link that came and is configured without it is none of them, though it says that it is connected ("externally").
 */
export function parseNmcli(devices: string, connections: string): Record<string, Managed> {
  const paths = new Map(connections.split("\n").map((line) => [line.slice(0, 36), line.slice(37)]));
  const managed = Object.create(null) as Record<string, Managed>;
  for (const block of devices.split(/\n\s*\n/)) {
    const fields = block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)] as const); // prettier-ignore
    const get = (key: string) => fields.find(([name]) => name === key)?.[1] ?? "";
    const list = (key: string) => fields.flatMap(([name, value]) => (name.startsWith(`${key}[`) ? [value] : []));
    const name = get("GENERAL.DEVICE");
    const state = get("GENERAL.STATE");
    if (name === "" || Number.parseInt(state) < 20 || state.includes("externally")) continue;
    const file = paths.get(get("GENERAL.CON-UUID"));
    const clientId = list("DHCP4.OPTION").flatMap((option) => /^dhcp_client_identifier = (\S+)$/.exec(option)?.[1] ?? []); // prettier-ignore
    const metric = metricOf([...list("IP4.ROUTE"), ...list("IP6.ROUTE")]);
    const leases = ([4, 6] as const).filter((family) => list(`DHCP${family}.OPTION`).length > 0);
    managed[name] = {
      by: "NetworkManager",
      ...(file?.startsWith("/") && { file }),
      ...(clientId[0] !== undefined && { clientId: clientId[0] }),
      ...(metric !== undefined && { metric }),
      ...(leases.length > 0 && { leases }),
    };
  }
  return managed;
}

/** By a subnet's own route, since a default route has a worse one while the world does not answer. */
const metricOf = (routes: readonly string[]): number | undefined =>
  routes.flatMap((route) => {
    const [, to = "", via = "", metric] = /^dst = (\S+), nh = (\S+), mt = (\d+)/.exec(route) ?? [];
    const isSubnet = (via === "0.0.0.0" || via === "::") && !/^(fe80|ff00):/.test(to);
    return isSubnet ? Number(metric) : [];
  })[0];

/** For which families NetworkManager is a link's DHCP client: by its profile, else by what it has. */
export function leasesOf({ file, leases = [] }: Managed, files: Readonly<Record<string, string>>): readonly (4 | 6)[] {
  const text = file === undefined ? undefined : files[file];
  if (text === undefined) return leases;
  if (!isScript(file!)) return dhcpOf(parseKeyfile(text));
  const found = new IfcfgFile(text);
  if (PORT.some((key) => found.get(key) !== undefined)) return [];
  const is6 = method6(found, new IfcfgFile(files[GLOBAL] ?? "")) === "auto";
  return [...(isDhcp(found) ? [4 as const] : []), ...(is6 ? [6 as const] : [])];
}
