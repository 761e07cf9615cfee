import { create } from "xmlbuilder2";
import { HostError } from "../errors";

type Node = ReturnType<typeof create>["node"];
type Document = NonNullable<Node["ownerDocument"]>;
export type XmlElement = NonNullable<Document["documentElement"]>;

/** The root element of a text that libvirt wrote, for reading and editing in place. The text comes from a host: what is not well-formed is refused. */
export function parseXml(text: string): XmlElement {
  const refuse = (why: string) =>
    new HostError("failed", `not XML of libvirt: ${why}: ${JSON.stringify(text.slice(0, 80))}`);
  const source = text.trim();
  const why = malformed(source);
  if (why !== undefined) throw refuse(why);
  // xmlbuilder2 decodes in two passes, so that `&amp;#65;` would turn to `A`; with the `#` as a reference of its own it does not.
  const escaped = source.replace(/<!\[CDATA\[[^]*?\]\]>|&amp;#/g, (found) =>
    found === "&amp;#" ? "&amp;&#35;" : found,
  );
  try {
    return (create({ skipWhitespaceOnlyText: false }, escaped).doc().node as Document).documentElement!;
  } catch (error) {
    throw refuse((error as Error).message.split("\n")[0]!);
  }
}

const NAME = String.raw`[\p{L}_:][\p{L}\p{N}_:.\-·]*`;
const TOKEN = new RegExp(
  String.raw`(?<text>[^<&]+)|&(?:(?:amp|lt|gt|quot|apos)|#(?<decimal>\d{1,7})|#x(?<hex>[0-9a-fA-F]{1,6}));` +
    String.raw`|<!--[^]*?-->|<\?${NAME}(?:\s[^]*?)?\?>|(?<cdata><!\[CDATA\[[^]*?\]\]>)|</(?<end>${NAME})\s*>` +
    String.raw`|<(?<start>${NAME})(?<attributes>(?:\s+${NAME}\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(?<empty>/?)>`,
  "uy",
);
const REFERENCES = /&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)/;
/** As libxml2 has it (xmlParserMaxDepth), by which libvirt itself reads. */
const DEEPEST = 256;

/**
 * Why the text is no XML. xmlbuilder2 closes what is open, takes `<>` for an element, expands what a document type defines, and needs half a
 * minute for a hundred thousand elements in each other; so it is never given such.
 */
function malformed(source: string): string | undefined {
  if (/[\0-\x08\x0b\x0c\x0e-\x1f]/.test(source)) return "it has control characters";
  const open: string[] = [];
  let roots = 0;
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < source.length;) {
    const at = TOKEN.lastIndex;
    const found = TOKEN.exec(source)?.groups;
    if (!found) return source.startsWith("<!DOCTYPE", at) ? "it has a document type" : "it is not well-formed";
    const { text, decimal, hex, cdata, start, attributes, empty, end } = found;
    const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? parseInt(hex, 16) : undefined;
    if (code !== undefined && !isLegal(code)) return "it refers to a character that XML does not have";
    if (open.length === 0 && !start && (end ?? cdata ?? text?.trim())) return "it is not well-formed";
    if (start !== undefined) {
      if (open.length === 0 && roots++ > 0) return "it has two root elements";
      if (REFERENCES.test(attributes!)) return "it is not well-formed";
      if (!empty) open.push(start);
      if (open.length > DEEPEST) return `its elements are more than ${DEEPEST} deep`;
    }
    if (end !== undefined && open.pop() !== end) return `</${end}> ends what was not begun`;
  }
  if (open.length > 0) return `it does not end with </${open[0]}>`;
  return roots === 0 ? "it does not begin with an element" : undefined;
}

const isLegal = (code: number) =>
  [9, 10, 13].includes(code) || (code >= 32 && code < 0xd800) || (code >= 0xe000 && code < 0xfffe) || (code >= 0x10000 && code < 0x110000); // prettier-ignore

/** As libvirt prints (virBufferEscapeString, virXMLFormatElement): two spaces, single quotes, text on its element's line. No newline at the end. */
export function printXml(element: XmlElement, indent = ""): string {
  const attributes = [...element.attributes].map(
    ({ name, value }) => ` ${name}='${escape(value).replace(/[\t\n]/g, blankReference)}'`,
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

/** As a word of a command. */
export const onOneLine = (element: XmlElement): string => printXml(element).replace(/\n\s*/g, "");

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

/** In an attribute, a reader takes white space for a space (https://www.w3.org/TR/xml/#AVNormalize). */
const blankReference = (blank: string) => (blank === "\n" ? "&#10;" : "&#9;");
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
