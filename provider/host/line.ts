import type { Readable, Writable } from "node:stream";
import type { Destination } from "./sshConfig";

/** A connection that is logged in. There are two kinds: ssh2's (ssh2Line.ts) and the system's ssh (opensshLine.ts). */
export interface Line {
  readonly destination: Destination;
  /** Why it broke, once it has. */
  readonly lost: Error | undefined;
  /** Begins a command in a channel of its own. Rejects with SessionRefused where the host lives, but gives none. */
  exec(command: string): Promise<Channel>;
  /** A line keeps the process alive, and is watched, only while it is held. */
  hold(): void;
  release(): void;
  end(): void;
}

/** Connects and logs in before `deadline` (as Date.now() has it), or says what was tried and what to do. */
export type Connect = (destination: Destination, deadline: number, onLost: () => void) => Promise<Line>;

/** One command on the host. Its output waits until somebody listens. */
export interface Channel {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** When all output has come; undefined where the host said nothing of how the command ended. */
  readonly closed: Promise<Exit | undefined>;
  destroy(): void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal?: string;
}

/** MaxSessions of sshd_config(5) are in use. */
export class SessionRefused extends Error {}
