import {
  compareAddresses,
  domainName,
  inSubnet,
  integer,
  ipAddress,
  isIPv6,
  line,
  macAddress,
  reservedAddresses,
  subtractAddresses,
  type Arguments,
} from "../parse";

/** The network's DHCP server in one family. `start` and `end` are its first range. */
export interface DhcpSpec {
  readonly ranges: readonly RangeSpec[] | undefined;
  readonly hosts: readonly HostSpec[] | undefined;
  readonly tftpRoot: string | undefined;
  readonly bootp: { readonly file: string; readonly server: string | undefined } | undefined;
}

interface RangeSpec {
  readonly path: string;
  readonly start: string;
  readonly end: string;
  readonly leaseTime: number | undefined;
}

interface HostSpec {
  /** A MAC, a DUID or a host name. */
  readonly client: string;
  readonly address: string;
  readonly name: string | undefined;
  readonly leaseTime: number | undefined;
}

// libvirt: 0 is infinite, else dnsmasq's least is two minutes.
const seconds = (value: unknown): number => {
  const found = integer(0, 4294967295, "seconds")(value);
  if (found !== 0 && found < 120) throw new Error(`${found} s is less than dnsmasq's least, 120 s (0 is for ever)`);
  return found;
};

export const parseDhcp =
  (family: "ipv4" | "ipv6") =>
  (dhcp: Arguments): DhcpSpec => {
    const range = (args: Arguments, path: string): RangeSpec => ({
      path,
      start: args.required("start", ipAddress),
      end: args.required("end", ipAddress),
      leaseTime: args.optional("leaseTime", seconds),
    });
    const isV4 = family === "ipv4";
    const hasFirst = dhcp.has("start") || dhcp.has("end") || dhcp.has("leaseTime");
    // Reservations alone are enough for DHCPv4; of IPv6, libvirt tells dnsmasq to lease with the first range.
    const needsRange = !dhcp.has("ranges") && (!isV4 || !dhcp.has("hosts"));
    const first = hasFirst || needsRange ? [range(dhcp, "")] : [];
    const further = dhcp.objects("ranges", (args) => range(args, ""));
    if (!isV4)
      for (const key of ["tftpRoot", "bootp"])
        if (dhcp.has(key)) dhcp.problem(key, "is told by DHCPv4 alone: it belongs in `dhcp`");
    return {
      ranges:
        first.length > 0 || further
          ? [...first, ...(further ?? []).map((range, i) => range && { ...range, path: `ranges[${i}].` })]
          : undefined,
      hosts: dhcp.objects("hosts", (host) => ({
        client: isV4 ? host.required("mac", macAddress) : clientOf(host),
        address: host.required("address", ipAddress),
        name: host.optional("name", domainName),
        leaseTime: host.optional("leaseTime", seconds),
      })),
      tftpRoot: isV4 ? dhcp.optional("tftpRoot", path) : undefined,
      bootp: isV4
        ? dhcp.object("bootp", (bootp) => ({
            file: bootp.required("file", line),
            server: bootp.optional("server", ipAddress),
          }))
        : undefined,
    };
  };

function clientOf(host: Arguments): string {
  if (!host.has("id") && !host.has("name")) host.problem("id", "is required, or a `name`");
  return host.optional("id", duid) ?? host.optional("name", domainName) ?? "";
}

const duid = (value: unknown): string => {
  if (typeof value !== "string" || !/^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){2,}$/i.test(value))
    throw new Error(`${JSON.stringify(value)} is no DUID: bytes in hex, as 0:3:0:1:52:54:0:12:34:56`);
  return value.toLowerCase();
};

const path = (value: unknown): string => {
  const found = line(value);
  if (!found.startsWith("/")) throw new Error(`${JSON.stringify(found)} is not an absolute path`);
  return found;
};

/** What the server leases has to be in the subnet of the host's address. */
export function checkDhcp(key: string, address: string | undefined, dhcp: DhcpSpec | undefined, args: Arguments): void {
  if (!dhcp) return;
  const other = key === "dhcp6" ? "address6" : "address";
  if (!address) {
    if (!args.has(other)) args.problem(key, `needs an \`${other}\``);
    return;
  }
  if (isIPv6(address) !== (key === "dhcp6")) return;
  const own = address.split("/")[0]!;
  const within = (path: string, value: string | undefined) => {
    if (!value) return;
    if (!inSubnet(value, address)) args.problem(`${key}.${path}`, `${value} is not in the subnet of ${address}`);
    else if (reservedAddresses(address).includes(value))
      args.problem(`${key}.${path}`, `${value} is the subnet's own or its broadcast address`);
  };
  for (const range of dhcp.ranges ?? []) {
    if (!range) continue;
    const { path, start, end } = range;
    within(`${path}start`, start);
    within(`${path}end`, end);
    if (!start || !end || !inSubnet(start, address) || !inSubnet(end, address)) continue;
    if (compareAddresses(start, end) > 0)
      args.problem(`${key}.${path}end`, `${end} comes before the start ${start}`);
    else if (compareAddresses(start, own) <= 0 && compareAddresses(own, end) <= 0)
      args.problem(`${key}.${path}start`, `the range ${start} to ${end} holds the host's own address ${own}`);
    else if (subtractAddresses(end, start) > 65535n)
      args.problem(`${key}.${path}end`, `${start} to ${end} are more than 65536 addresses, the most that libvirt takes in a range`); // prettier-ignore
  }
  dhcp.hosts?.forEach((host, i) => {
    if (!host) return;
    const at = `hosts[${i}]`;
    within(`${at}.address`, host.address);
    if (host.address === own) args.problem(`${key}.${at}.address`, `${own} is the host's own`);
    const isFirst = (property: "client" | "address") =>
      !host[property] || dhcp.hosts!.findIndex((other) => other?.[property] === host[property]) === i;
    if (!isFirst("client"))
      args.problem(`${key}.${at}.${key === "dhcp" ? "mac" : "id"}`, `${host.client} has a reservation above`);
    if (!isFirst("address")) args.problem(`${key}.${at}.address`, `${host.address} is reserved above`);
  });
}
