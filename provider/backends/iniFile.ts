/**
 * Files of `[Section]`s and `Key=value` lines, as systemd.syntax(7) and NetworkManager's keyfiles have them, kept byte for byte: what is
 * not changed stays as it stands, with its comments.
 */
interface Entry {
  /** Undefined where the lines are no assignment: comments, blank lines. */
  readonly key?: string;
  readonly value: string;
  /** The lines themselves, continued ones too, without the last newline. */
  readonly raw: string;
}

export class IniSection {
  constructor(
    /** Empty for what stands before the first section. */
    readonly name: string,
    private entries: Entry[] = [],
  ) {}

  /** What is assigned to `key`, in order; an empty assignment forgets those before it (systemd.syntax(7)). */
  values(key: string): string[] {
    return this.entries
      .filter((entry) => entry.key === key)
      .reduce<string[]>((all, { value }) => (value === "" ? [] : [...all, value]), []);
  }

  get(key: string): string | undefined {
    return this.values(key).at(-1);
  }

  get keys(): string[] {
    return [...new Set(this.entries.flatMap(({ key }) => key ?? []))];
  }

  /** The assignments of `key` become these, where the first one stood, or after the last assignment. */
  set(key: string, ...values: readonly string[]): void {
    const at = this.entries.findIndex((entry) => entry.key === key);
    const end = this.entries.findLastIndex((entry) => entry.key !== undefined) + 1;
    const added = values.map((value): Entry => ({ key, value, raw: `${key}=${value}` }));
    this.entries = (at < 0 ? this.entries.toSpliced(end, 0, ...added) : this.entries.toSpliced(at, 1, ...added)).filter(
      (entry) => entry.key !== key || added.includes(entry),
    );
  }

  remove(...keys: readonly string[]): void {
    this.keep((key) => !keys.includes(key));
  }

  /** Drops the assignments that do not belong here, and the comments right above them. */
  keep(isKept: (key: string, value: string) => boolean): void {
    const kept: Entry[] = [];
    for (const entry of this.entries) {
      if (entry.key === undefined || isKept(entry.key, entry.value)) kept.push(entry);
      else while (isComment(kept.at(-1))) kept.pop();
    }
    this.entries = kept;
  }

  /** Without assignments. */
  get isEmpty(): boolean {
    return this.entries.every(({ key }) => key === undefined);
  }

  get text(): string {
    const header = this.name === "" ? [] : [`[${this.name}]`];
    return [...header, ...this.entries.map(({ raw }) => raw)].map((line) => `${line}\n`).join("");
  }

  copy(): IniSection {
    return new IniSection(this.name, [...this.entries]);
  }
}

const isComment = (entry: Entry | undefined) => entry?.key === undefined && /^\s*[#;]/.test(entry?.raw ?? "");

/** `continues`: a backslash at a line's end joins it with the next, as systemd has it and keyfiles have not. */
export function parseIni(text: string, { continues = true } = {}): IniSection[] {
  const lines = text.replace(/\n$/, "").split("\n");
  const sections: { name: string; entries: Entry[] }[] = [{ name: "", entries: [] }];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const { entries } = sections.at(-1)!;
    const header = /^\s*\[([^\]]*)\]\s*$/.exec(line);
    const assignment = /^\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line);
    if (header) sections.push({ name: header[1]!, entries: [] });
    else if (!assignment) entries.push({ value: "", raw: line });
    else {
      const raw = [line];
      while (continues && raw.at(-1)!.endsWith("\\") && i + 1 < lines.length) raw.push(lines[++i]!);
      const joined = raw
        .filter((part, n) => n === 0 || !/^\s*[#;]/.test(part))
        .join("\n")
        .replace(/\\(\n|$)/g, " ");
      const value = /^[^=]*=\s*([\s\S]*?)\s*$/.exec(joined)?.[1] ?? "";
      entries.push({ key: assignment[1]!, value, raw: raw.join("\n") });
    }
  }
  const isBare = text === "" || (sections[0]!.entries.length === 0 && sections.length > 1);
  return sections.slice(isBare ? 1 : 0).map(({ name, entries }) => new IniSection(name, entries));
}

/** The file again. What came without one gets a blank line before it, as people write sections. */
export const printIni = (sections: readonly IniSection[]): string =>
  `${sections
    .map(({ text }) => text)
    .reduce((all, text) => all + (all === "" || /(^|\n)([#;].*)?\n$/.test(all) ? "" : "\n") + text, "")
    .trimEnd()}\n`;
