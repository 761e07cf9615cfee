import { managerNames, takenOver, takes, takesBack } from "./backends/takeOver";
import type { Observed } from "./facts";
import { filesOf } from "./guards";
import type { HostState, LinkState, Manager } from "./hostState";
import { isV6, moves } from "./kernel/linkBatch";
import type { Op } from "./op";

/** Links by the daemon that has them in its hands, or is to have them. */
export function managed({ links = {} }: HostState, observed: Observed): Map<Manager, Record<string, LinkState | null>> {
  const found = new Map<Manager, Record<string, LinkState | null>>();
  for (const [name, link] of Object.entries(links)) {
    const manager = link === null ? observed.links[name]?.manager : link.manager;
    if (manager) found.set(manager, { ...found.get(manager), [name]: link });
  }
  return found;
}

/**
 * Daemons are told when the files are written, on the way back when the kernel is as it was: they take over what is there. Until then
 * the change is the kernel's alone, which a boot forgets.
 */
export const takeOverSteps = (desired: HostState, observed: Observed, original: Observed | undefined): Op[] =>
  [...managed(desired, observed)].map(([manager, links]): Op => {
    // The address that the operator came by has to be there again; else any that the server gives.
    const leased = (name: string) => {
      const from = moves(links, observed.links).find(([, to]) => to === name)?.[0];
      const had = [name, from ?? name].flatMap(
        (link) => (original ?? observed).leased[link]?.addresses.filter((words) => !isV6(words)) ?? [],
      );
      const addresses = had.map((words) => words.split("/")[0]!);
      return (
        addresses.find((address) => address === observed.facts.ssh?.server) ??
        (addresses.length > 0 ? "any" : undefined)
      );
    };
    const back = original !== undefined;
    const kept = Object.entries(desired.files ?? {}).flatMap(([path, text]) => (text === null ? [] : [path]));
    return {
      title: `${managerNames[manager]}: take over ${Object.keys(links).join(", ")}`,
      script: [
        ...(filesOf(desired).some((path) => path.startsWith("/etc/netplan/"))
          ? [back ? "netplan generate" : "netplan_generates"]
          : []),
        back ? takesBack(manager, links, kept) : takes(manager, links),
        takenOver(manager, links, leased),
      ].join("\n"),
      ...(!back && { commit: true }),
    };
  });

/** Not only in the kernel's hands, in the daemon's too. */
export const answersStill: Op = {
  title: "gateway and nameserver answer still",
  script: 'kvmnet_end=$(($(now) + 30))\nreach_still || :\n[ "$ok" = 1 ]',
  commit: true,
};
