import ipaddr from "ipaddr.js";
import { HostError } from "../errors";
import { equal } from "../hostState";
import { ipAddress } from "../parse";
import { childrenOf, insert, removeAll, setAttributes, type XmlElement } from "./xml";

/**
 * What we model of an element, said once: by it the element is written, read, compared, and laid over another one.
 * Names are libvirt's own. What is not named here is left alone.
 */
export interface Model {
  readonly attributes?: Readonly<Record<string, Attribute<unknown>>>;
  readonly children?: Readonly<Record<string, Model>>;
  /** libvirt's order of all children, also of those that are not modelled; else that of `children`. */
  readonly order?: readonly string[];
  /** Of several elements of the name, which is which. Absent: there is at most one. */
  readonly key?: (value: Values) => string;
  /**
   * Whether two that are not the same are yet one that has changed: it stays in its place, with all that it has besides. By default any of
   * several may be.
   */
  readonly kin?: (a: Values, b: Values) => boolean;
  /** Elements that are not named belong to somebody else: they stay, and are no difference. */
  readonly others?: true;
  /** The attribute with which the element is another one, all that is in it included. */
  readonly identity?: string;
  /** Puts in order what depends on attributes that were written. */
  readonly after?: (element: XmlElement, written: readonly string[]) => void;
}

/** An attribute, or what is as good as one. Its value is in one spelling, so that the same is equal. */
export interface Attribute<T> {
  read(element: XmlElement): T | undefined;
  write(element: XmlElement, value: T | undefined): void;
  /** What libvirt takes where it is left out. */
  readonly otherwise?: T;
  /** Where nothing is said of it, what is there stays. */
  readonly kept?: true;
}

/** The values of an element: attributes, a child's values, or a list of them. */
export type Values = Readonly<Record<string, unknown>>;
export type ValuesOf<M> = {
  readonly [K in keyof AttributesOf<M>]?: AttributesOf<M>[K] extends Attribute<infer T> ? T | undefined : never;
} & {
  readonly [K in keyof ChildrenOf<M>]?:
    | (ChildrenOf<M>[K] extends { readonly key: unknown }
        ? readonly ValuesOf<ChildrenOf<M>[K]>[]
        : ValuesOf<ChildrenOf<M>[K]>)
    | undefined;
};
type AttributesOf<M> = M extends { readonly attributes: infer A } ? A : unknown;
type ChildrenOf<M> = M extends { readonly children: infer C } ? C : unknown;

interface Options<T> {
  readonly otherwise?: T;
  readonly kept?: true;
}
const attribute =
  <T>(parse: (text: string, name: string) => T | undefined, print: (value: T) => string) =>
  (name: string, options: Options<T> = {}): Attribute<T> => ({
    read: (element) => {
      const text = element.getAttribute(name);
      return text === null || text === "" ? undefined : parse(text, name);
    },
    write: (element, value) => setAttributes(element, { [name]: value === undefined ? undefined : print(value) }),
    ...options,
  });

export const text = attribute<string>((text) => text, String);
export const lowerCase = attribute<string>((text) => text.toLowerCase(), String);
export const integer = attribute<number>((text) => (/^\d+$/.test(text) ? Number(text) : undefined), String);
export const yesNo = attribute<boolean>(
  (text) => text === "yes",
  (value) => (value ? "yes" : "no"),
);
export const onOff = attribute<boolean>(
  (text) => text === "on",
  (value) => (value ? "on" : "off"),
);

/** One that is none would fail wherever it is compared. IPv6 has many spellings. */
export const address = attribute<string>((text, name) => {
  if (ipaddr.isValid(text)) return spelled(text);
  throw new HostError("failed", `libvirt's network has ${name}=${JSON.stringify(text)}, which is no IP address`);
}, String);

/** `10.1` is an address to libvirt and to us; it is left in its own spelling. */
function spelled(address: string): string {
  try {
    return ipAddress(address);
  } catch {
    return address;
  }
}

/** The text between an element's tags. */
export const content = (options: Options<string> = {}): Attribute<string> => ({
  read: (element) => element.textContent?.trim() || undefined,
  write: (element, value) => void (element.textContent = value ?? ""),
  ...options,
});

const attributesOf = (model: Model) => Object.entries(model.attributes ?? {});
const modelsOf = (model: Model) => Object.entries(model.children ?? {});
const one = (values: Values, name: string) => (values[name] ?? {}) as Values;
const many = (values: Values, name: string) => (values[name] ?? []) as readonly Values[];
const isEmpty = (values: Values) => Object.keys(values).length === 0;

/** The values that an element has. Attributes that are as libvirt takes them anyway are left as they are said. */
export function read(element: XmlElement, model: Model): Values {
  const values: Record<string, unknown> = {};
  for (const [name, { read }] of attributesOf(model)) {
    const value = read(element);
    if (value !== undefined) values[name] = value;
  }
  for (const [name, child] of modelsOf(model)) {
    const found = childrenOf(element, name)
      .map((element) => read(element, child))
      .filter((values) => !isEmpty(values));
    if (found.length > 0) values[name] = child.key ? found : found[0];
  }
  return values;
}

/**
 * Makes an element have just these values, as far as they are modelled, touching only what differs. `from`: an element that has the values,
 * of which new parts are copied as they are spelled there.
 */
export function lay(element: XmlElement, values: Values, model: Model, from?: XmlElement): void {
  const is = read(element, model);
  const written = attributesOf(model).flatMap(([name, { write, otherwise }]) => {
    if ((values[name] ?? otherwise) === (is[name] ?? otherwise)) return [];
    write(element, values[name]);
    return [name];
  });
  for (const [name, child] of modelsOf(model)) {
    const elements = childrenOf(element, name)
      .map((element) => ({ element, values: read(element, child) }))
      .filter(({ values }) => !child.key || !isEmpty(values));
    // One that is not wanted loses what is modelled of it; one that would be another goes whole.
    const isWanted = values[name] !== undefined || (!child.identity && elements.length > 0);
    const wanted = child.key ? many(values, name) : isWanted ? [one(values, name)] : [];
    const { pairs, extra } = pairUp(wanted, elements, child);
    removeAll(extra.map(({ element }) => element));
    for (const [want, is] of pairs) {
      const source = (from ? childrenOf(from, name) : []).find(
        (other) => (child.key?.(read(other, child)) ?? "") === (child.key?.(want) ?? ""),
      );
      if (!is) {
        const made = insert(element, source ?? element.ownerDocument!.createElement(name), orderOf(model));
        if (!source)
          for (const [key, { write }] of attributesOf(child)) if (want[key] !== undefined) write(made, want[key]);
        lay(made, want, child, source);
      } else {
        // A bare one may say something, as `<forward/>` does.
        const wasBare = isBare(is.element);
        lay(is.element, want, child, source);
        if (!wasBare && isBare(is.element)) removeAll([is.element]);
      }
    }
  }
  if (written.length > 0) model.after?.(element, written);
}

const orderOf = (model: Model) => model.order ?? Object.keys(model.children ?? {});
const isBare = (element: XmlElement) =>
  element.attributes.length === 0 && childrenOf(element).length === 0 && !element.textContent?.trim();

/** `values` with what they say nothing of as `there` has it: attributes that are kept, elements of others. */
export function withKept(values: Values, there: Values, model: Model): Values {
  return each(values, there, model, {
    attribute: (want, is, { kept }) => (want === undefined && kept ? is : want),
    extra: (extra, { others }) => (others ? extra : []),
  });
}

/** `there` without what `values` say nothing of. */
export function withoutKept(there: Values, values: Values, model: Model): Values {
  return each(values, there, model, {
    attribute: (want, is, { kept }) => (want === undefined && kept ? undefined : is),
    extra: (extra, model) => (model.others ? [] : extra.map((values) => withoutKept(values, {}, model))),
    drops: true,
  });
}

interface Choice {
  readonly attribute: (want: unknown, is: unknown, attribute: Attribute<unknown>) => unknown;
  /** Elements that are there and not wanted. */
  readonly extra: (extra: readonly Values[], model: Model) => readonly Values[];
  /** Whether an element that is wanted and not there is left out. */
  readonly drops?: true;
}

function each(want: Values, is: Values, model: Model, choice: Choice): Values {
  const result: Record<string, unknown> = {};
  for (const [name, attribute] of attributesOf(model)) result[name] = choice.attribute(want[name], is[name], attribute);
  for (const [name, child] of modelsOf(model)) {
    const listed = (values: Values) =>
      child.key ? many(values, name) : values[name] === undefined ? [] : [one(values, name)];
    const { pairs, extra } = pairUp(
      listed(want),
      listed(is).map((values) => ({ values })),
      child,
    );
    const both = pairs.flatMap(([want, is]) =>
      is ? [each(want, is.values, child, choice)] : choice.drops ? [] : [want],
    );
    // Of one that is not wanted at all, some may be somebody else's.
    const rest = child.key
      ? choice.extra(
          extra.map(({ values }) => values),
          child,
        )
      : extra.map(({ values }) => each({}, values, child, choice));
    const found = [...both, ...rest].filter((values) => !isEmpty(values));
    if (found.length > 0) result[name] = child.key ? found : found[0];
  }
  return Object.fromEntries(Object.entries(result).filter(([, value]) => value !== undefined));
}

/** Which of those that are there each of the wanted is. */
function pairUp<T extends { readonly values: Values }>(
  wanted: readonly Values[],
  there: readonly T[],
  { key, kin = () => key !== undefined, identity, others }: Model,
): { readonly pairs: readonly (readonly [Values, T | undefined])[]; readonly extra: readonly T[] } {
  const free = [...there];
  const take = (fits: (candidate: T) => boolean): T | undefined => {
    const index = free.findIndex(fits);
    return index < 0 ? undefined : free.splice(index, 1)[0];
  };
  const same = (a: Values, b: Values) =>
    key ? key(a) === key(b) : identity === undefined || a[identity] === b[identity];
  const alike = (a: Values, b: Values) => kin(a, b) && Object.keys(a).some((name) => equal(a[name], b[name]));
  const paired = [same, ...(others ? [] : [alike, kin])].reduce<(T | undefined)[]>(
    (pairs, fits) => wanted.map((want, i) => pairs[i] ?? take(({ values }) => fits(want, values))),
    [],
  );
  return { pairs: wanted.map((want, i) => [want, paired[i]] as const), extra: free };
}

/** Where the values that are there are not the wanted ones: `dns.host[10.0.0.5]`, wanted and found. */
export interface ElementDifference {
  readonly path: readonly string[];
  readonly wanted: unknown;
  readonly found: unknown;
}

/** What `values` say nothing of does not count. */
export function elementDifferences(want: Values, is: Values, model: Model): ElementDifference[] {
  return compared(want, withoutKept(is, want, model), model, []);
}

function compared(want: Values, is: Values, model: Model, path: readonly string[]): ElementDifference[] {
  return [
    ...attributesOf(model).flatMap(([name, { otherwise }]) =>
      (want[name] ?? otherwise) === (is[name] ?? otherwise)
        ? []
        : [{ path: [...path, name], wanted: want[name], found: is[name] }],
    ),
    ...modelsOf(model).flatMap(([name, child]): ElementDifference[] => {
      if (!child.key) return compared(one(want, name), one(is, name), child, [...path, name]);
      const { pairs, extra } = pairUp(
        many(want, name),
        many(is, name).map((values) => ({ values })),
        child,
      );
      const at = (values: Values) => [...path, `${name}[${child.key!(values)}]`];
      return [
        ...pairs.flatMap(([want, is]) =>
          is ? compared(want, is.values, child, at(want)) : [{ path: at(want), wanted: "there", found: undefined }],
        ),
        ...extra.map(({ values }) => ({ path: at(values), wanted: undefined, found: "there" })),
      ];
    }),
  ];
}
