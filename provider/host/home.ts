import { homedir } from "node:os";
import { join } from "node:path";

/** `~/` as a shell would read it. */
export const expandHome = (path: string): string => (path.startsWith("~/") ? join(homedir(), path.slice(2)) : path);

/** The way back, for messages: shorter, and the same on every machine. */
export const tildePath = (path: string): string =>
  path.startsWith(`${homedir()}/`) ? `~${path.slice(homedir().length)}` : path;
