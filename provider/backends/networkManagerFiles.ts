import { isIPv6 } from "../parse";
import { withPrefix } from "./addressing";
import type { Files } from "./backend";
import { normalRoute } from "./ifupdownCommands";
import { parseIni, type IniSection } from "./iniFile";

/** NetworkManager's keyfiles, nm-settings-keyfile(5). Of one profile the file in /run goes before that in /etc, and that before /usr/lib's. */
export const PROFILES = "/etc/NetworkManager/system-connections";
const FOLDERS = ["/run/NetworkManager/system-connections", PROFILES, "/usr/lib/NetworkManager/system-connections"];

export const isProfile = (path: string) => FOLDERS.some((folder) => path.startsWith(`${folder}/`));

export const pathOf = (bridge: string, port?: string): string =>
  `${PROFILES}/kvmnet-${bridge}${port === undefined ? "" : `-port-${port}`}.nmconnection`;

/** The probe's word for a file whose passwords and keys stay on the host. */
export const WITHHELD = "# pulumi-kvmnet: it holds secrets, which are not read\n";

export const parseKeyfile = (text: string): IniSection[] => parseIni(text, { continues: false });

/** Sections have two names: that of D-Bus, and an alias (nm-settings-keyfile(5)). */
const ALIASES: Readonly<Record<string, string>> = { "802-3-ethernet": "ethernet", "802-11-wireless": "wifi" };
export const sectionName = (name: string) => ALIASES[name] ?? name;

export const valueOf = (sections: readonly IniSection[], section: string, ...keys: readonly string[]) =>
  sections
    .filter(({ name }) => sectionName(name) === section)
    .flatMap((found) => keys.flatMap((key) => found.values(key)))
    .at(-1);

/** GLib's lists end each item with a semicolon. */
export const listOf = (value: string | undefined): string[] =>
  (value ?? "").split(/[;,]/).map((item) => item.trim()).filter(Boolean); // prettier-ignore

export const isYes = (value: string | undefined): boolean => /^(true|yes|on|1)$/i.test(value ?? "");

/** Of `[connection]`, what is about the way over a link: nm-settings(5). */
export const WAY = /^(zone|metered|llmnr|mdns|dns-over-tls|mptcp-flags|secondaries|gateway-ping-timeout|ip-ping-.*)$/;
/** Sections that are. */
export const isWay = (section: string) => /^(ipv4|ipv6|proxy|hostname)$/.test(section);

/** The type of what is made or taken: `ethernet`, `bridge`, `bond`, `vlan`. */
export const typeOf = (sections: readonly IniSection[]) => sectionName(valueOf(sections, "connection", "type") ?? "");

export const methodOf = (sections: readonly IniSection[], family: 4 | 6): string =>
  valueOf(sections, `ipv${family}`, "method") ?? "auto";

export const isPort = (sections: readonly IniSection[]): boolean =>
  valueOf(sections, "connection", "master", "controller") !== undefined;

/** For which families NetworkManager is the link's DHCP client. IPv6's `auto` is one where the router says so. */
export const dhcpOf = (sections: readonly IniSection[]): (4 | 6)[] =>
  isPort(sections) ? [] : ([4, 6] as const).filter((family) => /^(auto|dhcp)$/.test(methodOf(sections, family)));

/** Whether a profile for this link is for no other: by its name, or by its MAC. */
export function isOneLinks(sections: readonly IniSection[], link: string): boolean {
  const name = valueOf(sections, "connection", "interface-name");
  const others = sections.some((section) => section.name === "match" && !section.isEmpty);
  return !others && (name === undefined ? valueOf(sections, "ethernet", "mac-address") !== undefined : name === link);
}

/** The file of the link's profile, where nobody says which is active: of this link alone. */
export const profileOf = (files: Files, link: string, mac: string | undefined): string | undefined =>
  FOLDERS.flatMap((folder) => Object.keys(files).filter((path) => path.startsWith(`${folder}/`))).find((path) => {
    const sections = parseKeyfile(files[path]!);
    const address = valueOf(sections, "ethernet", "mac-address")?.toLowerCase();
    return isOneLinks(sections, link) && (address === undefined || mac === undefined || address === mac);
  });

/** An item of `address1=`: `10.0.0.11/24,10.0.0.1`, and as older versions wrote it `10.0.0.11;24;10.0.0.1;`. */
export interface Item {
  readonly section: IniSection;
  readonly key: string;
  readonly words: readonly string[];
}

export const itemsOf = (sections: readonly IniSection[], family: 4 | 6, key: "address" | "route"): Item[] =>
  sections
    .filter(({ name }) => name === `ipv${family}`)
    .flatMap(
      (section) =>
      section.keys
        .filter((name) => new RegExp(`^${key}(e?s)?\\d*$`).test(name))
        .flatMap((name) => section.values(name).map((value) => ({ section, key: name, words: value.split(/[/;,]/).map((word) => word.trim()) }))), // prettier-ignore
    );

export const addressOf = ({ words: [address = "", prefix = ""] }: Item): string =>
  withPrefix(prefix === "" ? address : `${address}/${prefix}`);

/** Its gateway: that of the first address only counts where there is no `gateway=`. */
export function gatewayOf(sections: readonly IniSection[], family: 4 | 6): string | undefined {
  const said = valueOf(sections, `ipv${family}`, "gateway") ?? itemsOf(sections, family, "address").flatMap(({ words }) => words[2] ?? [])[0]; // prettier-ignore
  return said === undefined || said === "" || /^(0\.0\.0\.0|::)$/.test(said) ? undefined : said;
}

export const metricOf = (sections: readonly IniSection[], family: 4 | 6, otherwise: number): number => {
  const said = Number(valueOf(sections, `ipv${family}`, "route-metric") ?? -1);
  return said >= 0 ? said : otherwise;
};

/** In BridgePlan's words: a metric is always said, but for those that the kernel has where none is. */
export const routeWords = (to: string, via: string, metric: number): string =>
  normalRoute(`${/^(0\.0\.0\.0|::)\/0$/.test(to) ? "default" : to} via ${via}${metric === (isIPv6(via) ? 1024 : 0) ? "" : ` metric ${metric}`}`); // prettier-ignore

/** What an item of `route1=` says; not of the main table (`other`), or without a gateway (`nowhere`). */
export function routeOf(item: Item, otherwise: number): string {
  const [to = "", prefix = "", via = "", metric = ""] = item.words;
  if (/(^|,)(table=(?!(0|254)\b)|type=(?!unicast))/.test(item.section.get(`${item.key}_options`) ?? "")) return "other";
  if (via === "" || /^(0\.0\.0\.0|::)$/.test(via)) return "nowhere";
  return routeWords(`${to}/${prefix}`, via, metric === "" ? otherwise : Number(metric));
}

/** The routes that a bridge can be given. `otherwise`: the metric of those for which the profile says none. */
export function routesOf(sections: readonly IniSection[], family: 4 | 6, otherwise: number): string[] {
  const metric = metricOf(sections, family, otherwise);
  const via = isYes(valueOf(sections, `ipv${family}`, "never-default")) ? undefined : gatewayOf(sections, family);
  const routes = itemsOf(sections, family, "route").map((item) => routeOf(item, metric));
  return [
    ...(via === undefined ? [] : [routeWords(`${family === 4 ? "0.0.0.0" : "::"}/0`, via, metric)]),
    ...routes.filter((words) => words !== "other" && words !== "nowhere"),
  ];
}

/** The MAC that the profile gives its link: by its present name, or the bridge's former one. */
export const macOf = (sections: readonly IniSection[]): string | undefined =>
  [valueOf(sections, "ethernet", "cloned-mac-address"), valueOf(sections, "bridge", "mac-address")]
    .map((mac) => mac?.toLowerCase())
    .find((mac) => /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac ?? ""));
