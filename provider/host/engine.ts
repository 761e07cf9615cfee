import { createConnection } from "node:net";

/** Where the engine listens (`127.0.0.1:34273`): the provider process's last argument (@pulumi/pulumi/cmd/dynamic-provider). None in a test. */
export const engineAddress = (): string | undefined =>
  process.argv.at(-1)?.match(/^[\w.:[\]-]+:\d+$/) ? process.argv.at(-1) : undefined;

let watched = false;

/**
 * Ends this process with its engine. One that ends in peace says so (SIGINT, and SIGKILL after 5 s): then `end` is what is left to do.
 * One that was killed says nothing: we would be at work for nobody, and what we then confirm on a host would never be in the state.
 */
export function endWithEngine(end: () => Promise<unknown>): void {
  const address = engineAddress();
  if (address === undefined || watched) return;
  watched = true;
  const at = address.lastIndexOf(":");
  const watch = new EngineWatch(address.slice(0, at).replace(/^\[|\]$/g, ""), Number(address.slice(at + 1)));
  watch.start();
  process.once("SIGINT", () => {
    watch.stop();
    void end().finally(() => process.exit());
  });
}

/** By a connection that lives as long as the engine, which closes it sometimes, since it says nothing: only who is refused has no engine. */
class EngineWatch {
  private stopped = false;

  constructor(
    private readonly host: string,
    private readonly port: number,
  ) {}

  start(): void {
    createConnection({ host: this.host, port: this.port })
      .unref()
      .resume()
      .on("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "ECONNREFUSED" && !this.stopped) process.exit(1);
      })
      .on("close", () => setTimeout(() => this.start(), 20).unref());
  }

  stop(): void {
    this.stopped = true;
  }
}
