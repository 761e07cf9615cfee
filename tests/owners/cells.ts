import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { folders } from "../golden/folder";
import { cases, type OwnerCase } from "./cases";
import type { Column } from "./column";
import { networkManager } from "./networkManager";
import { observed } from "./observed";
import { ifcfg, ifcfgNm } from "./ifcfg";
import { ifupdown } from "./ifupdown";
import { ifupdown2 } from "./ifupdown2";
import { netplan } from "./netplan";
import { netplanNetworkManager } from "./netplanNetworkManager";
import { networkd } from "./networkd";
import { runtime } from "./runtime";

/** Each owner, and each way of one that makes other files: a line here, and a file beside this one. */
export const columns: readonly Column[] = [
  ifcfg,
  ifcfgNm,
  ifupdown,
  ifupdown2,
  netplan,
  netplanNetworkManager,
  networkManager,
  networkd,
  runtime,
];

/** Where the cells are, `COLUMN-CASE`: folders as golden.test.ts has them, whose hosts and arguments are written from the case's one description. */
export const CELLS = join(__dirname, "../golden/owners");

export interface Cell {
  readonly name: string;
  readonly column: Column;
  readonly of: OwnerCase;
  /** What of the folder is written from the description: path → text. */
  readonly texts: Readonly<Record<string, string>>;
}

export const cells: readonly Cell[] = columns.flatMap((column) =>
  cases.map((of) => ({ name: `${column.name}-${of.title}`, column, of, texts: textsOf(column, of) })),
);

/** With UPDATE_GOLDEN, before golden.test.ts looks for its folders. */
export function writeCells(): void {
  const names = new Set(cells.map(({ name }) => name));
  for (const name of folders(CELLS).filter((name) => !names.has(name))) rmSync(join(CELLS, name), { recursive: true });
  for (const { name, texts } of cells) {
    rmSync(join(CELLS, name, "host"), { recursive: true, force: true });
    for (const [path, text] of Object.entries(texts)) {
      mkdirSync(dirname(join(CELLS, name, path)), { recursive: true });
      writeFileSync(join(CELLS, name, path), text);
    }
  }
}

function textsOf(column: Column, { links, args, then }: OwnerCase): Record<string, string> {
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  const host = Object.entries(column.files(links)).map(([path, text]) => [`host/${path}`, text] as const);
  return {
    "args.json": json(args),
    ...(then && { "then.json": json(then) }),
    "observed.json": json(observed(column, links)),
    ...Object.fromEntries(host),
  };
}
