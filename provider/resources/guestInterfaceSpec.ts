import {
  isGenerated,
  type Bandwidth,
  type FilterReference,
  type InterfaceProperties,
  type InterfaceSource,
  type Rate,
  type Vlan,
} from "../libvirt/interfaceProperties";
import {
  boolean,
  cidr,
  domainName,
  inSubnet,
  integer,
  interfaceName,
  ipAddress,
  libvirtName,
  macAddress,
  oneOf,
  text,
  type Arguments,
} from "../parse";
import type { GuestConfigSpec } from "./guestConfig";
import { parseVlan } from "./networkParts";

export interface GuestInterfaceSpec {
  readonly domain: string;
  readonly mac: string | undefined;
  readonly source: InterfaceSource;
  /** What the arguments say of the interface; `undefined` is said too, where it is the default. */
  readonly given: { readonly [K in keyof InterfaceProperties]: InterfaceProperties[K] | undefined };
  readonly reattach: boolean;
  /** The address that the network's DHCP server keeps for it. */
  readonly reservation: string | undefined;
  readonly guest: Omit<GuestConfigSpec, "mac" | "mtu">;
}

export const guestInterfaceArgs = [
  ...["domain", "mac", "bridge", "network", "portgroup", "user", "model", "linkState", "vlan", "bandwidth", "filter"],
  ...["mtu", "isolated", "bootOrder", "tapName", "queues", "reattach"],
  ...["address", "address6", "gateway", "gateway6", "nameservers", "searchDomains"],
];

/** What a user network has no device on the host for. */
const needsTap = ["portgroup", "vlan", "bandwidth", "filter", "mtu", "isolated", "tapName", "queues"];

export function parseGuestInterface(args: Arguments): GuestInterfaceSpec {
  const [first, second] = ["bridge", "network", "user"].filter((key) => args.has(key));
  if (second) args.problem(second, `give either \`${first}\` or \`${second}\`, not both`);
  if (!first) args.problem("bridge", "give a `bridge` or a `network` that the interface is on, or `user`");
  if (first === "user")
    for (const key of needsTap.filter((key) => args.has(key)))
      args.problem(key, "is refused with `user`: QEMU's own network stack has no device on the host");
  if (first !== "network" && args.has("portgroup")) args.problem("portgroup", "is a network's; give the `network`");
  const [bridge, network, portgroup, user] = [
    args.optional("bridge", interfaceName),
    args.optional("network", libvirtName),
    args.optional("portgroup", libvirtName),
    args.optional("user", oneOf("slirp", "passt")),
  ];
  const model = args.optional("model", modelName);
  if (args.has("queues") && model !== undefined && !model.startsWith("virtio"))
    args.problem("queues", `only a virtio NIC has several; its model is ${model}`);
  const linkState = args.optional("linkState", oneOf("up", "down"));
  const isolated = args.optional("isolated", boolean);
  const all: GuestInterfaceSpec["given"] = {
    model,
    linkState: linkState === "down" ? linkState : undefined,
    vlan: args.object("vlan", vlan),
    bandwidth: args.object("bandwidth", bandwidth),
    filter: args.object("filter", filter),
    mtu: args.optional("mtu", integer(68, 65535, "bytes")),
    isolated: isolated === true ? isolated : undefined,
    bootOrder: args.optional("bootOrder", integer(1, 65535)),
    tapName: args.optional("tapName", tapName),
    queues: args.optional("queues", integer(1, 256)),
  };
  return {
    domain: args.required("domain", domain),
    mac: args.optional("mac", macAddress),
    source:
      bridge !== undefined
        ? { type: "bridge", bridge }
        : user !== undefined
          ? { type: "user", ...(user === "passt" && { backend: user }) }
          : { type: "network", network: network!, ...(portgroup !== undefined && { portgroup }) },
    given: Object.fromEntries(Object.entries(all).filter(([key]) => args.has(key))),
    reattach: args.optional("reattach", boolean) ?? false,
    ...addresses(args, first),
  };
}

/** An address without prefix is the network's to lease, one with a prefix is the guest's to set. */
function addresses(args: Arguments, source: string | undefined): Pick<GuestInterfaceSpec, "reservation" | "guest"> {
  const address = args.optional("address", (value) => (text(value).includes("/") ? cidr : ipAddress)(value));
  const isOwn = address === undefined || address.includes("/");
  if (!isOwn && source !== undefined && source !== "network")
    args.problem(
      "address",
      `without a prefix it is one that a \`network\` leases; write ${JSON.stringify(`${address}/24`)}, with the LAN's prefix, for one that the guest sets itself`,
    );
  const address6 = args.optional("address6", cidr);
  if (address6 !== undefined && !address6.includes(":"))
    args.problem("address6", `${JSON.stringify(address6)} is an IPv4 address; write it as \`address\``);
  if (address?.includes(":"))
    args.problem("address", `${JSON.stringify(address)} is an IPv6 address; write it as \`address6\``);
  const gateway = (key: string, of: string, own: string | undefined) => {
    const found = args.optional(key, ipAddress);
    if (!args.has(key)) return undefined;
    if (!args.has(of) || (own !== undefined && !own.includes("/")))
      args.problem(
        key,
        `is for a guest that sets its address itself; give \`${of}\` with a prefix, or let DHCP tell the guest`,
      );
    else if (found !== undefined && own !== undefined && !inSubnet(found, own))
      args.problem(key, `${found} is not in the subnet of ${own}`);
    return found;
  };
  return {
    reservation: isOwn ? undefined : address,
    guest: {
      address: isOwn ? address : undefined,
      address6,
      gateway: gateway("gateway", "address", address),
      gateway6: gateway("gateway6", "address6", address6),
      nameservers: args.list("nameservers", ipAddress),
      searchDomains: args.list("searchDomains", domainName),
    },
  };
}

/** A model's name goes into XML and to QEMU: `virtio`, `e1000e`, `rtl8139`, … (https://libvirt.org/formatdomain.html#setting-the-nic-model). */
const modelName = (value: unknown): string => {
  if (typeof value !== "string" || !/^[A-Za-z0-9_-]+$/.test(value))
    throw new Error(`${JSON.stringify(value)} is not a NIC model, as virtio or e1000e`);
  return value;
};

/** virsh takes a number for the id of a running guest, and a UUID for that guest's, before it looks at names: it could be another one. */
const domain = (value: unknown): string => {
  const name = libvirtName(value);
  if (/^\d+$|^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name))
    throw new Error(`${JSON.stringify(name)} would be read by virsh as a guest's number or UUID, not as its name`);
  return name;
};

const tapName = (value: unknown): string => {
  const name = interfaceName(value);
  if (isGenerated(name))
    throw new Error(
      `libvirt makes up names like ${JSON.stringify(name)} itself, and takes none of them; choose another`,
    );
  return name;
};

const vlan = (args: Arguments): Vlan => {
  args.only("tags", "trunk");
  const { trunk = false, tags } = parseVlan(args);
  return {
    // libvirt makes a trunk of several by itself.
    trunk: trunk || tags.length > 1,
    tags: tags.map(({ id, nativeMode }) => ({ id, ...(nativeMode !== undefined && { nativeMode }) })),
  };
};

const bandwidth = (args: Arguments): Bandwidth | undefined => {
  args.only("inbound", "outbound");
  const [inbound, outbound] = [args.object("inbound", rate), args.object("outbound", rate)];
  if (args.has("outbound") && (outbound as Rate | undefined)?.floor !== undefined)
    args.problem("outbound.floor", "libvirt guarantees a least rate for `inbound` only");
  return inbound || outbound ? { ...(inbound && { inbound }), ...(outbound && { outbound }) } : undefined;
};

const rate = (args: Arguments): Rate => {
  args.only("average", "peak", "floor", "burst");
  const kib = integer(1, 2 ** 32 - 1, "KiB");
  if (!args.has("average")) args.problem("average", "is required");
  const all = (["average", "peak", "floor", "burst"] as const).map((key) => [key, args.optional(key, kib)]);
  return Object.fromEntries(all.filter(([, value]) => value !== undefined)) as Rate;
};

const filter = (args: Arguments): FilterReference => {
  args.only("name", "parameters");
  return {
    name: args.required("name", matching(/^[A-Za-z_][\w.-]*$/, "the name of a filter, as clean-traffic")),
    parameters: args.optional("parameters", parameters) ?? {},
  };
};

const parameters = (value: unknown): FilterReference["parameters"] => {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error("must be an object: the parameter's name, and its value or a list of them");
  const name = matching(/^\w+$/, "the name of a filter's parameter: letters, digits and _");
  const item = matching(/^[\w.:]+$/, "a filter's parameter: letters, digits and _ . : only");
  return Object.fromEntries(
    Object.entries(value as object).map(([key, values]: [string, unknown]) => [
      name(key),
      (Array.isArray(values) ? (values as unknown[]) : [values]).map((one) => item(one)),
    ]),
  );
};

const matching =
  (pattern: RegExp, what: string) =>
  (value: unknown): string => {
    if (typeof value !== "string" || !pattern.test(value)) throw new Error(`${JSON.stringify(value)} is not ${what}`);
    return value;
  };
