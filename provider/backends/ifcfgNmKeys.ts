import { isIPv6 } from "../parse";
import { isFalse, isTrue, type IfcfgFile } from "./ifcfgFile";
import { routeOf } from "./ifcfgFiles";
import { addresses4, isDhcp } from "./ifcfgKeys";
import { routeWords } from "./networkManagerFiles";

/** What the keys of an ifcfg- file come to where NetworkManager reads them (nms-ifcfg-rh-reader.c; nm-settings-ifcfg-rh(5)). */
export type Method = "auto" | "manual" | "none" | "other";

/** One of these says that the link is a port: of a bridge, a bond or a team. */
export const PORT = ["BRIDGE", "BRIDGE_UUID", "MASTER", "MASTER_UUID", "TEAM_MASTER", "TEAM_MASTER_UUID"];

export function method4(file: IfcfgFile): Method {
  const said = file.get("BOOTPROTO") ?? "none";
  if (isDhcp(file)) return "auto";
  if (!/^(none|static)$/i.test(said)) return "other";
  return addresses4(file).length > 0 ? "manual" : "none";
}

/** Without IPV6INIT it has nothing to do with IPv6; with it, it heeds the router, and asks for what that says. */
export function method6(file: IfcfgFile, global: IfcfgFile): Method {
  if (isTrue(file.get("IPV6_DISABLED")) || !isTrue(file.get("IPV6INIT") ?? global.get("IPV6INIT"))) return "none";
  const said = file.get("IPV6_AUTOCONF");
  if (said === "shared") return "other";
  const isAuto = isTrue(said) || (!isFalse(said) && !isTrue(file.get("IPV6FORWARDING")));
  return isAuto || isTrue(file.get("DHCPV6C")) ? "auto" : "manual";
}

export const addresses6 = (file: IfcfgFile, global: IfcfgFile): string[] =>
  method6(file, global) === "none"
    ? []
    : [file.get("IPV6ADDR") ?? "", ...(file.get("IPV6ADDR_SECONDARIES") ?? "").split(/\s+/)]
        .filter(Boolean)
        .map((address) => (address.includes("/") ? address : `${address}/64`));

/** Of the family's routes that have none of their own. */
export const metricOf = (file: IfcfgFile, family: 4 | 6, otherwise: number): number => {
  const said = Number(file.get(`IPV${family}_ROUTE_METRIC`) ?? -1);
  return said >= 0 ? said : otherwise;
};

/** Whether the gateway is no way: `/etc/sysconfig/network` goes before the file. */
export function neverDefault(file: IfcfgFile, global: IfcfgFile, family: 4 | 6): boolean {
  const [, dev6] = (global.get("IPV6_DEFAULTGW") ?? "").split("%");
  const dev = family === 4 ? global.get("GATEWAYDEV") : (dev6 ?? global.get("IPV6_DEFAULTDEV"));
  const device = file.get("DEVICE");
  return dev !== undefined && device !== undefined
    ? dev !== device
    : isFalse(file.get(family === 4 ? "DEFROUTE" : "IPV6_DEFROUTE"));
}

/** The gateway, which needs an address beside it, wherever it may be; that of `/etc/sysconfig/network` is every link's. */
export function gatewayOf(file: IfcfgFile, global: IfcfgFile, family: 4 | 6): string | undefined {
  if (family === 6) {
    const via = file.get("IPV6_DEFAULTGW") ?? global.get("IPV6_DEFAULTGW");
    return addresses6(file, global).length > 0 ? via?.split("%")[0] : undefined;
  }
  if (addresses4(file).length === 0) return undefined;
  const numbers = ["", ...Array(256).keys()].filter((n) => file.get(`IPADDR${n}`) !== undefined);
  return numbers.flatMap((n) => file.get(`GATEWAY${n}`) ?? [])[0] ?? global.get("GATEWAY");
}

export function gateways(file: IfcfgFile, global: IfcfgFile, otherwise: number): string[] {
  return ([4, 6] as const).flatMap((family) => {
    const via = gatewayOf(file, global, family);
    if (via === undefined || neverDefault(file, global, family)) return [];
    return [routeWords(family === 4 ? "0.0.0.0/0" : "::/0", via, metricOf(file, family, otherwise))];
  });
}

/** The route that a line of a route- file sets, where a bridge can be given it: one that says no metric has the file's. */
export function lineRoute(line: string, file: IfcfgFile, otherwise: number): string | undefined {
  const words = routeOf(line);
  if (words === undefined || /\smetric\s+\d+/.test(line)) return words;
  const [to = "", via = ""] = words.split(" via ");
  return routeWords(to, via, metricOf(file, isIPv6(words) ? 6 : 4, otherwise));
}

/** It knows no other words for it. */
export const isStp = (file: IfcfgFile): boolean => /^(yes|on)$/i.test(file.get("STP") ?? "");
