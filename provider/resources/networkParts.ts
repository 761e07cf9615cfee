import {
  boolean,
  compareAddresses,
  integer,
  ipAddress,
  isIPv6,
  libvirtName,
  line,
  oneOf,
  type Arguments,
} from "../parse";

interface Rate {
  readonly average: number;
  readonly peak: number | undefined;
  readonly burst: number | undefined;
}
export interface BandwidthSpec {
  readonly inbound: Rate | undefined;
  readonly outbound: Rate | undefined;
}
export interface VlanSpec {
  readonly trunk: boolean | undefined;
  readonly tags: readonly { readonly id: number; readonly nativeMode: string | undefined }[];
}
export interface VirtualportSpec {
  readonly type: string;
  readonly interfaceId: string | undefined;
  readonly profileId: string | undefined;
}
export interface PortgroupSpec {
  readonly name: string;
  readonly default: boolean | undefined;
  readonly bandwidth: BandwidthSpec | undefined;
  readonly vlan: VlanSpec | undefined;
  readonly virtualport: VirtualportSpec | undefined;
}
export interface NatSpec {
  readonly address: { readonly start: string; readonly end: string } | undefined;
  readonly port: { readonly start: number; readonly end: number } | undefined;
  readonly ipv6: boolean | undefined;
}

const amount = (unit: string) => integer(1, 4294967295, unit);
const rate = (args: Arguments): Rate => ({
  average: args.required("average", amount("KiB/s")),
  peak: args.optional("peak", amount("KiB/s")),
  burst: args.optional("burst", amount("KiB")),
});
export const parseBandwidth = (args: Arguments): BandwidthSpec => ({
  inbound: args.object("inbound", rate),
  outbound: args.object("outbound", rate),
});

export const parseVlan = (args: Arguments): VlanSpec => {
  const tags =
    args.objects("tags", (tag) => ({
      id: tag.required("id", integer(0, 4095)),
      nativeMode: tag.optional("nativeMode", oneOf("tagged", "untagged")),
    })) ?? [];
  if (!args.has("tags")) args.problem("tags", "is required");
  else if (tags.length === 0) args.problem("tags", "is empty: a VLAN has a tag");
  return { trunk: args.optional("trunk", boolean), tags };
};

export const parseVirtualport = (args: Arguments): VirtualportSpec => ({
  type: args.required("type", oneOf("openvswitch", "midonet", "802.1Qbh")),
  interfaceId: args.optional("interfaceId", uuid),
  profileId: args.optional("profileId", line),
});

/** VLAN tags and ports of a switch's are for networks that hang on somebody's bridge. */
export const parsePortgroup =
  (isBridged: boolean) =>
  (args: Arguments): PortgroupSpec => {
    for (const key of isBridged ? [] : ["vlan", "virtualport"])
      if (args.has(key)) args.problem(key, "is BridgedNetwork's: libvirt's own bridges have none");
    return {
      name: args.required("name", libvirtName),
      default: args.optional("default", boolean),
      bandwidth: args.object("bandwidth", parseBandwidth),
      vlan: isBridged ? args.object("vlan", parseVlan) : undefined,
      virtualport: isBridged ? args.object("virtualport", parseVirtualport) : undefined,
    };
  };

export const parseNat = (args: Arguments): NatSpec => ({
  address: args.object("address", (range) => {
    const [start, end] = [range.required("start", ipv4), range.required("end", ipv4)];
    if (start && end && compareAddresses(start, end) > 0)
      range.problem("end", `${end} comes before the start ${start}`);
    return { start, end };
  }),
  port: args.object("port", (range) => {
    const [start, end] = [range.required("start", port), range.required("end", port)];
    if (start > end) range.problem("end", `${end} comes before the start ${start}`);
    return { start, end };
  }),
  ipv6: args.optional("ipv6", boolean),
});

const port = integer(1, 65535);
const ipv4 = (value: unknown): string => {
  const address = ipAddress(value);
  if (isIPv6(address)) throw new Error(`${address} is IPv6; libvirt translates to IPv4 addresses of the host's choice`);
  return address;
};
const uuid = (value: unknown): string => {
  if (typeof value !== "string" || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value))
    throw new Error(`${JSON.stringify(value)} is no UUID`);
  return value.toLowerCase();
};
