import { childrenOf, parseXml, type XmlElement } from "./xml";

/** What `virt-install --network` has a word for (ParserNetwork in virtinst/cli.py of virt-manager 4.1); the rest goes in by its XPath (since 3.2). */
const WORDS: Readonly<Record<string, string>> = {
  "source@bridge": "bridge",
  "source@network": "network",
  "source@portgroup": "source.portgroup",
  "model@type": "model",
  "mac@address": "mac",
  "link@state": "link.state",
  "mtu@size": "mtu.size",
  "target@dev": "target.dev",
  "driver@queues": "driver.queues",
  "filterref@filter": "filterref.filter",
  "boot@order": "boot.order",
};

/** The interface as virt-install(1) takes it behind `--network`. */
export function virtInstallArgument(xml: string): string {
  const root = parseXml(xml);
  const kind = root.getAttribute("type") === "user" ? ["type=user"] : [];
  // libvirt's own name for it is for the one that is there.
  const values = childrenOf(root)
    .filter(({ nodeName }) => nodeName !== "alias")
    .flatMap((child) => valuesOf(child, child.nodeName));
  const words = values.filter(({ path }) => WORDS[path] !== undefined);
  const others = values.filter(({ path }) => WORDS[path] === undefined);
  const order = Object.keys(WORDS);
  words.sort((a, b) => order.indexOf(a.path) - order.indexOf(b.path));
  return [
    ...kind,
    ...words.map(({ path, value }) => `${WORDS[path]}=${word(value)}`),
    ...others.flatMap(({ path, value }, i) => [
      `xpath${i + 1}.set=./${path.replace("@", "/@")}`,
      `xpath${i + 1}.value=${word(value)}`,
    ]),
  ].join(",");
}

/** Every attribute of an element and of those in it: `vlan/tag[2]@id`. */
function valuesOf(element: XmlElement, path: string): { path: string; value: string }[] {
  const children = childrenOf(element);
  return [
    ...[...element.attributes].map(({ name, value }) => ({ path: `${path}@${name}`, value })),
    ...children.flatMap((child) => {
      const same = children.filter(({ nodeName }) => nodeName === child.nodeName);
      const index = same.length > 1 ? `[${same.indexOf(child) + 1}]` : "";
      return valuesOf(child, `${path}/${child.nodeName}${index}`);
    }),
  ];
}

/** virt-install splits its words as a shell would, at commas (parse_optstr_tuples in virtinst/cli.py). */
const word = (value: string) => (/[,"'\\]/.test(value) ? JSON.stringify(value) : value);
