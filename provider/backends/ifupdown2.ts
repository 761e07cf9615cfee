import type { Backend, BridgePlan, Files, Found } from "./backend";
import { ifupdown } from "./ifupdown";
import { Draft, isStatic, plain } from "./ifupdownDraft";
import { render, type Dialect } from "./ifupdownRender";
import { sources } from "./ifupdownSources";
import { bootLines, parseStanza, sections } from "./interfacesFile";

/**
 * ifupdown2 (Cumulus, Proxmox, Debian's package) reads ifupdown's files, and does another thing in some places. All stanzas of an
 * interface are one to it, with the method of the first and the first's metric (ifaceobj_squash_internal in ifupdownmain.py).
 */
const dialect: Dialect = (stanzas, plan, ports) => {
  const primary = stanzas[0]!;
  const [mac] = stanzas.flatMap((draft) => draft.values("bridge_hw"));
  for (const draft of stanzas) draft.remove("bridge-hw");
  // bridge_hw is bridge-utils' alone.
  if (mac !== undefined && !stanzas.some((draft) => draft.get("hwaddress"))) primary.set("hwaddress", mac);
  writeMtu(primary, plan, ports);
  const isDhcp = stanzas.some(({ method }) => method === "dhcp");
  const dissolved = isDhcp ? stanzas.filter(isStatic) : [];
  const gateways = stanzas.filter((draft) => isStatic(draft) && draft.get("gateway") !== undefined);
  const loose = gateways.some((draft) => draft.get("metric") !== undefined) && gateways.length > 1 ? gateways : [];
  for (const draft of new Set([...dissolved, ...loose])) loosen(draft, primary, dissolved.includes(draft));
  // With no address in the stanzas it takes the bridge for one of guests only, over which the host forwards nothing (_set_bridge_forwarding in address.py).
  if (isDhcp && !primary.options.some(({ value }) => value === FORWARDING)) primary.set("up", FORWARDING);
  return stanzas.filter((draft) => !dissolved.includes(draft));
};

const FORWARDING =
  "for v in ipv4 ipv6; do cat /proc/sys/net/$v/conf/all/forwarding > /proc/sys/net/$v/conf/$IFACE/forwarding; done || :";

/** Bridges and NICs of whose MTU the stanzas say nothing get 1500 (_process_mtu_config_mtu_none in address.py), whatever the others have. */
function writeMtu(primary: Draft, plan: BridgePlan, ports: readonly { port: string; draft: Draft }[]): void {
  const said = ports.flatMap(({ draft }) => draft.values("mtu")).map(Number);
  if (plan.mtu === undefined) {
    if (said.length > 0 && primary.get("mtu") === undefined) primary.set("mtu", String(Math.min(...said)));
    return;
  }
  for (const name of plan.ports) {
    const drafts = ports.filter(({ port }) => port === name).map(({ draft }) => draft);
    if (drafts[0] === undefined) primary.set("up", `ip link set dev ${name} mtu ${plan.mtu}`);
    else if (!drafts.some((draft) => draft.get("mtu") !== undefined)) drafts[0].set("mtu", String(plan.mtu));
  }
}

/** What a stanza of another method or metric would say, as commands: `replace`, since they run at each `ifreload`. */
function loosen(draft: Draft, primary: Draft, isWhole: boolean): void {
  const ip = draft.family === "inet6" ? "ip -6" : "ip";
  const [address, gateway, metric] = [draft.address, draft.get("gateway"), draft.get("metric")];
  if (isWhole && address !== undefined) primary.set("up", `${ip} addr replace ${address} dev $IFACE`);
  if (gateway !== undefined)
    primary.set(
      "up",
      `${ip} route replace default via ${gateway}${metric ? ` metric ${metric}` : ""} onlink dev $IFACE`,
    );
  draft.remove("gateway", "metric");
  if (isWhole && draft !== primary)
    primary.append(draft.options.filter(({ keyword }) => !ADDRESS.test(plain(keyword))));
}

const ADDRESS = /^(address|netmask|broadcast|network|pointopoint|scope|preferred-lifetime|dad-.*)$/;

function unsupported(
  plan: BridgePlan,
  _found: Readonly<Record<string, Found>> = {},
  files: Files = {},
): string | undefined {
  const [fraction] = [plan.forwardDelay, plan.helloTime, plan.maxAge, plan.ageingTime].filter((it) => it && it % 1);
  if (fraction !== undefined) return `ifupdown2 takes whole seconds only, and not ${fraction}`;
  if (plan.maxWait > 0)
    return "maxWait is ifupdown's; ifupdown2 brings the bridge up and waits for nobody (forwardDelay: 0 needs no wait)";
  if (plan.dhcp6 && !plan.dhcp4)
    return "ifupdown2 takes all stanzas of an interface for one of the first one's method, and asks for IPv6 by DHCP only where that is dhcp: give dhcp4: true, too, or no dhcp6";
  return foreignWords([plan.name, ...plan.ports, ...plan.left], files) ?? ifupdown.unsupported(plan, {}, files);
}

/** ifupdown2's own words, and ifupdown's that it does not know. */
function foreignWords(links: readonly string[], files: Files): string | undefined {
  for (const path of sources(files).paths) {
    const text = files[path]!;
    const refuse = (what: string, instead: string) => `${path} has ${what}; ${instead}`;
    if (bootLines(text).some(({ source }) => source === "directory"))
      return refuse(
        "a source-directory line, which ifupdown2 does not know",
        "write `source /etc/network/interfaces.d/*`",
      );
    if (/^\s*%|\$\{/m.test(text))
      return refuse("a template of ifupdown2's, which would have to be undone to write a bridge into it", "write what it stands for"); // prettier-ignore
    for (const [, name = "", family, method] of text.matchAll(
      /^[ \t]*iface[ \t]+(\S+)(?:[ \t]+(\S+))?(?:[ \t]+(\S+))?/gm,
    )) {
      const link = links.find((link) => name === link || (name.includes("[") && link.startsWith(name.split("[")[0]!)));
      if (link !== undefined && (link !== name || family === undefined || method === undefined))
        return refuse(`"iface ${[name, family].filter(Boolean).join(" ")}" for ${link}`, "write it as interfaces(5) of ifupdown has it, `iface NAME inet METHOD`"); // prettier-ignore
    }
    for (const stanza of Object.values(sections(text))
      .filter((it) => it.startsWith("iface"))
      .map(parseStanza)) {
      if (!links.includes(stanza.iface)) continue;
      if (stanza.inherits !== undefined)
        return refuse(`"inherits" for ${stanza.iface}, which ifupdown2 does not know`, "write the options themselves");
      if (new Draft(stanza).values("address").length > 1)
        return refuse(`several addresses in one stanza of ${stanza.iface}`, "give each a stanza, which ifupdown2 takes together"); // prettier-ignore
    }
  }
  return undefined;
}

export const ifupdown2: Backend = {
  owner: "ifupdown",
  find: ifupdown.find,
  unsupported,
  render: (plan, found, files) => render(plan, found, files, dialect),
};
