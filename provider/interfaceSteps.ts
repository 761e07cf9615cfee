import type { Observed } from "./facts";
import { equal, type HostState, type InterfaceState } from "./hostState";
import { interfaceView, mergeInterface, outsideOfNetwork, reattached, updateLive } from "./libvirt/interface";
import { changesOf, elementsOf } from "./libvirt/liveInterface";
import { nic } from "./libvirt/operations";
import { unplugged } from "./libvirt/taps";
import type { Op } from "./op";
import { networkKey } from "./project";

/**
 * How guests' interfaces become as desired, each the least disruptive way: the definition alone where the rest waits for the guest's next
 * start, `update-device` for what changes live, detached and attached only where nothing may be pending.
 * `original`: on the way back, the host as it was.
 */
export function interfaceSteps(
  desired: HostState,
  found: HostState,
  observed: Observed,
  original: Observed | undefined,
): Op[] {
  return Object.entries(desired.interfaces ?? {}).flatMap(([key, want]): Op[] => {
    const [domain, mac] = networkKey(key);
    const is: InterfaceState | null = found.interfaces?.[key] ?? null;
    if (!original && equal(want, is)) return [];
    if (want === null) return is ? [{ title: `guest ${domain}: detach ${mac}`, script: nic.remove(domain, mac) }] : [];
    // One that only runs has no definition to go back to.
    if (want.xml === "")
      return [{ title: `guest ${domain}: no definition of ${mac}`, script: nic.undefine(domain, mac) }];
    const { persistent, live } = elementsOf(observed, domain, mac);
    const changes = live === undefined ? undefined : changesOf(observed, live, want.xml);
    const isDefined = persistent !== undefined && interfaceView(persistent, want.xml) === want.xml;
    const again = want.pending !== undefined && changes !== undefined && changes.nextStart.length > 0;

    const loose = live === undefined || again ? undefined : unplugged(observed, live);
    if (loose && isDefined && changes?.live.length === 0)
      return [
        { title: `guest ${domain}: plug ${mac} into ${loose.bridge}`, script: nic.plug(loose.tap, loose.bridge) },
      ];
    const update = original !== undefined || again || !changes || changes.live.length > 0;
    const outside = update && !again && live !== undefined ? outsideOfNetwork(live, want.xml) : undefined;
    const how = again ? "attach anew" : is ? "change" : "attach";
    return [
      ...(outside === undefined
        ? []
        : [
            {
              title: `guest ${domain}: take ${mac} out of its port group`,
              script: nic.put(domain, mac, { persistent: "", live: outside, again: false }),
            },
          ]),
      {
        title: `guest ${domain}: ${how} ${mac}${update || !is ? "" : " at its next start"}`,
        script: nic.put(domain, mac, {
          persistent: !original && isDefined ? "" : mergeInterface(persistent ?? null, want.xml),
          live: !update
            ? ""
            : live === undefined
              ? want.xml
              : again
                ? reattached(live, want.xml)
                : updateLive(live, want.xml),
          again: again || (original !== undefined && want.pending !== undefined),
        }),
      },
    ];
  });
}

/** What was before a change that attaches interfaces anew, to which the way back leads: where nothing was pending then, nothing is. */
export function nothingPending(before: HostState, desired: HostState, observed: Observed): HostState {
  if (!before.interfaces) return before;
  const interfaces = Object.entries(before.interfaces).map(([key, state]) => {
    const { persistent, live } = elementsOf(observed, ...networkKey(key));
    const isWhole = persistent && live && changesOf(observed, live, persistent).nextStart.length === 0;
    return [key, state && isWhole && desired.interfaces?.[key]?.pending ? { ...state, pending: [] } : state] as const;
  });
  return { ...before, interfaces: Object.fromEntries(interfaces) };
}
