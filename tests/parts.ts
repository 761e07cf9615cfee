import { spawn, type ChildProcess } from "node:child_process";
import { resolve } from "node:path";

export const root = resolve(__dirname, "..");
const caches = "node_modules/.cache";

/** One thing that `npm run check` looks at: its name, and the program of node_modules with its arguments. */
export interface Part {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
}

export const jest = (name: string, args: readonly string[]): Part => ({
  name,
  program: "jest/bin/jest.js",
  args: ["--passWithNoTests", ...(process.env["CI"] ? ["--ci"] : []), ...args],
});

export const formatLintTypes: readonly Part[] = [
  {
    name: "lint",
    program: "eslint/bin/eslint.js",
    args: ["--cache", "--cache-strategy=content", `--cache-location=${caches}/eslint/`, "--max-warnings=0", "."],
  },
  {
    name: "types",
    program: "typescript/bin/tsc",
    args: ["--noEmit", "--incremental", `--tsBuildInfoFile`, `${caches}/check.tsbuildinfo`],
  },
  {
    name: "format",
    program: "prettier/bin/prettier.cjs",
    args: [
      "--cache",
      "--cache-strategy=content",
      `--cache-location=${caches}/prettier/check`,
      "--log-level=warn",
      "--check",
      ".",
    ],
  },
];

/** Started programs that still run, for Ctrl-C. */
const running = new Set<ChildProcess>();
let interrupted: NodeJS.Signals | undefined;

/**
 * Starts a part in a process group of its own: a Ctrl-C then reaches it once and from us, and we wait until it has
 * cleaned up.
 */
export function start({ program, args }: Part, output: "inherit" | "pipe"): ChildProcess {
  const child = spawn(process.execPath, [resolve(root, "node_modules", program), ...args], {
    cwd: root,
    detached: true,
    stdio: ["ignore", output, output],
    env: process.stderr.isTTY ? { FORCE_COLOR: "1", ...process.env } : process.env,
  });
  running.add(child);
  child.on("close", () => running.delete(child));
  if (interrupted) kill(child, interrupted);
  return child;
}

/** Signals a part and what it started. */
export function kill({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // it has just ended
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    interrupted = signal;
    for (const child of running) kill(child, signal);
  });
}

/** Ends this process as the signal would have, once what it reached has cleaned up. */
export function exitIfInterrupted(): void {
  if (interrupted) process.exit({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[interrupted as "SIGINT"]);
}

export const exited = (child: ChildProcess): Promise<number> =>
  new Promise((done) => {
    child.on("error", () => done(1));
    child.on("close", (code) => done(code ?? 1));
  });

/** Runs a part, says in one line how it went, and shows what it printed only when it failed. */
export async function check(part: Part): Promise<boolean> {
  const began = performance.now();
  const child = start(part, "pipe");
  const printed: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => printed.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => printed.push(chunk));
  const passed = (await exited(child)) === 0;
  if (interrupted) return false;
  console.log(`${passed ? "ok    " : "FAILED"} ${part.name.padEnd(8)} ${seconds(began)}`);
  if (!passed) process.stdout.write(Buffer.concat(printed));
  return passed;
}

export const seconds = (began: number) => `${((performance.now() - began) / 1000).toFixed(1)} s`;
