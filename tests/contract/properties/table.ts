import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What is found of one property of one resource. */
export interface Finding {
  readonly property: string;
  readonly change: string;
  readonly resource: string;
  readonly announced: string;
  readonly observed: string;
  readonly dnsmasq: string;
  readonly bridge: string;
  readonly taps: string;
  readonly lost: string;
}

const HEAD = ["Property", "Changed", "Of", "Preview says", "The host shows", "dnsmasq", "Bridge", "Taps", "Pings lost"];

/** As a table of Markdown, resources that behave alike in one line; as prettier formats it. */
export function table(findings: readonly Finding[]): string {
  const lines = new Map<string, { cells: string[]; resources: string[] }>();
  for (const { property, change, resource, announced, observed, dnsmasq, bridge, taps, lost } of findings) {
    const cells = [`\`${property}\``, change, "", announced, observed, dnsmasq, bridge, taps, lost];
    const line = lines.get(cells.join("|")) ?? { cells, resources: [] };
    line.resources.push(resource);
    lines.set(cells.join("|"), line);
  }
  const body = [...lines.values()].map(({ cells, resources }) => cells.with(2, resources.join(", ")));
  const widths = HEAD.map((_, i) => Math.max(...[HEAD, ...body].map((cells) => cells[i]!.length)));
  const row = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  return [row(HEAD), row(widths.map((width) => "-".repeat(width))), ...body.map(row)].join("\n");
}

const FILE = join(__dirname, "../../../docs/changes.md");
const MARKED = /(<!-- The table is written by .*? -->\n\n)([^]*?)(\n\n<!-- End of the table -->)/;

/** The committed table; with UPDATE_DOCS=1 it is written first. */
export function committed(text: string): string {
  const page = readFileSync(FILE, "utf8");
  if (process.env["UPDATE_DOCS"] === "1") {
    writeFileSync(
      FILE,
      page.replace(MARKED, (_, begin: string, __, end: string) => begin + text + end),
    );
    return text;
  }
  return MARKED.exec(page)?.[2] ?? "";
}
