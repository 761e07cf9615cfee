import { readFileSync } from "node:fs";
import { join } from "node:path";

/** docs/safety.md names the test that holds each promise; a test that is renamed or removed shows here. */
const root = join(__dirname, "../..");
const page = readFileSync(join(root, "docs/safety.md"), "utf8");
const named = [...page.matchAll(/(tests\/\S+\.test\.ts) "([^"]+)"/g)].map(
  ([, file, title]) => [file!, title!] as const,
);

test.each(named)("%s has a test %s", (file, title) => {
  expect(readFileSync(join(root, file), "utf8")).toContain(title);
});

test("every row names a test", () => {
  const rows = page.split("\n").filter((line) => /^\|(?! ?-| What happens)/.test(line));
  expect(rows.length).toBeGreaterThan(10);
  for (const row of rows) expect(row).toMatch(/tests\/\S+\.test\.ts "[^"]+" *(,|\|)/);
});
