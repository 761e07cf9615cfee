import { readFileSync } from "node:fs";
import { resolve } from "node:path";

interface Locked {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly hasInstallScript?: boolean;
  readonly dev?: boolean;
  readonly integrity?: string;
  readonly link?: boolean;
}

const read = (file: string): unknown => JSON.parse(readFileSync(resolve(__dirname, "../..", file), "utf8"));
const { packages } = read("package-lock.json") as { packages: Readonly<Record<string, Locked>> };

test("the lock names no registry: npm ci takes each package from the one that is configured", () => {
  expect(Object.values(packages).filter(({ resolved }) => resolved?.includes("://"))).toEqual([]);
});

/**
 * Where a registry lacks the package of some platform, `npm install` leaves it out of the lock, and `npm ci` then refuses
 * the lock on every platform. To mend it by hand: its version, `optional`, `os`, `cpu` and `libc`, as those around it.
 */
test("every optional dependency of every platform is locked", () => {
  const isLocked = (name: string, from: string): boolean =>
    `${from}node_modules/${name}` in packages ||
    (from !== "" && isLocked(name, from.replace(/(^|(?<=\/))node_modules\/(@[^/]+\/)?[^/]+\/$/, "")));
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !isLocked(name, path === "" ? "" : `${path}/`)),
  );
  expect(missing).toEqual([]);
});

test("each install script is allowed or denied in package.json, by name: npm 12 runs no other, npm 11 asks", () => {
  const { allowScripts } = read("package.json") as { allowScripts: Readonly<Record<string, boolean>> };
  const withScripts = Object.entries(packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript)
    .map(([path]) => path.replace(/^.*node_modules\//, ""));
  expect(Object.keys(allowScripts).sort()).toEqual([...new Set(withScripts)].sort());
});

/**
 * What a user's `npm install` may run. Both build what is faster in C++, and go without where that fails or is not allowed (`npm install
 * --ignore-scripts`): ssh2 then encrypts with Node's own OpenSSL, as it does for most ciphers in any case; cpu-features only tells it which cipher is fast.
 */
test("of what is installed with the package, these have an install script, and do without; the package has none itself", () => {
  const installed = Object.entries(packages).filter(([path, { dev, link }]) => path !== "" && !dev && !link);
  expect(installed.length).toBeGreaterThan(10);
  expect(installed.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path)).toEqual([
    "node_modules/cpu-features",
    "node_modules/ssh2",
  ]);
  const { scripts } = read("package.json") as { scripts: Readonly<Record<string, string>> };
  expect(Object.keys(scripts).filter((name) => /^(pre|post)?(install|prepare|uninstall)$/.test(name))).toEqual([]);
});

test("each of them is locked with its digest, and what is published says where it was built", () => {
  const installed = Object.entries(packages).filter(([path, { dev, link }]) => path !== "" && !dev && !link);
  expect(installed.filter(([, { integrity }]) => !integrity).map(([path]) => path)).toEqual([]);
  const { publishConfig, files } = read("package.json") as { publishConfig: unknown; files: string[] };
  expect(publishConfig).toEqual({ access: "public", provenance: true });
  expect(files).toEqual(["dist", "README.md", "CHANGELOG.md", "LICENSE"]);
});
