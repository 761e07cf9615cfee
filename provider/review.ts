import type { HostState } from "./hostState";
import { networkKey } from "./project";
import { IFSTATE, splitKey } from "./sections";

/**
 * The files and the XML as they will stand on the host. Pulumi shows what changes in a text line by line, but of a new one only the
 * first three lines, in quotes (unless `--show-full-output`), and the review is what preview is for.
 */
export function review(desired: HostState, host: string): string {
  const texts: [string, string | null][] = [
    ...Object.entries(desired.files ?? {}).filter(([path]) => !path.startsWith(IFSTATE)),
    ...Object.entries(desired.sections ?? {})
      .filter(([key]) => !key.startsWith(`${IFSTATE}#`))
      .map(([key, text]): [string, string | null] => [splitKey(key).join(", "), text]),
    ...Object.entries(desired.networks ?? {}).map(([name, network]): [string, string | null] => [
      `libvirt network ${name}`,
      network?.xml ?? null,
    ]),
    ...Object.entries(desired.interfaces ?? {}).map(([key, nic]): [string, string | null] => [
      `interface ${networkKey(key)[1]} of domain ${networkKey(key)[0]}`,
      nic?.xml ?? null,
    ]),
    ...Object.entries(desired.sysctls ?? {}).map(([key, value]): [string, string | null] => [`sysctl ${key}`, value]),
  ];
  const indented = (text: string) =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => `      ${line}`)
      .join("\n");
  return [
    `${host} will have:`,
    ...texts.map(([title, text]) => `  ${title}\n${text === null ? "      nothing" : indented(text)}`),
  ].join("\n");
}
