import { IFSTATE } from "./backends/ifupdownSources";
import { sections, writeSections as writeStanzas } from "./backends/interfacesFile";
import { CLOUD_INIT, readBridge, writeBridge } from "./backends/cloudInit";
import { readDevice, writeDevices } from "./backends/netplanFile";
import { isSysctlFile, readAssignment, writeAssignment } from "./kernel/sysctl";

type Sections = Readonly<Record<string, string | null>>;

/** How to find and replace parts of a file that we share with others. */
interface SectionFormat {
  read(text: string, name: string): string | null;
  /** The text with all of the sections in it, whatever their order; null takes one out. */
  write(text: string, sections: Sections): string;
}

const interfaces: SectionFormat = { read: (text, name) => sections(text)[name] ?? null, write: writeStanzas };

const oneByOne =
  (write: (text: string, name: string, section: string | null) => string): SectionFormat["write"] =>
  (text, sections) =>
    Object.entries(sections).reduce((written, [name, section]) => write(written, name, section), text);

const sysctl: SectionFormat = { read: readAssignment, write: oneByOne(writeAssignment) };

/** A line `br0=br0` for each interface that ifup brought up (ifup(8)). */
const ifstate: SectionFormat = {
  read: (text, name) => text.split(/(?<=\n)/).find((line) => line.startsWith(`${name}=`)) ?? null,
  write: oneByOne(
    (text, name, section) =>
      text
        .split(/(?<=\n)/)
        .filter((line) => !line.startsWith(`${name}=`))
        .join("") + (section ?? ""),
  ),
};

/** Devices of a netplan file: `ethernets.eth0`. */
const netplan: SectionFormat = { read: readDevice, write: writeDevices };

const cloudInit: SectionFormat = { read: readBridge, write: oneByOne(writeBridge) };

function formatOf(path: string): SectionFormat {
  if (/^\/etc\/netplan\/[^/]*\.yaml$/.test(path)) return netplan;
  if (path === IFSTATE) return ifstate;
  if (path === CLOUD_INIT) return cloudInit;
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

/** The files' texts with the sections in them; only those that change. State under /run, and what is ours alone, is there as long as somebody has something to say in it. */
export function writeSections(files: Files, sections: Sections): Record<string, string | null> {
  const byPath: Record<string, Record<string, string | null>> = {};
  for (const [key, section] of Object.entries(sections)) {
    const [path, name] = splitKey(key);
    (byPath[path] ??= {})[name] = section;
  }
  const written = Object.entries(byPath).map(
    ([path, changes]) => [path, formatOf(path).write(files[path] ?? "", changes)] as const,
  );
  return Object.fromEntries(
    written
      .filter(([path, text]) => text !== (files[path] ?? ""))
      .map(([path, text]) => [path, text === "" && (path.startsWith("/run/") || path === CLOUD_INIT) ? null : text]),
  );
}
