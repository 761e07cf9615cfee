/** A route or an address that a command of a stanza sets: `up ip route add 10.9.0.0/16 via 10.0.0.254 dev eth0`. */
export interface NetworkCommand {
  readonly kind: "route" | "address";
  /** As BridgePlan has them: `10.9.0.0/16 via 10.0.0.254`, `10.0.0.12/24`. */
  readonly words: string;
  readonly removes: boolean;
  /** Undefined where the command leaves it to the kernel; `$IFACE` is the stanza's own. */
  readonly dev?: string;
}

/** What the command does, where it is one of the forms that people write; undefined for all else, which is kept as it is. */
export function parseCommand(command: string): NetworkCommand | undefined {
  const plain = command.replace(/\s*(\d?>\s*\/dev\/null|\d>&\d|\|\|\s*(true|:|\/bin\/true))/g, "").trim();
  if (/[;&|`<>()\\]|\$(?!IFACE\b|\{IFACE\})/.test(plain)) return undefined;
  const [program = "", ...words] = plain.split(/\s+/);
  if (/^(\/\S*\/)?ip$/.test(program)) return ipCommand(words);
  if (/^(\/\S*\/)?route$/.test(program)) return routeCommand(words);
  return undefined;
}

const onOwnLink = /^\$(IFACE|\{IFACE\})$/;
const devOf = (dev: string | undefined) => (dev === undefined || onOwnLink.test(dev) ? {} : { dev });

function ipCommand(words: string[]): NetworkCommand | undefined {
  while (/^-(4|6)$/.test(words[0] ?? "")) words.shift();
  const [object = "", verb = "", ...rest] = words;
  const kind = /^r(o(u(te?)?)?)?$/.test(object)
    ? "route"
    : /^a(d(d(r(e(ss?)?)?)?)?)?$/.test(object)
      ? "address"
      : undefined;
  const removes = /^d(el(ete)?)?$/.test(verb);
  if (!kind || !(removes || /^(a(dd)?|append|replace)$/.test(verb))) return undefined;
  if (rest[0] === "to" || rest[0] === "local") rest.shift();
  const subject = rest.shift();
  const values: Record<string, string> = {};
  while (rest.length > 0) {
    const word = rest.shift()!;
    if (word === "onlink" || word === "nodad") continue;
    if (word === "via" && /^inet6?$/.test(rest[0] ?? "")) rest.shift();
    if (!/^(via|dev|metric|proto|scope|src|brd|broadcast|label)$/.test(word)) return undefined;
    values[word] = rest.shift() ?? "";
  }
  if (!subject || !/^(default|[0-9a-fA-F:.]+(\/\d+)?)$/.test(subject)) return undefined;
  if (kind === "address")
    return {
      kind,
      removes,
      words: subject.includes("/") ? subject : `${subject}/${host(subject)}`,
      ...devOf(values["dev"]),
    };
  return { kind, removes, words: routeWords(subject, values["via"], values["metric"]), ...devOf(values["dev"]) };
}

/** route(8) of net-tools, which hosters' images still use. */
function routeCommand([verb, ...words]: string[]): NetworkCommand | undefined {
  if (verb !== "add" && verb !== "del") return undefined;
  const isNet = words[0] === "-net";
  if (isNet || words[0] === "-host") words.shift();
  const [target = "", ...rest] = words;
  const values: Record<string, string> = {};
  while (rest.length > 0) {
    const word = rest.shift()!;
    if (/^(gw|netmask|metric|dev)$/.test(word)) values[word] = rest.shift() ?? "";
    else if (rest.length === 0) values["dev"] = word;
    else return undefined;
  }
  if (!/^(default|[0-9.]+(\/\d+)?)$/.test(target)) return undefined;
  const prefix = values["netmask"] === undefined ? undefined : prefixOf(values["netmask"]);
  if (isNet && prefix === undefined && !target.includes("/")) return undefined;
  const to = prefix === undefined ? target : `${target}/${prefix}`;
  return {
    kind: "route",
    removes: verb === "del",
    words: routeWords(to, values["gw"], values["metric"]),
    ...devOf(values["dev"]),
  };
}

const host = (address: string) => (address.includes(":") ? 128 : 32);

/** One spelling for one route: no `/32` at a host, no metric where it is the kernel's default (IP6_RT_PRIO_USER). */
function routeWords(to: string, via: string | undefined, metric: string | undefined): string {
  const target = /^(0\.0\.0\.0|::)\/0$/.test(to) ? "default" : to.replace(to.includes(":") ? /\/128$/ : /\/32$/, "");
  const isV6 = (via ?? to).includes(":");
  const said = metric && Number(metric) !== (isV6 ? 1024 : 0) ? ` metric ${Number(metric)}` : "";
  return `${target.toLowerCase()}${via ? ` via ${via.toLowerCase()}` : ""}${said}`;
}

/** The same route in that one spelling. */
export const normalRoute = (words: string): string => parseCommand(`ip route add ${words}`)?.words ?? words;

/** `255.255.255.0` or `24`, as `netmask` has them; undefined where it is neither. */
export function prefixOf(netmask: string): number | undefined {
  if (/^\d{1,3}$/.test(netmask)) return Number(netmask);
  const bytes = netmask.split(".").map(Number);
  if (bytes.length !== 4 || bytes.some((byte) => !(byte >= 0 && byte <= 255))) return undefined;
  const bits = bytes.map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits) ? bits.indexOf("0") + (bits.includes("0") ? 0 : 33) : undefined;
}

/** The command sets the NIC itself, not what is reached over it: it stays with the port. */
export const isNicCommand = (command: string): boolean =>
  /^\s*(\/\S*\/)?(ethtool|mii-tool|iw|iwconfig|tc|devlink|ip(\s+-\S+)*\s+l(i(n(k)?)?)?\s)/.test(command);

/**
 * The command for the bridge: what routes, addresses, rules and packet filters say of the port is the bridge's from now on, since
 * packets for the host come in by it. `ip route add … dev eth0` would fail on a port, and with it ifup.
 */
export function moveCommand(command: string, port: string, bridge: string): string {
  const name = port.replace(/[.+]/g, "\\$&");
  const end = "(?![\\w.:@+-])";
  const patterns = [
    `(\\bdev\\s+)${name}${end}`,
    `((?:^|\\s)(?:-i|-o|--in-interface|--out-interface|iif|oif|iifname|oifname)\\s+"?)${name}${end}`,
    `(\\bnet[./]ipv[46][./](?:conf|neigh)[./])${name}(?=[./])`,
    ...(/^\s*(\/\S*\/)?route\s/.test(command) ? [`(\\s)${name}${end}`] : []),
  ];
  return patterns.reduce((text, pattern) => text.replace(new RegExp(pattern, "g"), `$1${bridge}`), command);
}
