import { worst, type Disruption } from "../disruption";
import type { Observed } from "../facts";
import { differences, type HostState } from "../hostState";
import { networkDifferences, networkFromXml, reservations } from "../libvirt/network";
import { liveUpdate, PERSISTENT_ONLY, reservationLabel } from "../libvirt/networkUpdate";

/** What the change of a network disturbs; nothing where it does not run. */
export function networkDisruptions(name: string, desired: HostState, observed: Observed): Disruption[] {
  const is = observed.networks[name];
  const want = desired.networks?.[name];
  if (!want || !is?.active || is.liveXml === undefined) return [];
  const named = (differences: ReturnType<typeof networkDifferences>, which: (name: string) => boolean) => {
    const paths = differences.filter(({ path }) => which(path[0]!)).map(({ path }) => path.join(".").replace(/\[[^\]]*\]/g, "")); // prettier-ignore
    return `network ${name}: ${[...new Set(paths)].join(", ")}`;
  };
  const isPersistentOnly = (name: string) => PERSISTENT_ONLY.includes(name);
  const live = networkDifferences(is.liveXml, want.xml).filter(({ path }) => !isPersistentOnly(path[0]!));
  const kept = networkDifferences(is.xml, want.xml).filter(({ path }) => isPersistentOnly(path[0]!));
  // Without a bridge of libvirt's own, guests stay where they are.
  const staysOn = ({ mode, bridge }: ReturnType<typeof networkFromXml>) =>
    mode === "bridge" ? bridge?.name : undefined;
  const [from, to] = [is.liveXml, want.xml].map((xml) => staysOn(networkFromXml(xml)));
  const label =
    liveUpdate(name, is.liveXml, want.xml)?.label ?? (from !== undefined && from === to ? "live" : "network bounce");
  const guests = label === "network bounce" ? { guests: guestsOn(name, observed) } : {};
  return [
    ...(live.length > 0 ? [{ label, what: named(live, () => true), ...guests }] : []),
    ...(kept.length > 0 ? [{ label: "next start" as const, what: named(kept, () => true) }] : []),
    ...(is.autostart === want.autostart ? [] : [{ label: "live" as const, what: `network ${name}: autostart` }]),
    ...reservationDisruptions(desired, observed),
  ];
}

/** What changed reservations disturb on the networks that they are in. */
export function reservationDisruptions({ reservations: wanted = {} }: HostState, observed: Observed): Disruption[] {
  const changed = Object.entries(wanted).flatMap(([key, want]) => {
    const [network, client] = [key.slice(0, key.lastIndexOf("/")), key.slice(key.lastIndexOf("/") + 1)];
    const { xml, liveXml } = observed.networks[network] ?? {};
    if (xml === undefined || liveXml === undefined) return [];
    const differs = [xml, liveXml].some((xml) => {
      const is = { [key]: reservations(xml)[client] ?? null };
      return differences({ reservations: { [key]: want } }, { reservations: is }).length > 0;
    });
    return differs ? [{ network, label: reservationLabel(liveXml, want?.address) }] : [];
  });
  return [...new Set(changed.map(({ network }) => network))].map((network) => {
    const of = changed.filter((one) => one.network === network);
    const what = `network ${network}: ${of.length === 1 ? "a reservation" : `${of.length} reservations`}`;
    return { label: worst(of.map(({ label }) => label)), what };
  });
}

/** Running guests that have an interface on it. */
export const guestsOn = (network: string, { domains }: Observed): string[] =>
  Object.entries(domains).flatMap(([guest, { liveXml = "" }]) =>
    liveXml.includes(`<source network='${network}'`) ? [guest] : [],
  );
