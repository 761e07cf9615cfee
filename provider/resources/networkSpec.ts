import {
  boolean,
  cidr,
  compareAddresses,
  domainName,
  inSubnet,
  integer,
  interfaceName,
  ipAddress,
  isIPv6,
  libvirtName,
  macAddress,
  reservedAddresses,
  type Arguments,
} from "../parse";
import type { NetworkModel } from "./networkModels";

/** A libvirt network as the program says it; of what its model has no argument for it has nothing. */
export interface NetworkSpec {
  readonly name: string;
  readonly address: string | undefined;
  readonly dhcp: DhcpSpec | undefined;
  readonly address6: string | undefined;
  readonly bridgeName: string | undefined;
  readonly domain: string | undefined;
  readonly mtu: number | undefined;
  readonly autostart: boolean;
  readonly forwardInterface: string | undefined;
  readonly bridge: string | undefined;
}

export interface DhcpSpec {
  readonly start: string;
  readonly end: string;
  readonly leaseTime: number | undefined;
  readonly hosts: readonly { readonly mac: string; readonly address: string; readonly name: string | undefined }[];
}

/** An argument that the model has not is refused with the others that are not known (lifecycle.ts). */
export const parseNetwork =
  (model: NetworkModel) =>
  (args: Arguments, name: string): NetworkSpec => {
    const has = (key: string) => model.args.includes(key);
    const spec: NetworkSpec = {
      name: args.named(libvirtName, name),
      address: has("address") ? args.required("address", cidr) : undefined,
      dhcp: args.object("dhcp", (dhcp) => ({
        start: dhcp.required("start", ipAddress),
        end: dhcp.required("end", ipAddress),
        // libvirt: 0 is infinite, else dnsmasq's least is two minutes.
        leaseTime: dhcp.optional("leaseTime", integer(0, 4294967295, "seconds")),
        hosts:
          dhcp.objects("hosts", (host) => ({
            mac: host.required("mac", macAddress),
            address: host.required("address", ipAddress),
            name: host.optional("name", domainName),
          })) ?? [],
      })),
      address6: args.optional("address6", cidr),
      bridgeName: args.optional("bridgeName", interfaceName),
      domain: args.optional("domain", domainName),
      mtu: args.optional("mtu", integer(68, 65535, "bytes")),
      autostart: args.optional("autostart", boolean) ?? true,
      forwardInterface: args.optional("forwardInterface", interfaceName),
      bridge: has("bridge") ? args.required("bridge", interfaceName) : undefined,
    };
    check(spec, args);
    return spec;
  };

function check(spec: NetworkSpec, args: Arguments): void {
  const { address, address6, dhcp } = spec;
  if (address && isIPv6(address)) args.problem("address", `${address} is IPv6; it belongs in address6`);
  if (address6 && !isIPv6(address6)) args.problem("address6", `${address6} is IPv4; it belongs in address`);
  for (const [key, value] of Object.entries({ address, address6 })) {
    if (!value) continue;
    const own = value.split("/")[0]!;
    if (reservedAddresses(value).includes(own))
      args.problem(key, `${own} is the subnet's own or its broadcast address; the host needs one of the others, as .1`);
  }
  if (!address || isIPv6(address) || !dhcp) return;
  const own = address.split("/")[0]!;
  const within = (key: string, value: string | undefined) => {
    if (!value) return;
    if (!inSubnet(value, address)) args.problem(key, `${value} is not in the subnet of ${address}`);
    else if (reservedAddresses(address).includes(value))
      args.problem(key, `${value} is the subnet's own or its broadcast address`);
  };
  within("dhcp.start", dhcp.start);
  within("dhcp.end", dhcp.end);
  dhcp.hosts.forEach((host, i) => {
    if (!host) return;
    within(`dhcp.hosts[${i}].address`, host.address);
    if (host.address === own) args.problem(`dhcp.hosts[${i}].address`, `${own} is the host's own`);
    if (host.mac && dhcp.hosts.findIndex((other) => other?.mac === host.mac) < i)
      args.problem(`dhcp.hosts[${i}].mac`, `${host.mac} has a reservation above`);
    if (host.address && dhcp.hosts.findIndex((other) => other?.address === host.address) < i)
      args.problem(`dhcp.hosts[${i}].address`, `${host.address} is reserved above`);
  });
  if (dhcp.start && dhcp.end && inSubnet(dhcp.start, address) && inSubnet(dhcp.end, address)) {
    if (compareAddresses(dhcp.start, dhcp.end) > 0)
      args.problem("dhcp.end", `${dhcp.end} comes before the start ${dhcp.start}`);
    else if (compareAddresses(dhcp.start, own) <= 0 && compareAddresses(own, dhcp.end) <= 0)
      args.problem("dhcp.start", `the range ${dhcp.start} to ${dhcp.end} holds the host's own address ${own}`);
  }
  if (dhcp.leaseTime !== undefined && dhcp.leaseTime !== 0 && dhcp.leaseTime < 120)
    args.problem("dhcp.leaseTime", `${dhcp.leaseTime} s is less than dnsmasq's least, 120 s (0 is for ever)`);
}
