import { isIPv6 } from "../parse";
import type { BridgePlan } from "./backend";

/** Why NetworkManager cannot have the bridge, whatever its files are. */
export function limitOf(bridge: BridgePlan): string | undefined {
  if (bridge.maxWait > 0)
    return "maxWait is ifup(8)'s; NetworkManager brings the bridge up and waits for nobody (forwardDelay: 0 needs no wait)";
  const times = { forwardDelay: bridge.forwardDelay, helloTime: bridge.helloTime, maxAge: bridge.maxAge, ageingTime: bridge.ageingTime }; // prettier-ignore
  const [odd] = Object.entries(times).filter(([, seconds]) => seconds !== undefined && !Number.isInteger(seconds));
  if (odd) return `NetworkManager has whole seconds, and ${odd[0]} is ${odd[1]}`;
  const idle = (["forwardDelay", "helloTime", "maxAge", "priority"] as const).find((key) => bridge[key]);
  if (!bridge.stp && idle)
    return `NetworkManager sets ${idle} only with STP on, and without STP a bridge does not heed it; leave it out, or set \`stp\``;
  for (const family of [4, 6] as const) {
    const isOurs = (words: string) => isIPv6(words) === (family === 6);
    const [nameserver] = bridge.nameservers.filter(isOurs);
    const isThere = (family === 4 ? bridge.dhcp4 : bridge.dhcp6) || bridge.addresses.some(isOurs);
    if (nameserver !== undefined && !isThere)
      return `NetworkManager takes the nameserver ${nameserver} only with IPv${family} on the bridge, which has no such address`;
  }
  return undefined;
}
