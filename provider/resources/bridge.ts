import type { Backend, BridgePlan, Found, Owner } from "../backends/backend";
import { CLOUD_INIT, cloudInitSection } from "../backends/cloudInit";
import { isPortFile } from "../backends/ifcfgFiles";
import { readerOf } from "../backends/ifcfgReader";
import { IFSTATE } from "../backends/ifupdownSources";
import { backendOf } from "../backends/registry";
import { detect } from "../backends/detect";
import { isProfile } from "../backends/networkManagerFiles";
import { managerNames } from "../backends/takeOver";
import type { Observed } from "../facts";
import { overlay, type HostState, type LinkState, type Manager } from "../hostState";
import type { Context, Properties, Rendered, ResourceDefinition } from "../resource";
import { isStillHad, portProblems, takenRoutes } from "./bridgePorts";
import { parseBridge, type BridgeSpec, type Route } from "./bridgeSpec";
import { resolve } from "./bridgePlan";
import { stableMac } from "./mac";

/** What the ports (and an adopted bridge) were when they were taken over. */
interface BridgeFound {
  readonly name: string;
  readonly owner: Owner;
  /** The daemon that reads the owner's files, where that is not always so. */
  readonly manager?: Manager;
  readonly links: Readonly<Record<string, Found>>;
  readonly mac: string;
  /** The ports' MTUs, and whether the program ever gave another: only then is the bridge's to be given back. */
  readonly mtus: Readonly<Record<string, number>>;
  readonly mtuGiven: boolean;
  /** The same of VLAN filtering. */
  readonly vlanFilteringGiven?: boolean;
}

export const bridge: ResourceDefinition<BridgeSpec> = {
  type: "Bridge",
  args: [
    ...[
      "name",
      "ports",
      "dhcp4",
      "dhcp6",
      "addresses",
      "routes",
      "nameservers",
      "searchDomains",
      "macAddress",
      "stp",
      "forwardDelay",
      "helloTime",
    ],
    ...["maxAge", "ageingTime", "priority", "vlanFiltering", "maxWait", "mtu", "owner"],
  ],
  renders: ["files", "sections", "links"],
  outputs: ["currentAddresses"],
  replaceOn: ["name", "owner"],

  parse: parseBridge,

  render(spec: BridgeSpec, context: Context): Rendered {
    const { observed, host } = context;
    const known = context.found as BridgeFound | undefined;
    const problems = portProblems(spec, known?.name, observed, host);
    if (problems.length > 0) return { desired: {}, completed: {}, problems };
    const refuse = (reason: string): Rendered => ({
      desired: {},
      completed: {},
      problems: [{ property: "owner", reason }],
    });
    const { managed = {}, daemons = [], commands } = observed.facts;
    const has = (command: string) => commands.includes(command);
    const macs = (link: string) => observed.links[link]?.mac;
    const { files } = observed;
    const facts = { files, has, managed, macs };
    const configured = spec.ports.length > 0 ? spec.ports : [spec.name];
    const detected = detect(configured, facts);
    if (!spec.owner && !known && detected.refused) return refuse(detected.refused);
    const owner = spec.owner ?? known?.owner ?? detected.owner;
    const reader = owner !== "ifcfg" ? {} : known?.manager ? known : readerOf(configured, observed.facts, files, macs);
    if ("refused" in reader && reader.refused) return refuse(`on ${host}, ${reader.refused}`);
    const backend = backendOf(owner, configured, facts, reader.manager);
    const { manager } = backend;
    if (manager && !daemons.includes(manager)) return refuse(`${managerNames[manager]} does not run on ${host}`);
    const find = (name: string) =>
      known?.links[name] ?? backend.find(name, observed.links[name]!, observed.files, managed[name]);
    const adopted = known ? spec.name in known.links : context.adopt && observed.links[spec.name] !== undefined;
    const former = Object.keys(known?.links ?? {}).filter(
      (name) => ![spec.name, known!.name, ...spec.ports].includes(name),
    );
    const left = former.filter((port) => isStillHad(known!.links[port]!, spec));
    const names = [...(adopted ? [spec.name] : []), ...spec.ports, ...left];
    const links = Object.fromEntries(names.map((name) => [name, find(name)]));
    // With a port goes its MAC: two of the same on a LAN would take each other's frames.
    const isGone = former.some((port) => observed.links[port]?.mac === known!.mac);
    const mac =
      (isGone ? undefined : known?.mac) ??
      observed.links[adopted ? spec.name : (spec.ports[0] ?? "")]?.mac ??
      stableMac(context.urn);
    const mtus = Object.fromEntries(
      spec.ports.map((port) => [port, known?.mtus[port] ?? observed.links[port]!.mtu ?? 1500]),
    );
    const mtuGiven = (known?.mtuGiven ?? false) || spec.mtu !== undefined;
    const vlanFilteringGiven = (known?.vlanFilteringGiven ?? false) || spec.vlanFiltering !== undefined;
    const found: BridgeFound = {
      ...{ name: spec.name, owner, links, mac, mtus, mtuGiven },
      ...(vlanFilteringGiven && { vlanFilteringGiven }),
      ...(reader.manager && { manager: reader.manager }),
    };
    const plan = resolve(
      spec,
      names.map((name) => links[name]!),
      left,
      adopted ? links[spec.name] : undefined,
      mac,
      vlanFilteringGiven,
      context,
    );
    const taken = takenRoutes(plan, observed, known?.name, host);
    if (taken.length > 0) return { desired: {}, completed: {}, problems: taken };
    if (plan.vlanFiltering && observed.facts.vlanFiltering === false) {
      const reason = `the kernel of ${host}, ${observed.facts.kernel}, cannot filter VLANs on a bridge (it is built without CONFIG_BRIDGE_VLAN_FILTERING)`;
      return { desired: {}, completed: {}, problems: [{ property: "vlanFiltering", reason }] };
    }
    const unsupported = backend.unsupported(plan, links, observed.files);
    if (unsupported) return refuse(unsupported);

    const rendered = backend.render(plan, links, observed.files);
    const cloudInit = manager && cloudInitSection(spec.name, files, has);
    const desired: HostState = {
      ...overlay(overlay(rendered, backend.state?.(plan.name) ?? {}), cloudInit ? { sections: cloudInit } : {}),
      links: {
        [plan.name]: bridgeLink(plan, found, backend, context.mark),
        ...Object.fromEntries(plan.ports.map((port) => [port, portLink(plan, port, found, backend)])),
        ...Object.fromEntries(
          left
            .filter((port) => observed.links[port])
            .map((port) => [port, { ...bare, ...managerOf(backend), master: null }]),
        ),
      },
    };
    return {
      desired,
      found,
      ...(cloudInit &&
        observed.files[CLOUD_INIT] === undefined && {
          warnings: [
            `cloud-init is on ${host}, and would write the network's configuration anew; ${CLOUD_INIT} keeps it from that`,
          ],
        }),
      ...(detected.because !== undefined && owner === detected.owner && { because: detected.because }),
      completed: {
        name: plan.name,
        owner,
        dhcp4: plan.dhcp4,
        dhcp6: plan.dhcp6,
        addresses: plan.addresses,
        routes: plan.routes.map(routeObject),
        nameservers: plan.nameservers,
        searchDomains: plan.searchDomains,
        macAddress: plan.macAddress ?? mac,
      },
    };
  },

  id: (inputs) => inputs["name"] as string,

  claims: (desired) => {
    const ports = Object.entries(desired.links ?? {}).flatMap(([name, link]) =>
      link?.kind === "bridge" ? [] : [name],
    );
    const isPorts = (key: string) =>
      key.startsWith(`${IFSTATE}#`) ||
      key.startsWith(`${CLOUD_INIT}#`) ||
      /^\/etc\/netplan\/[^#]*#(?!bridges\.)/.test(key) ||
      ports.some((port) => key.split("#")[1]!.split(" ").includes(port));
    return {
      files: Object.fromEntries(
        Object.entries(desired.files ?? {}).filter(
          ([path, text]) => !path.startsWith(IFSTATE) && !isPortProfile(path, text) && !isPortFile(path, text),
        ),
      ),
      sections: Object.fromEntries(Object.entries(desired.sections ?? {}).filter(([key]) => !isPorts(key))),
      links: Object.fromEntries(Object.entries(desired.links ?? {}).filter(([name]) => !ports.includes(name))),
    };
  },

  users(desired, observed) {
    const bridges = Object.entries(desired.links ?? {}).flatMap(([name, link]) =>
      link?.kind === "bridge" ? [name] : [],
    );
    // Guests run on while libvirt does not answer; their taps are there.
    if (observed.facts.libvirtError !== undefined)
      return Object.entries(observed.links).flatMap(([name, { kind, master }]) =>
        kind === "tun" && master && bridges.includes(master) ? [`the guest behind ${name}`] : [],
      );
    return Object.entries(observed.domains).flatMap(([name, { liveXml = "" }]) =>
      bridges.some((bridge) => new RegExp(`<source [^>]*bridge=['"]${bridge.replaceAll(".", "\\.")}['"]`).test(liveXml))
        ? [`guest ${name}`]
        : [],
    );
  },

  compute(inputs: Properties, observed: Observed): Properties {
    const name = inputs["name"] as string;
    const leased = (observed.leased[name]?.addresses ?? []).map((words) => words.split(" ")[0]!);
    return { currentAddresses: [...(observed.links[name]?.addresses ?? []), ...leased] };
  },
};

function routeObject(words: string): Route {
  const [to = "", ...rest] = words.split(" ");
  const after = (word: string) => rest[rest.indexOf(word) + 1];
  return {
    to,
    via: rest.includes("via") ? after("via")! : "",
    ...(rest.includes("metric") && { metric: Number(after("metric")) }),
  };
}

/** A port's profile of NetworkManager's is the NIC's, and was there before. */
const isPortProfile = (path: string, text: string | null) => isProfile(path) && !/^type=bridge$/m.test(text ?? "");

/** The kernel's own values (br_device.c, br_dev_setup), said so that whatever is no longer given goes back to them. */
const KERNEL = { helloTime: 2, maxAge: 20, ageingTime: 300, priority: 32768 } as const;

function bridgeLink(
  plan: BridgePlan,
  { owner, mtus, mtuGiven }: BridgeFound,
  backend: Backend,
  mark: string,
): LinkState {
  const { stp, forwardDelay, helloTime, maxAge, ageingTime, priority, vlanFiltering } = { ...KERNEL, ...plan };
  // A bridge has the least MTU of its ports, guests' taps among them, unless it was ever given one.
  const mtu = plan.mtu ?? (mtuGiven ? Math.min(1500, ...Object.values(mtus)) : undefined);
  return {
    kind: "bridge",
    up: true,
    ...(plan.macAddress && { mac: plan.macAddress }),
    ...(owner === "runtime" && { alias: mark }),
    ...managerOf(backend),
    ...(mtu && { mtu }),
    bridge: {
      ...{ stp, forwardDelay, helloTime, maxAge, ageingTime, priority },
      ...(vlanFiltering !== undefined && { vlanFiltering }),
    },
    dhcp4: plan.dhcp4,
    dhcp6: plan.dhcp6,
    addresses: plan.addresses,
    routes: plan.routes,
  };
}

/** A port has no address of its own: bridge(8), and every distribution's guide. */
const bare: LinkState = { dhcp4: false, dhcp6: false, addresses: [], routes: [] };
const portLink = (plan: BridgePlan, port: string, { mtus }: BridgeFound, backend: Backend): LinkState => ({
  ...bare,
  ...managerOf(backend),
  up: true,
  master: plan.name,
  mtu: plan.mtu ?? mtus[port]!,
});

const managerOf = ({ manager }: Backend): Pick<LinkState, "manager"> => (manager === undefined ? {} : { manager });
