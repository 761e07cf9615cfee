import { markdownTable } from "../../markdown";

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

/** As a table of Markdown, resources that behave alike in one line. */
export function table(findings: readonly Finding[]): string {
  const lines = new Map<string, { cells: string[]; resources: string[] }>();
  for (const { property, change, resource, announced, observed, dnsmasq, bridge, taps, lost } of findings) {
    const cells = [`\`${property}\``, change, "", announced, observed, dnsmasq, bridge, taps, lost];
    const line = lines.get(cells.join("|")) ?? { cells, resources: [] };
    line.resources.push(resource);
    lines.set(cells.join("|"), line);
  }
  const body = [...lines.values()].map(({ cells, resources }) => cells.with(2, resources.join(", ")));
  return markdownTable(HEAD, body);
}
