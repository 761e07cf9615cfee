import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { log } from "../../provider/host/log";
import { startTransaction, type Change } from "../../provider/host/script";
import { lifecycle } from "../../provider/lifecycle";
import { parseXml, printXml } from "../../provider/libvirt/xml";
import type { Observed } from "../../provider/facts";
import type { Op, Plan } from "../../provider/plan";
import type { Properties, ResourceDefinition } from "../../provider/resource";
import { bridge } from "../../provider/resources/bridge";
import { bridgeNetfilter } from "../../provider/resources/bridgeNetfilter";
import { guestInterface } from "../../provider/resources/guestInterface";
import * as networks from "../../provider/resources/networks";
import { sysctlForwarding } from "../../provider/resources/sysctlForwarding";
import { writeCells } from "../owners/cells";
import { expectTree, folders, hostFiles, readHost, readJson } from "./folder";
import { SimulatedHost } from "./simulatedHost";

/** Each folder of cases: its resource, and the resource's name in the program. */
const kinds: Readonly<Record<string, readonly [ResourceDefinition<never>, name: string]>> = {
  bridge: [bridge as ResourceDefinition<never>, "br0"],
  "bridge-netfilter": [bridgeNetfilter as ResourceDefinition<never>, "netfilter"],
  "bridged-network": [networks.bridgedNetwork as ResourceDefinition<never>, "lan"],
  "guest-interface": [guestInterface as ResourceDefinition<never>, "web-lan"],
  "host-only-network": [networks.hostOnlyNetwork as ResourceDefinition<never>, "lab"],
  "isolated-network": [networks.isolatedNetwork as ResourceDefinition<never>, "lab"],
  "nat-network": [networks.natNetwork as ResourceDefinition<never>, "lab"],
  // The table of owners and cases: tests/owners.
  owners: [bridge as ResourceDefinition<never>, "br0"],
  "open-network": [networks.openNetwork as ResourceDefinition<never>, "lab"],
  "routed-network": [networks.routedNetwork as ResourceDefinition<never>, "lab"],
  "sysctl-forwarding": [sysctlForwarding as ResourceDefinition<never>, "forwarding"],
};

const NONCE = "0123456789abcdef".repeat(2);

if (process.env["UPDATE_GOLDEN"]) writeCells();

/** What Pulumi keeps of a resource: the inputs that its program gives, those that check made of them, and the outputs. */
interface State {
  readonly id: string;
  readonly news: Properties;
  readonly inputs: Properties;
  readonly outs: Properties;
}

/** A case is a folder: `args.json`, `then.json` where the arguments change later, the host, and what is `expected` of both steps. */
test("every folder is a resource's", () => expect(folders(__dirname)).toEqual(Object.keys(kinds).toSorted()));

describe.each(Object.entries(kinds))("%s", (kind, [definition, name]) => {
  test.each(folders(join(__dirname, kind)))("%s", async (title) => {
    const folder = join(__dirname, kind, title);
    const host = new SimulatedHost(readHost(folder));
    const urn = `urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:${definition.type}::${name}`;
    const resource = lifecycle(definition, () => host.session);
    const texts: Record<string, string> = {};
    let state: State | undefined;

    for (const [file, below] of [
      ["args.json", ""],
      ["then.json", "then/"],
    ] as const) {
      const args = readJson(join(folder, file));
      if (!args) continue;
      const put = (path: string, text: string) => (texts[below + path] = text);
      const news = engine({ ...args, __urn: urn });
      const warnings = jest.spyOn(log, "warning").mockClear().mockResolvedValue();
      const infos = jest.spyOn(log, "info").mockClear().mockResolvedValue();
      const checked = await resource.check(state?.inputs ?? {}, news);
      if (warnings.mock.calls.length > 0)
        put("warnings.txt", warnings.mock.calls.map(([, message]) => `${message}\n`).join(""));
      // The review stands in the files themselves.
      const said = infos.mock.calls.map(([, message]) => message).filter((message) => !message.includes(" will have:"));
      if (said.length > 0) put("info.txt", said.map((message) => `${message}\n`).join(""));
      if (checked.failures) {
        put("problems.txt", checked.failures.map(({ property, reason }) => `${property}: ${reason}\n`).join(""));
        continue;
      }
      const inputs = engine(checked.inputs);
      put("inputs.json", json(added(inputs, args)));
      const before = hostFiles(host.observed);
      try {
        const changed = state ? await resource.update(state.id, state.outs, inputs) : await resource.create(inputs);
        state = { id: definition.id(inputs), news, inputs, outs: engine(changed.outs) };
      } catch (error) {
        put("error.txt", `${(error as Error).message}\n`);
        continue;
      }
      const plan = host.plans.at(-1)!;
      put("plan.txt", planText(plan));
      const after = hostFiles(host.observed);
      for (const [path, text] of Object.entries(after)) if (text !== before[path]) put(path, text);
      const removed = Object.keys(before).filter((path) => !(path in after));
      if (removed.length > 0) put("removed.txt", removed.map((path) => `/${path}\n`).join(""));
      const change = { title: `${kind} ${title}`, plan };
      // The table's steps are those of the cases by hand, and shellcheck takes its time.
      if (kind !== "owners") changes.push(change);
      if (existsSync(join(folder, "expected", below, "script.sh")))
        put("script.sh", startTransaction([change], { nonce: NONCE, who: "golden test" }));
    }
    expectTree(join(folder, "expected"), texts);
    if (state) await expectLifecycle(resource, host, state);
  });
});

/** What Pulumi counts on, whatever the case: a second run changes nothing, a refresh finds nothing, delete gives everything back. */
async function expectLifecycle(
  resource: ReturnType<typeof lifecycle>,
  host: SimulatedHost,
  { id, news, inputs, outs }: State,
): Promise<void> {
  const again = await resource.check(inputs, news);
  expect(again.failures).toBeUndefined();
  expect(engine(again.inputs)).toEqual(inputs);
  expect(await resource.diff(id, outs, engine(again.inputs))).toMatchObject({ changes: false });
  const read = (await resource.read(id, outs)) as { inputs: Properties };
  expect(engine(read.inputs)).toEqual(inputs);
  await resource.delete(id, outs);
  expect(comparable(host.observed)).toEqual(comparable(host.initial));
}

/** What has to be as before: the text of files, the meaning of XML. A lease is its client's to get again. */
function comparable({ leased: _, ...observed }: Observed) {
  // What libvirt itself adds to a running interface: the port it has made for it, its tap and its name.
  const live = (xml: string) =>
    printXml(parseXml(xml))
      .replace(/(<source network='[^']*')[^>]*\/>/g, "$1/>")
      .replace(/\n *<(target dev='vnet|alias name='net)\d+'\/>/g, "");
  const xml = <T extends { readonly xml: string; readonly liveXml?: string }>(all: Readonly<Record<string, T>>) =>
    Object.fromEntries(
      Object.entries(all).map(([name, is]) => [
        name,
        { ...is, xml: printXml(parseXml(is.xml)), ...(is.liveXml && { liveXml: live(is.liveXml) }) },
      ]),
    );
  return { ...observed, networks: xml(observed.networks), domains: xml(observed.domains) };
}

/** What passes through Pulumi's engine: plain JSON, and the order of keys is lost. */
function engine(value: Properties): Properties {
  const sort = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(sort)
      : typeof value === "object" && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([k, v]) => [k, sort(v)]),
          )
        : value;
  return sort(JSON.parse(JSON.stringify(value))) as Properties;
}

/** What check adds to the arguments. */
const added = (inputs: Properties, args: Properties): Properties =>
  Object.fromEntries(
    Object.entries(inputs).filter(
      ([key, value]) => key !== "__urn" && JSON.stringify(value) !== JSON.stringify(args[key]),
    ),
  );

/** Texts of several lines are lists of lines, to be read. */
const json = (value: unknown): string =>
  `${JSON.stringify(value, (_, is: unknown) => (typeof is === "string" && is.includes("\n") ? is.split("\n") : is), 2)}\n`;

function planText({ hazard, guards, ops, revert }: Plan): string {
  const indented = (text: string) =>
    text
      .split("\n")
      .map((line) => (line ? `        ${line}` : ""))
      .join("\n");
  const steps = (ops: readonly Op[]) =>
    ops.map(
      ({ title, script, commit }, i) =>
        `${String(i + 1).padStart(3)}. ${title}${commit ? " (commit)" : ""}\n${indented(script)}\n`,
    );
  const section = (title: string, lines: readonly string[]) =>
    lines.length > 0 ? [`${title}\n${lines.join("")}`] : [];
  return [
    ...(hazard ? [`Hazard: ${hazard}\n`] : []),
    ...section(
      "Only if still",
      guards.map(({ what, test }) => `  -  ${what}\n${indented(test)}\n`),
    ),
    ...section("Steps", steps(ops)),
    ...section("The way back", steps(revert)),
    ...(ops.length === 0 ? ["Nothing to do\n"] : []),
  ].join("\n");
}

/** The changes of every case, as one transaction. */
const changes: Change[] = [];
const hasShellcheck = spawnSync("shellcheck", ["--version"]).status === 0;

(hasShellcheck ? describe : describe.skip)("shellcheck (skipped where it is not installed)", () => {
  const heredoc = /<<'(KVMNET_\w+)'.*?\n([\s\S]*?)\n\1\n/;
  test.each([
    ["what is sent", () => sent.replace(heredoc, "< /dev/null\n")],
    ["the transaction", () => heredoc.exec(sent)![2]!.replace(/^\|/gm, "")],
  ])("%s", (_, script) => {
    // SC1010: `do` is a word here, the kind of a step.
    const args = ["--shell=sh", "--severity=warning", "--exclude=SC1010", "--format=gcc", "-"];
    const { stdout } = spawnSync("shellcheck", args, { input: script(), encoding: "utf8" });
    expect(stdout).toBe("");
  });
  let sent = "";
  beforeAll(() => {
    expect(changes.length).toBeGreaterThan(20);
    sent = startTransaction(changes, { nonce: NONCE, who: "golden test" });
  });
});
