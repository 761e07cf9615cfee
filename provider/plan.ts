import { fileOrder } from "./backends/fileOrder";
import { SCRIPTS } from "./backends/ifcfgFiles";
import { HostError } from "./errors";
import type { Observed } from "./facts";
import { filesOf, guards, type Guard } from "./guards";
import { hazardOf, lostAddress, settleOf } from "./hazard";
import { interfaceSteps, nothingPending } from "./interfaceSteps";
import { overlay, type HostState, type LinkState, type Manager } from "./hostState";
import { putFile, removeFile } from "./kernel/file";
import { batchTakes, isV6, linkBatch, moves } from "./kernel/linkBatch";
import { dropLease, startClient, stopClient } from "./kernel/dhcpClient";
import { portIPv6 } from "./kernel/portIPv6";
import { sysctlPath } from "./kernel/sysctl";
import { tapsOn } from "./libvirt/taps";
import { networkSteps, reservationSteps } from "./networkPlan";
import type { Op } from "./op";
import { capture, project } from "./project";
import { writeSections } from "./sections";
import { command, quote } from "./shell";
import { movedLeases, simulate } from "./simulate";
import { answersStill, letGoSteps, managed, takeOverSteps } from "./takeOver";

export type { Op } from "./op";

export interface Plan {
  readonly guards: readonly Guard[];
  readonly ops: readonly Op[];
  readonly revert: readonly Op[];
  /** Why the change may cut the line that it came by. */
  readonly hazard?: string;
  /** Why it cannot be confirmed: the address goes by which the host is reached. */
  readonly lost?: string;
  /** Daemons that take links over. */
  readonly managers?: readonly Manager[];
  /** Seconds until the ports of the change forward: a bridge with STP listens, then learns, each for its forward delay. */
  readonly settle: number;
}

/**
 * How to take the host from what was observed to what is desired, and back.
 * `sideEffects`: what else will change by it (libvirt's doing), which comes back with it where the change fails. */
export function plan(desired: HostState, observed: Observed, sideEffects: HostState = {}): Plan {
  const before = capture(observed, desired);
  const whole = nothingPending(capture(observed, overlay(sideEffects, desired)), desired, observed);
  const hazard = hazardOf(desired, observed);
  const lost = lostAddress(desired, observed);
  const managers = [...managed(desired, observed).keys()];
  const ops = steps(desired, observed);
  return {
    guards: guards(desired, before, observed),
    ops: hazard && ops.length > 0 && managers.length > 0 ? [...ops, answersStill] : ops,
    // What a lease brought comes back too, also where the change did without it.
    revert: steps(
      whole,
      { ...simulate(observed, overlay(sideEffects, desired)), leased: movedLeases(desired, observed) },
      observed,
    ),
    ...(hazard && { hazard }),
    ...(lost && { lost }),
    ...(managers.length > 0 && { managers }),
    settle: settleOf(desired),
  };
}

/** `original`: on the way back, the host as it was: files come back as whole texts, whatever a section's own place would be. */
function steps(desired: HostState, observed: Observed, original?: Observed): Op[] {
  const back = original !== undefined;
  const found = project(observed, desired);
  const steps = [
    ...letGoSteps(desired, observed, original),
    ...linkSteps(desired, observed, original),
    ...sysctlSteps(desired, found),
    ...networkSteps(desired, found, observed, original),
    ...reservationSteps(desired, observed, back),
    ...interfaceSteps(desired, found, observed, original),
    ...fileSteps(desired, observed, original),
  ];
  return steps.length > 0 ? [...steps, ...takeOverSteps(desired, observed, original)] : [];
}

function linkSteps(desired: HostState, observed: Observed, original: Observed | undefined): Op[] {
  const back = original !== undefined;
  const links = desired.links ?? {};
  const guests = Object.entries(links).flatMap(([name, link]) =>
    link?.kind === "bridge" && !observed.links[name]
      ? tapsOn(observed, { bridge: name })
          .map((word) => word.split("/"))
          .filter(([tap = ""]) => observed.links[tap])
          .flatMap(([tap, isolated]) => [
            `link set dev ${tap} master ${name}`,
            ...(isolated ? [`link set dev ${tap} type bridge_slave isolated on`] : []),
          ])
      : [],
  );
  const lines = [...linkBatch(links, observed.links, observed.leased), ...guests];
  const odd = lines.find((line) => !batchTakes(line.replace(/ alias ".*"$/, "")));
  if (odd !== undefined)
    throw new HostError("conflict", `ip(8) takes no device of such a name in a batch: ${odd} (nothing was touched)`);
  // Somebody's own, given back.
  const aliases = Object.entries(links).flatMap(([name, link]) =>
    link?.alias === undefined || link.alias === observed.links[name]?.alias || batchTakes(link.alias)
      ? []
      : [command("ip", "link", "set", "dev", name, "alias", link.alias)],
  );
  const batch = `printf %s ${quote(lines.map((line) => `${line}\n`).join(""))} | ip${back ? " -force" : ""} -batch -`;
  // On the way back some lines are done already, or were never needed: what counts is what the host is like afterwards.
  const scripts = [...(lines.length > 0 ? [batch] : []), ...aliases].map((script) =>
    back ? `${script} 2>/dev/null || :` : script,
  );
  const ipv6 = portIPv6(links, observed.links, observed.facts.commands.includes("ifreload"));
  const ops: Op[] =
    scripts.length > 0
      ? [
          {
            title: `ip -batch: ${Object.keys(links).join(", ")}`,
            script: [...ipv6.before, ...scripts, ...ipv6.after].join("\n"),
          },
        ]
      : [];
  const clients = clientSteps(links, observed, original);
  // A client that goes does so before its link's addresses change: it may just be bringing others.
  return [...clients.stop, ...ops, ...clients.start];
}

function clientSteps(
  links: Readonly<Record<string, LinkState | null>>,
  observed: Observed,
  original: Observed | undefined,
): { stop: Op[]; start: Op[] } {
  const moved = moves(links, observed.links);
  const isIfcfg = Object.keys(observed.files).some((path) => path.startsWith(`${SCRIPTS}/`));
  const steps = ([4, 6] as const).map((family) => {
    const runs = (link: LinkState | null | undefined) => Boolean(family === 4 ? link?.dhcp4 : link?.dhcp6);
    const says = (link: LinkState | null) => link === null || (family === 4 ? link.dhcp4 : link.dhcp6) !== undefined;
    // A daemon is its links' client itself.
    const hasDaemon = (name: string, of: Readonly<Record<string, LinkState | null>>) => of[name]?.manager !== undefined;
    const names = Object.keys(links).filter((name) => says(links[name]!));
    const stop = names.filter(
      (name) => !runs(links[name]) && runs(observed.links[name]) && !hasDaemon(name, observed.links),
    );
    const start = names.filter(
      (name) => runs(links[name]) && (original || !runs(observed.links[name])) && !hasDaemon(name, links),
    );
    /** On the way back: a link that had no lease before has none afterwards. */
    const isNew = (name: string) =>
      family === 4 &&
      original !== undefined &&
      links[name] !== null &&
      !original.leased[name]?.addresses.some((words) => !isV6(words));
    const hadDefault = (name: string) =>
      links[name]?.routes?.some((route) => route.startsWith("default") && !isV6(route)) ?? true;
    return {
      stop: stop.map((name): Op => ({
        title: `DHCPv${family} client of ${name}: stop, ${isNew(name) ? "drop" : "keep"} the lease`,
        script: [stopClient(name, family), ...(isNew(name) ? dropLease(name, hadDefault(name)) : [])].join("\n"),
      })),
      start: start.map((name): Op => {
        const from = moved.find(([, to]) => to === name)?.[0] ?? name;
        const client = observed.facts.dhcpClients.find((client) => client.link === from && client.family === family);
        // Whatever client may be there on the way back: there is to be one.
        const script = [stopClient(name, family), ...startClient(name, family, client, isIfcfg)].join("\n");
        return {
          title: `DHCPv${family} client of ${name}: start${client && from !== name ? ` with the lease of ${from}` : ""}`,
          script,
        };
      }),
    };
  });
  return { stop: steps.flatMap(({ stop }) => stop), start: steps.flatMap(({ start }) => start) };
}

function sysctlSteps(desired: HostState, found: HostState): Op[] {
  return Object.entries(desired.sysctls ?? {}).flatMap(([key, value]) =>
    value === null || found.sysctls?.[key] === value
      ? []
      : [{ title: `sysctl ${key} = ${value}`, script: `printf '%s\\n' ${quote(value)} > ${quote(sysctlPath(key))}` }],
  );
}

function fileSteps(desired: HostState, observed: Observed, original: Observed | undefined): Op[] {
  const texts: Record<string, string | null> = original
    ? Object.fromEntries(filesOf(desired).map((path) => [path, original.files[path] ?? null]))
    : { ...desired.files, ...writeSections(observed.files, desired.sections ?? {}) };
  const isReached = (link: string) =>
    [observed, desired].some(({ links }) => {
      const { addresses = [], dhcp4, dhcp6 } = links?.[link] ?? {};
      return addresses.length > 0 || dhcp4 || dhcp6;
    });
  const managers = [...managed(desired, observed).keys()];
  const changes = fileOrder(Object.entries(texts), observed.files, managers, isReached);
  return changes.flatMap(([path, text], i): Op[] => {
    const before = changes.slice(0, i).findLast(([other]) => other === path)?.[1];
    if (text === (before ?? observed.files[path] ?? null)) return [];
    if (text?.includes("\0"))
      throw new HostError("conflict", `${path} holds a NUL, which no shell can write; nothing was touched`);
    return [
      text === null
        ? { title: `remove ${path}`, script: removeFile(path), commit: true }
        : { title: `write ${path}`, script: putFile(path, text), commit: true },
    ];
  });
}
