import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { InterfaceDefinition } from "../../../provider/libvirt/interface";
import type { Network } from "../../../provider/libvirt/network";
import { mutations, type Mutation } from "./mutations";

export interface Text {
  readonly name: string;
  readonly text: string;
}

/** The project's own texts, one for each element of libvirt's schemas; and those of the folder KVMNET_ROUNDTRIP. */
const filesOf = (kind: "network" | "interface"): Text[] =>
  [join(__dirname, kind), process.env["KVMNET_ROUNDTRIP"] ?? ""]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
    .filter((file) => file.endsWith(".xml"))
    .map((file) => ({ name: basename(file, ".xml"), text: readFileSync(file, "utf8") }));

export const networkTexts = (): Text[] => filesOf("network").filter(({ text }) => /<network[\s>]/.test(text));

/** Of a domain all that it has. */
export const interfaceTexts = (): Text[] =>
  filesOf("interface").flatMap(({ name, text }) =>
    (text.match(/<interface[\s>][^]*?<\/interface>|<interface\b[^>]*\/>/g) ?? []).map((element, i) => ({
      name: i === 0 ? name : `${name}, ${i + 1}`,
      text: withMac(element, i).replace(/ portid='[^']*'/, ""), // the running network's own
    })),
  );

/** One without a MAC gets its own, as libvirt gives one. */
function withMac(element: string, i: number): string {
  if (/<mac\s[^>]*address\s*=/.test(element)) return element;
  const mac = `<mac address='52:54:00:83:00:${String(10 + i)}'/>`;
  return element.includes("</interface>")
    ? element.replace(/>/, `>${mac}`)
    : element.replace(/\/>$/, `>${mac}</interface>`);
}

/** Each value of a network, changed; and the MTU, which most have not. */
export const networkMutations = (values: Network): Mutation<Network>[] => [
  ...mutations(values, ["name.text", "uuid", "family", "mode", "type", "metadata"]).filter(
    ({ path }) => !isAnother(path, values),
  ),
  { path: "mtu", values: { ...values, mtu: { size: 1234 } } },
];

/** Each value of an interface, changed; and those that it has or has not. */
export const interfaceMutations = (values: InterfaceDefinition): Mutation<InterfaceDefinition>[] => [
  ...mutations(values, ["mac", "type", "xml", "backend", "linkState", "isolated", "trunk"]),
  { path: "mtu", values: { ...values, mtu: 1234 } },
  { path: "link", values: { ...values, linkState: values.linkState ? undefined : "down" } as InterfaceDefinition },
  { path: "port", values: { ...values, isolated: values.isolated ? undefined : true } as InterfaceDefinition },
];

/** Who has another MAC, DUID or, without either, name is another one. */
function isAnother(path: string, values: unknown): boolean {
  type Values = Readonly<Record<string, unknown>>;
  const [, host, name] = /^(ip\.\d+\.dhcp\.host\.\d+)\.(\w+)$/.exec(path) ?? [];
  const { mac, id } = (host?.split(".").reduce((value, step) => value[step] as Values, values as Values) ??
    {}) as Values;
  return name === "mac" || name === "id" || (name === "name" && mac === undefined && id === undefined);
}
