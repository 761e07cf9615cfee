import type { Files } from "./backend";
import { globMatches } from "./glob";
import { bootLines } from "./interfacesFile";

export const INTERFACES = "/etc/network/interfaces";

/** Which interfaces ifupdown has brought up: a line `br0=br0` for each, and a file. */
export const IFSTATE = "/run/network/ifstate";

export interface Sources {
  /** Which of `files` ifupdown reads, in the order of `files`. */
  readonly paths: readonly string[];
  /** What `ifup -a` brings up, in its order. */
  readonly auto: readonly string[];
  /** Whether it would read a file of that path. */
  reads(path: string): boolean;
}

/** A file under interfaces.d counts only where a `source` or `source-directory` names it (interfaces(5), INCLUDING OTHER FILES). */
export function sources(files: Files): Sources {
  const auto: string[] = [];
  const patterns: ((path: string) => boolean)[] = [];
  const read = new Set<string>();
  const visit = (path: string) => {
    if (read.has(path) || files[path] === undefined) return;
    read.add(path);
    const folder = path.slice(0, path.lastIndexOf("/"));
    for (const { source, words, auto: named } of bootLines(files[path])) {
      auto.push(...named);
      for (const word of source ? words : []) {
        const absolute = word.startsWith("/") ? word : `${folder}/${word}`;
        const matches = (other: string) =>
          source === "directory" ? isIn(other, absolute) : globMatches(absolute, other);
        patterns.push(matches);
        for (const other of Object.keys(files)) if (matches(other)) visit(other);
      }
    }
  };
  visit(INTERFACES);
  return {
    auto,
    paths: Object.keys(files).filter((path) => read.has(path)),
    reads: (path) => path === INTERFACES || patterns.some((matches) => matches(path)),
  };
}

/** Only names of letters, digits, `_` and `-` are read from a directory (directory_filter in ifupdown's config.c). */
const isIn = (path: string, directory: string) =>
  /\/[A-Za-z0-9_-]+$/.test(path) && globMatches(directory.replace(/\/+$/, ""), path.slice(0, path.lastIndexOf("/")));
