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
      const lines = lineDiff(linesOf(found), linesOf(text ?? ""));
      const isSame = lines.every(({ mark }) => mark === " ");
      return [
        `  ${title} (${isSame ? "as it is" : "changed"})`,
        ...lines.map(({ mark, line }) => `    ${mark} ${line}`),
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

/** A line of two texts: of both, of the first only (`-`), or of the second only (`+`). */
interface DiffLine {
  readonly mark: " " | "-" | "+";
  readonly line: string;
}

/** The fewest lines that go and come from one text to the other, as diff(1) has it; texts have some hundred lines at most. */
function lineDiff(from: readonly string[], to: readonly string[]): DiffLine[] {
  /** How many lines the rests behind each pair of places have in common. */
  const common = Array.from({ length: from.length + 1 }, () => new Array<number>(to.length + 1).fill(0));
  for (let i = from.length - 1; i >= 0; i--)
    for (let j = to.length - 1; j >= 0; j--)
      common[i]![j] = from[i] === to[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
  const lines: DiffLine[] = [];
  for (let i = 0, j = 0; i < from.length || j < to.length;) {
    if (i < from.length && j < to.length && from[i] === to[j]) {
      lines.push({ mark: " ", line: from[i]! });
      i++;
      j++;
    } else if (j === to.length || (i < from.length && common[i + 1]![j]! >= common[i]![j + 1]!)) {
      lines.push({ mark: "-", line: from[i++]! });
    } else {
      lines.push({ mark: "+", line: to[j++]! });
    }
  }
  return lines;
}
