import { diffArrays } from "diff";
import { IFSTATE } from "./backends/ifupdownSources";
import type { Observed } from "./facts";
import { differences, type HostState } from "./hostState";
import { mergeInterface } from "./libvirt/interface";
import { elementsOf } from "./libvirt/liveInterface";
import { mergeNetwork } from "./libvirt/network";
import { networkKey, project } from "./project";
import { readSection, splitKey } from "./sections";

/** A text of the host: what it will be, and what it is; `null` where there is none. */
interface Reviewed {
  readonly title: string;
  readonly text: string | null;
  readonly found: string | null;
}

/**
 * The files and the XML as they will stand on the host, whole; of what is there already, line by line what changes, or that nothing does.
 * Pulumi shows what changes in a text line by line, but of a new resource's only the first three lines, in quotes (unless
 * `--show-full-output`), and the review is what preview is for.
 */
export function review(desired: HostState, observed: Observed, host: string, because?: string): string {
  const texts = [
    ...textsOf(desired, observed).flatMap(({ title, text, found }) => {
      if (found === null)
        return [`  ${title}`, ...(text === null ? ["      nothing"] : linesOf(text).map((line) => `      ${line}`))];
      const changes = diffArrays(linesOf(found), linesOf(text ?? ""));
      const isSame = changes.every(({ added, removed }) => !added && !removed);
      return [
        `  ${title} (${isSame ? "as it is" : "changed"})`,
        ...changes.flatMap(({ added, removed, value }) =>
          value.map((line) => `    ${added ? "+" : removed ? "-" : " "} ${line}`),
        ),
      ];
    }),
    ...linkChanges(desired, observed),
  ];
  return [...(because === undefined ? [] : [because]), `${host} will have:`, ...texts].join("\n");
}

const linesOf = (text: string) => (text.trimEnd() === "" ? [] : text.trimEnd().split("\n"));

function textsOf(desired: HostState, observed: Observed): Reviewed[] {
  const { files = {}, sections = {}, networks = {}, interfaces = {}, sysctls = {} } = desired;
  return [
    ...Object.entries(files)
      .filter(([path]) => !path.startsWith(IFSTATE))
      .map(([path, text]) => ({ title: path, text, found: observed.files[path] ?? null })),
    ...Object.entries(sections)
      .filter(([key]) => !key.startsWith(`${IFSTATE}#`))
      .map(([key, text]) => ({ title: splitKey(key).join(", "), text, found: readSection(observed.files, key) })),
    ...Object.entries(networks).map(([name, network]) => {
      const is = observed.networks[name]?.xml;
      // As we print it, so that no line differs but in what it says.
      const [text, found] = [network && mergeNetwork(is ?? null, network.xml), is && mergeNetwork(is, is)];
      return { title: `libvirt network ${name}`, text, found: found ?? null };
    }),
    ...Object.entries(interfaces).map(([key, nic]) => {
      const [domain, mac] = networkKey(key);
      const is = elementsOf(observed, domain, mac).persistent ?? null;
      return { title: `interface ${mac} of domain ${domain}`, text: nic && mergeInterface(is, nic.xml), found: is };
    }),
    ...Object.entries(sysctls).map(([key, text]) => ({
      title: `sysctl ${key}`,
      text,
      found: observed.sysctls[key] ?? null,
    })),
  ];
}

/** Of a bridge that is there already, what the kernel will have otherwise. */
function linkChanges({ links = {} }: HostState, observed: Observed): string[] {
  const there = Object.fromEntries(
    Object.entries(links).filter(
      ([name, link]) => link && observed.links[name]?.kind === "bridge" && link.kind === "bridge",
    ),
  );
  return Object.keys(there).map((name) => {
    const only = { links: { [name]: there[name]! } };
    const changes = differences(only, project(observed, only)).map(
      ({ path, wanted, found }) => `${path.slice(2).join(".")}: ${JSON.stringify(found)} → ${JSON.stringify(wanted)}`,
    );
    return `  bridge ${name} (${changes.length === 0 ? "as it is" : changes.join(", ")})`;
  });
}
