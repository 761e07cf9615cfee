import type { HostSession } from "../../provider/host/session";
import { down, type LabHost } from "../lab/lab";
import { committed } from "../markdown";
import { HOME, macOf, models, nic, propertiesHost, startGuests } from "./properties/lab";
import { look, lostSince, type Look } from "./properties/look";
import { elsewhere, first, networkRows } from "./properties/networkRows";
import { nicRows } from "./properties/nicRows";
import { labelOf, seen } from "./properties/seen";
import { newSession, Subject } from "./properties/subject";
import { table, type Finding } from "./properties/table";
import { drifted, driftOnHost, drifts } from "./properties/drift";
import { textsOf, wordOf, type Row } from "./properties/row";

/**
 * Every property of every network and of a guest's interface, changed on a running network with two running guests: what the preview
 * says that it disturbs is what the host shows, and the value is there, in the running definition and in the persistent one.
 */
let host: LabHost;
/** As the last row left it; undefined where that failed. */
let now: Look | undefined;
let session: HostSession;
/** As it was when all had been made. */
let made: Look;
const networks = models.map((definition, n) => new Subject(definition, n));
const home = new Subject(nic, HOME);
const findings: Finding[] = [];

beforeAll(async () => {
  host = await propertiesHost();
  session = newSession(host);
  await Promise.all(networks.map((network) => network.create(session, first(network.type, network.n))));
  await home.create(session, { domain: "a", mac: macOf("a", HOME), network: "home" });
  await startGuests(
    host,
    networks.map(({ type }) => type),
  );
  await lostSince(
    host,
    await look(host, (session = newSession(host))),
    [...networks, home].map(({ n }) => n),
  );
  // Not before: a dnsmasq that leases to a guest reads, too.
  made = now = await look(host, (session = newSession(host)));
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
    expect(args.filter((name) => !replaceOn.includes(name) && !changed.has(name) && !(name in elsewhere))).toEqual([]);
  });
});

/** Of the types that have an argument, one has it changed alone; the others have all arguments of one label changed in one `up`. */
const aloneOn = (row: Row) =>
  networks.find((network) => network.type === "NatNetwork" && has(network, row)) ??
  networks.find((network) => has(network, row))!;

describe("networks, one argument after the other", () => {
  test.each(networkRows.map((row) => [title(row), row] as const))("%s", (_, row) =>
    change([{ subject: aloneOn(row), rows: [row] }]),
  );
});

describe("the other networks, all arguments of one label", () => {
  const groups = new Map<string, Row[]>();
  for (const row of networkRows) {
    const name = row.alone ? title(row) : row.label;
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  test.each([...groups])("%s", (_, group) =>
    change(
      networks
        .map((subject) => {
          const rows = group.filter((row) => has(subject, row) && aloneOn(row) !== subject);
          // Of several changes of one argument the last one.
          const isLast = ({ property }: Row, i: number) => rows.findLastIndex((row) => row.property === property) === i;
          return { subject, rows: rows.filter(isLast) };
        })
        .filter(({ rows }) => rows.length > 0),
    ),
  );
});

describe("somebody puts back by hand what was there at first", () => {
  test.each(drifts)("%s: one `up` makes it good", async (drift) => {
    const running = networks.filter(({ type }) => type !== "BridgedNetwork");
    const wanted = await look(host, (session = newSession(host)));
    await driftOnHost(
      host,
      running.map(({ type }) => type),
      made.observed,
      wanted.observed,
      drift,
    );
    session = newSession(host);
    const found = await session.observe();
    for (const network of running) expect((await network.refresh(found)).length).toBeGreaterThan(0);
    await Promise.all(running.map((network) => network.update(session)));
    const healed = await look(host, newSession(host));
    for (const network of running) {
      expect(await network.refresh(healed.observed)).toEqual([]);
      expect(textsOf(healed, network)).toEqual(textsOf(wanted, network));
      expect(
        seen(
          wanted,
          healed,
          network.type,
          ["a", "b"].map((guest) => [guest, macOf(guest as "a", network.n)] as const),
        ).taps,
      ).not.toBe("new");
    }
    now = undefined;
  });
});

describe("a guest's interface", () => {
  test.each(nicRows.map((row) => [title(row), row] as const))("%s", (_, row) =>
    change([{ subject: home, rows: [row] }]),
  );
});

test("the table in docs/changes.md is what was found (UPDATE_DOCS=1 writes it)", () => {
  const left = Object.entries(elsewhere).map(([name, why]) => `\`${name}\` (${why})`);
  const found = `${table(findings)}\n\nNot in the table, since the host that makes it has not what they need: ${left.join(", ")}.`;
  console.log(found);
  expect(committed("docs/changes.md", found)).toBe(found);
});

const lostCell = ({ cutsOff, lost }: Row, isLost: boolean) =>
  cutsOff ? "cut off" : lost === "any" ? "none or some" : isLost ? "some" : "none";

interface Change {
  readonly subject: Subject;
  readonly rows: readonly Row[];
}

/** One `up` that changes them all; each row has a preview of its own. */
async function change(changes: readonly Change[]): Promise<void> {
  const cutOff = changes.some(({ rows }) => rows.some((row) => row.cutsOff));
  const numbers = changes.map(({ subject }) => subject.n);
  const before = now ?? (cutOff ? await look(host, (session = newSession(host))) : await quiet(numbers));
  now = undefined;
  const planned: (Change & { args: Subject["args"]; announced: readonly string[] })[] = [];
  for (const { subject, rows } of changes) {
    let args = subject.args;
    const announced: string[] = [];
    for (const row of rows) {
      args = { ...args, ...row.args(args, subject.n) };
      announced.push(await subject.preview(session, args));
    }
    planned.push({ subject, rows, args, announced });
  }
  await Promise.all(planned.map(({ subject, args }) => subject.update(session, args)));
  const after = await look(host, session);
  const lost = cutOff ? {} : await lostSince(host, before, numbers);
  // A busy machine loses a ping or two, also of guests on networks that nobody touched.
  const floor = Math.max(
    2,
    ...Object.entries(lost).flatMap(([n, count]) => (numbers.includes(Number(n)) ? [] : [count])),
  );
  if (!cutOff) now = after;
  const found = planned.flatMap(({ subject, rows, announced }) => {
    const [was, is] = [textsOf(before, subject), textsOf(after, subject)];
    const show = seen(before, after, subject === home ? "home" : subject.type, [
      ["a", macOf("a", subject.n)],
      ...(subject === home ? [] : [["b", macOf("b", subject.n)] as const]),
    ]);
    return rows.map((row, i) => {
      const text = typeof row.shows === "string" ? row.shows : row.shows(subject.n);
      const waits = row.label === "next start" && is.persistent !== was.persistent && is.live === was.live;
      const cells = { announced: announced[i]!, observed: waits ? "next start" : labelOf(show), lost: lostCell(row, lost[subject.n]! > (row.label.endsWith("bounce") ? 0 : floor)) }; // prettier-ignore
      findings.push({ property: row.property, change: row.change, resource: subject.type, ...show, ...cells });
      return {
        ...cells,
        of: `${subject.type} ${row.property}`,
        before: { live: was.live.includes(text), persistent: was.persistent.includes(text) },
        after: { live: is.live.includes(text), persistent: is.persistent.includes(text) },
      };
    });
  });
  const wanted = planned.flatMap(({ subject, rows }) =>
    rows.map((row) => {
      const label = row.labels?.[subject.type] ?? row.label;
      return {
        announced: label,
        observed: label,
        lost: lostCell(row, label.endsWith("bounce")),
        of: `${subject.type} ${row.property}`,
        before: { live: false, persistent: row.pending ?? false },
        after: { live: label !== "next start", persistent: true },
      };
    }),
  );
  expect(found).toEqual(wanted);
  await expectNamed(changes, before, after);
}

/** A look at the host when the guests hear each other. */
async function quiet(numbers: readonly number[]): Promise<Look> {
  session = newSession(host);
  await lostSince(host, await look(host, session), numbers);
  return look(host, session);
}

/** What was there before a change, put back by hand in either definition or both, is named by a refresh. Those are the texts that libvirt has just had. */
async function expectNamed(changes: readonly Change[], before: Look, after: Look): Promise<void> {
  for (const { subject, rows } of changes) {
    expect(await subject.refresh(after.observed)).toEqual([]);
    for (const drift of drifts) {
      // The other definition has had that before already.
      const isWhole = ({ label, shows }: Row) => label !== "next start" && !String(shows).startsWith("<!--");
      const named = rows.filter((row) => !row.pending && (drift === "persistent only" || isWhole(row)));
      const is = drifted(before.observed, after.observed, drift, subject === home ? undefined : subject.type);
      const said = named.length === 0 ? "" : (await subject.refresh(is)).join("; ");
      expect([drift, said, named.filter((row) => !said.includes(wordOf(row))).map(title)]).toEqual([drift, said, []]);
    }
  }
}
