import type { Files } from "./backend";
import { sourceLines } from "./interfacesFile";

export const INTERFACES = "/etc/network/interfaces";

/**
 * Which of `files` ifupdown reads, in the order of `files`; and whether it would read a file of a given path. A file under
 * interfaces.d counts only where a `source` or `source-directory` names it (interfaces(5), INCLUDING OTHER FILES).
 */
export function sources(files: Files): { readonly paths: readonly string[]; reads(path: string): boolean } {
  const patterns: RegExp[] = [];
  const read = new Set<string>();
  const visit = (path: string) => {
    if (read.has(path) || files[path] === undefined) return;
    read.add(path);
    const folder = path.slice(0, path.lastIndexOf("/"));
    for (const { directory, words } of sourceLines(files[path])) {
      for (const word of words) {
        const absolute = word.startsWith("/") ? word : `${folder}/${word}`;
        const pattern = directory ? directoryPattern(absolute) : new RegExp(`^${glob(absolute)}$`);
        patterns.push(pattern);
        for (const other of Object.keys(files)) if (pattern.test(other)) visit(other);
      }
    }
  };
  visit(INTERFACES);
  return {
    paths: Object.keys(files).filter((path) => read.has(path)),
    reads: (path) => path === INTERFACES || patterns.some((pattern) => pattern.test(path)),
  };
}

/** Only names of letters, digits, `_` and `-` are read from a directory (directory_filter in ifupdown's config.c). */
const directoryPattern = (path: string) => new RegExp(`^${glob(path.replace(/\/+$/, ""))}/[A-Za-z0-9_-]+$`);

/** A shell pattern as a regular expression's source; `*` and `?` match neither `/` nor a leading dot. */
function glob(pattern: string): string {
  return pattern
    .replace(/[.+^${}()|\\]/g, "\\$&")
    .replace(/\[!/g, "[^")
    .replace(/(^|\/)(?=[*?])/g, "$1(?!\\.)")
    .replace(/(?<!\()\?(?!!)/g, "[^/]")
    .replace(/\*/g, "[^/]*");
}
