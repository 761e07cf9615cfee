import type { Observed } from "./facts";
import { absent, overlay, restrict, type HostState } from "./hostState";
import { needsForwarding } from "./kernel/sysctl";
import { networkKey } from "./project";
import { splitKey } from "./sections";

/**
 * What `state` names comes back as it was `before`, else goes; and, unless the resource stays with the rest of what it is (`staying`), what
 * libvirt changed on its own account. IP forwarding stays on as long as somebody else needs it.
 */
export function givingBack(state: HostState, before: HostState, now: Observed, staying?: HostState): HostState {
  const target = overlay(absent(state), {
    ...restrict(before, state),
    ...(staying === undefined && before.sysctls && { sysctls: before.sysctls }),
  });
  const own = [state, staying ?? {}].flatMap(({ files, sections }) => [
    ...Object.keys(files ?? {}),
    ...Object.keys(sections ?? {}).map((key) => splitKey(key)[0]),
  ]);
  const files = keep(now.files, (path) => !own.includes(path));
  const networks = keep(now.networks, (name) => state.networks?.[name] === undefined);
  const sysctls = Object.fromEntries(
    Object.entries(target.sysctls ?? {}).filter(
      ([key, value]) => value !== null && !(value === "0" && needsForwarding(key, { files, networks })),
    ),
  );
  // What is gone with its owner needs no giving back: a domain or a network that no longer exists, a NIC that was taken out.
  return {
    ...target,
    ...(target.links && { links: keep(target.links, (name, link) => link === null || now.links[name] !== undefined) }),
    ...(target.interfaces && {
      interfaces: Object.fromEntries(
        Object.entries(keep(target.interfaces, (key) => now.domains[networkKey(key)[0]] !== undefined)).map(
          // One that may be attached anew may be so for this, too.
          ([key, nic]) => [key, nic && state.interfaces?.[key]?.pending ? { ...nic, pending: [] } : nic],
        ),
      ),
    }),
    ...(target.reservations && {
      reservations: keep(target.reservations, (key) => now.networks[networkKey(key)[0]] !== undefined),
    }),
    sysctls,
  };
}

const keep = <T>(record: Readonly<Record<string, T>>, which: (key: string, value: T) => boolean): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter(([key, value]) => which(key, value)));
