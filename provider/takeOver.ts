import { fileOf, isScript } from "./backends/ifcfgFiles";
import { isProfile, profileOf } from "./backends/networkManagerFiles";
import { devicesOf, netplanProfile, rendererOf } from "./backends/netplanDevices";
import { letsGo, managerNames, settles, takenOver, takes, takesBack, type Profiles } from "./backends/takeOver";
import type { Observed } from "./facts";
import { filesOf } from "./guards";
import type { HostState, LinkState, Manager } from "./hostState";
import { isV6, moves } from "./kernel/linkBatch";
import type { Op } from "./op";
import { writeSections } from "./sections";

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
    const files = [
      ...filesOf(desired).filter(isRead),
      // netplan's, which it has just made, or makes no more.
      ...new Set(Object.keys(links).flatMap((name) => [observed.files, filesAfter(desired, observed)].flatMap((files) => netplanProfileOf(files, name, observed) ?? []))),
    ]; // prettier-ignore
    const profiles = profilesOf(links, desired, observed, original);
    const kept = Object.entries(desired.files ?? {}).flatMap(([path, text]) => (text === null ? [] : [path]));
    return {
      title: `${managerNames[manager]}: take over ${Object.keys(links).join(", ")}`,
      script: [
        ...(filesOf(desired).some((path) => path.startsWith("/etc/netplan/"))
          ? [back ? "netplan generate" : "netplan_generates"]
          : []),
        ...(manager === "NetworkManager" && !back ? [letsGo(manager, Object.keys(links))] : []),
        back ? takesBack(manager, links, files, profiles, kept) : takes(manager, links, files, profiles),
        takenOver(manager, links, leased, profiles),
        ...settles(manager, links),
      ].join("\n"),
      ...(!back && { commit: true }),
    };
  });

/** What NetworkManager reads as a link's profile. */
const isRead = (path: string) => isProfile(path) || isScript(path);

/** By which file each link is taken over: that which speaks of it now, on the way back that which was in use. */
function profilesOf(
  links: Readonly<Record<string, LinkState | null>>,
  desired: HostState,
  observed: Observed,
  original: Observed | undefined,
): Profiles {
  const texts = Object.entries(desired.files ?? {}).filter(([path, text]) => isRead(path) && text !== null);
  const files = Object.fromEntries(texts) as Record<string, string>;
  return Object.fromEntries(
    Object.keys(links).map((name) => [
      name,
      original
        ? original.facts.managed?.[name]?.file
        : (netplanProfileOf(filesAfter(desired, observed), name, observed) ??
          profileOf(files, name, observed.links[name]?.mac) ??
          fileOf(files, name, observed.links[name]?.mac)),
    ]),
  );
}

const filesAfter = ({ sections = {} }: HostState, { files }: Observed): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries({ ...files, ...writeSections(files, sections) }).flatMap(([path, text]) =>
      text === null ? [] : [[path, text]],
    ),
  );

/** What netplan makes of its files for NetworkManager, of a link. */
function netplanProfileOf(files: Readonly<Record<string, string>>, name: string, { links }: Observed): string | undefined {
  const [device] = devicesOf(files, name, links[name]?.mac);
  return device && rendererOf(files, device) === "NetworkManager" ? netplanProfile(device) : undefined;
} // prettier-ignore

/**
 * NetworkManager keeps what it made: a bridge of its own that goes it makes again, and a port that leaves comes back. It has to let go of
 * them first; on the way back, once it was told. systemd-networkd has to let go of a port that leaves, but where it has heard of nothing.
 */
export const letGoSteps = (desired: HostState, observed: Observed, original: Observed | undefined): Op[] =>
  [...managed(desired, observed)].flatMap(([manager, links]): Op[] => {
    const back = original !== undefined;
    const isLeaving = ([name, want]: [string, LinkState | null]) => {
      const is = observed.links[name];
      return is?.manager === manager && (want === null || Boolean(is.master && want.master !== is.master));
    };
    const leaving = Object.entries(links).filter(isLeaving);
    const ports = leaving.flatMap(([name, want]) => (want === null || back ? [] : [name]));
    const names = manager === "networkd" ? ports : leaving.length > 0 ? Object.keys(links) : [];
    if (names.length === 0) return [];
    const title = `${managerNames[manager]}: let go of ${names.join(", ")}`;
    return [{ title, script: letsGo(manager, names), ...(back && { commit: true }) }];
  });

/** Not only in the kernel's hands, in the daemon's too. */
export const answersStill: Op = {
  title: "gateway and nameserver answer still",
  script: 'kvmnet_end=$(($(now) + 30))\nreach_still || :\n[ "$ok" = 1 ]',
  commit: true,
};
