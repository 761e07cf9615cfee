/** The path below /proc/sys. Only the last step of a key may hold dots (interface names), so keys are given by us, never by a user. */
export const sysctlPath = (key: string) => `/proc/sys/${key.replaceAll(".", "/")}`;

/** Directories that `sysctl --system` and systemd-sysctl read, an administrator's ones: sysctl.d(5). /usr/lib has the vendors' defaults. */
const ADMIN_FILES = /^\/etc\/sysctl\.conf$|^\/(etc|run|usr\/local\/lib)\/sysctl\.d\/[^/]+\.conf$/;

/** `net.ipv4.ip_forward` as sysctl.conf(5) spells it: with dots or slashes, a leading `-` for "ignore errors". */
const ASSIGNMENT = /^[ \t]*-?[ \t]*([^#;=\s][^=]*?)[ \t]*=[ \t]*(.*?)[ \t]*$/;

const keyOf = (line: string) => ASSIGNMENT.exec(line)?.[1]?.replaceAll("/", ".");

/** Files other than `own` in which an administrator sets `key`, and to what. */
export function assignments(key: string, files: Readonly<Record<string, string>>, own?: string) {
  return Object.entries(files).flatMap(([path, text]) =>
    path === own || !ADMIN_FILES.test(path)
      ? []
      : text
          .split("\n")
          .flatMap((line, i) =>
            keyOf(line) === key ? [{ path, line: i + 1, value: ASSIGNMENT.exec(line)![2]! }] : [],
          ),
  );
}

const effective = (lines: readonly string[], key: string) =>
  lines.findLastIndex((line) => keyOf(line.trimEnd()) === key);

/** The line that sets `key`, as a section of a sysctl.conf(5): the last one, since that is what holds. */
export function readAssignment(text: string, key: string): string | null {
  const lines = text.split(/(?<=\n)/);
  return lines[effective(lines, key)] ?? null;
}

export function writeAssignment(text: string, key: string, section: string | null): string {
  const lines = text.split(/(?<=\n)/);
  const at = effective(lines, key);
  if (at >= 0) return lines.with(at, section ?? "").join("");
  return section === null ? text : text + (text === "" || text.endsWith("\n") ? "" : "\n") + section;
}

/** Lines of a file of ours in sysctl.d. */
export const sysctlFile = (mark: string, values: Readonly<Record<string, string>>, ignoreMissing = false): string =>
  [
    `# ${mark}`,
    ...Object.entries(values).map(([key, value]) => `${ignoreMissing ? "-" : ""}${key} = ${value}`),
    "",
  ].join("\n");

export const FORWARDING = { ipv4: "net.ipv4.ip_forward", ipv6: "net.ipv6.conf.all.forwarding" } as const;

/**
 * Who else needs IP forwarding, so that giving it back has to wait: an active libvirt network that forwards (libvirt switches
 * forwarding on when it starts one, and never off: networkEnableIPForwarding), or a file that says so at every boot.
 */
export function needsForwarding(
  key: string,
  left: {
    files: Readonly<Record<string, string>>;
    networks: Readonly<Record<string, { xml: string; active: boolean }>>;
  },
): string | undefined {
  if (key !== FORWARDING.ipv4 && key !== FORWARDING.ipv6) return undefined;
  const network = Object.entries(left.networks).find(
    ([, { xml, active }]) =>
      active &&
      /<forward mode=['"](nat|route|open)['"]/.test(xml) &&
      (key === FORWARDING.ipv4 || /family=['"]ipv6['"]/.test(xml)),
  );
  if (network) return `network ${network[0]}`;
  return assignments(key, left.files).find(({ value }) => value === "1")?.path;
}

export const isSysctlFile = (path: string) => ADMIN_FILES.test(path);
