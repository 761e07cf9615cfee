import { isIPv6 } from "../parse";
import { reaches } from "./addressing";
import type { Backend, BridgePlan, Found } from "./backend";
import { find, unsupported } from "./netplan";
import { devices, devicesOf, isYes, settingsOf, type Device, type Metric } from "./netplanDevices";
import type { Part } from "./netplanPart";
import { renderFor } from "./netplanRender";
import { metricFor } from "./networkManager";
import { limitOf } from "./networkManagerLimits";
import { isWay, isYes as isTrue, WAY } from "./networkManagerFiles";

/**
 * netplan with NetworkManager: the YAML files of /etc/netplan, of which netplan makes profiles below /run at each boot. What NetworkManager
 * has and netplan has no word for is handed on (`passthrough`).
 */
export const netplanNetworkManager: Backend = {
  owner: "netplan",
  manager: "NetworkManager",

  find(name, link, files, managed) {
    const metric = metricFor(link, managed);
    const { bridge, ...found } = find(name, link, files, managed, (device) => metricOf(device.says, metric));
    const vlans = devicesOf(files, name, link.mac).map(({ says }) => settingsOf(says)["bridge.vlan-filtering"]).findLast((value) => value !== undefined); // prettier-ignore
    return {
      ...found,
      metric,
      ...(managed?.clientId !== undefined && { clientId: managed.clientId }),
      ...(bridge && {
        bridge: {
          // What is STP's only it sets with STP on.
          ...(bridge["stp"] ? bridge : Object.fromEntries(Object.entries(bridge).filter(([key]) => !/^(forwardDelay|helloTime|maxAge|priority)$/.test(key)))),
          ...(vlans !== undefined && { vlanFiltering: isTrue(String(vlans)) }),
        },
      }),
    }; // prettier-ignore
  },

  unsupported(bridge, found = {}, files = {}) {
    const reason = unsupported(bridge, found, files, "NetworkManager") ?? limitOf(bridge);
    if (reason !== undefined) return reason;
    for (const [name, link] of Object.entries(found).filter(([, link]) => reaches(link))) {
      const device = devices(files).find(({ path, kind, id }) => `${path}#${kind}.${id}` in link.sections);
      if (device === undefined && Object.keys(link.sections).length === 0)
        return `NetworkManager configures ${name} by a profile that netplan has no word of; say it in netplan's files, or take \`renderer: NetworkManager\` out of them`;
      if (device && /^(wifis|modems)$/.test(device.kind))
        return `${name} is one of netplan's ${device.kind}, which are no bridge's ports`;
    }
    for (const [name, link] of Object.entries(found))
      for (const [key, text] of Object.entries(link.sections)) {
        const odd = /^\s*["']?(ipv[46]\.(method|address.*|addresses|gateway|route\d.*|routes|dns|dns-search))["']?\s*:/m.exec(text)?.[1];
        if (odd !== undefined && name !== bridge.name)
          return `${key.split("#")[0]} says ${odd} of ${name} to NetworkManager, past netplan; say it in netplan's words`;
      }
    return undefined;
  }, // prettier-ignore

  render: renderFor({
    renderer: "NetworkManager",
    take(bridge, port) {
      for (const [key, value] of Object.entries(port.settings)) {
        const [section = "", name = ""] = key.split(/\.(.*)/s);
        if (!isWay(section) && !(section === "connection" && WAY.test(name))) continue;
        if (!(key in bridge.settings)) bridge.setSetting(key, String(value));
        port.setSetting(key, undefined);
      }
    },
    metric: (bridge, from, family) => metricOf(bridge.map.toJSON() as Device["says"], from?.metric ?? METRIC)(family),
    write,
    // A NIC without an address would be given a link-local one.
    leave: (port) => port.setSetting("ipv4.method", "disabled"),
  }),
};

/** NetworkManager's own of a bridge. */
const METRIC = 425;

/** The metric of routes that say none: what is said of them all, else what NetworkManager gave them. */
const metricOf =
  (says: Device["says"], otherwise: number): Metric =>
  (family) => {
    const overrides = isYes(says[`dhcp${family}`]) ? (says[`dhcp${family}-overrides`] as Device["says"] | undefined) : undefined; // prettier-ignore
    return Number(settingsOf(says)[`ipv${family}.route-metric`] ?? overrides?.["route-metric"] ?? otherwise);
  };

function write(plan: BridgePlan, bridge: Part, from: Found | undefined, isSaid: boolean): void {
  for (const family of [4, 6] as const) {
    const leases = family === 4 ? plan.dhcp4 : plan.dhcp6;
    const isThere = leases || plan.addresses.some((address) => isIPv6(address) === (family === 6));
    // netplan would have it make a link-local address, where there is no other.
    if (family === 4) bridge.setSetting("ipv4.method", isThere ? undefined : "disabled");
    const says = bridge.map.toJSON() as Device["says"];
    // A bridge's own metric would be another than the NIC's: what is reached over several links would go another way.
    if (isThere && !isSaid && Number.isNaN(metricOf(says, NaN)(family)))
      bridge.setSetting(`ipv${family}.route-metric`, String(from?.metric ?? METRIC));
  }
  const { vlanFiltering, macAddress } = plan;
  if (vlanFiltering !== undefined && isTrue(String(bridge.settings["bridge.vlan-filtering"] ?? false)) !== vlanFiltering)
    bridge.setSetting("bridge.vlan-filtering", String(vlanFiltering));
  // A NIC's lease is its client's, whichever link that has: by default it goes by the link's MAC.
  const identity = plan.dhcp4 && !isSaid ? from?.clientId : undefined;
  const isSame = identity === `01:${macAddress}` && bridge.settings["ipv4.dhcp-client-id"] === undefined;
  if (identity !== undefined && !isSame) bridge.setSetting("ipv4.dhcp-client-id", identity);
} // prettier-ignore
