import type { ChildProcessWithoutNullStreams } from "node:child_process";
import type { Channel, Exit } from "./line";

/** With which ssh(1) ends where something was wrong with itself; the command's own code may be the same. */
const OWN_FAILURE = 255;

/**
 * A client of a master connection as a channel, once the host has said anything: that it gave a session is not to be seen before.
 * `failure`: what was wrong, where ssh ended by itself.
 */
export async function opensshChannel(
  child: ChildProcessWithoutNullStreams,
  failure: () => Promise<Error | undefined>,
): Promise<Channel> {
  const { stdin, stdout, stderr } = child;
  stdin.on("error", () => undefined); // a write after its end; `closed` says the rest
  const outputs = [stdout, stderr];
  const spoke = new Promise<void>((resolve) => {
    for (const stream of outputs) stream.on("readable", () => stream.readableLength > 0 && resolve());
  });
  const exited = new Promise<number | Error>((resolve) => {
    child.on("error", resolve).on("exit", (code) => resolve(code ?? OWN_FAILURE));
  });
  const allRead = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const code = await Promise.race([spoke, exited]);
  const error = code instanceof Error ? code : code === OWN_FAILURE ? await failure() : undefined;
  if (error) {
    for (const stream of outputs) stream.destroy();
    throw error;
  }
  for (const stream of outputs) stream.removeAllListeners("readable");
  return {
    stdin,
    stdout,
    stderr,
    closed: allRead.then(async (): Promise<Exit | undefined> => {
      const code = await exited;
      if (code instanceof Error || (code === OWN_FAILURE && (await failure()))) return undefined;
      return { code };
    }),
    destroy: () => {
      child.kill();
      for (const stream of [stdin, ...outputs]) stream.destroy();
    },
  };
}
