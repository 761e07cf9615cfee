import { create } from "xmlbuilder2";
import { HostError } from "../errors";

type Node = ReturnType<typeof create>["node"];
type Document = NonNullable<Node["ownerDocument"]>;
export type XmlElement = NonNullable<Document["documentElement"]>;

/**
 * The root element of a text that libvirt wrote, for reading and editing in place. The text comes from a host, so it is refused where it has
 * a document type (entities are never expanded) and where its end is missing; xmlbuilder2 itself would close what is open.
 */
export function parseXml(text: string): XmlElement {
  const refuse = (why: string) =>
    new HostError("failed", `not XML of libvirt: ${why}: ${JSON.stringify(text.slice(0, 80))}`);
  // xmlbuilder2 decodes in two passes, so that `&amp;#65;` would turn to `A`; with the `#` as a reference of its own it does not.
  const source = text
    .trim()
    .replace(/<!\[CDATA\[[^]*?\]\]>|&amp;#/g, (found) => (found === "&amp;#" ? "&amp;&#35;" : found));
  if (!/^<[?!\w]/.test(source)) throw refuse("it does not begin with an element");
  const document = parse(source, refuse);
  const root = document.documentElement;
  if (document.doctype) throw refuse("it has a document type");
  if (!root) throw refuse("it has no element");
  if (
    !new RegExp(`(</${root.nodeName}\\s*|^<${root.nodeName}\\b[^<]*/)>$`).test(source.replace(/^(<[?!][^]*?>\s*)+/, ""))
  )
    throw refuse(`it does not end with </${root.nodeName}>`);
  return root;
}

function parse(source: string, refuse: (why: string) => Error): Document {
  try {
    return create({ skipWhitespaceOnlyText: false }, source).doc().node as Document;
  } catch (error) {
    throw refuse((error as Error).message.split("\n")[0]!);
  }
}

/** As libvirt prints (virBufferEscapeString, virXMLFormatElement): two spaces, single quotes, text on its element's line. No newline at the end. */
export function printXml(element: XmlElement, indent = ""): string {
  const attributes = [...element.attributes].map(
    ({ name, value }) => ` ${name}='${escape(value).replaceAll("\n", "&#10;")}'`,
  );
  const open = `${indent}<${element.nodeName}${attributes.join("")}`;
  const nodes = [...element.childNodes];
  const content = nodes.filter((node) => node.nodeType !== TEXT || node.nodeValue!.trim() !== "");
  if (content.length === 0) {
    const blank = nodes.map((node) => node.nodeValue).join("");
    // Blank text without a newline is somebody's value, as in <description> </description>.
    return blank && !blank.includes("\n") ? `${open}>${blank}</${element.nodeName}>` : `${open}/>`;
  }
  const mixed = content.some((node) => node.nodeType === TEXT || node.nodeType === CDATA);
  const inner = mixed
    ? nodes.map((node) => printNode(node, "")).join("")
    : `\n${content.map((node) => `${printNode(node, `${indent}  `)}\n`).join("")}${indent}`;
  return `${open}>${inner}</${element.nodeName}>`;
}

const [ELEMENT, TEXT, CDATA, INSTRUCTION, COMMENT] = [1, 3, 4, 7, 8];

function printNode(node: Node, indent: string): string {
  const value = node.nodeValue ?? "";
  switch (node.nodeType as number) {
    case ELEMENT:
      return printXml(node as XmlElement, indent);
    case TEXT:
      return escape(value);
    case CDATA:
      return `<![CDATA[${value}]]>`;
    case INSTRUCTION:
      return `${indent}<?${node.nodeName}${value && ` ${value}`}?>`;
    case COMMENT:
      return `${indent}<!--${value}-->`;
    default:
      return "";
  }
}

const references: Readonly<Record<string, string>> = {
  "<": "&lt;",
  ">": "&gt;",
  "&": "&amp;",
  '"': "&quot;",
  "'": "&apos;",
  "\r": "&#13;",
};
const escape = (text: string) => text.replace(/[<>&"'\r]/g, (character) => references[character]!);

/** The child elements, all or those of one name, in document order. */
export const childrenOf = (parent: XmlElement, name?: string): XmlElement[] =>
  [...parent.childNodes].filter(
    (node): node is XmlElement =>
      (node.nodeType as number) === ELEMENT && (name === undefined || node.nodeName === name),
  );

export const childOf = (parent: XmlElement, name: string): XmlElement | undefined => childrenOf(parent, name)[0];

/** The text of the child element `name`. */
export const textOf = (parent: XmlElement, name: string): string | undefined =>
  childOf(parent, name)?.textContent?.trim() || undefined;

/** The value of an attribute of the child element `name`. */
export const childAttribute = (parent: XmlElement, name: string, attribute: string): string | undefined =>
  childOf(parent, name)?.getAttribute(attribute) ?? undefined;

/** Sets attributes; an undefined one is removed. Those not named stay. */
export function setAttributes(element: XmlElement, attributes: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined) element.removeAttribute(name);
    else element.setAttribute(name, value);
  }
}

/** Puts a copy of `child` (of any document) into `parent`, where libvirt's own order has it: behind all that do not come later. */
export function insert(parent: XmlElement, child: XmlElement, order: readonly string[]): XmlElement {
  const rank = (element: XmlElement) => order.indexOf(element.nodeName);
  const copy = parent.ownerDocument!.importNode(child, true) as XmlElement;
  const next = childrenOf(parent).find((other) => rank(other) > rank(copy));
  parent.insertBefore(copy, next ?? null);
  return copy;
}

/** The child element `name`, made where it is missing. */
export function ensureChild(parent: XmlElement, name: string, order: readonly string[]): XmlElement {
  return childOf(parent, name) ?? insert(parent, parent.ownerDocument!.createElement(name), order);
}

export const removeAll = (elements: readonly (XmlElement | undefined)[]): void =>
  elements.forEach((element) => element?.parentNode?.removeChild(element));
