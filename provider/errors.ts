/** What is wrong with one argument: the property's path (`ports[0]`, `dhcp.start`) and why, for Pulumi's check failures. */
export interface ArgumentProblem {
  readonly property: string;
  readonly reason: string;
}

/** The arguments are refused; nothing was touched. Holds every problem, not just the first. */
export class ArgumentError extends Error {
  constructor(readonly problems: readonly ArgumentProblem[]) {
    super(problems.map(({ property, reason }) => `${property}: ${reason}`).join("\n"));
    this.name = "ArgumentError";
  }
}

export type HostErrorKind =
  /** No connection, or it broke before the command began: nothing was touched. */
  | "unreachable"
  /** The host's key is unknown or changed. */
  | "hostKey"
  /** The host does not accept who we are, or we may not become root there. */
  | "authentication"
  /** The connection broke, or the time was up, while a command ran: it may still run there. */
  | "interrupted"
  /** What the host holds is not what the change was planned against. */
  | "stale"
  /** Something is in the way that is not ours. */
  | "conflict"
  /** A step failed; the message says which, and how the host is now. */
  | "failed";

/** What a host says may be shown by a terminal, to which control characters are commands; newlines and tabs are harmless. */
export const printable = (text: string): string =>
  text.replace(
    /[\0-\x08\x0b-\x1f\x7f-\x9f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );

/** Something went wrong with a host. The message is for the person on call. */
export class HostError extends Error {
  constructor(
    readonly kind: HostErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(printable(message), options);
    this.name = "HostError";
  }
}
