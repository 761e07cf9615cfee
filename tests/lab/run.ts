import { spawn } from "node:child_process";

/** What a command printed and how it ended. */
export interface Result {
  readonly stdout: string;
  readonly stderr: string;
  /** The exit status; 128 + signal number where a signal ended it, as a shell reports it. */
  readonly code: number;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** What the command reads from its standard input; nothing by default. */
  readonly input?: string | Buffer;
  /** When it has printed `after`, it reads `text` too, and only then the end of its input. */
  readonly reply?: { readonly after: string; readonly text: string };
  /** How bytes of its output become text; UTF-8 by default. */
  readonly encoding?: BufferEncoding;
  /** After this long the command is killed and `run` throws. Every wait in the lab is bounded. */
  readonly timeoutMs?: number;
  /** Called with every piece of output as it comes. */
  readonly onOutput?: (text: string, stream: "stdout" | "stderr") => void;
}

/** Runs a command to its end and returns what it said; throws only where it cannot be started or takes too long. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
  const [command = "", ...args] = argv;
  const timeoutMs = options.timeoutMs ?? 60_000;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: options.env ?? process.env, stdio: "pipe" });
    const output = { stdout: "", stderr: "" };
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      const said = (output.stderr || output.stdout).trim().slice(-2000);
      finish(() => reject(new Error(`"${argv.join(" ")}" did not end within ${timeoutMs / 1000} s. ${said}`)));
    }, timeoutMs);
    let finished = false;
    let replied = false;
    const finish = (settle: () => void): void => {
      if (finished) return;
      finished = true;
      clearTimeout(timer);
      child.stdout.destroy();
      child.stderr.destroy();
      settle();
    };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding(options.encoding ?? "utf8").on("data", (text: string) => {
        output[stream] += text;
        if (options.reply && !replied && output.stdout.includes(options.reply.after)) {
          replied = true;
          child.stdin.end(options.reply.text);
        }
        options.onOutput?.(text, stream);
      });
    }
    child.on("error", (error) => finish(() => reject(new Error(`Unable to run ${command}: ${error.message}`))));
    const end = (code: number | null, signal: NodeJS.Signals | null): void =>
      finish(() => resolve({ ...output, code: code ?? 128 + (signalNumbers[signal ?? "SIGKILL"] ?? 0) }));
    child.on("close", end);
    // A daemon the command left behind may hold the pipes open for ever: what it has not said shortly after is not ours.
    child.on("exit", (code, signal) => setTimeout(() => end(code, signal), 300).unref());
    child.stdin.on("error", () => {}); // it ended without reading all of its input: its exit status tells
    if (options.reply) child.stdin.write(options.input ?? "");
    else child.stdin.end(options.input ?? "");
  });
}

/** As `run`, for a command whose failure is ours: throws with what it said. Returns its standard output. */
export async function must(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const { stdout, stderr, code } = await run(argv, options);
  if (code !== 0) throw new Error(`"${argv.join(" ")}" failed (exit ${code}): ${(stderr || stdout).trim()}`);
  return stdout;
}

const signalNumbers: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };
