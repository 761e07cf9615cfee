import { readFileSync } from "node:fs";
import { resolve } from "node:path";

interface Locked {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly hasInstallScript?: boolean;
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
