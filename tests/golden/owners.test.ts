import { join } from "node:path";
import type { Found } from "../../provider/backends/backend";
import { backendOf, backends } from "../../provider/backends/registry";
import { cells, CELLS, columns, type Cell } from "../owners/cells";
import type { OwnerCase } from "../owners/cases";
import { isIPv6, type Column } from "../owners/column";
import { routeWords } from "../owners/observed";
import { folders, readHost, readJson, readTree } from "./folder";

/**
 * Every owner has every case (tests/owners/cases.ts): a golden, or a refusal with its reason, which preview prints. What golden.test.ts
 * made of a cell means here what the description says, in the words of its owner's files as in the kernel's.
 */
test("every owner has a column", () => {
  expect(new Set(columns.map(({ owner }) => owner))).toEqual(new Set(Object.keys(backends)));
});

test("there is a folder for every cell, and none beside", () => {
  expect(folders(CELLS)).toEqual(cells.map(({ name }) => name).toSorted());
});

describe.each(cells.map((cell) => [cell.name, cell] as const))("%s", (name, cell) => {
  const folder = join(CELLS, name);

  test("the host is as its description says (UPDATE_GOLDEN=1 writes it)", () => {
    const written = Object.entries(readTree(folder)).filter(([path]) => !path.startsWith("expected/"));
    expect(Object.fromEntries(written)).toEqual(cell.texts);
  });

  const steps = [cell.of.args, ...(cell.of.then ? [cell.of.then] : [])];
  test.each(steps.map((args, n) => [JSON.stringify(args), n] as const))("%s", (_, n) => {
    const said = readTree(join(folder, "expected", n === 0 ? "" : "then"));
    const problems = said["problems.txt"];
    if (problems !== undefined) expect(problems).toMatch(/^(owner: .{30,}\n)+$/);
    else expectMeaning(cell, n);
  });
});

function expectMeaning({ name, column, of }: Cell, step: number): void {
  const below = step === 0 ? "expected" : "expected/then";
  const args = step === 0 ? of.args : of.then!;
  const wanted = wantedOf(of, args, column);
  const { owner } = column;
  const inputs = { ...readJson(join(CELLS, name, below, "inputs.json")), ...args } as unknown as Inputs;
  const { links, ...completed } = inputs;
  // Without an owner names are asked where they were before.
  const dns = owner === "runtime" ? { nameservers: [], searchDomains: [] } : {};
  const { mac, mtu, routes, ...plain } = wanted;
  expect(completed).toMatchObject({ owner, macAddress: mac, ...plain, ...dns });
  expect(links["br0"]).toMatchObject({ mac, routes, addresses: wanted.addresses, ...(mtu && { mtu }) });
  expect(links["br0"]!["bridge"]).toMatchObject(wantedBridge(args));
  for (const port of args.ports)
    expect(links[port]).toMatchObject({ master: "br0", addresses: [], ...(mtu && { mtu }) });
  if (owner === "runtime") return;

  const files = filesAfter(name, step);
  const has = (command: string) => column.commands.includes(command);
  const backend = backendOf(owner, ["br0"], { files, has }, column.manager);
  const found = backend.find("br0", { kind: "bridge", mac }, files);
  expect(comparable(found)).toEqual(comparable({ ...wanted, macAddress: mac, sections: {} }));
  const { maxWait, stp = false } = args as { readonly maxWait?: number; readonly stp?: boolean };
  const options = column.timesNeedStp && !stp ? { stp } : wantedBridge(args);
  expect(found.bridge).toMatchObject({ ...options, ...(mtu && { mtu }), ...(maxWait && { maxWait }) });
}

type Inputs = Readonly<Record<string, unknown>> & {
  readonly links: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

/** What the bridge over those ports is to be: what is given, else what the ports had. */
function wantedOf({ links }: OwnerCase, args: OwnerCase["args"], { metric, autoIsDhcp6 }: Column) {
  const ports = args.ports.map((port) => links[port]!);
  const all = <T>(of: (link: (typeof ports)[number]) => readonly T[] | undefined): T[] =>
    ports.flatMap((link) => of(link) ?? []);
  const addresses = (args["addresses"] as string[] | undefined) ?? all((link) => link.addresses);
  const had = all((link) => link.routes?.map((route) => ({ ...route, metric: route.metric ?? metric?.(link) })));
  const routes = (args["routes"] as typeof had | undefined) ?? had;
  return {
    dhcp4: ports.some(({ dhcp4 }) => dhcp4) && addresses.every(isIPv6),
    dhcp6: ports.some(({ dhcp6, acceptRa }) => dhcp6 || (acceptRa && autoIsDhcp6)),
    addresses,
    routes: routes.map((route) => routeWords(route)),
    nameservers: (args["nameservers"] as string[] | undefined) ?? [...new Set(all((link) => link.nameservers))],
    searchDomains: (args["searchDomains"] as string[] | undefined) ?? [...new Set(all((link) => link.searchDomains))],
    mac: (args["macAddress"] as string | undefined) ?? "52:54:00:aa:00:01",
    ...(args["mtu"] !== undefined && { mtu: args["mtu"] as number }),
  };
}

const wantedBridge = ({ ports: _, ...args }: OwnerCase["args"]) => ({
  stp: false,
  forwardDelay: 0,
  ...Object.fromEntries(
    Object.entries(args).filter(([key]) =>
      ["stp", "forwardDelay", "helloTime", "maxAge", "ageingTime", "priority", "vlanFiltering"].includes(key),
    ),
  ),
});

/** The host's files when the step is done. */
function filesAfter(name: string, step: number): Record<string, string> {
  const { files } = readHost(join(CELLS, name));
  const written = ["expected", ...(step > 0 ? ["expected/then"] : [])].flatMap((below) =>
    Object.entries(readTree(join(CELLS, name, below))).filter(([path]) => /^(etc|run)\//.test(path)),
  );
  return { ...files, ...Object.fromEntries(written.map(([path, text]) => [`/${path}`, text])) };
}

/** Servers and domains are asked in their order; addresses and routes have none. */
const comparable = ({ addresses, routes, dhcp4, dhcp6, nameservers, searchDomains, macAddress }: Found) => ({
  ...{ dhcp4, dhcp6, nameservers, searchDomains, macAddress },
  addresses: addresses.toSorted(),
  routes: routes.toSorted(),
});
