/** What a guest is told of one of its interfaces, which it knows by its MAC. Without an address it asks for a lease. */
export interface GuestConfigSpec {
  readonly mac: string;
  /** With prefix. */
  readonly address?: string | undefined;
  readonly address6?: string | undefined;
  readonly gateway?: string | undefined;
  readonly gateway6?: string | undefined;
  readonly nameservers?: readonly string[] | undefined;
  readonly searchDomains?: readonly string[] | undefined;
  readonly mtu?: number | undefined;
}

/** The guest's own configuration of the interface, as each system has it: what is typed into a guest by hand. */
export interface GuestConfig {
  /** A file of its own in /etc/netplan: https://netplan.readthedocs.io/en/stable/netplan-yaml/ */
  readonly netplan: string;
  /** Lines for /etc/network/interfaces: interfaces(5). */
  readonly ifupdown: string;
  /** /etc/sysconfig/network-scripts/ifcfg-NAME, whatever the name: https://access.redhat.com/documentation/en-us/red_hat_enterprise_linux/7/html/networking_guide */
  readonly ifcfg: string;
  /** cloud-init's network-config, version 2; it calls the interface as systemd would, by its MAC. */
  readonly cloudInit: string;
}

export function guestConfig(spec: GuestConfigSpec): GuestConfig {
  const name = `enx${spec.mac.replaceAll(":", "")}`;
  const ethernet = (...lines: readonly string[]) => [
    "ethernets:",
    `  ${name}:`,
    ...["match:", `  macaddress: "${spec.mac}"`, ...lines].map((line) => `    ${line}`),
  ];
  const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
  return {
    netplan: text([
      "network:",
      ...["version: 2", ...ethernet(...ethernetOf(spec, routesOf(spec)))].map((line) => `  ${line}`),
    ]),
    ifupdown: text(interfacesOf(spec, name)),
    ifcfg: text(ifcfgOf(spec)),
    // Without a name cloud-init's renderers for other systems than netplan take the key for the device's, and a route to all of IPv6 for one to ::/64.
    cloudInit: text(["version: 2", ...ethernet(`set-name: ${name}`, ...ethernetOf(spec, gatewaysOf(spec)))]),
  };
}

/** YAML that netplan and cloud-init both read. */
function ethernetOf(spec: GuestConfigSpec, gateways: readonly string[]): string[] {
  const { address, address6, nameservers = [], searchDomains = [], mtu } = spec;
  const list = (name: string, items: readonly string[]) =>
    items.length > 0 ? [`${name}: [${items.map(quoted).join(", ")}]`] : [];
  const dns = [...list("addresses", nameservers), ...list("search", searchDomains)];
  return [
    `dhcp4: ${address === undefined}`,
    ...list("addresses", given(address, address6)),
    ...gateways,
    ...(dns.length > 0 ? ["nameservers:", ...dns.map((line) => `  ${line}`)] : []),
    ...(mtu === undefined ? [] : [`mtu: ${mtu}`]),
  ];
}

/** A default route by its number, as netplan knew no word for it before 0.103. */
function routesOf({ gateway, gateway6 }: GuestConfigSpec): string[] {
  const route = (to: string, via: string | undefined) =>
    via ? [`  - to: ${quoted(to)}`, `    via: ${quoted(via)}`] : [];
  const routes = [...route("0.0.0.0/0", gateway), ...route("::/0", gateway6)];
  return routes.length > 0 ? ["routes:", ...routes] : [];
}

const gatewaysOf = ({ gateway, gateway6 }: GuestConfigSpec): string[] => [
  ...(gateway ? [`gateway4: ${quoted(gateway)}`] : []),
  ...(gateway6 ? [`gateway6: ${quoted(gateway6)}`] : []),
];

/** A pattern (interfaces(5), since ifupdown 0.8.36 of Debian 11) brings up what has the MAC, as what the stanza of that name says. */
function interfacesOf(spec: GuestConfigSpec, name: string): string[] {
  const { mac, address, address6, gateway, gateway6, nameservers = [], searchDomains = [], mtu } = spec;
  const options = (...lines: (string | undefined)[]) => given(...lines).map((line) => `\t${line}`);
  const say = (option: string, value: string | number | undefined) => (value ? `${option} ${value}` : undefined);
  const dns = [say("dns-nameservers", nameservers.join(" ")), say("dns-search", searchDomains.join(" "))];
  return [
    `auto mac/${mac}=${name}`,
    `iface ${name} inet ${address ? "static" : "dhcp"}`,
    ...options(say("address", address), say("gateway", gateway), ...dns, say("mtu", mtu)),
    ...(address6 ? [`iface ${name} inet6 static`, ...options(say("address", address6), say("gateway", gateway6))] : []),
  ];
}

function ifcfgOf(spec: GuestConfigSpec): string[] {
  const { mac, address, address6, gateway, gateway6, nameservers = [], searchDomains = [], mtu } = spec;
  const [ip, prefix] = address?.split("/") ?? [];
  const values: Record<string, string | number | undefined> = {
    TYPE: "Ethernet",
    HWADDR: mac.toUpperCase(),
    ONBOOT: "yes",
    BOOTPROTO: address ? "none" : "dhcp",
    IPADDR: ip,
    PREFIX: prefix,
    GATEWAY: gateway,
    IPV6INIT: address6 && "yes",
    IPV6ADDR: address6,
    IPV6_DEFAULTGW: gateway6,
    ...Object.fromEntries(nameservers.map((server, i) => [`DNS${i + 1}`, server])),
    DOMAIN: searchDomains.length > 0 ? `"${searchDomains.join(" ")}"` : undefined,
    MTU: mtu,
  };
  return Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
}

const given = (...values: readonly (string | undefined)[]) => values.flatMap((value) => value ?? []);

/** A MAC, `::/0` or an address could be taken for something else in YAML. */
const quoted = (text: string) => `"${text}"`;
