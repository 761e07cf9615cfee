import { readFileSync } from "node:fs";
import { join } from "node:path";

/** docs/safety.md and SECURITY.md name the test that holds each promise; a test that is renamed or removed shows here. */
const root = join(__dirname, "../..");
const page = ["docs/safety.md", "SECURITY.md"].map((name) => readFileSync(join(root, name), "utf8")).join("\n");
const named = [...page.matchAll(/(tests\/\S+\.ts) "([^"]+)"/g)].map(([, file, title]) => [file!, title!] as const);

test.each(named)("%s has a test %s", (file, title) => {
  expect(readFileSync(join(root, file), "utf8")).toContain(title);
});

test("every row names a test", () => {
  const rows = page.split("\n").filter((line) => /^\|(?! ?-| What happens| Who  )/.test(line));
  expect(rows.length).toBeGreaterThan(10);
  for (const row of rows) expect(row).toMatch(/tests\/\S+\.ts "[^"]+" *(,|\|)/);
});
