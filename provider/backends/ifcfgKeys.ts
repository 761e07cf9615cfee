import { inSubnet } from "../parse";
import { withPrefix } from "./addressing";
import { isFalse, type IfcfgFile } from "./ifcfgFile";
import { normalRoute, prefixOf } from "./ifupdownCommands";

/** What the keys of an ifcfg- file come to (sysconfig.txt; ifup-eth, ifup-ipv6 of network-scripts). */
export const isDhcp = (file: IfcfgFile): boolean => /^(dhcp|bootp)$/i.test(file.get("BOOTPROTO") ?? "");

/** `DNS1`, `DNS2`, …: up to the first that is not there. */
export function numbered(file: IfcfgFile, key: string): string[] {
  const found: string[] = [];
  for (let i = 1; file.get(`${key}${i}`) !== undefined; i++) found.push(file.get(`${key}${i}`)!);
  return found;
}

/** `IPADDR`, `IPADDR0`, `IPADDR1`, … with their prefixes (expand_config in network-functions). */
export const addresses4 = (file: IfcfgFile): string[] =>
  ["", ...Array(256).keys()].flatMap((n) => {
    const address = file.get(`IPADDR${n}`);
    if (address === undefined) return [];
    const said = file.get(`PREFIX${n}`) ?? file.get(`NETMASK${n}`);
    return [`${address}/${(said === undefined ? undefined : prefixOf(said)) ?? classOf(address)}`];
  });

/** RFC 791, as ipcalc goes by it where nothing is said. */
const classOf = (address: string): number => {
  const first = Number(address.split(".")[0]);
  return first < 128 ? 8 : first < 192 ? 16 : 24;
};

export const addresses6 = (file: IfcfgFile): string[] =>
  isFalse(file.get("IPV6INIT"))
    ? []
    : [file.get("IPV6ADDR") ?? "", ...(file.get("IPV6ADDR_SECONDARIES") ?? "").split(/\s+/)].filter(Boolean).map(withPrefix); // prettier-ignore

/** A gateway counts in the first address's subnet alone (ifup-eth), also that of /etc/sysconfig/network, which has no metric of its own. */
export function gateways(file: IfcfgFile, global: IfcfgFile): string[] {
  const [first] = addresses4(file);
  const via = file.get("GATEWAY") ?? global.get("GATEWAY");
  const is4 = !isDhcp(file) && !isFalse(file.get("DEFROUTE")) && first && via && inSubnet(via, first);
  const metric = file.get("METRIC");
  const [via6] = (file.get("IPV6_DEFAULTGW") ?? global.get("IPV6_DEFAULTGW") ?? "").split("%");
  return [
    ...(is4 ? [normalRoute(`default via ${via}${metric ? ` metric ${metric}` : ""}`)] : []),
    ...(via6 && !isFalse(file.get("IPV6INIT")) ? [normalRoute(`default via ${via6}`)] : []),
  ];
}

/** The kernel's own names and hundredths of a second, as they go to /sys/class/net/BRIDGE/bridge. */
export const bridgingOptions = (file: IfcfgFile): Map<string, string> =>
  new Map(
    (file.get("BRIDGING_OPTS") ?? "").split(/\s+/).flatMap((word) => {
      const [, key, value] = /^([^=]+)=(.*)$/.exec(word) ?? [];
      return key === undefined ? [] : [[key, value!] as const];
    }),
  );

/** Seconds; BRIDGING_OPTS go after DELAY (ifup-eth). */
export function forwardDelayOf(file: IfcfgFile): number | undefined {
  const [delay, option] = [file.get("DELAY"), bridgingOptions(file).get("forward_delay")];
  const seconds = option === undefined ? Number(delay ?? NaN) : Number(option) / 100;
  return Number.isNaN(seconds) ? undefined : seconds;
}
