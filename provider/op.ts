/** One step of a change: a piece of POSIX sh that makes sure of something, and may run again. */
export interface Op {
  readonly title: string;
  readonly script: string;
  /** Files are committed last: of a change that can cut its own line not before the operator was seen again. */
  readonly commit?: boolean;
}
