/**
 * The file format of interfaces(5), kept byte for byte: a file is read into chunks that are together the file again, and
 * one section of it is replaced, inserted or removed without a change elsewhere.
 *
 * Lines are cut as ifupdown cuts them (get_line in config.c): a comment is never continued, any other line is by a backslash
 * that is its very last character; what C's isspace() knows is white space, so CRLF files are read too.
 */

/** One line as ifupdown sees it: with its continuations, and its terminator. `words` is empty for blank lines and comments. */
interface Line {
  readonly text: string;
  readonly words: readonly string[];
  readonly comment: boolean;
}

/** A part of the file. `name` is there for sections; `text` holds the terminator, so that all chunks are the file. */
interface Chunk {
  readonly start: number;
  readonly text: string;
  readonly comment: boolean;
  readonly name?: string;
  readonly iface?: string;
}

function lines(text: string): Line[] {
  const physical = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const found: Line[] = [];
  for (let i = 0; i < physical.length; i++) {
    let whole = physical[i]!;
    const comment = /^[ \t\v\f\r]*#/.test(whole);
    let joined = whole.replace(/\n$/, "");
    while (!comment && joined.endsWith("\\")) {
      const next = physical[i + 1] ?? "";
      if (next) i++;
      whole += next;
      joined = joined.slice(0, -1) + next.replace(/\n$/, "");
    }
    found.push({ text: whole, comment, words: comment ? [] : joined.split(/[ \t\v\f\r]+/).filter(Boolean) });
  }
  return found;
}

const endsStanza = /^(auto|allow-.+|mapping|source|source-dir.*|no-auto-down|no-scripts|rename)$/;

function chunks(text: string): Chunk[] {
  const found: Chunk[] = [];
  const seen = new Map<string, number>();
  let offset = 0;
  let stanza: { chunk: Chunk; at: number } | undefined;
  const unique = (name: string) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name} ${count}`;
  };
  for (const line of lines(text)) {
    const [keyword = "", iface = ""] = line.words;
    const start = offset;
    offset += line.text.length;
    const isIface = keyword === "iface" && line.words.length >= 3;
    const isSelection = /^(auto|allow-.+)$/.test(keyword) && line.words.length === 2;
    if (isIface || isSelection) {
      const name = unique(line.words.slice(0, isIface ? 3 : 2).join(" "));
      const chunk = { start, text: line.text, comment: false, name, iface };
      found.push(chunk);
      stanza = isIface ? { chunk, at: found.length - 1 } : undefined;
    } else if (stanza && keyword && !endsStanza.test(keyword) && keyword !== "iface") {
      // An option: it belongs to the stanza, and so do the comments and blank lines before it.
      const chunk = { ...stanza.chunk, text: text.slice(stanza.chunk.start, offset) };
      found.splice(stanza.at, found.length - stanza.at, chunk);
    } else {
      found.push({ start, text: line.text, comment: line.comment });
      if (keyword) stanza = undefined;
    }
  }
  return found;
}

const withoutTerminator = (text: string) => text.replace(/\r?\n$/, "");

/**
 * The file's sections: `iface eth0 inet`, `auto eth0`, `allow-hotplug eth0`; a second one of the same name is `iface eth0 inet 2`.
 * A stanza runs to its last option. The texts have no terminator at their end.
 */
export function sections(text: string): Record<string, string> {
  return Object.fromEntries(chunks(text).flatMap(({ name, text }) => (name ? [[name, withoutTerminator(text)]] : [])));
}

/**
 * The file with one section replaced, inserted (`section` is not there yet) or removed (`section` is null).
 * Removing what was inserted gives back the very file, whatever it was: each place of insertion below has its own form, which the
 * removal recognizes (see `without`), and one that it would not recognize is not taken.
 */
export function writeSection(text: string, name: string, section: string | null, before?: string): string {
  const all = chunks(text);
  const old = all.find((chunk) => chunk.name === name);
  if (old && section !== null) return splice(text, old.start, old.start + withoutTerminator(old.text).length, section);
  if (old) return without(text, all, old);
  if (section === null) return text;
  const exact = insertions(text, all, name.split(" ")[1]!, section, before).find((written) => {
    const again = chunks(written);
    const chunk = again.find((chunk) => chunk.name === name);
    return chunk && withoutTerminator(chunk.text) === section && without(written, again, chunk) === text;
  });
  if (exact === undefined) throw new Error(`not a section ${name} of interfaces(5): ${section}`);
  return exact;
}

function insertions(
  text: string,
  all: readonly Chunk[],
  iface: string,
  section: string,
  before: string | undefined,
): string[] {
  const eol = /^[^\n]*\r\n/.test(text) ? "\r\n" : "\n";
  const places: string[] = [];
  // After the interface's other sections, as one group: no blank line.
  const group = all.findLast((chunk) => chunk.iface === iface);
  if (group && !isBlank(lastLineOf(group.text))) {
    const end = group.start + group.text.length;
    places.push(splice(text, end, end, group.text.endsWith("\n") ? section + eol : `\n${section}`));
  }
  // Before the lines that belong to `before`: its comments, its `auto` and `allow-hotplug`.
  let at = all.findIndex((chunk) => chunk.name === before);
  if (before !== undefined && at >= 0) {
    const anchor = all[at]!;
    while (at > 0 && (all[at - 1]!.comment || all[at - 1]!.iface === anchor.iface)) at--;
    places.push(splice(text, all[at]!.start, all[at]!.start, section + eol + eol));
  }
  // At the end, after a blank line. A file without a final newline stays one.
  if (text === "") places.push(`${section}\n`);
  else places.push(text.endsWith("\n") ? text + eol + section + eol : `${text}\n\n${section}`);
  return places;
}

const isBlank = (line: string) => /^\r?\n$/.test(line);
const lastLineOf = (text: string) => text.slice(text.replace(/\n$/, "").lastIndexOf("\n") + 1);

/** The file without a chunk, and without the blank line that came with it. */
function without(text: string, all: readonly Chunk[], chunk: Chunk): string {
  const at = all.indexOf(chunk);
  const { start } = chunk;
  const end = start + chunk.text.length;
  const lastLine = lastLineOf(text.slice(0, start));
  const nextLine = text.slice(end).match(/^[^\n]*(\n|$)/)?.[0] ?? "";
  const grouped =
    all[at + 1]?.iface === chunk.iface || (all[at - 1]?.iface === chunk.iface && !isBlank(lastLine) && lastLine !== "");
  // At the end of a file without a final newline, the newlines before the section are what the insertion added.
  if (!chunk.text.endsWith("\n")) return text.slice(0, start).replace(grouped ? /\n$/ : /\n{1,2}$/, "");
  if (grouped) return splice(text, start, end, "");
  if (end === text.length) return splice(text, isBlank(lastLine) ? start - lastLine.length : start, end, "");
  return splice(text, start, isBlank(nextLine) ? end + nextLine.length : end, "");
}

const splice = (text: string, start: number, end: number, by: string) => text.slice(0, start) + by + text.slice(end);

/**
 * All changes to one file: section name → text, null to remove. It does not depend on the order of the keys, which Pulumi's engine
 * does not keep. New sections stand before the first of the others that the change names (a bridge's before its port's:
 * ifup brings up `auto` interfaces in the file's order), or at the end.
 */
export function writeSections(text: string, changes: Readonly<Record<string, string | null>>): string {
  const all = chunks(text);
  const kept = all.filter(({ name }) => name !== undefined && (changes[name] ?? null) !== null);
  const isMade = kept.some(({ iface, name }) => isMadeByIfup(iface!, changes[name!]!));
  const names = Object.keys(changes).sort((a, b) => rank(a).localeCompare(rank(b)));
  // The last of several of one name goes first: the others' numbers stay.
  const removed = names.filter((name) => changes[name] === null).reverse();
  const written = names.filter((name) => changes[name] !== null);
  const result = removed.reduce((text, name) => writeSection(text, name, null), text);
  return written.reduce((text, name) => {
    const anchor = kept.find(({ iface }) => iface !== name.split(" ")[1])?.name;
    return writeSection(text, name, changes[name]!, isMade ? undefined : anchor);
  }, result);
}

/** `auto br0`, `iface br0 inet`, `iface br0 inet 2`, `iface br0 inet6`. */
const rank = (name: string) => {
  const [keyword, iface, family = "", number = "1"] = name.split(" ");
  return [iface, keyword === "iface" ? 1 : 0, family, number.padStart(4, "0")].join(" ");
};

/** The interfaces that a line `auto a b` or `allow-auto a b` names: what `ifup -a` brings up at boot. */
const autoOf = (words: readonly string[]): readonly string[] =>
  /^(allow-)?auto$/.test(words[0] ?? "") ? words.slice(1) : [];

export const autoInterfaces = (text: string): string[] => lines(text).flatMap(({ words }) => autoOf(words));

/** What a file says of others, and of the boot, in its order: lines `source`, `source-directory`, `auto`. */
export const bootLines = (
  text: string,
): { readonly source?: "files" | "directory"; readonly words: readonly string[]; readonly auto: readonly string[] }[] =>
  lines(text).map(({ words }) => {
    const isSource = /^source(-dir.*)?$/.test(words[0] ?? "");
    return {
      ...(isSource && { source: words[0] === "source" ? "files" : "directory" }),
      words: words.slice(1),
      auto: autoOf(words),
    };
  });

/** ifup itself makes the device, as it does a VLAN's and a bond's: it is not there before (interfaces(5), VLAN INTERFACES; ifenslave's README.Debian). */
export const isMadeByIfup = (iface: string, stanza: string): boolean =>
  /\.|^vlan\d/.test(iface) ||
  /^[ \t]*(bond[-_](?!master)|slaves\b|vlan[-_]|pre-up\b.*\b(ip\s+link\s+add|vconfig\s+add|ifenslave|modprobe)\b)/m.test(
    stanza,
  );

/** `raw` is the option with all that stands between it and the option before: terminator, comments, indentation. */
export interface StanzaOption {
  readonly keyword: string;
  readonly value: string;
  readonly raw: string;
}

/** An `iface` stanza: `header` and its options' `raw` are together its text. */
export interface Stanza {
  readonly header: string;
  readonly iface: string;
  readonly family: string;
  readonly method: string;
  readonly inherits?: string;
  readonly options: readonly StanzaOption[];
}

export function parseStanza(section: string): Stanza {
  const [first, ...rest] = lines(section);
  const [, iface = "", family = "", method = "", ...more] = first?.words ?? [];
  const header = withoutTerminator(first?.text ?? "");
  const options: StanzaOption[] = [];
  let start = header.length;
  let offset = first?.text.length ?? 0;
  for (const { text, words } of rest) {
    const end = offset + withoutTerminator(text).length;
    offset += text.length;
    if (words.length === 0) continue;
    options.push({ keyword: words[0]!, value: words.slice(1).join(" "), raw: section.slice(start, end) });
    start = end;
  }
  const inherits = more[0] === "inherits" ? more[1] : undefined;
  return { header, iface, family, method, ...(inherits !== undefined && { inherits }), options };
}
