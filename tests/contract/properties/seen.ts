import type { DisruptionLabel } from "../../../provider/disruption";
import { interfacesOf } from "../../../provider/libvirt/interface";
import type { Look } from "./look";

/** What a change did to the host, by what the kernel says of it. */
export interface Seen {
  readonly dnsmasq: "none" | "same" | "reads again" | "new";
  readonly bridge: "same" | "new";
  readonly taps: "same" | "moved" | "new";
}

/** Of a network and of the taps that hang on it, or of one guest's interface alone. */
export function seen(
  before: Look,
  after: Look,
  network: string,
  nics: readonly (readonly [guest: string, mac: string])[],
): Seen {
  return {
    dnsmasq: dnsmasqOf(before, after, network),
    bridge: bridgeOf(before, network) === bridgeOf(after, network) ? "same" : "new",
    taps: nics.map((nic) => tapsOf(before, after, nic)).reduce((a, b) => (order.indexOf(a) > order.indexOf(b) ? a : b)),
  };
}

/** By the worst of what is seen. */
export const labelOf = ({ dnsmasq, bridge, taps }: Seen): DisruptionLabel =>
  taps === "new"
    ? "link bounce"
    : bridge === "new"
      ? "network bounce"
      : dnsmasq === "new"
        ? "dnsmasq restart"
        : dnsmasq === "reads again"
          ? "dnsmasq reload"
          : "live";

const order: readonly Seen["taps"][] = ["same", "moved", "new"];

function dnsmasqOf(before: Look, after: Look, network: string): Seen["dnsmasq"] {
  const [was, is] = [before.dnsmasq[network], after.dnsmasq[network]];
  if (!was && !is) return "none";
  if (was?.pid !== is?.pid) return "new";
  // Its own signals are a few bytes each.
  return is!.read - was!.read < after.etcHosts ? "same" : "reads again";
}

function bridgeOf({ observed, ifindex }: Look, network: string): number | undefined {
  const name = /<bridge name='([^']+)'/.exec(observed.networks[network]?.liveXml ?? "")?.[1];
  return name === undefined ? undefined : ifindex[name];
}

function tapsOf(before: Look, after: Look, [guest, mac]: readonly [string, string]): Seen["taps"] {
  const [was, is] = [before, after].map(({ observed, ifindex }) => {
    const element = interfacesOf(observed.domains[guest]?.liveXml ?? "<domain/>")[mac] ?? "";
    const tap = /<target dev='([^']+)'/.exec(element)?.[1] ?? "";
    return { index: ifindex[tap], master: observed.links[tap]?.master };
  });
  if (was!.index !== is!.index) return "new";
  return was!.master === is!.master ? "same" : "moved";
}
