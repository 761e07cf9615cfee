import { createConnection } from "node:net";

/** Where the engine listens (`127.0.0.1:34273`): the provider process's last argument (@pulumi/pulumi/cmd/dynamic-provider). None in a test. */
export const engineAddress = (): string | undefined =>
  process.argv.at(-1)?.match(/^[\w.:[\]-]+:\d+$/) ? process.argv.at(-1) : undefined;

let watched = false;

/**
 * Ends this process with its engine, as the engine does when it ends in peace. One that was killed would leave us at work for nobody:
 * what we then confirm on a host and fetch from it would never be in the state.
 */
export function endWithEngine(): void {
  const address = engineAddress();
  if (address === undefined || watched) return;
  watched = true;
  const at = address.lastIndexOf(":");
  watch(address.slice(0, at).replace(/^\[|\]$/g, ""), Number(address.slice(at + 1)));
}

/** By a connection that lives as long as the engine, which closes it sometimes, since it says nothing: only who is refused has no engine. */
function watch(host: string, port: number): void {
  createConnection({ host, port })
    .unref()
    .resume()
    .on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED") process.exit(1);
    })
    .on("close", () => setTimeout(() => watch(host, port), 20).unref());
}
