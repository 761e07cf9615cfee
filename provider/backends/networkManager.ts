import type { Managed } from "../facts";
import type { LinkState } from "../hostState";
import { byFamily, reaches } from "./addressing";
import type { Backend, BridgePlan, Files, Found } from "./backend";
import type { IniSection } from "./iniFile";
import * as keyfile from "./networkManagerFiles";
import { limitOf } from "./networkManagerLimits";
import { render } from "./networkManagerRender";
import { runtime } from "./runtime";

/** NetworkManager: keyfiles of /etc/NetworkManager/system-connections. */
export const networkManager: Backend = {
  owner: "NetworkManager",
  manager: "NetworkManager",
  find,
  unsupported,
  render,
};

const families = [4, 6] as const;

/** What NetworkManager chooses by the kind of link, where a profile says no metric (ipv4.route-metric in nm-settings(5)). */
const METRICS: Readonly<Record<string, number>> = { bond: 300, vlan: 400, bridge: 425 };
export const metricFor = ({ kind = "" }: LinkState, managed?: Managed): number =>
  managed?.metric ?? METRICS[kind] ?? 100;

function find(name: string, link: LinkState, files: Files, managed?: Managed): Found {
  const used = managed?.file !== undefined && keyfile.isProfile(managed.file) ? managed.file : undefined;
  const path = used ?? keyfile.profileOf(files, name, link.mac);
  const metric = metricFor(link, managed);
  const known = { metric, ...(managed?.clientId !== undefined && { clientId: managed.clientId }) };
  const text = path === undefined ? undefined : files[path];
  if (path === undefined || text === undefined) return { ...runtime.find(name, link, files), ...known };
  const sections = keyfile.parseKeyfile(text);
  const dhcp = keyfile.dhcpOf(sections);
  const mac = keyfile.macOf(sections);
  const lists = (key: string) =>
    families.flatMap((family) => keyfile.listOf(keyfile.valueOf(sections, `ipv${family}`, key)));
  return {
    ...known,
    dhcp4: dhcp.includes(4),
    dhcp6: dhcp.includes(6),
    addresses: byFamily(families.flatMap((family) => keyfile.itemsOf(sections, family, "address").map(keyfile.addressOf))),
    routes: [...new Set(families.flatMap((family) => keyfile.routesOf(sections, family, metric)))],
    nameservers: lists("dns"),
    searchDomains: [...new Set(lists("dns-search"))],
    ...(mac !== undefined && { macAddress: mac }),
    sections: { [path]: text },
    ...(link.kind === "bridge" && keyfile.typeOf(sections) === "bridge" && { bridge: bridgeOptions(sections) }),
  }; // prettier-ignore
}

/** With NetworkManager's own defaults, some of which are not the kernel's; it sets what is STP's only with STP on (`[bridge]` in nm-settings(5)). */
function bridgeOptions(sections: readonly IniSection[]): NonNullable<Found["bridge"]> {
  const get = (key: string) => keyfile.valueOf(sections, "bridge", key);
  const stp = keyfile.isYes(get("stp") ?? "true");
  const vlans = get("vlan-filtering");
  const number = (name: string, value: string | undefined) => (value === undefined ? {} : { [name]: Number(value) });
  return {
    stp,
    ...(stp && {
      forwardDelay: 15,
      ...number("forwardDelay", get("forward-delay")),
      ...number("helloTime", get("hello-time")),
      ...number("maxAge", get("max-age")),
      ...number("priority", get("priority")),
    }),
    ...number("ageingTime", get("ageing-time")),
    ...(vlans !== undefined && { vlanFiltering: keyfile.isYes(vlans) }),
    ...number("mtu", keyfile.valueOf(sections, "ethernet", "mtu")),
  };
}

function unsupported(bridge: BridgePlan, found: Readonly<Record<string, Found>> = {}): string | undefined {
  const limit = limitOf(bridge);
  if (limit !== undefined) return limit;
  for (const [name, link] of Object.entries(found))
    for (const [path, text] of Object.entries(link.sections)) {
      const reason = unfit(keyfile.parseKeyfile(text), reaches(link));
      if (text.startsWith(keyfile.WITHHELD))
        return `${path}, which configures ${name}, holds secrets; those are not read from a host, so it cannot be written anew`;
      if (reason !== undefined) return `${path} ${reason}`;
      if (name === bridge.name && !path.startsWith(`${keyfile.PROFILES}/`))
        return `${path}, which configures ${name}, is not the administrator's; put it into ${keyfile.PROFILES}`;
    }
  return undefined;
}

/** What a bridge cannot be given of what a profile says. */
function unfit(sections: readonly IniSection[], moves: boolean): string | undefined {
  const type = keyfile.typeOf(sections);
  if (!["ethernet", "bridge", "bond", "vlan", "team", "veth"].includes(type)) return `is of type ${type}, which is no bridge's port`; // prettier-ignore
  if (!moves) return undefined;
  for (const family of families) {
    const method = keyfile.methodOf(sections, family);
    if (method === "shared" || (family === 4 && method === "link-local"))
      return `says method=${method} for IPv${family}, which a bridge is not given`;
    const nowhere = keyfile.itemsOf(sections, family, "route").find((item) => keyfile.routeOf(item, 0) === "nowhere");
    if (nowhere) return `says ${nowhere.key} without a gateway, which a bridge is not given`;
  }
  return undefined;
}
