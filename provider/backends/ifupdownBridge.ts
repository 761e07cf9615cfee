import { inSubnet, isIPv6 } from "../parse";
import { isSameAddress } from "./addressing";
import type { BridgePlan } from "./backend";
import { normalRoute } from "./ifupdownCommands";
import { Draft, firstWord, isCommand, isOn, plain } from "./ifupdownDraft";

/**
 * The bridge's stanzas: the bridge's own where it is adopted, its ports' that moved to it, and new ones for what is missing.
 * Whatever says already what the plan says stays as it stands; the plan has no opinion on options that it does not know.
 */
export function bridgeStanzas(plan: BridgePlan, own: readonly Draft[], moved: readonly Draft[]): Draft[] {
  const drafts = [...own, ...moved];
  const needs = needsOf(plan, drafts);
  const claims = claim(needs, drafts);
  const isKept = (draft: Draft) => claims.has(draft) || !/^(static|dhcp|bootp)$/.test(draft.method);
  const fresh = [...claims.keys()].filter((draft) => !drafts.includes(draft));
  const kept = [...drafts.filter(isKept), ...fresh];
  // bridge-utils makes the bridge in the stanza with bridge_ports, so that one comes first (ifup works stanza by stanza).
  const stanzas = own.length > 0 ? kept : kept.toSorted((a, b) => rank(a) - rank(b));
  const primary = stanzas.find((draft) => draft.get("bridge_ports") !== undefined) ?? stanzas[0]!;

  for (const draft of drafts.filter((draft) => !isKept(draft))) {
    const heir = stanzas.find(({ family }) => family === draft.family) ?? primary;
    heir.append(draft.options.filter(({ keyword }) => isCommand(keyword)));
  }
  for (const [draft, need] of claims) fulfil(draft, need, plan.name);
  writeRoutes(plan, stanzas, primary);
  writeWords(stanzas, primary, plan.nameservers, "dns-nameservers", "dns-nameserver");
  writeWords(stanzas, primary, plan.searchDomains, "dns-search");
  writeBridgeOptions(plan, stanzas, primary, own.length > 0);
  return stanzas;
}

interface Need {
  readonly family: "inet" | "inet6";
  readonly method: "dhcp" | "static" | "manual";
  readonly address?: string;
}

const rank = (draft: Draft) => (draft.family === "inet" ? 0 : 1);
const familyOf = (address: string) => (isIPv6(address) ? "inet6" : "inet");

/** ifupdown's way to several addresses, or to DHCP and addresses, is a stanza for each (interfaces(5), INTERFACE DEFINITIONS). */
function needsOf(plan: BridgePlan, drafts: readonly Draft[]): Need[] {
  const said = drafts
    .flatMap((draft) => draft.commands(plan.name))
    .filter((it) => it.kind === "address" && !it.removes);
  const statics = plan.addresses
    .filter((address) => !said.some(({ words }) => isSameAddress(words, address)))
    .map((address): Need => ({ family: familyOf(address), method: "static", address }));
  const needs: Need[] = [
    ...(plan.dhcp4 ? [{ family: "inet", method: "dhcp" } as const] : []),
    ...statics,
    ...(plan.dhcp6 ? [{ family: "inet6", method: "dhcp" } as const] : []),
  ];
  // A bridge without an IPv4 address still has its stanza: that is the one that makes the bridge.
  const isMade = needs.some(({ family }) => family === "inet") || drafts.some((draft) => draft.get("bridge_ports"));
  return isMade ? needs : [{ family: "inet", method: "manual" }, ...needs];
}

/** Each need with the stanza that is to fulfil it: the one that does already, else one that is free, else a new one. */
function claim(needs: readonly Need[], drafts: readonly Draft[]): Map<Draft, Need> {
  const claims = new Map<Draft, Need>();
  const open = new Set(needs);
  const tests: ((draft: Draft, need: Need) => boolean)[] = [
    (draft, need) =>
      draft.method === need.method && (need.address === undefined || isSameAddress(draft.address, need.address)),
    (draft) => /^(static|dhcp|bootp|manual)$/.test(draft.method),
  ];
  for (const fits of tests) {
    for (const need of open) {
      const draft = drafts.find((draft) => !claims.has(draft) && draft.family === need.family && fits(draft, need));
      if (draft) claims.set(draft, need);
      if (draft) open.delete(need);
    }
  }
  for (const need of open) claims.set(Draft.fresh("new", need.family, need.method), need);
  return claims;
}

const ADDRESS = ["address", "netmask", "broadcast", "network", "pointopoint", "scope"];

function fulfil(draft: Draft, need: Need, name: string): void {
  if (draft.method !== need.method) {
    draft.remove("metric");
    if (need.method === "static") draft.remove("hostname", "leasetime", "vendor", "client");
    else draft.remove(...ADDRESS, "gateway", "preferred-lifetime", "dad-attempts", "dad-interval");
  }
  draft.become(name, need.method);
  if (need.address === undefined || isSameAddress(draft.address, need.address)) return;
  draft.remove(...ADDRESS.slice(1));
  draft.set("address", need.address, 0);
}

function writeRoutes(plan: BridgePlan, stanzas: readonly Draft[], primary: Draft): void {
  const open = new Set(plan.routes.map(normalRoute));
  const wanted = new Set(open);
  // With DHCP the plan says nothing of IPv4 addresses and routes that commands set.
  const isOpen = (words: string) => isIPv6(words) || !plan.dhcp4;
  for (const draft of stanzas) {
    const [gateway, metric] = [draft.get("gateway"), draft.get("metric")];
    if (draft.method === "static" && gateway !== undefined) {
      const route = normalRoute(`default via ${gateway}${metric === undefined ? "" : ` metric ${metric}`}`);
      if (!wanted.has(route)) draft.remove("gateway", "metric");
      open.delete(route);
    }
    const commands = draft.commands(plan.name);
    const isWanted = ({ kind, words }: { kind: string; words: string }) =>
      kind === "route" ? wanted.has(words) : plan.addresses.some((address) => isSameAddress(words, address));
    for (const it of commands) if (it.kind === "route" && !it.removes) open.delete(it.words);
    const gone = commands.filter((it) => !it.removes && !isWanted(it) && isOpen(it.words));
    const undone = commands.filter((it) => it.removes && gone.some(({ words }) => target(words) === target(it.words)));
    draft.keep((option) => ![...gone, ...undone].some((it) => it.option === option));
  }
  for (const route of open) {
    const [, via, metric] = /^default via (\S+)(?: metric (\d+))?$/.exec(route) ?? [];
    const family = isIPv6(route) ? "inet6" : "inet";
    const candidates = stanzas.filter(
      (draft) => draft.method === "static" && draft.family === family && draft.get("gateway") === undefined,
    );
    const holder = via && (candidates.find(({ address }) => address && inSubnet(via, address)) ?? candidates[0]);
    if (holder) {
      const after = holder.options.findLastIndex(({ keyword }) => ADDRESS.includes(plain(keyword))) + 1;
      holder.set("gateway", via, after);
      if (metric !== undefined) holder.set("metric", metric, after + 1);
    } else {
      const heir = stanzas.find((draft) => draft.family === family) ?? primary;
      const command = family === "inet6" ? "ip -6 route add" : "ip route add";
      heir.set("up", `${command} ${route}${isConnected(route, plan) ? "" : " onlink"} dev $IFACE`);
    }
  }
}

const target = (words: string) => words.split(" ")[0];

/** The kernel takes a gateway only where a subnet of the link's reaches it (hosters' /32 does not). */
function isConnected(route: string, plan: BridgePlan): boolean {
  const via = / via (\S+)/.exec(route)?.[1];
  return !via || /^fe[89ab]/.test(via) || plan.dhcp4 || plan.addresses.some((address) => inSubnet(via, address));
}

/** A list in one line, in the stanza that has it already. `others`: further keywords of the same meaning. */
function writeWords(
  stanzas: readonly Draft[],
  primary: Draft,
  list: readonly string[],
  keyword: string,
  ...others: readonly string[]
): void {
  const wanted = [...new Set(list)];
  const is = new Set(stanzas.flatMap((draft) => draft.words(keyword, ...others)));
  if ([...is].join() === wanted.join()) return;
  const holder = stanzas.find((draft) => draft.get(keyword) !== undefined) ?? primary;
  for (const draft of stanzas) draft.remove(...others, ...(draft === holder && wanted.length > 0 ? [] : [keyword]));
  if (wanted.length > 0) holder.set(keyword, wanted.join(" "));
}

/** The kernel's defaults (br_stp.c, br_device.c), which hold where ifupdown is told nothing. */
const DEFAULTS = {
  bridge_fd: 15,
  bridge_hello: 2,
  bridge_maxage: 20,
  bridge_ageing: 300,
  bridge_bridgeprio: 32768,
  bridge_maxwait: 0,
};

function writeBridgeOptions(plan: BridgePlan, stanzas: readonly Draft[], primary: Draft, adopted: boolean): void {
  const write = (keyword: string, value: string, isSaid: (has: string | undefined) => boolean) => {
    const holders = stanzas.filter((draft) => draft.get(keyword) !== undefined);
    if (holders.length === 0 && !isSaid(undefined)) primary.set(keyword, value);
    for (const draft of holders) if (!isSaid(draft.get(keyword))) draft.set(keyword, value);
  };
  const number = (keyword: keyof typeof DEFAULTS, value: number | undefined) => {
    if (value === undefined) return;
    write(keyword, String(value), (has) =>
      has === undefined ? adopted && value === DEFAULTS[keyword] : Number(firstWord(has)) === value,
    );
  };
  write("bridge_ports", plan.ports.join(" ") || "none", (has) => has !== undefined && coversPorts(has, plan.ports));
  write("bridge_stp", plan.stp ? "on" : "off", (has) =>
    has === undefined ? adopted && !plan.stp : isOn(has) === plan.stp,
  );
  number("bridge_fd", plan.forwardDelay);
  number("bridge_hello", plan.helloTime);
  number("bridge_maxage", plan.maxAge);
  number("bridge_ageing", plan.ageingTime);
  number("bridge_bridgeprio", plan.priority);
  number("bridge_maxwait", plan.maxWait);
  const { vlanFiltering } = plan;
  // The script knows this one word for true.
  if (vlanFiltering !== undefined)
    write("bridge_vlan_aware", vlanFiltering ? "yes" : "no", (has) => (has === "yes") === vlanFiltering);
  const mac = plan.macAddress?.toLowerCase();
  if (mac !== undefined) {
    // bridge_hw is the way that bridge-utils-interfaces(5) recommends; the kernel and udev then leave the MAC alone when ports come and go.
    const keyword = stanzas.some((draft) => draft.get("hwaddress") !== undefined) ? "hwaddress" : "bridge_hw";
    const isSaid = (has: string | undefined) =>
      has !== undefined && (has.replace(/^ether\s+/, "").toLowerCase() === mac || plan.ports.includes(has));
    write(keyword, mac, isSaid);
  }
  if (plan.mtu !== undefined) write("mtu", String(plan.mtu), (has) => Number(has) === plan.mtu);
}

/** Whether `bridge_ports` names just these ports; a `regex` or `all` that covers them is the owner's way to say so. */
function coversPorts(value: string, ports: readonly string[]): boolean {
  const words = value === "none" ? [] : value.split(/\s+/);
  const isFlexible = words.some((word) => word === "regex" || word === "all");
  if (!isFlexible) return words.toSorted().join() === ports.toSorted().join();
  const patterns: string[] = [];
  let isRegex = false;
  for (const word of words) {
    if (word === "regex" || word === "noregex") isRegex = word === "regex";
    else if (word === "all") patterns.push("(eth|em|en).*", "p[0-9].*");
    else patterns.push(isRegex ? word : word.replace(/[.+]/g, "\\$&"));
  }
  return ports.every((port) => patterns.some((pattern) => matches(pattern, port)));
}

function matches(pattern: string, port: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(port);
  } catch {
    return false;
  }
}
