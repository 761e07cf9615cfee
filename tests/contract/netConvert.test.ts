import { join } from "node:path";
import { readTree, type Texts } from "../golden/folder";
import { cells, CELLS, type Cell } from "../owners/cells";
import { cases } from "../owners/cases";
import { networkConfig } from "../owners/networkConfig";
import { netConvert } from "./netConvert/cloudInit";
import { renderers } from "./netConvert/meaning";
import { reasons, type Reason } from "./netConvert/reasons";

/**
 * A second opinion: what `cloud-init devel net-convert` renders of the same descriptions, for each owner that it knows. Wherever its files
 * do not say what ours say, a reason stands in netConvert/reasons.ts.
 */
const nameOf = (owner: string, title: string) => `${owner}-${title}`;
let rendered: ReadonlyMap<string, Texts>;
beforeAll(async () => {
  rendered = await netConvert(
    Object.entries(renderers).flatMap(([owner, { kind, distro }]) =>
      cases.map((of) => ({ name: nameOf(owner, of.title), config: networkConfig(of), kind, distro })),
    ),
  );
});

const meaningOf = (owner: string, title: string) => renderers[owner]!.meaning(rendered.get(nameOf(owner, title))!);

/** `+` is ours alone, `-` theirs. */
function differences({ name, column, of }: Cell): string[] {
  const expected = readTree(join(CELLS, name, "expected"));
  if ("problems.txt" in expected) return []; // We refuse it, with the reason.
  const host = readTree(join(CELLS, name, "host"));
  for (const path of expected["removed.txt"]?.split("\n") ?? []) delete host[path.slice(1)];
  const ours = new Set(renderers[column.name]!.meaning({ ...host, ...expected }));
  const theirs = new Set(meaningOf(column.name, of.title));
  expect(Math.min(ours.size, theirs.size)).toBeGreaterThan(1);
  return [
    ...[...ours].filter((line) => !theirs.has(line)).map((line) => `+ ${line}`),
    ...[...theirs].filter((line) => !ours.has(line)).map((line) => `- ${line}`),
  ];
}

const explains = ({ ours, theirs, in: only }: Reason, title: string, line: string) =>
  (only?.includes(title) ?? true) && ((line.startsWith("+") ? ours : theirs)?.test(line.slice(2)) ?? false);

const compared = cells.filter(({ column }) => column.name in renderers);

test.each(compared.map((cell) => [cell.name, cell] as const))("%s: every difference has one reason", (_, cell) => {
  const said = reasons[cell.column.name] ?? [];
  const unexplained = differences(cell).filter(
    (line) => said.filter((reason) => explains(reason, cell.of.title, line)).length !== 1,
  );
  expect(unexplained).toEqual([]);
});

// Of an owner without a column there is nothing to compare yet.
const all = Object.entries(reasons)
  .filter(([owner]) => compared.some(({ column }) => column.name === owner))
  .flatMap(([owner, said]) => said.map((reason) => [owner, reason.why, reason] as const));

test.each(all)("%s: %s", (owner, _, reason) => {
  const isSeen = (title: string, side: RegExp | undefined, sign: string) =>
    side === undefined ||
    compared
      .filter(({ column, of }) => column.name === owner && of.title === title)
      .some((cell) => differences(cell).some((line) => line.startsWith(sign) && side.test(line.slice(2))));
  const seen = cases
    .map(({ title }) => title)
    .filter((title) => isSeen(title, reason.ours, "+") && isSeen(title, reason.theirs, "-"));
  if (reason.in) expect(seen).toEqual(expect.arrayContaining([...reason.in]));
  expect(seen.length).toBeGreaterThan(0);
});

/** A bridge's options, as each owner's files would say them in the case `stp-and-times`; to NetworkManager STP is on unless it is told. */
const words: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  ifupdown: {
    stp: /bridge_stp on/, forwardDelay: /bridge_fd 4/, helloTime: /bridge_hello 1/, maxAge: /bridge_maxage 6/, ageingTime: /bridge_ageing 120/, priority: /bridge_bridgeprio 4096/,
  },
  netplan: {
    stp: /stp: true/, forwardDelay: /forward-delay: 4/, helloTime: /hello-time: 1/, maxAge: /max-age: 6/, ageingTime: /ageing-time: 120/, priority: /priority: 4096/,
  },
  networkd: {
    stp: /STP=/, forwardDelay: /ForwardDelaySec=/, helloTime: /HelloTimeSec=/, maxAge: /MaxAgeSec=/, ageingTime: /AgeingTimeSec=/, priority: /Priority=/,
  },
  networkmanager: {
forwardDelay: /forward-delay=4/, helloTime: /hello-time=1/, maxAge: /max-age=6/, ageingTime: /ageing-time=120/, priority: /priority=4096/,
  },
  ifcfg: {
    stp: /STP=(yes|on)/, forwardDelay: /DELAY=4|forward_delay/, helloTime: /hello_time/, maxAge: /max_age/, ageingTime: /AGEING=120|ageing_time=/, priority: /PRIO=4096|priority=4096/,
  },
  "ifcfg-nm": {
    stp: /STP=yes/, forwardDelay: /DELAY=4/, helloTime: /hello_time=1/, maxAge: /max_age=6/, ageingTime: /ageing_time=120/, priority: /priority=4096/,
  },
}; // prettier-ignore

/** Nothing of it is in its files, and it says nothing of that: what we never do. */
test.each([
  ["ifupdown", []],
  ["netplan", []],
  ["networkd", ["stp", "forwardDelay", "helloTime", "maxAge", "ageingTime", "priority"]],
  ["networkmanager", ["forwardDelay", "helloTime", "maxAge", "ageingTime"]],
  ["ifcfg", ["forwardDelay", "helloTime", "maxAge"]],
  ["ifcfg-nm", ["forwardDelay", "helloTime", "maxAge", "ageingTime", "priority"]],
])("for %s cloud-init loses %p of a bridge in silence", (owner, lost) => {
  const isLost = (said: readonly string[]) => (option: string) =>
    !said.some((line) => words[owner]![option]!.test(line));
  const options = Object.keys(words[owner]!);
  expect(options.filter(isLost(meaningOf(owner, "stp-and-times")))).toEqual(lost);
  const cell = cells.find(({ name }) => name === nameOf(owner, "stp-and-times"));
  const expected = cell && readTree(join(CELLS, cell.name, "expected"));
  if (expected && !("problems.txt" in expected))
    expect(options.filter(isLost(renderers[owner]!.meaning(expected)))).toEqual([]);
});
