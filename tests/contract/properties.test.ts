import { type DisruptionLabel } from "../../provider/disruption";
import { down, type LabHost } from "../lab/lab";
import { HOME, macOf, models, nic, propertiesHost, startGuests } from "./properties/lab";
import { look, lostSince, type Look } from "./properties/look";
import { first, networkRows } from "./properties/networkRows";
import { nicRows } from "./properties/nicRows";
import { labelOf, seen } from "./properties/seen";
import { newSession, Subject } from "./properties/subject";
import { committed, table, type Finding } from "./properties/table";
import { textsOf, type Row } from "./properties/row";

/**
 * Every property of every network and of a guest's interface, changed on a running network with two running guests: what the preview
 * says that it disturbs is what the host shows, and the value is there, in the running definition and in the persistent one.
 */
let host: LabHost;
/** As the last row left it; undefined where that failed. */
let now: Look | undefined;
const networks = models.map((definition, n) => new Subject(definition, n));
const home = new Subject(nic, HOME);
const findings: Finding[] = [];

beforeAll(async () => {
  host = await propertiesHost();
  const session = newSession(host);
  await Promise.all(networks.map((network) => network.create(session, first(network.type, network.n))));
  await home.create(session, { domain: "a", mac: macOf("a", HOME), network: "home" });
  await startGuests(
    host,
    networks.map(({ type }) => type),
  );
  now = await look(host, newSession(host));
  await lostSince(
    host,
    now,
    [...networks, home].map(({ n }) => n),
  );
}, 120_000);
afterAll(() => down());

const has = ({ definition }: Subject, { property, only }: Row) =>
  definition.args.includes(property.split(".")[0]!) && (only?.includes(definition.type) ?? true);
const title = ({ property, change }: Row) => `${property}: ${change}`;

describe("every argument has a row", () => {
  test.each([...networks, home].map((subject) => [subject.type, subject] as const))("%s", (_, subject) => {
    const { args, replaceOn } = subject.definition;
    const rows = (subject === home ? nicRows : networkRows).filter((row) => has(subject, row));
    const changed = new Set(rows.map(({ property }) => property.split(".")[0]!));
    expect(args.filter((name) => !replaceOn.includes(name) && !changed.has(name))).toEqual([]);
  });
});

describe("networks", () => {
  test.each(networkRows.map((row) => [title(row), row] as const))("%s", (_, row) =>
    change(
      networks.filter((network) => has(network, row)),
      row,
    ),
  );
});

describe("a guest's interface", () => {
  test.each(nicRows.map((row) => [title(row), row] as const))("%s", (_, row) => change([home], row));
});

test("the table in docs/changes.md is what was found (UPDATE_DOCS=1 writes it)", () => {
  const found = table(findings);
  console.log(found);
  expect(committed(found)).toBe(found);
});

/** One `up` that changes the property of all that have it. */
async function change(subjects: readonly Subject[], row: Row): Promise<void> {
  const before = now ?? (await look(host, newSession(host)));
  now = undefined;
  const shows = (n: number) => (typeof row.shows === "string" ? row.shows : row.shows(n));
  const session = newSession(host);
  const planned: { subject: Subject; args: Subject["args"]; announced: DisruptionLabel | "" }[] = [];
  for (const subject of subjects) {
    const args = { ...subject.args, ...row.args(subject.args, subject.n) };
    planned.push({ subject, args, announced: await subject.preview(session, args) });
  }
  await Promise.all(planned.map(({ subject, args }) => subject.update(session, args)));
  const after = (now = await look(host, newSession(host)));
  const lost = await lostSince(
    host,
    before,
    subjects.map(({ n }) => n),
  );
  const found = planned.map(({ subject, announced }) => {
    const was = textsOf(before, subject);
    const is = textsOf(after, subject);
    const show = seen(before, after, subject === home ? "home" : subject.type, [
      ["a", macOf("a", subject.n)],
      ...(subject === home ? [] : [["b", macOf("b", subject.n)] as const]),
    ]);
    const cells = { ...show, lost: lost[subject.n]! > 0 ? "some" : "none" };
    findings.push({ property: row.property, change: row.change, resource: subject.type, announced, observed: labelOf(show), ...cells }); // prettier-ignore
    const said = (text: string) => text.includes(shows(subject.n));
    return {
      of: subject.type,
      announced,
      observed: labelOf(show),
      before: { live: said(was.live), persistent: said(was.persistent) },
      after: { live: said(is.live), persistent: said(is.persistent) },
      lost: cells.lost,
    };
  });
  expect(found).toEqual(
    planned.map(({ subject: { type } }) => {
      const label = row.labels?.[type] ?? row.label;
      return {
        of: type,
        announced: label,
        observed: label,
        before: { live: false, persistent: false },
        after: { live: label !== "next start", persistent: true },
        lost: label.endsWith("bounce") ? "some" : "none",
      };
    }),
  );
}
