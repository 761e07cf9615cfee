import type { Managed } from "../facts";
import type { LinkState, Manager } from "../hostState";
import type { Backend, BridgePlan, Files, Found } from "./backend";
import { byFamily } from "./addressing";
import { devices, devicesOf, isYes, netplanFiles, rendererOf, routeOf, routeWords, type Device, type Metric } from "./netplanDevices"; // prettier-ignore
import { columnFor, readDevice } from "./netplanFile";
import { homeOf, renderFor } from "./netplanRender";
import { runtime } from "./runtime";

/** netplan with systemd-networkd: the YAML files of /etc/netplan. The bridge stands in the file of its port's, so that one rename(2) is the switch. */
export const netplan: Backend = {
  owner: "netplan",
  manager: "networkd",
  find: (name, link, files, managed) => find(name, link, files, managed, () => () => undefined),
  unsupported: (bridge, found = {}, files = {}) =>
    bridge.vlanFiltering
      ? "netplan has no word for a bridge that filters VLANs (netplan-yaml(5), Properties for device type bridges:)"
      : unsupported(bridge, found, files, "networkd"),
  render: renderFor({ renderer: "networkd" }),
};

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
const dnsOf = (says: Readonly<Record<string, unknown>>) =>
  says["nameservers"] as { readonly addresses?: unknown; readonly search?: unknown } | undefined;

const texts = (value: unknown): string[] => listOf(value).map((item) => (typeof item === "object" && item !== null ? Object.keys(item)[0]! : String(item))); // prettier-ignore

/** `metricOf`: of the routes that a device says without one. */
export function find(
  name: string,
  link: LinkState,
  files: Files,
  managed: Managed | undefined,
  metricOf: (device: Device) => Metric,
): Found {
  const said = devicesOf(files, name, link.mac);
  if (said.length === 0) return runtime.find(name, link, files);
  const all = (key: string) => said.flatMap(({ says }) => texts(says[key]));
  const last = (key: string) => said.map(({ says }) => says[key]).findLast((value) => value !== undefined);
  const mac = last("macaddress");
  const parameters = last("parameters");
  return {
    dhcp4: isYes(last("dhcp4")),
    dhcp6: isYes(last("dhcp6")),
    addresses: byFamily(all("addresses")),
    routes: [...new Set(said.flatMap((device) => routesOf(device, metricOf(device))))],
    nameservers: said.flatMap(({ says }) => texts(dnsOf(says)?.addresses)),
    searchDomains: said.flatMap(({ says }) => texts(dnsOf(says)?.search)),
    ...(typeof mac === "string" && { macAddress: mac.toLowerCase() }),
    ...(managed?.iaid !== undefined && { iaid: managed.iaid }),
    sections: Object.fromEntries(
      said.map((device) => [keyOf(device), readDevice(files[device.path]!, nameOf(device)) ?? ""]),
    ),
    ...(link.kind === "bridge" && { bridge: bridgeOptions(parameters, last("mtu")) }),
  };
}

const nameOf = ({ kind, id }: Device) => `${kind}.${id}`;
const keyOf = (device: Device) => `${device.path}#${nameOf(device)}`;

const routesOf = ({ says }: Device, otherwise: Metric): string[] => [
  ...([4, 6] as const).flatMap((family) => {
    const via = says[`gateway${family}`];
    return typeof via === "string" ? routeWords("default", via, otherwise(family)) : [];
  }),
  ...listOf(says["routes"]).flatMap((route) => routeOf(route, otherwise) ?? []),
];

function bridgeOptions(parameters: unknown, mtu: unknown): NonNullable<Found["bridge"]> {
  const says = (parameters ?? {}) as Record<string, unknown>;
  const number = (name: string, key: string) => {
    const value = typeof says[key] === "string" ? Number(says[key].replace(/s$/, "")) : says[key];
    return typeof value === "number" && !Number.isNaN(value) ? { [name]: value } : {};
  };
  return {
    // netplan's own default, and not the kernel's: netplan-yaml(5).
    stp: isYes(says["stp"] ?? true),
    forwardDelay: 15,
    ...number("forwardDelay", "forward-delay"),
    ...number("helloTime", "hello-time"),
    ...number("maxAge", "max-age"),
    ...number("ageingTime", "ageing-time"),
    ...number("priority", "priority"),
    ...(typeof mtu === "number" && { mtu }),
  };
}

/** What no renderer of netplan's can be told, or not this one: a bridge and its ports have one. */
export function unsupported(
  bridge: BridgePlan,
  found: Readonly<Record<string, Found>>,
  files: Files,
  renderer: Manager,
): string | undefined {
  if (bridge.maxWait > 0)
    return "maxWait is ifup(8)'s; netplan brings the bridge up and waits for nobody (forwardDelay: 0 needs no wait)";
  for (const [name, { sections }] of Object.entries(found)) {
    const [first, ...rest] = Object.entries(sections);
    if (rest.length > 0)
      return `${name} is configured in several places of netplan (${Object.keys(sections).join(", ")}), which it adds up; put it into one`;
    if (first?.[1] === "")
      return `${first[0].split("#")[0]} says ${name} in YAML's flow style ({…}); write it line by line`;
  }
  for (const [name, { sections }] of Object.entries(found)) {
    const device = devices(files).find((device) => keyOf(device) in sections);
    const its = device && rendererOf(files, device);
    if (its !== undefined && its !== renderer && [bridge.name, ...bridge.ports].includes(name))
      return `netplan's renderer of ${name} is ${its}, and the bridge's is ${renderer}; a bridge and its ports have one`;
  }
  const home = homeOf(bridge, found, files);
  if (home === undefined) return `no file of /etc/netplan that the bridge could be written to (${netplanFiles(files).join(", ") || "there is none"})`; // prettier-ignore
  if (!home.startsWith("/etc/")) return `${home}, which names the port, is not the administrator's; put it into /etc/netplan`; // prettier-ignore
  if (columnFor(files[home] ?? "", "bridges") === undefined)
    return `${home} has no place for bridges: it is no \`network:\` line by line, or says \`bridges:\` in flow style`;
  return undefined;
}
