/**
 * The devices of a netplan file (`network:`, a kind, an id), each a part of the file that is read and replaced byte for byte: all around it
 * stays as it stands. Only the block style that people and installers write has such parts; `{…}` has none.
 */
export interface Sections {
  readonly [name: string]: string | null;
}

/** The lines with their ends; a last one without gets one, which is taken away again. */
const linesOf = (text: string) => `${text}${text.endsWith("\n") ? "" : "\n"}`.match(/[^\n]*\n/g) ?? [];
const textOf = (lines: readonly string[], like: string) =>
  lines.join("").replace(like.endsWith("\n") ? /$/ : /\n$/, "");

const isContent = (line: string) => /^\s*[^\s#]/.test(line) && !/^---|^\.\.\./.test(line);
const columnOf = (line: string) => line.length - line.trimStart().length;

interface Block {
  readonly start: number;
  /** After its last line of content, and comments that stand as deep. */
  readonly end: number;
  readonly column: number;
}

/** From a key's line to the end of what stands deeper; a list's dashes may stand as deep as the key. */
function blockAt(lines: readonly string[], start: number): Block {
  const column = columnOf(lines[start]!);
  let end = start + 1;
  for (let i = start + 1; i < lines.length; i++) {
    const line = lines[i]!;
    const isDeeper = columnOf(line) > column || (columnOf(line) === column && /^\s*- /.test(line));
    if (isContent(line) && !isDeeper) break;
    if (line.trim() !== "" && isDeeper) end = i + 1;
  }
  return { start, end, column };
}

/** The key's block among the children of `parent`; at the top where there is none. */
function childOf(lines: readonly string[], parent: Block | undefined, key: string): Block | undefined {
  const [from, to] = parent ? [parent.start + 1, parent.end] : [0, lines.length];
  const first = lines.findIndex((line, i) => i >= from && i < to && isContent(line));
  if (first < 0) return undefined;
  const column = columnOf(lines[first]!);
  const keyOf = (line: string) =>
    /^\s*(?:"([^"]*)"|'([^']*)'|([^\s:#][^:]*?))\s*:(?=\s)/.exec(line)?.slice(1).find(Boolean);
  const at = lines.findIndex(
    (line, i) => i >= from && i < to && columnOf(line) === column && isContent(line) && keyOf(line) === key,
  );
  return at < 0 ? undefined : blockAt(lines, at);
}

const split = (name: string): [kind: string, id: string] => [
  name.slice(0, name.indexOf(".")),
  name.slice(name.indexOf(".") + 1),
];

/** The part `ethernets.eth0`, with its indentation, without the last newline. */
export function readDevice(text: string, name: string): string | null {
  const lines = linesOf(text);
  const [kind, id] = split(name);
  const block = childOf(lines, childOf(lines, childOf(lines, undefined, "network"), kind), id);
  return block ? lines.slice(block.start, block.end).join("").replace(/\n$/, "") : null;
}

/** How deep a new device of the kind stands; undefined where the file has no place for it. */
export function columnFor(text: string, kind: string): number | undefined {
  const lines = linesOf(text);
  const network = childOf(lines, undefined, "network");
  const first = network && lines.slice(network.start + 1, network.end).find(isContent);
  if (first === undefined) return undefined;
  const own = childOf(lines, network, kind);
  if (own && !/:\s*(#.*)?$/.test(lines[own.start]!)) return undefined; // `bridges: {}`
  const child = own && lines.slice(own.start + 1, own.end).find(isContent);
  return child === undefined ? columnOf(first) * 2 : columnOf(child);
}

export function writeDevices(text: string, devices: Sections): string {
  const names = Object.keys(devices).sort();
  return names.reduce((written, name) => writeDevice(written, name, devices[name]!), text);
}

function writeDevice(text: string, name: string, device: string | null): string {
  const lines = linesOf(text);
  const [kind, id] = split(name);
  const network = childOf(lines, undefined, "network");
  const kinds = childOf(lines, network, kind);
  const block = childOf(lines, kinds, id);
  if (block) {
    const rest = lines.toSpliced(block.start, block.end - block.start, ...(device === null ? [] : [`${device}\n`]));
    // A kind that has nothing left came with its device.
    const isBare = kinds && !rest.slice(kinds.start + 1, kinds.end - (block.end - block.start)).some(isContent);
    return textOf(device === null && isBare ? rest.toSpliced(kinds.start, 1) : rest, text);
  }
  if (device === null) return text;
  if (!network) throw new Error(`no netplan file: it has no "network:"`);
  const first = lines.slice(network.start + 1, network.end).find(isContent) ?? "  ";
  const added = kinds ? [`${device}\n`] : [`${" ".repeat(columnOf(first))}${kind}:\n`, `${device}\n`];
  return textOf(lines.toSpliced((kinds ?? network).end, 0, ...added), text);
}
