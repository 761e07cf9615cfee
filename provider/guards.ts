import { createHash } from "node:crypto";
import { encode } from "./bytes";
import type { Observed } from "./facts";
import type { HostState, LinkState } from "./hostState";
import { sysctlPath } from "./kernel/sysctl";
import { networkKey } from "./project";
import { command, quote } from "./shell";

/** What a change was planned against: a test that still holds when its turn comes. */
export interface Guard {
  readonly what: string;
  readonly test: string;
}

/** The files that a change writes, or has a section in. */
export const filesOf = ({ files = {}, sections = {} }: HostState): string[] => [
  ...new Set([...Object.keys(files), ...Object.keys(sections).map((key) => key.split("#")[0]!)]),
];

/** What the plan stands on: what it replaces is still as it was read. */
export function guards(desired: HostState, before: HostState, observed: Observed): Guard[] {
  const absent = (path: string) => `[ ! -e ${quote(path)} ]`;
  return [
    ...filesOf(desired).map((path) => ({
      what: path,
      test:
        observed.files[path] === undefined
          ? absent(path)
          : `[ "$(sha256sum < ${quote(path)})" = ${quote(`${digest(observed.files[path]!)}  -`)} ]`,
    })),
    ...Object.entries(before.links ?? {}).flatMap(([name, link]) => linkGuards(name, link)),
    ...Object.entries(before.sysctls ?? {}).flatMap(([key, value]) =>
      value === null
        ? []
        : [{ what: `sysctl ${key}`, test: `[ "$(cat ${quote(sysctlPath(key))})" = ${quote(value)} ]` }],
    ),
    ...Object.keys(desired.networks ?? {}).map((name) => ({
      what: `network ${name}`,
      test: observed.networks[name]
        ? `[ "$(printf %s "$(virsh_q net-dumpxml --inactive ${quote(name)})" | sha256sum)" = ${quote(`${digest(observed.networks[name].xml)}  -`)} ]`
        : `! ${command("net_was_there", name)}`,
    })),
    ...Object.keys(desired.interfaces ?? {}).map((key) => {
      const [domain, mac] = networkKey(key);
      const had = Boolean(before.interfaces?.[key]?.xml);
      return {
        what: `interface ${mac} of ${domain}`,
        test: `${had ? "" : "! "}${command("has_nic", domain, mac, "--inactive")}`,
      };
    }),
  ];
}

function linkGuards(name: string, link: LinkState | null): Guard[] {
  const path = quote(`/sys/class/net/${name}`);
  if (link === null) return [{ what: `link ${name}`, test: `[ ! -e ${path} ]` }];
  const master = link.master
    ? `[ -e ${quote(`/sys/class/net/${link.master}/brif/${name}`)} ]`
    : `[ ! -e ${path}/master ]`;
  return [{ what: `link ${name}`, test: `[ -e ${path} ] && ${master}` }];
}

const digest = (text: string) => createHash("sha256").update(encode(text)).digest("hex");
