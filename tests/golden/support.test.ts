import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { committed, markdownTable } from "../markdown";
import { cells, CELLS, columns } from "../owners/cells";
import { cases } from "../owners/cases";
import { folders, readJson, readTree } from "./folder";

/** README's table of owners: what their goldens are, and which tests there are of each on hosts; never by hand. */
const TESTS = join(__dirname, "..");

interface Proof {
  readonly shows: string;
  readonly tests: readonly {
    readonly file: string;
    /** A title in it. */
    readonly title: RegExp;
    /** Whose it is; left out, it is of those that the file has as `owner: "…"`. */
    readonly owners?: readonly string[];
  }[];
}

/** Of one owner after the other: on hosts in namespaces, and on whole machines. */
const LAB = "e2e/owners.test.ts";
const MACHINES = "e2e/ownersVm.test.ts";

const proofs: readonly Proof[] = [
  {
    shows: "the owner's own program reads the files without a warning",
    tests: [
      { file: "contract/ifupdown.test.ts", title: /^every golden, as ifup would do it at boot/, owners: ["ifupdown"] },
      { file: "contract/netplan.test.ts", title: /^it reads %s$/, owners: ["netplan"] },
      {
        file: "contract/netplan.test.ts",
        title: /^it reads %s for NetworkManager/,
        owners: ["netplan-networkmanager"],
      },
      { file: "contract/networkd.test.ts", title: /^it reads every golden file/, owners: ["networkd"] },
      { file: "contract/networkManager.test.ts", title: /reads/, owners: ["networkmanager"] },
      { file: "contract/ifcfg.test.ts", title: /^it reads every golden file/, owners: ["ifcfg-nm"] },
      { file: "contract/ifupdown2.test.ts", title: /reads/, owners: ["ifupdown2"] },
    ],
  },
  {
    shows: "an address that nobody reaches: the host goes back by itself",
    tests: [
      { file: "e2e/guard.test.ts", title: /comes back by itself/, owners: ["ifupdown"] },
      { file: "contract/networkd.test.ts", title: /^not confirmed, it comes back by itself/, owners: ["networkd"] },
      {
        file: "contract/networkManager.test.ts",
        title: /^not confirmed, it comes back by itself/,
        owners: ["networkmanager"],
      },
      {
        file: "contract/netplanNetworkManager.test.ts",
        title: /^not confirmed, it comes back by itself/,
        owners: ["netplan-networkmanager"],
      },
      { file: "contract/ifcfg.test.ts", title: /^not confirmed, it comes back by itself/, owners: ["ifcfg-nm"] },
      { file: "contract/networkScripts.test.ts", title: /^not confirmed, it comes back by itself/, owners: ["ifcfg"] },
      {
        file: "contract/netplanNetworkd.test.ts",
        title: /^not confirmed, it comes back by itself/,
        owners: ["netplan"],
      },
      { file: "contract/ifupdown2.test.ts", title: /^not confirmed, it comes back by itself/, owners: ["ifupdown2"] },
      { file: MACHINES, title: /comes back by itself/ },
    ],
  },
  {
    shows: "a power cut: the next boot has the old network or the new one, whole",
    tests: [
      { file: "e2e/powerCut.test.ts", title: /power is cut at any point/, owners: ["ifupdown"] },
      { file: "contract/networkManager.test.ts", title: /^the power goes/, owners: ["networkmanager"] },
      { file: "contract/ifcfg.test.ts", title: /^the power goes/, owners: ["ifcfg-nm"] },
      { file: "contract/netplanNetworkManager.test.ts", title: /^the power goes/, owners: ["netplan-networkmanager"] },
      { file: "contract/netplanNetworkd.test.ts", title: /^the power goes/, owners: ["netplan"] },
      { file: "contract/networkd.test.ts", title: /^the power goes/, owners: ["networkd"] },
      { file: "contract/ifupdown2.test.ts", title: /^the power goes/, owners: ["ifupdown2"] },
      { file: "contract/ifupdown.test.ts", title: /^the power goes/, owners: ["ifupdown"] },
      { file: MACHINES, title: /power/ },
    ],
  },
  {
    shows: "a reboot: nothing to do afterwards",
    tests: [
      { file: LAB, title: /outlasts a reboot/ },
      { file: MACHINES, title: /reboot/ },
    ],
  },
  {
    shows: "drift by the owner's own tools is named, and healed",
    tests: [
      { file: "e2e/drift.test.ts", title: /%s/, owners: ["ifupdown"] },
      { file: LAB, title: /names what somebody changed/, owners: ["netplan", "networkmanager", "ifcfg-nm"] },
      { file: MACHINES, title: /drift|somebody changed|names/ },
    ],
  },
  {
    shows: "`destroy`: the host as it was found",
    tests: [
      { file: "e2e/destroy.test.ts", title: /gives the host back as it was/, owners: ["ifupdown"] },
      { file: LAB, title: /is destroyed, and the host is as it was/ },
      { file: MACHINES, title: /destroy/ },
    ],
  },
];

/** As the argument `owner` has it, where the column is all of the owner. */
const titleOf = ({ name, owner }: (typeof columns)[number]) => `\`${name === owner.toLowerCase() ? owner : name}\``;

/** What no test shows. */
const NOT_SHOWN = "–";
const refusals = new Map<string, string[]>();

/** A cell's goldens: all of its steps are made, or one is refused. */
function ofCell(column: (typeof columns)[number], title: string): string {
  const { name } = cells.find((cell) => cell.column === column && cell.of.title === title)!;
  const expected = readTree(join(CELLS, name, "expected"));
  const refused = Object.keys(expected).filter((path) => path.endsWith("problems.txt"));
  if (!("inputs.json" in expected) && refused.length === 0) return NOT_SHOWN;
  if (refused.length === 0) return "yes";
  const reason = expected[refused[0]!]!.trim().replace(/^owner: /, "");
  refusals.set(reason, [...(refusals.get(reason) ?? []), titleOf(column)]);
  return "refused";
}

/** Whether a golden by hand takes over somebody's bridge of the owner, which its daemon has in its hands. */
function adopts({ owner, manager }: (typeof columns)[number]): boolean {
  const folder = join(__dirname, "bridge");
  return folders(folder).some((title) => {
    const inputs = readJson(join(folder, title, "expected/inputs.json"));
    return (
      readJson(join(folder, title, "args.json"))?.["adopt"] === true &&
      inputs?.["owner"] === owner &&
      managerOf(inputs) === manager
    );
  });
}

const managerOf = ({ links = {} }: Readonly<Record<string, unknown>>) =>
  (links as Readonly<Record<string, { readonly manager?: string }>>)["br0"]?.manager;

function isShown(column: string, { tests }: Proof): boolean {
  return tests.some(({ file, title, owners }) => {
    const path = join(TESTS, file);
    if (!existsSync(path)) return false;
    const text = readFileSync(path, "utf8");
    const titles = [...text.matchAll(/(?:\b(?:it|test|describe)(?:\.\w+)*|\))\(\s*(["'`])(.*?)\1/gs)].map(
      ([, , is]) => is!,
    );
    const named = owners ?? [...text.matchAll(/\bowner: "([\w-]+)"/g)].map(([, owner]) => owner!.toLowerCase());
    return named.includes(column) && titles.some((is) => title.test(is));
  });
}

test("README's table of owners is what was found (UPDATE_DOCS=1 writes it)", () => {
  const head = ["", ...columns.map(titleOf)];
  const row = (shows: string, cell: (column: (typeof columns)[number]) => string) => [shows, ...columns.map(cell)];
  const body = [
    ...cases.map(({ title, shows }) => row(shows, (column) => ofCell(column, title))),
    row("`adopt`: somebody's bridge", (column) => (adopts(column) ? "yes" : NOT_SHOWN)),
    ...proofs.map((proof) => row(proof.shows, ({ name }) => (isShown(name, proof) ? "yes" : NOT_SHOWN))),
  ];
  const reasons = [...refusals].map(([reason, of]) => `- ${of.join(", ")}: ${reason}`);
  const found = [markdownTable(head, body), "Refused, as the preview prints it:", reasons.join("\n")].join("\n\n");
  expect(committed("README.md", found)).toBe(found);
});

/** A test that nobody has is no proof of anything; ownersVm and the readers of owners to come may be missing. */
test.each(proofs.flatMap(({ tests }) => tests).filter(({ file }) => existsSync(join(TESTS, file))))(
  "$file has a test $title",
  (proof) => {
    const named = proof.owners ?? columns.map(({ name }) => name);
    expect(named.some((name) => isShown(name, { shows: "", tests: [proof] }))).toBe(true);
  },
);
