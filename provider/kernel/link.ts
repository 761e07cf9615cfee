import type { BridgeState, LinkState } from "../hostState";
import type { DhcpClient, Leased, Managed } from "../facts";
import { subnetOf } from "../parse";
import { ipLinks, ipRoutes, type IpAddress, type IpRoute } from "./ipJson";

const FOREVER = 4294967295;

/** What the kernel says of its links, from `ip -j -d addr`, `ip -j -4 route` and `ip -j -6 route`. */
export function parseLinks(
  addrJson: string,
  routeJson: readonly string[],
  clients: readonly DhcpClient[],
  managed: Readonly<Record<string, Managed>> = {},
): { links: Record<string, LinkState>; leased: Record<string, Leased> } {
  // The kernel takes `__proto__` and `constructor` as names of a link.
  const links = Object.create(null) as Record<string, LinkState>;
  const leased = Object.create(null) as Record<string, Leased>;
  const routes = routeJson.flatMap(ipRoutes);
  for (const link of ipLinks(addrJson)) {
    const name = link.ifname;
    const runs = (family: 4 | 6) => clients.some((client) => client.link === name && client.family === family);
    const addresses = (link.addr_info ?? []).filter(({ family, scope }) => !(family === "inet6" && scope === "link"));
    const all = routes.filter((route) => route.dev === name);
    const ours = all.filter(isSet);
    const isLeasedRoute = (route: IpRoute) =>
      route.protocol === "dhcp" || (route.dst === "default" && (isV6(route) ? runs(6) : runs(4)));
    const [fixed, dynamic] = [
      addresses.filter((address) => !address.dynamic),
      addresses.filter((address) => address.dynamic),
    ];
    // The routes of addresses that came without one (`noprefixroute`): NetworkManager makes them itself, and they go with their address.
    const subnets = (of: readonly IpAddress[]) =>
      of.flatMap(({ noprefixroute, local, prefixlen }) =>
        all.filter(
          ({ dst, protocol, prefsrc = local }) =>
            noprefixroute && protocol === "kernel" && prefsrc === local && dst === subnetOf(`${local}/${prefixlen}`),
        ),
      );
    const isolated = link.linkinfo?.info_slave_data?.isolated;
    links[name] = {
      ...(link.linkinfo?.info_kind && { kind: link.linkinfo.info_kind }),
      up: link.flags.includes("UP"),
      ...(link.address && { mac: link.address }),
      alias: link.ifalias ?? "",
      mtu: link.mtu,
      ...(managed[name] && { manager: managed[name].by }),
      master: link.master ?? null,
      ...(isolated !== undefined && { isolated }),
      ...(/^(vlan|macvlan)$/.test(link.linkinfo?.info_kind ?? "") && link.link && { over: link.link }),
      ...(link.linkinfo?.info_kind === "bridge" && { bridge: bridgeOf(link.linkinfo.info_data ?? {}, managed[name]) }),
      dhcp4: runs(4),
      dhcp6: runs(6),
      addresses: fixed.map(({ local, prefixlen }) => `${local}/${prefixlen}`),
      routes: ours.filter((route) => !isLeasedRoute(route)).map(routeWords),
      exact: {
        addresses: fixed.map((address) => exactAddress(address, name)),
        routes: [...subnets(fixed), ...ours.filter((route) => !isLeasedRoute(route))].map(exactRoute),
      },
    };
    leased[name] = {
      addresses: dynamic.map((address) => exactAddress(address, name)),
      routes: [...subnets(dynamic), ...ours.filter(isLeasedRoute)].map(exactRoute),
    };
  }
  return { links, leased };
}

/**
 * Somebody set the route: not the kernel's own (which has no gateway, but ifupdown2's are of its protocol, too), not by a router's advertisement,
 * not to nowhere; nor that to IPv4's link-local addresses, which network-scripts give every link, with a metric made of its number.
 */
const isSet = (route: IpRoute) =>
  (via(route) || (route.protocol !== "kernel" && route.dst !== "169.254.0.0/16")) &&
  route.protocol !== "ra" &&
  !route.nexthops &&
  (route.type ?? "unicast") === "unicast";

const isV6 = (route: IpRoute) => (route.gateway ?? route.via?.host ?? route.dst).includes(":");

const words = (...parts: (string | number | false | undefined)[]) => parts.filter(Boolean).join(" ");

/** As a person writes it. 1024 is the kernel's default metric of IPv6 routes (IP6_RT_PRIO_USER). */
function routeWords(route: IpRoute): string {
  const metric = route.metric && !(route.metric === 1024 && isV6(route)) && `metric ${route.metric}`;
  return words(route.dst, via(route), metric);
}

const via = ({ gateway, via }: IpRoute) => (gateway ? `via ${gateway}` : via && `via ${via.family} ${via.host}`);

function exactRoute(route: IpRoute): string {
  return words(
    route.dst,
    via(route),
    route.protocol && `proto ${route.protocol}`,
    route.scope && `scope ${route.scope}`,
    route.prefsrc && `src ${route.prefsrc}`,
    route.metric && `metric ${route.metric}`,
    route.flags?.includes("onlink") && "onlink",
  );
}

function exactAddress(address: IpAddress, link: string): string {
  const lifetime = (seconds: number) => (seconds === FOREVER ? "forever" : seconds);
  return words(
    address.address
      ? `${address.local} peer ${address.address}/${address.prefixlen}`
      : `${address.local}/${address.prefixlen}`,
    address.broadcast && `brd ${address.broadcast}`,
    address.scope !== "global" && `scope ${address.scope}`,
    address.label && address.label !== link && `label ${address.label}`,
    address.metric && `metric ${address.metric}`,
    address.noprefixroute && "noprefixroute",
    address.nodad && "nodad",
    address.dynamic &&
      `valid_lft ${lifetime(address.valid_life_time)} preferred_lft ${lifetime(address.preferred_life_time)}`,
  );
}

/**
 * The kernel keeps a bridge's times in hundredths of a second (USER_HZ). With STP off ports forward at once (br_make_forwarding in
 * net/bridge/br_stp.c): NetworkManager does not set the delay then.
 */
function bridgeOf(data: Readonly<Record<string, number>>, managed?: Managed): BridgeState {
  const seconds = (key: string) => (data[key] ?? 0) / 100;
  const stp = data["stp_state"] !== 0;
  return {
    stp,
    forwardDelay: managed?.by === "NetworkManager" && !stp ? 0 : seconds("forward_delay"),
    helloTime: seconds("hello_time"),
    maxAge: seconds("max_age"),
    ...(!data["topology_change"] && { ageingTime: seconds("ageing_time") }),
    priority: data["priority"] ?? 32768,
    ...(data["vlan_filtering"] !== undefined && { vlanFiltering: data["vlan_filtering"] === 1 }),
  };
}

/** Whether bridges can filter VLANs: without CONFIG_BRIDGE_VLAN_FILTERING the kernel has no default PVID to tell (br_fill_info in net/bridge/br_netlink.c). */
export function vlanFiltering(addrJson: string): boolean | undefined {
  const bridge = ipLinks(addrJson).find(({ linkinfo }) => linkinfo?.info_kind === "bridge");
  return bridge && bridge.linkinfo?.info_data?.["vlan_default_pvid"] !== undefined;
}
