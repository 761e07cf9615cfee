/** How scripts reach a host. `ssh.ts` is the one real implementation, over ssh2 or the system's ssh (line.ts); the contract tests run scripts in namespaces through another. */
export interface Transport {
  /** The host as errors and logs name it. */
  readonly host: string;
  /**
   * Runs `script` with `sh` as root (through sudo where the user is not root), in one channel. Rejects with a HostError
   * when the host cannot be reached, refuses us, or the time is up; the script's exit code is a result, not a failure.
   */
  run(script: string, options?: RunOptions): Promise<RunResult>;
  /** Forgets the connection, so that the next run makes a new TCP connection. */
  disconnect(): void;
}

export interface RunOptions {
  /** Milliseconds until the command is given up. */
  readonly timeout?: number;
  /** The script changes nothing, or is known not to have started twice: it may be sent again over a new connection. */
  readonly retry?: boolean;
  /** When the script has printed this line, a line on its standard input tells it that what it printed has arrived. */
  readonly acknowledge?: string;
  /** Each line of standard error as it comes: progress. */
  readonly onProgress?: (line: string) => void;
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}
