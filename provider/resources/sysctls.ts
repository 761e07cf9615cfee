import type { HostState } from "../hostState";
import { assignments } from "../kernel/sysctl";
import type { Context, Rendered } from "../resource";

/**
 * Sysctls of ours in `file`. A key that an administrator's file sets already is a conflict that names the line; with `adopt` that line is
 * taken over where it stands, so that it and ours never say different things.
 */
export function renderSysctls(
  values: Readonly<Record<string, string>>,
  file: string,
  context: Context,
  toFile: (values: Readonly<Record<string, string>>) => string,
  running: Readonly<Record<string, string>> = values,
): Rendered & { found: SysctlFound } {
  const { observed, adopt, host } = context;
  const known = context.found as SysctlFound | undefined;
  const elsewhere = Object.fromEntries(Object.keys(values).map((key) => [key, assignments(key, observed.files, file)]));
  const taken =
    known?.taken ??
    (adopt
      ? Object.fromEntries(
          Object.entries(elsewhere).flatMap(([key, lines]) => (lines[0] ? [[key, lines.at(-1)!.path]] : [])),
        )
      : {});
  const foreign = Object.entries(elsewhere).flatMap(([key, lines]) =>
    lines.filter(({ path }) => path !== taken[key]).map((line) => ({ key, ...line })),
  );
  const rest = Object.fromEntries(Object.entries(values).filter(([key]) => !(key in taken)));
  return {
    found: { taken },
    completed: {},
    desired: {
      ...(Object.keys(rest).length > 0 && { files: { [file]: toFile(rest) } }),
      ...(Object.keys(taken).length > 0 && {
        sections: Object.fromEntries(
          Object.entries(taken).flatMap(([key, path]) =>
            key in values ? [[`${path}#${key}`, `${key} = ${values[key]!}\n`]] : [],
          ),
        ),
      }),
      ...(Object.keys(running).length > 0 && { sysctls: running }),
    },
    problems: foreign.map(({ key, path, line, value }) => ({
      property: "adopt",
      reason: `${path}:${line} on ${host} sets ${key} = ${value} and is not ours; remove that line, or take it over with \`adopt: true\``,
    })),
  };
}

interface SysctlFound {
  /** Lines of others that were taken over: key → path. */
  readonly taken: Readonly<Record<string, string>>;
}

export const sysctlClaims = (desired: HostState): HostState => (desired.files ? { files: desired.files } : {});
