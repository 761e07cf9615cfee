import { createHash } from "node:crypto";
import { accessSync, constants, copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { must } from "../lab/run";
import { cached, cachedPath } from "./cache";
import { downloadRelease } from "./release";

/** The engine, and the language host that can still be built as a Go module: newer ones are not published as such. */
const PARTS = [
  { directory: "engine", module: "github.com/pulumi/pulumi/pkg/v3", command: "cmd/pulumi", binary: "pulumi" },
  {
    directory: "language-nodejs",
    module: "github.com/pulumi/pulumi/sdk/v3",
    command: "nodejs/cmd/pulumi-language-nodejs",
    binary: "pulumi-language-nodejs",
  },
] as const;

export interface PulumiCli {
  /** The directory to put first on PATH. */
  readonly bin: string;
  /** Where it comes from, for people to read. */
  readonly how: string;
}

/**
 * The Pulumi CLI, with its Node.js language host: the machine's own; else one kept from an earlier run; else the official
 * release; else built from its Go modules at pinned versions, for machines that reach package registries only.
 */
export async function ensurePulumi(say: (line: string) => void = sayOnStderr): Promise<PulumiCli> {
  const found = findPulumi();
  if (found) return found;
  const started = Date.now();
  let how = "";
  const bin = await cached("toolchain", cacheKey(), async (directory) => {
    const version = versionOf("engine");
    if (await downloadRelease(version, directory)) {
      how = `the official release ${version}`;
    } else {
      const go = await requireGo();
      say(
        `There is no Pulumi CLI on PATH and its release cannot be downloaded: building ${version} with ${go}, once. This takes about 4 minutes, less with Go's build cache warm.`,
      );
      for (const part of PARTS) await build(part, directory);
      how = `${version}, built from Go modules`;
    }
    const dynamicProvider = "pulumi-resource-pulumi-nodejs";
    copyFileSync(
      join(dirname(require.resolve("@pulumi/pulumi/package.json")), dynamicProvider),
      join(directory, dynamicProvider),
    );
  });
  if (how === "") return { bin, how: "kept from an earlier run" }; // another run made it while we waited for its lock
  say(`The Pulumi CLI is ready after ${((Date.now() - started) / 1000).toFixed(0)} s: ${how}.`);
  return { bin, how };
}

/** The Pulumi CLI where there is one already. */
export function findPulumi(): PulumiCli | undefined {
  const directories = (process.env.PATH ?? "").split(delimiter).filter((directory) => directory !== "");
  const [cli, language] = PARTS.map(({ binary }) =>
    directories.find((directory) => isExecutable(join(directory, binary))),
  );
  if (cli !== undefined && language !== undefined) return { bin: cli, how: `${cli}/pulumi` };
  const bin = cachedPath("toolchain", cacheKey());
  return existsSync(bin) ? { bin, how: "kept from an earlier run" } : undefined;
}

/** The environment of a Pulumi CLI that keeps all of its state in a directory, and asks nobody anything. */
export function pulumiEnv(home: string): Record<string, string> {
  mkdirSync(join(home, "pulumi-state"), { recursive: true });
  return {
    PULUMI_BACKEND_URL: `file://${join(home, "pulumi-state")}`,
    PULUMI_HOME: join(home, ".pulumi"),
    PULUMI_CONFIG_PASSPHRASE: "lab",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    // A fifth of what a preview takes: https://nodejs.org/docs/latest/api/module.html#module-compile-cache
    NODE_COMPILE_CACHE: cachedPath("node", "compiled"),
  };
}

async function build({ directory, module, command, binary }: (typeof PARTS)[number], out: string): Promise<void> {
  const version = `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${versionOf(directory)}`;
  await must(
    [
      "go",
      "build",
      "-tags",
      "osusergo,grpcnotrace",
      "-trimpath",
      "-ldflags",
      `-w -s ${version}`,
      "-o",
      join(out, binary),
      `${module}/${command}`,
    ],
    {
      cwd: join(__dirname, directory),
      env: { ...process.env, GOTOOLCHAIN: "local", GOFLAGS: "-mod=readonly", CGO_ENABLED: "0", GOWORK: "off" },
      timeoutMs: 1_800_000,
    },
  ).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Unable to build ${binary}: ${reason}\nInstall the Pulumi CLI instead (https://www.pulumi.com/docs/install/), so that pulumi and pulumi-language-nodejs are on PATH.`,
    );
  });
}

/** The version of Go, where it is new enough for the modules. */
async function requireGo(): Promise<string> {
  const wanted = /^go (\d+)\.(\d+)/m.exec(readFileSync(join(__dirname, "engine/go.mod"), "utf8"));
  const said = await must(["go", "version"], { env: { ...process.env, GOTOOLCHAIN: "local" } }).catch(() => "");
  const has = /go(\d+)\.(\d+)\S*/.exec(said);
  if (!has || Number(has[1]) * 1000 + Number(has[2]) < Number(wanted?.[1]) * 1000 + Number(wanted?.[2])) {
    throw new Error(
      `There is no Pulumi CLI on PATH, its release cannot be downloaded, and ${has ? `Go here is ${has[1]}.${has[2]}` : "there is no Go"} to build it. ` +
        `Install the Pulumi CLI (https://www.pulumi.com/docs/install/) or Go ${wanted?.[1]}.${wanted?.[2]} or newer.`,
    );
  }
  return `Go ${has[0].slice(2)}`;
}

/** The pinned version of a part: its module's line in go.mod. */
function versionOf(directory: (typeof PARTS)[number]["directory"]): string {
  const { module } = PARTS.find((part) => part.directory === directory) ?? PARTS[0];
  const line = new RegExp(`${module} (v\\S+)`).exec(readFileSync(join(__dirname, directory, "go.mod"), "utf8"));
  if (line?.[1] === undefined) throw new Error(`tests/toolchain/${directory}/go.mod does not require ${module}.`);
  return line[1];
}

/** Changes with every pinned version, their sums and the machine's kind. */
function cacheKey(): string {
  const digest = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const { directory } of PARTS) {
    for (const file of ["go.mod", "go.sum"]) digest.update(readFileSync(join(__dirname, directory, file)));
  }
  return `${versionOf("engine")}-${digest.digest("hex").slice(0, 12)}`;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const sayOnStderr = (line: string): void => void process.stderr.write(`${line}\n`);
