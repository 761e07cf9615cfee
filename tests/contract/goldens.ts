import { existsSync } from "node:fs";
import { join } from "node:path";
import { folders } from "../golden/folder";

const GOLDEN = join(__dirname, "../golden");

export interface Golden {
  /** `bridge/dhcp`, `owners/netplan-static/then`. */
  readonly name: string;
  readonly folder: string;
  /** Where in it the files are that were rendered. */
  readonly below: "expected" | "expected/then";
}

/** The bridges' goldens, by hand and of the table, whose rendered files include some below `path`. */
export const goldens = (path: string): Golden[] =>
  ["bridge", "owners"].flatMap((kind) =>
    folders(join(GOLDEN, kind)).flatMap((title) =>
      (["expected", "expected/then"] as const)
        .filter((below) => existsSync(join(GOLDEN, kind, title, below, path)))
        .map((below) => ({
          name: `${kind}/${title}${below.slice("expected".length)}`,
          folder: join(GOLDEN, kind, title),
          below,
        })),
    ),
  );
