import { parse } from "yaml";
import type { Texts } from "../../golden/folder";

/** What an owner's files say, each thing a line, whatever its order, its file and its spelling: `br0 bridge_fd 0`. */
export type Meaning = (files: Texts) => readonly string[];

/** interfaces(5): `auto br0`, `br0 inet static`, and what the stanza's options say. */
const interfaces: Meaning = (files) => {
  const said: string[] = [];
  for (const text of of(files, /^etc\/network\/interfaces(\.d\/|$)/)) {
    let stanza = "";
    for (const line of text.split("\n").map((line) => line.trim().replace(/\s+/g, " "))) {
      const [word = "", name = "", family = ""] = line.split(" ");
      if (line === "" || line.startsWith("#") || word === "source") continue;
      if (word === "iface") stanza = `${name} ${family}`;
      if (word === "iface") said.push(line.replace(/^iface /, ""));
      else if (word === "auto") said.push(line);
      else said.push(`${stanza}: ${word.replaceAll("-", "_")} ${line.slice(word.length + 1)}`);
    }
  }
  return said.filter((line) => !/^(auto )?lo\b/.test(line));
};

/** netplan-yaml(5): the path to each value, of lists to each element. */
const netplan: Meaning = (files) => {
  const flat = (path: string, value: unknown): string[] =>
    Array.isArray(value)
      ? value.flatMap((item: unknown) => [
          `${path}[]: ${typeof item === "object" ? JSON.stringify(item, Object.keys(item as object).toSorted()) : String(item)}`,
        ])
      : typeof value === "object" && value !== null
        ? Object.entries(value).flatMap(([key, item]) => flat(path === "" ? key : `${path}.${key}`, item))
        : [`${path}: ${String(value)}`];
  const said = of(files, /^etc\/netplan\//).flatMap((text) => flat("", (parse(text) as { network: unknown }).network));
  // Its default.
  return said.filter((line) => !/\.dhcp[46]: false$/.test(line));
};

interface Section {
  readonly name: string;
  readonly entries: readonly (readonly [key: string, value: string])[];
}

const sections = (text: string): Section[] =>
  text.split(/^(?=\[)/m).flatMap((part) => {
    const [header = "", ...lines] = part.split("\n");
    const entries = lines.flatMap((line) =>
      [/^([^#;=]+)=(.*)$/.exec(line)?.slice(1) ?? []].filter((is) => is.length > 0),
    );
    return header.startsWith("[")
      ? [{ name: header.slice(1, -1), entries: entries as unknown as Section["entries"] }]
      : [];
  });
const valueOf = (all: readonly Section[], section: string, key: string) =>
  all.find(({ name }) => name === section)?.entries.find(([name]) => name === key)?.[1];

/** systemd.network(5), systemd.netdev(5): of each link the file that is read first; lists by their words. */
const networkd: Meaning = (files) => {
  const said: string[] = [];
  const read = new Set<string>();
  const base = (path: string) => path.slice(path.lastIndexOf("/") + 1);
  const paths = Object.keys(files).filter((path) => /^etc\/systemd\/network\/[^/]*\.(network|netdev)$/.test(path));
  for (const path of paths.sort((a, b) => (base(a) < base(b) ? -1 : 1))) {
    const all = sections(files[path]!);
    const kind = path.endsWith(".netdev") ? "netdev" : "network";
    const link = valueOf(all, "Match", "Name") ?? valueOf(all, "NetDev", "Name");
    const name = `${link} ${kind}`;
    if (read.has(name)) continue;
    read.add(name);
    for (const { name: section, entries } of all) {
      const words = entries.filter((is) => is.join("=") !== "Destination=0.0.0.0/0").map((is) => is.join("="));
      // A section of one assignment is what `[Network]` has a word for.
      if (section === "Route" || section === "Address") said.push(`${name} ${words.toSorted().join(" ")}`);
      else if (section === "Network")
        for (const [key, value] of entries)
          for (const word of /^(DNS|Domains)$/.test(key) ? value.split(" ") : [value])
            said.push(`${name} ${key}=${word}`);
      else said.push(...words.map((word) => `${name} [${section}] ${word}`));
    }
  }
  // Its default.
  return said.filter((line) => !line.endsWith(" DHCP=no"));
};

/** Keyfiles: by their links, in whose names a `uuid` of another is said; an address has its gateway behind it, or beside it. */
const keyfiles: Meaning = (files) => {
  const all = of(files, /^etc\/NetworkManager\/system-connections\//).map(sections);
  const nameOf = (file: Section[]) =>
    valueOf(file, "connection", "interface-name") ?? valueOf(file, "connection", "id")!.split(" ").at(-1)!;
  const names = new Map(all.map((file) => [valueOf(file, "connection", "uuid")!, nameOf(file)]));
  const said = all.flatMap((file) =>
    file.flatMap(({ name, entries }) =>
      entries.flatMap(([key, value]) => {
        if (name === "user" || (name === "connection" && /^(id|uuid)$/.test(key))) return [];
        const [first = "", gateway] = /^address\d+$/.test(key) ? value.split(",") : [value.replace(/;$/, "")];
        const words = [`${key}=${names.get(first) ?? first}`, ...(gateway ? [`gateway=${gateway}`] : [])];
        return words.map((word) => `${nameOf(file)} [${name}] ${word}`);
      }),
    ),
  );
  // Its default.
  return said.filter((line) => !line.endsWith(" [bridge] stp=true"));
};

/** network-scripts, sysconfig.txt: what files of keys say, and the lines of route- files, which may be keys too. */
const ifcfg: Meaning = (files) =>
  Object.entries(files).flatMap(([path, text]) => {
    const [, kind, link = ""] = /^etc\/sysconfig\/network-scripts\/(ifcfg|route6?|rule6?)-(.*)$/.exec(path) ?? [];
    if (kind === undefined || link === "lo") return [];
    const lines = text.split("\n").filter((line) => /^[^#\s]/.test(line));
    const values = new Map(
      lines.flatMap((line) => {
        const [, key, value] = /^(\w+)=["']?(.*?)["']?\s*$/.exec(line) ?? [];
        return key === undefined ? [] : [[key, value!] as const];
      }),
    );
    if (kind !== "ifcfg" && values.size === 0) return lines.map((line) => `${link} ${kind} ${line}`);
    if (kind !== "ifcfg")
      return [...values].flatMap(([key, to]) => {
        const n = /^ADDRESS(\d+)$/.exec(key)?.[1];
        return n === undefined
          ? []
          : [
              `${link} ${kind} ${to}/${prefixOf(values.get(`NETMASK${n}`) ?? "")} via ${values.get(`GATEWAY${n}`)} dev ${link}`,
            ];
      });
    return [...values]
      .map(([key, value]) =>
        key.startsWith("NETMASK")
          ? `${key.replace("NETMASK", "PREFIX")}=${prefixOf(value)}`
          : `${key}=${/^HWADDR|^MACADDR/.test(key) ? value.toLowerCase() : value}`,
      )
      .filter((line) => !/^(USERCTL=no|DEFROUTE=yes)$/.test(line)) // Its defaults.
      .map((line) => `${link} ${line}`);
  });

const prefixOf = (netmask: string) =>
  netmask
    .split(".")
    .map((byte) => Number(byte).toString(2).replaceAll("0", ""))
    .join("").length;

const of = (files: Texts, path: RegExp): string[] =>
  Object.keys(files)
    .filter((name) => path.test(name))
    .sort()
    .map((name) => files[name]!);

/** cloud-init's renderer for an owner, the distribution that has it, and how to read both. */
export const renderers: Readonly<
  Record<string, { readonly kind: string; readonly distro: string; readonly meaning: Meaning }>
> = {
  ifupdown: { kind: "eni", distro: "debian", meaning: interfaces },
  netplan: { kind: "netplan", distro: "ubuntu", meaning: netplan },
  "netplan-networkmanager": { kind: "netplan", distro: "ubuntu", meaning: netplan },
  networkd: { kind: "networkd", distro: "arch", meaning: networkd },
  networkmanager: { kind: "network-manager", distro: "fedora", meaning: keyfiles },
  ifcfg: { kind: "sysconfig", distro: "rhel", meaning: ifcfg },
  "ifcfg-nm": { kind: "sysconfig", distro: "rhel", meaning: ifcfg },
};
