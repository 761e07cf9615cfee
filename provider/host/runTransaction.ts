import { hostname, userInfo } from "node:os";
import { HostError } from "../errors";
import { scriptError } from "./failure";
import { delivered, followTransaction, startTransaction, type Change } from "./script";
import { newNonce, parseTranscript, type Part } from "./transcript";
import type { RunResult, Transport } from "./transport";

export interface RunTransactionOptions {
  /** Seconds for which a change that can cut its own line waits to be confirmed. */
  readonly confirmWindow: number;
  /** What is being done at the moment, of which change. */
  readonly onProgress: (change: number, step: string) => void;
}

/** How often a transaction is sent that never arrived. */
const ATTEMPTS = 3;
const CHANGE_TIMEOUT = 600_000;

/** Runs the transaction and brings its transcript back, over a new connection where the first one died; again where it never arrived. */
export async function runTransaction(
  transport: Transport,
  changes: readonly Change[],
  options: RunTransactionOptions,
): Promise<readonly Part[]> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const parts = await runOnce(transport, changes, options);
    if (!parts.some(({ key }) => key === "never began")) return parts;
  }
  throw new HostError(
    "interrupted",
    `the connection to ${transport.host} broke before the change had arrived there, ${ATTEMPTS} times; nothing was touched`,
  );
}

async function runOnce(
  transport: Transport,
  changes: readonly Change[],
  { confirmWindow, onProgress: onStep }: RunTransactionOptions,
): Promise<readonly Part[]> {
  const nonce = newNonce();
  const hazard = changes.some(({ plan }) => plan.hazard);
  const script = startTransaction(changes, { nonce, who: whoWeAre(), confirmWindow });
  const onProgress = (line: string) => {
    const [, change, step] = /^(\d+) (.*)$/.exec(line) ?? [];
    if (step !== undefined) onStep(Number(change), step);
  };
  let answer: RunResult | undefined;
  try {
    const acknowledge = delivered(nonce);
    answer = await transport.run(script, { timeout: CHANGE_TIMEOUT, acknowledge, onProgress });
    if (answer.code !== 0) throw scriptError(transport.host, changes[0]!.title, answer);
  } catch (error) {
    if (!(error instanceof HostError) || error.kind !== "interrupted") throw error;
  }
  let parts = answer ? parseTranscript(answer.stdout, nonce) : [];
  if (!answer || parts.some(({ key }) => key === "pending")) {
    // Over a fresh TCP connection: one that still lives proves nothing of what a new one would meet.
    transport.disconnect();
    parts = parseTranscript((await follow(transport, nonce, hazard, confirmWindow)).stdout, nonce);
  }
  if (!parts.some(({ key }) => ["observed", "locked", "never began"].includes(key)))
    throw new HostError(
      "interrupted",
      `the change on ${transport.host} ended early (${parts.at(-1)?.key ?? answer?.stdout.trim() ?? "it said nothing"}); run \`pulumi refresh\` to see how the host is`,
    );
  return parts;
}

async function follow(transport: Transport, nonce: string, confirm: boolean, window: number): Promise<RunResult> {
  // While the window is open, and once more after it, when the host has gone back by itself.
  const deadline = Date.now() + (window + 30) * 1000;
  for (;;) {
    try {
      const answer = await transport.run(followTransaction(nonce, confirm), {
        timeout: CHANGE_TIMEOUT,
        acknowledge: delivered(nonce),
        retry: true,
      });
      if (answer.code === 0) return answer;
      throw scriptError(transport.host, "fetch the transcript of the change", answer);
    } catch (error) {
      if (
        !(error instanceof HostError) ||
        !["unreachable", "interrupted"].includes(error.kind) ||
        Date.now() > deadline
      )
        throw error instanceof HostError ? lostSight(error, confirm) : error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

function whoWeAre(): string {
  let user = "?";
  try {
    user = userInfo().username;
  } catch {
    // no entry in passwd, as in a container
  }
  return `pulumi-kvmnet of ${user} on ${hostname()}, process ${process.pid}, since ${new Date().toISOString()}`;
}

/** The change had begun, for all we know, and the host does not answer any more. */
const lostSight = (error: HostError, guarded: boolean) =>
  new HostError(
    error.kind,
    `${error.message.replace(/; nothing was touched$/, "")}. The change was on its way to it or at work: ${guarded ? "not confirmed, it has gone back by itself" : "it is whole there, or was not made"}. Once the host answers, \`pulumi refresh\` shows how it is.`,
    { cause: error },
  );
