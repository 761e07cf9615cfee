import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { operator, operatorCommand, operatorEnv, type Result } from "../lab/lab";
import { ensurePulumi, pulumiEnv } from "../toolchain/pulumi";

const root = resolve(__dirname, "../..");

/** A run of the CLI that is not waited for. */
export interface Run {
  /** Of the CLI, and of its process group. */
  readonly pid: number;
  readonly ended: Promise<Result>;
  isAlive(): boolean;
}

/**
 * A Pulumi project and its stack in a directory of its own, driven by the real CLI as the operator. The program is an example of the
 * repository, or a text.
 */
export class Stack {
  private constructor(
    readonly dir: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async create(program: { example: string } | { text: string }, name = "dev"): Promise<Stack> {
    const { bin } = await ensurePulumi();
    const dir = mkdtempSync(join(tmpdir(), "kvmnet-stack-"));
    if ("example" in program) cpSync(join(root, "examples", program.example), dir, { recursive: true });
    else {
      writeFileSync(join(dir, "Pulumi.yaml"), "name: kvmnet-test\nruntime: nodejs\n");
      writeFileSync(join(dir, "package.json"), `{ "main": "index.ts", "private": true }\n`);
      writeFileSync(join(dir, "index.ts"), program.text);
    }
    symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
    const home = join(dir, ".pulumi-home");
    mkdirSync(home);
    const stack = new Stack(dir, {
      ...pulumiEnv(home),
      PATH: [bin, join(root, "node_modules/.bin"), process.env["PATH"]].join(":"),
      // Types are checked by `npm run check`; here every second counts.
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    });
    await stack.must("stack", "init", name);
    return stack;
  }

  /** Another program text, for the next `up`. */
  program(text: string): void {
    writeFileSync(join(this.dir, "index.ts"), text);
  }

  edit(change: (text: string) => string): void {
    this.program(change(readFileSync(join(this.dir, "index.ts"), "utf8")));
  }

  pulumi(...args: string[]): Promise<Result> {
    return operator(["pulumi", ...args, "--non-interactive", "--color", "never"], { cwd: this.dir, env: this.env });
  }

  /** Runs a program of the directory by itself: one that drives Pulumi, by its Automation API. */
  node(...args: string[]): Promise<Result> {
    return operator(["tsx", ...args], { cwd: this.dir, env: this.env, timeoutMs: 600_000 });
  }

  /** As `pulumi`, in a process group of its own, for those who do not let it come to its end. */
  start(...args: string[]): Run {
    const [command, ...rest] = operatorCommand(["pulumi", ...args, "--non-interactive", "--color", "never"]);
    const env = { ...operatorEnv(), ...this.env };
    const child = spawn(command!, rest, { cwd: this.dir, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const said = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const)
      child[stream].setEncoding("utf8").on("data", (text: string) => (said[stream] += text));
    let alive = true;
    const ended = new Promise<Result>((resolve) =>
      // Not until its output ends: what outlives it may hold that open.
      child.once("exit", (code) => {
        alive = false;
        resolve({ ...said, code: code ?? 128 });
      }),
    );
    return { pid: child.pid!, ended, isAlive: () => alive };
  }

  must = async (...args: string[]): Promise<string> => (await this.succeed(...args)).stdout;

  private async succeed(...args: string[]): Promise<Result> {
    const result = await this.pulumi(...args);
    const { code, stdout, stderr } = result;
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")} failed (exit ${code}):\n${stdout}\n${stderr}`);
    return result;
  }

  up = (...args: string[]) => this.must("up", "--yes", "--skip-preview", ...args);
  /** With --diff, Pulumi writes what providers say to standard error. */
  preview = async (...args: string[]) => {
    const { stdout, stderr } = await this.succeed("preview", "--diff", ...args);
    return `${stdout}\n${stderr}`;
  };
  refresh = (...args: string[]) => this.must("refresh", "--yes", "--skip-preview", ...args);
  destroy = (...args: string[]) => this.must("destroy", "--yes", "--skip-preview", ...args);
  /** Throws, with the diff, where there is something to do. */
  expectNoChanges = () => this.must("preview", "--diff", "--expect-no-changes");

  async outputs(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.must("stack", "output", "--json")) as Record<string, unknown>;
  }

  async state(): Promise<{
    deployment: {
      resources?: { type: string; urn: string; inputs?: Record<string, unknown>; outputs?: Record<string, unknown> }[];
    };
  }> {
    return JSON.parse(await this.must("stack", "export")) as never;
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
