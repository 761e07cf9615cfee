import type { Observed } from "./facts";
import { collections, type HostState } from "./hostState";
import { capture, networkKey } from "./project";

/** What is in the way: it exists, the resource would make it, and it has no mark of ours. */
export function conflicts(claims: HostState, observed: Observed, mark: string, host: string): string[] {
  const there = capture(observed, claims);
  const found = collections.flatMap((collection) =>
    Object.entries(there[collection] ?? {}).flatMap(([key, value]) =>
      value === null ? [] : [{ collection, key, value }],
    ),
  );
  // Whole or not at all: a change that was cut after it was done left its mark on one of the parts, and the next run goes on from there.
  const ours = found.some(({ collection, key, value }) =>
    isOurs(JSON.stringify(value), JSON.stringify(claims[collection]?.[key]), mark),
  );
  return ours
    ? []
    : found.map(
        ({ collection, key }) =>
          `${nouns[collection](key)} exists on ${host} and is not ours; take it over with \`adopt: true\`${collection === "links" || collection === "networks" ? ", or choose another name" : ""}`,
      );
}

/** What was there before a create, less what is ours: a create that was cut made it, and it is not to come back. */
export function foreign(found: HostState, desired: HostState, mark: string): HostState {
  const result: Record<string, Record<string, unknown>> = { ...found };
  for (const collection of ["files", "networks", "interfaces"] as const)
    if (found[collection])
      result[collection] = Object.fromEntries(
        Object.entries(found[collection]).map(([key, value]) => [
          key,
          isOurs(JSON.stringify(value), JSON.stringify(desired[collection]?.[key]), mark) ? null : value,
        ]),
      );
  return result as HostState;
}

/** A mark is a line of text, or the UUID that we gave. */
function isOurs(found: string, desired: string, mark: string): boolean {
  const uuid = /<uuid>([^<]+)<\/uuid>/.exec(desired)?.[1] ?? /<alias name=\\?['"](ua-[^'"\\]+)/.exec(desired)?.[1];
  return found.includes(mark) || (uuid !== undefined && found.includes(uuid));
}

const nouns: Readonly<Record<keyof HostState, (key: string) => string>> = {
  files: (path) => `file ${path}`,
  sections: (key) => `"${key.split("#")[1]}" in ${key.split("#")[0]}`,
  links: (name) => `network device ${name}`,
  sysctls: (key) => `sysctl ${key}`,
  networks: (name) => `libvirt network ${name}`,
  reservations: (key) => `a reservation for ${networkKey(key)[1]} in network ${networkKey(key)[0]}`,
  interfaces: (key) => `an interface ${networkKey(key)[1]} of domain ${networkKey(key)[0]}`,
};
