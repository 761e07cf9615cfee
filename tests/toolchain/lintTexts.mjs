import { text } from "node:stream/consumers";
import { ESLint } from "eslint";
import tseslint from "typescript-eslint";

/** Lints texts as if they stood in files: `[{ path, text }]` on standard input → messages of the import rules of each. */
const eslint = new ESLint({ overrideConfig: [{ files: ["**/*.ts"], ...tseslint.configs.disableTypeChecked }] });
const cases = JSON.parse(await text(process.stdin));
const answers = [];
for (const { path, text } of cases) {
  const [result] = await eslint.lintText(text, { filePath: path });
  answers.push((result?.messages ?? []).map(({ ruleId, message }) => `${ruleId}: ${message}`));
}
process.stdout.write(JSON.stringify(answers));
