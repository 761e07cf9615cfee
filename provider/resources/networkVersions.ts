import type { ArgumentProblem } from "../errors";
import type { NetworkSpec } from "./networkSpec";

/** Since which libvirt an argument means something; an older one takes the XML, and forgets it (https://libvirt.org/formatnetwork.html). */
const SINCE: Readonly<Record<string, string>> = {
  title: "9.7.0",
  description: "9.7.0",
  metadata: "2.1.0",
  isolatedPorts: "6.1.0",
  macTableManager: "1.2.11",
  zone: "5.1.0",
  mtu: "3.1.0",
  guestIpv6: "1.0.1",
  routes: "1.0.6",
  dnsmasqOptions: "5.6.0",
  nat: "1.0.3",
  "nat.ipv6": "6.5.0",
  "dhcp.ranges[].leaseTime": "6.3.0",
  "dhcp.hosts[].leaseTime": "6.3.0",
  "dhcp6.ranges[].leaseTime": "6.3.0",
  "dhcp6.hosts[].leaseTime": "6.3.0",
  "dns.enable": "2.2.0",
  "dns.forwardPlainNames": "1.1.2",
  "dns.localOnly": "1.2.12",
  "dns.localPtr": "3.0.0",
  "dns.forwarders": "1.1.3",
  "dns.forwarders[].domain": "2.2.0",
  "dns.forwarders[].port": "12.0.0",
  virtualport: "0.10.0",
};

/** A Linux bridge's VLANs; an Open vSwitch's are old. */
const VLAN_ON_LINUX_BRIDGE = "11.0.0";

/** Arguments that the host's libvirt is too old for. */
export function tooNew(spec: NetworkSpec, version: string | undefined, host: string): ArgumentProblem[] {
  if (version === undefined) return [];
  const isOvs = (port: NetworkSpec["virtualport"]) => (port ?? spec.virtualport)?.type === "openvswitch";
  const vlans = [
    ...(spec.vlan && !isOvs(undefined) ? ["vlan"] : []),
    ...(spec.portgroups ?? []).flatMap((group, i) =>
      group.vlan && !isOvs(group.virtualport) ? [`portgroups[${i}].vlan`] : [],
    ),
  ];
  const given = [
    ...Object.entries(SINCE).flatMap(([path, since]) =>
      givenIn(spec, path.split(".")).map((at) => [at, since] as const),
    ),
    ...vlans.map((at) => [at, VLAN_ON_LINUX_BRIDGE] as const),
  ];
  return given
    .filter(([, since]) => isOlder(version, since))
    .map(([property, since]) => ({
      property,
      reason: `needs libvirt ${since.replace(/\.0$/, "")}, ${host} has ${version}${since === VLAN_ON_LINUX_BRIDGE ? " (with an older one on an Open vSwitch only: `virtualport`)" : ""}`,
    }));
}

/** The properties that are given, by a path in which `[]` is every item of a list. */
function givenIn(value: unknown, [step, ...rest]: readonly string[], at: readonly string[] = []): string[] {
  if (value === undefined || value === null) return [];
  if (step === undefined) return [at.join(".")];
  const key = step.replace("[]", "");
  const next = (value as Record<string, unknown>)[key];
  if (!step.endsWith("[]")) return givenIn(next, rest, [...at, key]);
  const path = (item: unknown, i: number) =>
    // The first range stands beside the list (`DhcpSpec.ranges`).
    key === "ranges" ? (item as { path: string }).path.replace(/\.$/, "") : `${key}[${i}]`;
  return ((next ?? []) as readonly unknown[]).flatMap((item, i) =>
    givenIn(item, rest, [...at, ...(path(item, i) ? [path(item, i)] : [])]),
  );
}

/** Whether libvirt 9.0.0 is older than 9.7.0. */
export const isOlder = (version: string, than: string): boolean =>
  version.localeCompare(than, "en", { numeric: true }) < 0;
