import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Observed } from "../../provider/facts";
import { describedHost, type Described } from "./simulatedHost";

/** Texts of a folder's files: path below it → text. */
export type Texts = Readonly<Record<string, string>>;

export const folders = (path: string): string[] =>
  readdirSync(path)
    .filter((name) => statSync(join(path, name)).isDirectory())
    .sort();

/** Every file below the folder; none where there is no such folder. */
export function readTree(folder: string, below = ""): Record<string, string> {
  if (!existsSync(folder)) return {};
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .flatMap((name): [string, string][] => {
        const path = join(folder, name);
        return statSync(path).isDirectory()
          ? Object.entries(readTree(path, `${below}${name}/`))
          : [[`${below}${name}`, readFileSync(path, "utf8")]];
      }),
  );
}

export const readJson = (path: string): Record<string, unknown> | undefined =>
  existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>) : undefined;

/** Compares a folder with what it should hold, file by file; with UPDATE_GOLDEN it is made so instead. */
export function expectTree(folder: string, texts: Texts): void {
  if (process.env["UPDATE_GOLDEN"]) {
    rmSync(folder, { recursive: true, force: true });
    for (const [path, text] of Object.entries(texts)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  }
  expect(texts).toEqual(readTree(folder));
}

const NETWORKS = "etc/libvirt/qemu/networks/";
const DOMAINS = "etc/libvirt/qemu/";

/**
 * The host of a case: `host/` is its root in miniature, with libvirt's definitions where libvirt keeps them (and running ones below
 * /run/libvirt); `observed.json` is what no file holds.
 */
export function readHost(folder: string): Observed {
  const texts = readTree(join(folder, "host"));
  const described = (readJson(join(folder, "observed.json")) ?? {}) as Described;
  const interfaces = texts["etc/network/interfaces"] ?? "";
  const isRead = (path: string) =>
    !/^(etc|run)\/libvirt\//.test(path) &&
    (!path.startsWith("etc/network/interfaces.d/") || /^\s*source/m.test(interfaces));
  // The main file of ifupdown first, then what it sources, as the probe reads them.
  const order = (path: string) => (path === "etc/network/interfaces" ? 0 : path.startsWith("etc/network/") ? 1 : 2);
  const files = Object.keys(texts)
    .filter(isRead)
    .sort((a, b) => order(a) - order(b));
  const definitions = (directory: string) =>
    Object.keys(texts).flatMap((path) => {
      const name = path.startsWith(directory) && /^([^/]+)\.xml$/.exec(path.slice(directory.length))?.[1];
      return name ? [[name, texts[path]!.trim()] as const] : [];
    });
  const live = (kind: string, name: string) => texts[`run/libvirt/${kind}/${name}.xml`]?.trim();
  return describedHost({
    ...described,
    files: Object.fromEntries(files.map((path) => [`/${path}`, texts[path]!])),
    networks: Object.fromEntries(
      definitions(NETWORKS).map(([name, xml]) => {
        const liveXml = live("network", name);
        return [
          name,
          {
            xml,
            active: liveXml !== undefined,
            autostart: `${NETWORKS}autostart/${name}.xml` in texts,
            persistent: true,
            leases: [],
            ...(liveXml !== undefined && { liveXml }),
            ...described.networks?.[name],
          },
        ];
      }),
    ),
    domains: Object.fromEntries(
      definitions(DOMAINS).map(([name, xml]) => {
        const liveXml = live("qemu", name);
        const running = liveXml !== undefined;
        return [name, { xml, running, persistent: true, ...(running && { liveXml }), ...described.domains?.[name] }];
      }),
    ),
  });
}

/** The host's files as `host/` has them; a network that starts with the host is named in libvirt's autostart directory. */
export function hostFiles(observed: Observed): Record<string, string> {
  return {
    ...Object.fromEntries(Object.entries(observed.files).map(([path, text]) => [path.slice(1), text])),
    ...Object.fromEntries(
      Object.entries(observed.networks).flatMap(([name, { xml, autostart }]) => [
        [`${NETWORKS}${name}.xml`, `${xml.trim()}\n`],
        ...(autostart ? [[`${NETWORKS}autostart/${name}.xml`, `../${name}.xml\n`]] : []),
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(observed.domains).map(([name, { xml }]) => [`${DOMAINS}${name}.xml`, `${xml.trim()}\n`]),
    ),
  };
}
