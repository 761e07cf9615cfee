/**
 * Files of shell assignments, as network-scripts source them and NetworkManager's ifcfg-rh plugin reads them (svParser in shvar.c), kept byte
 * for byte: what is not changed stays as it stands, with its quotes and comments.
 */
interface Line {
  /** Undefined where the line is no assignment. */
  readonly key?: string;
  readonly value: string;
  readonly raw: string;
}

const ASSIGNMENT =
  /^\s*(?:export\s+)?([A-Za-z_]\w*)=((?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\#;&|])*)\s*(?:\s#.*)?;?\s*$/;

export class IfcfgFile {
  private lines: Line[];

  constructor(text: string) {
    const lines = text.replace(/\n$/, "");
    this.lines = lines === "" ? [] : lines.split("\n").map(parseLine);
  }

  /** The last assignment is the one that a shell is left with; an empty one says nothing. */
  get(key: string): string | undefined {
    return this.lines.findLast((line) => line.key === key)?.value || undefined;
  }

  get keys(): string[] {
    return [...new Set(this.lines.flatMap(({ key }) => key ?? []))];
  }

  /** A line that is no plain assignment: what it does, only a shell knows. */
  get program(): string | undefined {
    return this.lines.find(({ key, raw, value }) => (key === undefined ? !/^\s*(#.*)?$/.test(raw) : /[$`]/.test(value)))
      ?.raw;
  }

  /** The key has this value, where it stood last, or at the end; without one it has none. */
  set(key: string, value: string | undefined): void {
    if (value === undefined) return this.remove((other) => other === key);
    if (this.get(key) === value) return;
    const at = this.lines.findLastIndex((line) => line.key === key);
    const line = { key, value, raw: `${key}=${quoted(value)}` };
    this.lines = at < 0 ? [...this.lines, line] : this.lines.with(at, line);
  }

  remove(isRemoved: (key: string) => boolean): void {
    this.lines = this.lines.filter(({ key }) => key === undefined || !isRemoved(key));
  }

  /** What another file says of keys of which this one says nothing. */
  append(other: IfcfgFile): void {
    const said = new Set(this.keys);
    this.lines = [...this.lines, ...other.lines.filter(({ key }) => key === undefined || !said.has(key))];
  }

  /** The file that has only these keys' lines, and no comments: they are about the whole. */
  only(isKept: (key: string) => boolean): IfcfgFile {
    const part = new IfcfgFile("");
    part.lines = this.lines.filter(({ key }) => key !== undefined && isKept(key));
    return part;
  }

  get text(): string {
    return this.lines.map(({ raw }) => `${raw}\n`).join("");
  }
}

function parseLine(raw: string): Line {
  const [, key, word] = ASSIGNMENT.exec(raw.replace(/\r$/, "")) ?? [];
  return key === undefined ? { value: "", raw } : { key, value: unquoted(word!), raw };
}

const unquoted = (word: string): string =>
  word.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g, (_, double?: string, single?: string, escaped?: string) =>
    double !== undefined ? double.replace(/\\(["\\$`])/g, "$1") : (single ?? escaped ?? ""),
  );

const quoted = (value: string): string =>
  /^[\w.:,/@%+=-]*$/.test(value) ? value : `"${value.replace(/["\\$`]/g, "\\$&")}"`;

/** As network-scripts take it (is_true in /etc/init.d/functions). */
export const isTrue = (value: string | undefined): boolean => /^(t|y|yes|on|true|1)$/i.test(value ?? "");
export const isFalse = (value: string | undefined): boolean => /^(f|n|no|off|false|0)$/i.test(value ?? "");
