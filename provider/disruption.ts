/**
 * What a change disturbs, from the least to the most: the words that a preview has for it.
 *
 * - `live`: nothing starts anew, nothing is cut.
 * - `dnsmasq reload`: a network's dnsmasq reads its tables again (SIGHUP).
 * - `dnsmasq restart`: a network's DNS and DHCP are away for a moment; no packet of the guests' among themselves or through the host is lost.
 * - `next start`: a running guest, or network, keeps what it has until it is started anew.
 * - `link bounce`: one interface of a guest loses its link and gets it back.
 * - `network bounce`: all guests on the network lose it and get it back.
 */
export const DISRUPTIONS = [
  "live",
  "dnsmasq reload",
  "dnsmasq restart",
  "next start",
  "link bounce",
  "network bounce",
] as const;

export type DisruptionLabel = (typeof DISRUPTIONS)[number];

/** One change as the preview says it. */
export interface Disruption {
  readonly label: DisruptionLabel;
  /** What is changed: `network lab: dns.hosts`, `interface 52:54:00:00:00:01 of guest web: link`. */
  readonly what: string;
  /** Guests that lose something for a moment, or that have to be started anew. */
  readonly guests?: readonly string[];
}

const all = (names: readonly string[]) => names.join(", ");

const EFFECTS: Readonly<Record<DisruptionLabel, (guests: readonly string[]) => string>> = {
  live: () => "is changed live; guests notice nothing",
  "dnsmasq reload": () => "dnsmasq reads its tables again; guests notice nothing",
  "dnsmasq restart": () => "dnsmasq starts anew; no guest loses a packet but to DNS and DHCP",
  "next start": (guests) => `takes effect at the next start${guests.length > 0 ? ` of ${all(guests)}` : ""}`,
  "link bounce": (guests) => `takes the link away for a moment${guests.length > 0 ? ` from ${all(guests)}` : ""}`,
  "network bounce": (guests) =>
    guests.length > 0
      ? `the network is started anew; ${all(guests)} lose${guests.length > 1 ? "" : "s"} it for a moment and get${guests.length > 1 ? "" : "s"} it back`
      : "the network is started anew; no guest is on it",
};

/** The least that counts where several are changed together. */
export const worst = (labels: readonly DisruptionLabel[]): DisruptionLabel =>
  DISRUPTIONS[Math.max(0, ...labels.map((label) => DISRUPTIONS.indexOf(label)))]!;

/** Whether somebody loses something: a warning; else it is good to know. */
export const disturbs = ({ label }: Disruption): boolean =>
  DISRUPTIONS.indexOf(label) >= DISRUPTIONS.indexOf("next start");

/** `network lab: mtu (network bounce): the network is started anew; web loses it for a moment and gets it back`. */
export const sayDisruption = ({ label, what, guests = [] }: Disruption): string =>
  `${what} (${label}): ${EFFECTS[label](guests)}`;
