import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { check, exited, exitIfInterrupted, formatLintTypes, jest, kill, root, seconds, start } from "./parts";

/** What was counted, and what a reader of the last lines wants to be told by name. */
interface Count {
  passed: number;
  failed: number;
  skipped: number;
  readonly names: string[];
}

/** The part of jest's `--json` that is read here: https://jestjs.io/docs/cli#--json */
interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** What builds dist/ anew, from which the others' providers are loaded. */
const ALONE = "pack\\.test";

/**
 * `npm test`: format, lint and types (each counts as one test), then all of jest's projects, and the plain line
 * `N passed, N failed`. With arguments (`npm test -- tests/unit/plan.test.ts`, `-- -t name`) only what they choose.
 */
async function main(chosen: readonly string[]): Promise<void> {
  const began = performance.now();
  const count: Count = { passed: 0, failed: 0, skipped: 0, names: [] };
  const all = chosen.length === 0;
  if (all) {
    process.env.KVMNET_SUITE = "whole"; // for tests/toolchain/thoroughly.ts
    const passed = await Promise.all(formatLintTypes.map(check));
    formatLintTypes.forEach(({ name }, i) => (passed[i] ? count.passed++ : fail(count, name)));
  }
  // Of contract tests, some have a reader of Debian's packages, and no lab that would bring it.
  if (all || (await hasTests([...chosen, "--ignoreProjects", "unit", "golden", "e2e"]))) await installPackages();
  // By what is left out, so that `--selectProjects` of the command line may choose among the rest.
  // Three at a time on two cores: a third of their time they wait for what the host waits for.
  const machineOnly = [...chosen, "--maxWorkers=3", "--ignoreProjects", "e2e"];
  if (all || (await hasTests(machineOnly))) await swept(() => runJest(machineOnly, count));

  const endToEnd = [...chosen, "--ignoreProjects", "unit", "golden", "contract"];
  // Two at a time, each file in a lab of its own: they wait more than they work.
  const together = [...endToEnd, "--maxWorkers=2", `--testPathIgnorePatterns=${ALONE}`];
  const alone = [...endToEnd, "--runInBand", `--testPathIgnorePatterns=e2e/(?!.*${ALONE})`];
  for (const some of [together, alone])
    if (all || (await hasTests(some))) await swept(() => inLab(() => runJest(some, count), count));
  exitIfInterrupted();

  if (count.passed + count.failed === 0) fail(count, ["no test was run", ...chosen].join(" "));
  console.log(["", ...count.names, `Took ${seconds(began)}`].join("\n"));
  console.log(`${count.passed} passed, ${count.failed} failed${count.skipped > 0 ? `, ${count.skipped} skipped` : ""}`);
  process.exitCode = count.failed === 0 ? 0 : 1;
}

function fail(count: Count, name: string): void {
  count.failed++;
  count.names.push(`FAILED ${name}`);
}

/** Whether there is a test among what was chosen: a lab is not made ready for nothing. */
async function hasTests(args: readonly string[]): Promise<boolean> {
  const child = start(jest("list", ["--listTests", ...args]), "pipe");
  let listed = "";
  child.stdout?.on("data", (chunk: Buffer) => (listed += chunk.toString()));
  child.stderr?.resume();
  await exited(child);
  return listed.split("\n").some((line) => line.endsWith(".test.ts"));
}

/** Does `work`, and takes down what labs it left: also after a Ctrl-C or a crash of jest. */
async function swept(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    if (process.getuid?.() === 0) {
      const { down, useOwnLab } = await import("./lab/lab");
      useOwnLab("test"); // not the one that somebody plays with
      await down().catch((error: unknown) => console.error(`Unable to take the lab down: ${String(error)}`));
      delete process.env["KVMNET_LAB"];
    }
  }
}

async function inLab(work: () => Promise<void>, count: Count): Promise<void> {
  try {
    await prepareLab();
    await work();
  } catch (error) {
    fail(count, `e2e could not run: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function installPackages(): Promise<void> {
  const { ensurePackages } = await import("./lab/packages");
  await ensurePackages(console.log);
}

/** What the lab and the end-to-end tests need of this machine: Debian packages and the Pulumi CLI. */
async function prepareLab(): Promise<void> {
  const { ensurePulumi } = await import("./toolchain/pulumi");
  await installPackages();
  await ensurePulumi(console.log);
}

/** Runs jest with its own output, and adds what its report says to the count. */
async function runJest(args: readonly string[], count: Count): Promise<void> {
  exitIfInterrupted();
  const folder = mkdtempSync(join(tmpdir(), "kvmnet-tests-"));
  const report = join(folder, "report.json");
  try {
    const child = start(jest("tests", ["--json", `--outputFile=${report}`, ...args]), "inherit");
    const stuck = killWhenStuck(child, report);
    const code = await exited(child);
    const failedBefore = count.failed;
    if (existsSync(report)) add(JSON.parse(readFileSync(report, "utf8")) as JestReport, count, !args.includes("-t"));
    if (stuck()) fail(count, "jest did not end after its last test: one left something running");
    else if (code !== 0 && count.failed === failedBefore) fail(count, `jest ended with exit code ${code}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function add(report: JestReport, count: Count, nameSkipped: boolean): void {
  count.passed += report.numPassedTests;
  count.failed += report.numFailedTests + report.numRuntimeErrorTestSuites;
  count.skipped += report.numPendingTests + report.numTodoTests;
  for (const { name, status, assertionResults } of report.testResults) {
    const file = relative(root, name);
    if (status === "failed" && assertionResults.length === 0) count.names.push(`FAILED ${file} could not run`);
    for (const { fullName, status } of assertionResults) {
      if (status === "failed") count.names.push(`FAILED ${file}: ${fullName}`);
      if (nameSkipped && (status === "pending" || status === "todo")) count.names.push(`skipped ${file}: ${fullName}`);
    }
  }
}

/** A test that leaves a handle open keeps jest alive for ever: 30 s after its report is written it is ended. */
function killWhenStuck(child: ChildProcess, report: string): () => boolean {
  let since: number | undefined;
  let killed = false;
  const timer = setInterval(() => {
    if (existsSync(report)) since ??= performance.now();
    if (killed || since === undefined || performance.now() - since < 30_000) return;
    killed = true;
    kill(child, "SIGKILL");
  }, 1000);
  child.on("close", () => clearInterval(timer));
  return () => killed;
}

void main(process.argv.slice(2));
