import { equal, type BridgeState, type LinkState } from "../hostState";
import type { Leased } from "../facts";
import { inSubnet, subnetOf } from "../parse";

type Links = Readonly<Record<string, LinkState | null>>;

/**
 * Lines for one `ip -batch` that take the kernel's links from `observed` to `desired`. One batch is one process and so the
 * shortest gap: what leaves a link comes back on its new one within a millisecond or so.
 *
 * The order is the kernel's: an address takes its routes with it when it goes, a route needs its gateway's subnet when it comes,
 * a bridge that is up before it gets its port forwards at once.
 */
export function linkBatch(desired: Links, observed: Links, leased: Readonly<Record<string, Leased>> = {}): string[] {
  const create: string[] = [];
  const remove: string[] = [];
  const ports: string[] = [];
  const add: string[] = [];
  const moving = moves(desired, observed);
  /** What a link is given, in every attribute: what it had, or under NetworkManager, which takes over nothing else, what moves to it. */
  const exactOf = (name: string) => {
    const { exact, manager } = desired[name] ?? {};
    const from = manager === "NetworkManager" ? moving.find(([, to]) => to === name)?.[0] : undefined;
    return exact ?? (from === undefined ? undefined : movable(observed[from]?.exact));
  };

  for (const [name, want] of Object.entries(desired)) {
    const is = observed[name] ?? null;
    if (want === null) {
      if (is) remove.push(`link del dev ${name}`);
      continue;
    }
    const isNew = is === null;
    if (isNew) create.push(newLink(name, want));
    else if (want.bridge && !equal({ ...is.bridge, ...want.bridge }, is.bridge)) {
      // In one request the kernel sets the times first, and refuses with STP on what it takes with STP off (br_set_forward_delay).
      if (is.bridge?.stp && want.bridge.stp === false) create.push(`link set dev ${name} type bridge stp_state 0`);
      // NetworkManager takes all VLANs from a bridge that does not filter them: then nothing would pass. Where the default comes anew, the kernel gives it to all ports.
      if (want.manager === "NetworkManager" && want.bridge.vlanFiltering && !is.bridge?.vlanFiltering)
        for (const vlan of [0, 1]) create.push(`link set dev ${name} type bridge vlan_default_pvid ${vlan}`);
      create.push(`link set dev ${name} type bridge ${bridgeWords(want.bridge, is.bridge)}`);
    }
    if (!isNew && want.mac !== undefined && want.mac !== is.mac)
      create.push(`link set dev ${name} address ${want.mac}`);
    if (want.mtu !== undefined && want.mtu !== is?.mtu) create.push(`link set dev ${name} mtu ${want.mtu}`);
    if (want.alias !== undefined && want.alias !== is?.alias && batchTakes(want.alias))
      create.push(`link set dev ${name} alias "${want.alias}"`);
    if (want.up && want.kind === "bridge" && !is?.up) create.push(`link set dev ${name} up`);

    const routes = want.routes && (is?.routes ?? []).filter((route) => !want.routes!.includes(route));
    for (const route of routes ?? []) remove.push(`route del ${route} dev ${name}`);
    const staying = stay(is?.addresses ?? [], want.addresses ?? is?.addresses ?? []);
    for (const address of (is?.addresses ?? []).filter((address) => !staying.includes(address)).toReversed())
      remove.push(
        ...subnetsOf(address, is?.exact?.routes, staying).map((words) => `route del ${words} dev ${name}`),
        `addr del ${address} dev ${name}`,
      );
    if (want.master === null && is?.master) remove.push(`link set dev ${name} nomaster`);
    if (want.master && want.master !== is?.master) ports.push(`link set dev ${name} master ${want.master}`);
    if (want.up && want.kind !== "bridge" && !is?.up) ports.push(`link set dev ${name} up`);
    if (want.up === false && is?.up) ports.push(`link set dev ${name} down`);

    for (const address of (want.addresses ?? []).filter((address) => !staying.includes(address)))
      add.push(`addr add ${exactly(address, exactOf(name)?.addresses) ?? newAddress(address)} dev ${name}`);
  }

  // What DHCP and router advertisements brought goes with the link's role: from the port to its bridge, or back.
  for (const [name, want] of Object.entries(desired)) {
    if (want === null) continue;
    for (const words of leased[name]?.addresses ?? [])
      if (isV6(words) ? moving.some(([from]) => from === name) : want.dhcp4 === false)
        remove.push(
          ...subnetsOf(words.split(" ")[0]!, leased[name]?.routes).map((route) => `route del ${route} dev ${name}`),
          `addr del ${words.split(" ")[0]} dev ${name}`,
        );
  }
  const arrives = (to: string) => (words: string) => isV6(words) || desired[to]?.dhcp4;
  for (const [from, to] of moving)
    for (const words of leased[from]?.addresses.filter(arrives(to)) ?? [])
      add.push(`addr add ${untilRenewed(words)} dev ${to}`);

  // An address without a route of its own comes with the one that it had.
  for (const name of Object.keys(desired))
    for (const words of exactOf(name)?.routes.filter(isSubnets) ?? [])
      if (
        add.some(
          (line) =>
            line.endsWith(` dev ${name}`) && / noprefixroute /.test(line) && isSubnetOf(words, line.split(" ")[2]!),
        )
      )
        add.push(`route replace ${words} dev ${name}`);
  for (const [from, to] of moving)
    for (const words of leased[from]?.routes.filter(isSubnets).filter(arrives(to)) ?? [])
      add.push(`route replace ${words} dev ${to}`);

  // Routes come last, when every gateway's subnet is connected again.
  for (const [name, want] of Object.entries(desired)) {
    const is = observed[name] ?? null;
    for (const route of want?.routes ?? []) {
      // A route that stays goes nevertheless when an address goes that its gateway was reached by.
      const stays = is?.routes?.includes(route) && equal(is.addresses, want?.addresses ?? is.addresses);
      if (!stays)
        add.push(`route replace ${exactRoute(route, exactOf(name)?.routes) ?? newRoute(route, want!)} dev ${name}`);
    }
  }
  for (const [from, to] of moving)
    for (const words of leased[from]?.routes.filter((words) => !isSubnets(words)).filter(arrives(to)) ?? [])
      add.push(`route replace ${words} dev ${to}`);

  // Down from the bridge before the bridge goes; the bridge goes before its addresses come elsewhere.
  const deletions = remove.filter((line) => line.startsWith("link del"));
  return [...create, ...remove.filter((line) => !line.startsWith("link del")), ...deletions, ...ports, ...add];
}

/** iproute2 cuts a line at a `#`, even in quotes, joins it with the next after a backslash, and knows no way to write a quote (getcmdline, makeargs in lib/utils.c). */
export const batchTakes = (text: string): boolean => !/["'#\\\n]/.test(text);

/** From which link to which a host's own traffic moves: from a new port to its bridge, from a bridge that goes to a port of it. */
export function moves(desired: Links, observed: Links): [from: string, to: string][] {
  return Object.entries(desired).flatMap(([name, want]): [string, string][] => {
    if (!want) return [];
    const master = observed[name]?.master;
    if (want.master && want.master !== master) return [[name, want.master]];
    if (
      want.master === null &&
      master &&
      desired[master] === null &&
      (want.dhcp4 || want.dhcp6 || want.addresses?.length)
    )
      return [[master, name]];
    return [];
  });
}

/**
 * Which of a link's addresses need no touch. The first of an IPv4 subnet is its primary address, whose going takes the others along (unless
 * promote_secondaries is set: __inet_del_ifa in net/ipv4/devinet.c): from the first one that differs on, they all go, last first, and come anew.
 */
function stay(is: readonly string[], want: readonly string[]): string[] {
  const among = (addresses: readonly string[], subnet: string) =>
    addresses.filter((cidr) => primaryOf(cidr) === subnet);
  return is.filter((address) => {
    const [had, has] = [is, want].map((addresses) => among(addresses, primaryOf(address)));
    const differs = had!.findIndex((address, i) => address !== has![i]);
    return differs < 0 || had!.indexOf(address) < differs;
  });
}

/** Each IPv6 address is for itself. */
function primaryOf(cidr: string): string {
  const [address = "", prefix] = cidr.split("/");
  if (isV6(address)) return cidr;
  const number = address.split(".").reduce((number, byte) => number * 256 + Number(byte), 0);
  return `${Math.floor(number / 2 ** (32 - Number(prefix)))}/${prefix}`;
}

/** Of an address or a route. */
export const isV6 = (words: string): boolean => words.includes(":");

function newLink(name: string, link: LinkState): string {
  if (link.kind !== "bridge")
    throw new Error(`cannot make ${name}: it is hardware, or of a kind (${link.kind}) that is not ours to make`);
  const mac = link.mac ? ` address ${link.mac}` : "";
  return `link add name ${name}${mac} type bridge ${bridgeWords(link.bridge ?? {})}`.trimEnd();
}

function bridgeWords(bridge: BridgeState, is?: BridgeState): string {
  const hundredths = (seconds: number) => Math.round(seconds * 100);
  const { vlanFiltering } = bridge;
  // A kernel that has none refuses to hear of it.
  const isFilteringSaid = vlanFiltering !== undefined && vlanFiltering !== (is?.vlanFiltering ?? false);
  const words: [string, number | undefined][] = [
    ["stp_state", bridge.stp === undefined ? undefined : Number(bridge.stp)],
    ["forward_delay", bridge.forwardDelay === undefined ? undefined : hundredths(bridge.forwardDelay)],
    ["hello_time", bridge.helloTime === undefined ? undefined : hundredths(bridge.helloTime)],
    ["max_age", bridge.maxAge === undefined ? undefined : hundredths(bridge.maxAge)],
    ["ageing_time", bridge.ageingTime === undefined ? undefined : hundredths(bridge.ageingTime)],
    ["priority", bridge.priority],
    ["vlan_filtering", isFilteringSaid ? Number(vlanFiltering) : undefined],
  ];
  return words.flatMap(([word, value]) => (value === undefined ? [] : [`${word} ${value}`])).join(" ");
}

/**
 * dhclient-script sets an address's lifetimes when it is renewed, not when it is there already: with what is left of the old ones it would
 * go, and the default route with it, just before it is renewed. Endless, but still one that a lease brought.
 */
const untilRenewed = (words: string) =>
  isV6(words)
    ? words
    : words.replace(/valid_lft \S+ preferred_lft \S+/, "valid_lft 4294967294 preferred_lft 4294967294");

/** The route of an address' own subnet. */
const isSubnets = (words: string) => words.includes(" proto kernel ");
const isSubnetOf = (words: string, address: string) =>
  address.includes("/") && isSubnets(words) && words.split(" ")[0] === subnetOf(address);

/** An IPv6 address does not take along the route that was made for it by another than the kernel. `staying`: who else needs it. */
const subnetsOf = (address: string, routes: readonly string[] = [], staying: readonly string[] = []): string[] =>
  routes.filter(
    (words) => isV6(words) && isSubnetOf(words, address) && !staying.some((other) => isSubnetOf(words, other)),
  );

/** On another link a label does not fit, and duplicates were looked for. */
const movable = (exact: LinkState["exact"]): LinkState["exact"] =>
  exact && {
    ...exact,
    addresses: exact.addresses.map((words) =>
      words
        .replace(/ label \S+/, "")
        .replace(/^\S*:\S* /, "$&nodad ")
        .replace(/^\S*:\S*$/, "$& nodad"),
    ),
  };

const exactly = (address: string, exact: readonly string[] | undefined) =>
  exact?.find((words) => words === address || words.startsWith(`${address} `));
const exactRoute = (route: string, exact: readonly string[] | undefined) =>
  exact?.find((words) => routeKey(words) === route);

/** The words of an exact route that `routes` has: destination, gateway, metric. */
const routeKey = (words: string) =>
  words
    .replace(/ (proto|scope|src) \S+/g, "")
    .replace(/ onlink$/, "")
    .replace(/(:\S+) metric 1024$/, "$1");

/** ifupdown and dhclient give IPv4 addresses a broadcast address, the kernel alone does not. DAD would leave an IPv6 address unusable for a second. */
function newAddress(address: string): string {
  if (address.includes(":")) return `${address} nodad`;
  return Number(address.split("/")[1]) < 31 ? `${address} brd +` : address;
}

/** `onlink` as ifupdown does it: the gateway need not be in a connected subnet (hosters' /32). */
function newRoute(route: string, { manager, dhcp4, addresses = [] }: LinkState): string {
  const via = / via (\S+)/.exec(route)?.[1];
  if (manager !== "NetworkManager") return via ? `${route} onlink` : route;
  // As it makes them itself: beside any other it would make its own, too.
  const isReached = !via || isV6(via) || dhcp4 || addresses.some((address) => inSubnet(via, address));
  return `${route} proto static${isReached ? "" : " onlink"}`;
}
