import type { LabHost } from "../lab/lab";

/** A host as its owner sees it: what `pulumi destroy` has to give back. */
export interface Snapshot {
  /** Everything under /etc: type, mode, owner, and a file's digest or a link's target. */
  readonly etc: Readonly<Record<string, string>>;
  readonly addresses: unknown;
  readonly routes: unknown;
  readonly networks: readonly string[];
  /** The interfaces of each guest, as it runs and as it is defined. */
  readonly guests: Readonly<Record<string, string>>;
  readonly sysctls: Readonly<Record<string, string>>;
}

export async function snapshot(host: LabHost): Promise<Snapshot> {
  const [etc, digests, addresses, routes, routes6, networks, guests, sysctls] = (await host.must(script)).split(
    SEPARATOR,
  ) as [string, string, string, string, string, string, string, string];
  const sha256 = pairs(digests, /^(\S+)  (.*)$/, ([, digest, path]) => [path!, digest!]);
  return {
    etc: pairs(etc, /^(\S+ \S+ \S+) (.*?) -> (.*)$/, ([, what, path, target]) => [
      path!,
      [what!, target! || (sha256[path!] ?? "")].join(" ").trim(),
    ]),
    addresses: withoutLifetimes(JSON.parse(addresses)),
    routes: [withoutLifetimes(JSON.parse(routes)), withoutLifetimes(JSON.parse(routes6))],
    networks: lines(networks),
    guests: pairs(guests, /^(\S+): (.*)$/, ([, name, text]) => [name!, text!]),
    sysctls: pairs(sysctls, /^(\S+) = (.*)$/, ([, key, value]) => (isStable(key!) ? [key!, value!] : undefined)),
  };
}

/** The host is as it was. What a kernel module that has come since has brought along is not the host's: nobody unloads it. */
export function expectAsBefore(after: Snapshot, before: Snapshot): void {
  const sysctls = Object.fromEntries(Object.entries(after.sysctls).filter(([key]) => key in before.sysctls));
  expect({ ...after, sysctls }).toEqual(before);
}

const SEPARATOR = "\n=====\n";

const script = [
  // The labs of the machine are none of the host's business.
  `find /etc -path /etc/netns -prune -o -printf '%y %m %u:%g %p -> %l\\n' | sort`,
  `find /etc -path /etc/netns -prune -o -type f -exec sha256sum {} + | sort -k 2`,
  // An address is there once its duplicate address detection has ended.
  `for i in $(seq 30); do ip -6 addr | grep -q tentative || break; sleep 0.1; done; ip -j addr`,
  `ip -j route`,
  `ip -j -6 route`,
  `virsh -q net-list --all`,
  `for d in $(virsh -q list --all --name); do for s in "" --inactive; do
     echo "$d$s: $(virsh -q domiflist $d $s | tr -s ' \\n' ' ;')"; done; done`,
  `sysctl -a 2>/dev/null`,
].join(`\nprintf '${SEPARATOR.replaceAll("\n", "\\n")}'\n`);

/** fs.* and kernel.* are the machine's, which lab hosts share; counters and clocks run by themselves. Devices other than the NICs come and go. */
function isStable(key: string): boolean {
  if (
    /^(fs|kernel|vm|dev|debug|user)\./.test(key) ||
    /(_count|_expires|\.stat|jiffies|random|uuid|fastopen_key)/.test(key)
  )
    return false;
  const device = /^net\.ipv[46]\.(?:conf|neigh)\.([^.]+)/.exec(key)?.[1];
  return device === undefined || /^(all|default|lo|eth\d+)$/.test(device);
}

const lines = (text: string) => text.split("\n").filter((line) => line.trim() !== "");

function pairs(
  text: string,
  pattern: RegExp,
  of: (match: RegExpExecArray) => [string, string] | undefined,
): Record<string, string> {
  return Object.fromEntries(
    lines(text).flatMap((line) => {
      const match = pattern.exec(line);
      const pair = match && of(match);
      return pair ? [pair] : [];
    }),
  );
}

/** They run out while one looks; and a route's link is down until the guest's system has brought its own end up. */
const withoutLifetimes = (json: unknown): unknown =>
  JSON.parse(
    JSON.stringify(json, (key, value: unknown) => {
      if (/life_time$|^expires$/.test(key)) return undefined;
      return key === "flags" && Array.isArray(value) ? value.filter((flag) => flag !== "linkdown") : value;
    }),
  ) as unknown;

/** What a preview with --diff is to do, by resource: `{ br0: "update" }`. */
export function changes(diff: string): Record<string, string> {
  const step = /^ *[-+~]+ ?\S+: \((create|update|replace|delete)\)(?:.*\n)(?: *\[id=.*\n)? *\[urn=\S+::([^\]]+)\]/gm;
  return Object.fromEntries([...diff.matchAll(step)].map(([, what, name]) => [name!, what!]));
}
