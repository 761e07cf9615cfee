import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A table of Markdown, as prettier formats it. */
export function markdownTable(head: readonly string[], body: readonly (readonly string[])[]): string {
  const widths = head.map((_, i) => Math.max(...[head, ...body].map((cells) => cells[i]!.length)));
  const row = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  return [row(head), row(widths.map((width) => "-".repeat(width))), ...body.map(row)].join("\n");
}

const MARKED = /(<!-- The table is written by .*? -->\n\n)([^]*?)(\n\n<!-- End of the table -->)/;

/** What stands in a page of ours, between its marks; with UPDATE_DOCS=1 it is written first. */
export function committed(page: string, text: string): string {
  const path = join(__dirname, "..", page);
  const is = readFileSync(path, "utf8");
  if (process.env["UPDATE_DOCS"] === "1") {
    const written = is.replace(MARKED, (_, begin: string, __, end: string) => begin + text + end);
    writeFileSync(path, written);
    return text;
  }
  return MARKED.exec(is)?.[2] ?? "";
}
