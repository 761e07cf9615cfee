import { sections, writeSection } from "./backends/interfacesFile";
import { isSysctlFile, readAssignment, writeAssignment } from "./kernel/sysctl";

/** How to find and replace a part of a file that we share with others. */
interface SectionFormat {
  read(text: string, name: string): string | null;
  /** `before`: the section that a new one goes in front of. */
  write(text: string, name: string, section: string | null, before?: string): string;
}

const interfaces: SectionFormat = {
  read: (text, name) => sections(text)[name] ?? null,
  write: writeSection,
};

const sysctl: SectionFormat = { read: readAssignment, write: writeAssignment };

/** /run/network/ifstate: a line `br0=br0` for each interface that ifup brought up (ifup(8)). */
const ifstate: SectionFormat = {
  read: (text, name) => text.split(/(?<=\n)/).find((line) => line.startsWith(`${name}=`)) ?? null,
  write: (text, name, section) =>
    text
      .split(/(?<=\n)/)
      .filter((line) => !line.startsWith(`${name}=`))
      .join("") + (section ?? ""),
};

export const IFSTATE = "/run/network/ifstate";

function formatOf(path: string): SectionFormat {
  if (path === IFSTATE) return ifstate;
  return isSysctlFile(path) ? sysctl : interfaces;
}

/** `path#section` → both. A path has no `#`; ours never do. */
export const splitKey = (key: string): [path: string, section: string] => [
  key.slice(0, key.indexOf("#")),
  key.slice(key.indexOf("#") + 1),
];

type Files = Readonly<Record<string, string>>;

export function readSection(files: Files, key: string): string | null {
  const [path, name] = splitKey(key);
  return formatOf(path).read(files[path] ?? "", name);
}

/** The files' texts with the sections in them; only those that change. */
export function writeSections(files: Files, sections: Readonly<Record<string, string | null>>): Record<string, string> {
  const changed: Record<string, string> = {};
  const keys = Object.keys(sections);
  for (const key of keys) {
    const [path, name] = splitKey(key);
    const text = changed[path] ?? files[path] ?? "";
    // A new stanza goes in front of the first one that is edited beside it (a bridge's in front of its port's), so that
    // taking it out again leaves every other byte, also in a file without a last newline.
    const anchor = keys
      .map(splitKey)
      .find(
        ([other, section]) =>
          other === path && section !== name && formatOf(path).read(files[path] ?? "", section) !== null,
      );
    const next = formatOf(path).write(text, name, sections[key] ?? null, anchor?.[1]);
    if (next !== (files[path] ?? "") || path in changed) changed[path] = next;
  }
  return Object.fromEntries(Object.entries(changed).filter(([path, text]) => text !== (files[path] ?? "")));
}
