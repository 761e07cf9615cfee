/** A resource's inputs and outputs, as the engine has them. */
export type Props = Record<string, unknown>;

/** The hidden properties. Pulumi shows none that begins with `__`, and none of them counts in a comparison. */
export const URN = "__urn";
/** What was found on the host when the resource was first rendered: an input, so that every later check renders from the same. */
export const FOUND = "__found";
/** What the resource last made of the host: the shape in which a refresh reads it. */
export const DESIRED = "__desired";
/** The host could not be reached when this was checked: nothing of it is rendered. */
export const UNREACHED = "__unreached";
/** What the resource replaced, to be given back. A secret (sdk/resource.ts). */
export const BEFORE = "__before";

export const pick = (props: Readonly<Props>, keys: readonly string[]): Props =>
  Object.fromEntries(keys.flatMap((key) => (props[key] === undefined ? [] : [[key, props[key]]])));

/** Plain JSON: what is undefined would fail in the engine after the work was done. */
export const clean = (props: Props): Props => JSON.parse(JSON.stringify(props)) as Props;
