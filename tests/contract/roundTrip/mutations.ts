/** One value of a definition, changed: where it stands, and the definition with it. */
export interface Mutation<T> {
  readonly path: string;
  readonly values: T;
}

/** Every value of a definition, each changed by itself. Those named in `but` are kept: they say what the thing is. */
export function mutations<T>(values: T, but: readonly string[]): Mutation<T>[] {
  return walk(values, [], but).map(({ path, values }) => ({ path, values: values as T }));
}

function walk(value: unknown, path: readonly string[], but: readonly string[]): Mutation<unknown>[] {
  if (Array.isArray(value))
    return value.flatMap((item, i) =>
      walk(item, [...path, String(i)], but).map(({ path, values }) => ({
        path,
        values: value.with(i, values) as unknown,
      })),
    );
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([name, item]) =>
      but.includes(name) || but.includes([...path.filter((step) => !/^\d+$/.test(step)), name].join("."))
        ? []
        : walk(item, [...path, name], but).map(({ path, values }) => ({ path, values: { ...value, [name]: values } })),
    );
  return [{ path: path.join("."), values: other(value) }];
}

const PAIRS = [["tagged", "untagged"], ["tcp", "udp"], ["kernel", "libvirt"], ["virtio", "virtio-transitional"], ["e1000", "rtl8139"]]; // prettier-ignore

/** Another value of the same kind. */
function other(value: unknown): unknown {
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  const text = String(value);
  const pair = PAIRS.find((pair) => pair.includes(text));
  if (pair) return pair.find((one) => one !== text);
  if (text.endsWith("::")) return `${text}1`;
  const address = /^(.*[.:])([0-9a-f]{1,4})$/i.exec(text);
  if (address && /^[0-9a-f.:]+$/i.test(text)) {
    const base = text.includes(":") ? 16 : 10;
    const last = parseInt(address[2]!, base);
    return (
      address[1]! +
      (last > 240 ? last - 7 : last + 7).toString(base).padStart(/^([0-9a-f]{2}:)+$/i.test(address[1]!) ? 2 : 1, "0")
    );
  }
  return `${text}x`;
}
