import { check, exitIfInterrupted, formatLintTypes, jest, seconds } from "./parts";

/** `npm run check`: what is quick and needs nothing but node_modules; all at once, two cores are enough. */
async function main(): Promise<void> {
  const began = performance.now();
  const parts = [jest("tests", ["--selectProjects", "unit", "golden"]), ...formatLintTypes];
  const passed = await Promise.all(parts.map(check));
  exitIfInterrupted();
  const failed = parts.filter((_, i) => !passed[i]).map(({ name }) => name);
  console.log(failed.length === 0 ? `All right, ${seconds(began)}` : `Failed: ${failed.join(", ")}; ${seconds(began)}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

void main();
