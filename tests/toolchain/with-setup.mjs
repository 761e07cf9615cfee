// Runs a TypeScript file of this repository with all it needs made ready first: node tests/toolchain/with-setup.mjs FILE.ts ARGS…
// Dependencies are installed where they are missing or not those of package-lock.json, the package is built where its
// sources are newer, and the file runs on the Node.js of devDependencies. Plain JavaScript without dependencies, for it is
// what runs before there are any; Node.js 18 is enough.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const [file, ...args] = process.argv.slice(2);
if (file === undefined) fail("usage: node tests/toolchain/with-setup.mjs FILE.ts ARGS…");

const outdated = dependenciesOutdated();
if (outdated)
  step(`Installing dependencies (npm ci): ${outdated}.`, ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]);
if (packageOutdated())
  step("Building the package (npm run build): dist/ is older than its sources.", ["npm", "run", "--silent", "build"]);

const bin = join(root, "node_modules/.bin");
const node = join(bin, "node");
if (!existsSync(node))
  fail('node_modules/.bin/node is missing after npm ci: is the devDependency "node" available for this machine?');
const child = spawn(node, ["--import", "tsx", file, ...args], {
  stdio: "inherit",
  env: { ...process.env, PATH: [bin, process.env.PATH].filter(Boolean).join(delimiter) },
});
child.on("error", (error) => fail(`Unable to run ${relative(process.cwd(), node)}: ${error.message}`));
// A terminal sends Ctrl-C to the whole group, so the child has it already; a supervisor's signal reaches only us.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  });
}
child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));

/** Why npm ci is needed; undefined where node_modules holds exactly what package-lock.json asks for. */
function dependenciesOutdated() {
  const installed = packagesOf("node_modules/.package-lock.json");
  if (installed === undefined) return "node_modules is missing";
  const wanted = packagesOf("package-lock.json");
  if (wanted === undefined) fail("package-lock.json is missing: run npm install.");
  // npm's own record of what it installed tells more than times do: a fresh checkout has the newest of all.
  for (const [path, { version, optional, link }] of Object.entries(wanted)) {
    if (path === "" || link || (optional && installed[path] === undefined)) continue; // optional: for other platforms
    if (installed[path]?.version !== version) return `${path} is not at ${version}, as package-lock.json asks`;
    if (!existsSync(join(root, path))) return `${path} is gone`;
  }
  return undefined;
}

function packagesOf(lock) {
  try {
    return JSON.parse(readFileSync(join(root, lock), "utf8")).packages;
  } catch {
    return undefined;
  }
}

/** Whether a source is newer than the build. */
function packageOutdated() {
  const sources = ["provider", "sdk"].flatMap((directory) =>
    filesUnder(join(root, directory)).filter((path) => path.endsWith(".ts")),
  );
  if (sources.length === 0) return false;
  const entries = ["dist/sdk/index.js", "dist/provider/index.js"].filter((entry) =>
    existsSync(join(root, dirname(entry.slice(5)), "index.ts")),
  );
  if (entries.some((entry) => !existsSync(join(root, entry)))) return true;
  const built = Math.min(...entries.map((entry) => statSync(join(root, entry)).mtimeMs));
  const config = ["tsconfig.json", "tsconfig.build.json", "package.json"].map((name) => join(root, name));
  return [...sources, ...config].some((path) => statSync(path).mtimeMs > built);
}

function filesUnder(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesUnder(join(directory, entry.name)) : [join(directory, entry.name)],
  );
}

function step(line, [command, ...rest]) {
  console.error(line);
  const { error, status, signal } = spawnSync(command, rest, { cwd: root, stdio: ["ignore", 2, 2] });
  if (error) fail(`Unable to run ${command}: ${error.message}. Install Node.js 18 or newer with npm.`);
  if (signal) process.exit(128 + (constants.signals[signal] ?? 0));
  if (status !== 0) fail(`${[command, ...rest].join(" ")} failed (exit ${status}); what it said stands above.`);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
