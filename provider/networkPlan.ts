import type { Observed } from "./facts";
import { differences, type HostState, type NetworkState, type ReservationState } from "./hostState";
import { mergeNetwork } from "./libvirt/network";
import { liveUpdate, reservationUpdates, type LiveUpdate } from "./libvirt/networkUpdate";
import { net } from "./libvirt/operations";
import { tapsOn } from "./libvirt/taps";
import type { Op } from "./op";
import { networkKey, project } from "./project";

/** How libvirt's networks come to be as desired. `original`: on the way back, the host as it was. */
export function networkSteps(
  desired: HostState,
  found: HostState,
  observed: Observed,
  original: Observed | undefined,
): Op[] {
  return Object.entries(desired.networks ?? {}).flatMap(([name, want]): Op[] => {
    const is = found.networks?.[name] ?? null;
    const step = (title: string, script: string): Op => ({ title: `network ${name}: ${title}`, script });
    // Undefined first: where libvirt cannot write, it goes on as it was.
    if (want === null) return is ? [step("undefine", net.undefine(name)), step("stop", net.stop(name))] : [];
    return [
      ...(is?.xml === want.xml
        ? []
        : [
            step(
              "define",
              original
                ? net.redefine(name, original.networks[name]!.xml)
                : net.define(mergeNetwork(observed.networks[name]?.xml ?? null, want.xml)),
            ),
          ]),
      ...runNetwork(
        name,
        runOf(name, want, is, observed.networks[name]?.liveXml),
        observed,
        original !== undefined,
      ).map(([title, script]) => step(title, script)),
      ...((is?.autostart ?? false) === want.autostart
        ? []
        : [step(`autostart ${want.autostart ? "on" : "off"}`, net.autostart(name, want.autostart))]),
    ];
  });
}

type Run = "stop" | "start" | "stay" | LiveUpdate | "bounce";

/** What a running network cannot take over live makes it start anew. */
function runOf(name: string, want: NetworkState, is: NetworkState | null, liveXml: string | undefined): Run {
  if (!want.active) return is?.active ? "stop" : "stay";
  if (!is?.active) return "start";
  if (is.live === true) return "stay";
  return (liveXml === undefined ? undefined : liveUpdate(name, liveXml, want.xml)) ?? "bounce";
}

/** Guests' taps are put back on the bridge of a network that starts. */
function runNetwork(name: string, run: Run, observed: Observed, back: boolean): [title: string, script: string][] {
  const taps = tapsOn(observed, { network: name });
  switch (run) {
    case "stay":
      return [];
    case "stop":
      return [["stop", net.stop(name)]];
    case "start":
      return [["start", net.start(name, taps)]];
    case "bounce":
      return [["start anew, guests' taps put back", net.bounce(name, taps)]];
    default:
      return [["change live", net.update(name, "--live", run.updates, back)]];
  }
}

/** All reservations of a network at once: each definition is changed by one virsh. */
export function reservationSteps(desired: HostState, observed: Observed, back: boolean): Op[] {
  const found = project(observed, { reservations: desired.reservations ?? {} }).reservations ?? {};
  const byNetwork: Record<string, Record<string, ReservationState | null>> = {};
  for (const [key, want] of Object.entries(desired.reservations ?? {})) {
    const [network, client] = networkKey(key);
    if (back || differences({ reservations: { [key]: want } }, { reservations: found }).length > 0)
      (byNetwork[network] ??= {})[client] = want;
  }
  return Object.entries(byNetwork).flatMap(([network, reservations]): Op[] => {
    const want = desired.networks?.[network];
    const is = observed.networks[network];
    // With the network goes all that is in it.
    if (want === null || (!want && !is)) return [];
    // Each definition as it is when its turn comes: defined already, started anew or as it was.
    const xml = want ? mergeNetwork(is?.xml ?? null, want.xml) : is!.xml;
    const isRunning = want ? want.active : is!.active;
    const run = want && runOf(network, want, project(observed, desired).networks?.[network] ?? null, is?.liveXml);
    const liveXml = run === "start" || run === "bounce" ? xml : (is?.liveXml ?? xml);
    const update = (which: "--config" | "--live", xml: string) =>
      net.update(network, which, reservationUpdates(network, xml, reservations, back), back);
    return [
      {
        title: `network ${network}: ${titleOf(reservations)}`,
        script: [update("--config", xml), ...(isRunning ? [update("--live", liveXml)] : [])].join("\n"),
      },
    ];
  });
}

function titleOf(reservations: Readonly<Record<string, ReservationState | null>>): string {
  const all = Object.entries(reservations);
  const [[client, want] = ["", null]] = all;
  if (all.length > 1) return `${all.length} reservations`;
  return want ? `reserve ${want.address} for ${client}` : `no reservation for ${client}`;
}
