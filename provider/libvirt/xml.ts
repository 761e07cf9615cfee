import { create as parse } from "xmlbuilder2";
import type { XMLBuilder } from "xmlbuilder2/lib/interfaces";

type Node = XMLBuilder["node"];
/** An element of the DOM. */
export type Element = Omit<Node, "removeChild" | "appendChild" | "insertBefore" | "textContent"> & {
  readonly tagName: string;
  textContent: string | null;
  removeChild(node: Element): void;
  appendChild(node: Element): void;
  insertBefore(node: Element, before: Element | null): void;
  readonly attributes: Iterable<{ readonly name: string; readonly value: string }>;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
};

/** Parses what a host sent. A document type could define entities that grow without end; libvirt never writes one. */
export function parseXml(xml: string): Element {
  if (/<!DOCTYPE/i.test(xml)) throw new Error("XML with a document type is refused");
  return parse(xml).root().node as unknown as Element;
}

export const elements = (parent: Pick<Node, "childNodes">, name?: string): Element[] =>
  [...parent.childNodes].filter(
    (node) => node.nodeType === 1 && (name === undefined || node.nodeName === name),
  ) as unknown as Element[];

export const child = (parent: Pick<Node, "childNodes">, name: string): Element | undefined => elements(parent, name)[0];
export const attribute = (parent: Element | undefined, name: string): string | undefined =>
  parent?.getAttribute(name) ?? undefined;

const escape = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** As libvirt prints it: two spaces, single quotes. */
export function printXml(node: Node | Element, indent = ""): string {
  if (node.nodeType === 8) return `${indent}<!--${node.nodeValue ?? ""}-->\n`;
  if (node.nodeType !== 1) return "";
  const element = node as unknown as Element;
  const attributes = [...element.attributes]
    .map(({ name, value }) => ` ${name}='${escape(value).replaceAll("'", "&apos;")}'`)
    .join("");
  const nested = [...element.childNodes].filter((node) => node.nodeType === 1 || node.nodeType === 8);
  const open = `${indent}<${element.nodeName}${attributes}`;
  if (nested.length > 0)
    return `${open}>\n${nested.map((node) => printXml(node, `${indent}  `)).join("")}${indent}</${element.nodeName}>\n`;
  const text = element.textContent ?? "";
  return text === "" ? `${open}/>\n` : `${open}>${escape(text)}</${element.nodeName}>\n`;
}

/** A new element of `like`'s document. */
export function create(like: Element, name: string, attributes: Readonly<Record<string, string>> = {}): Element {
  const element = (like.ownerDocument as unknown as { createElement(name: string): Element }).createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** Puts an element where the order of the schema has it. */
export function insert(parent: Element, element: Element, order: readonly string[]): Element {
  const rank = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
  const after = elements(parent).find((other) => rank(other.tagName) > rank(element.tagName));
  parent.insertBefore(element, after ?? null);
  return element;
}
