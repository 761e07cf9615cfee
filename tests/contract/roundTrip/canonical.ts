import { spawnSync } from "node:child_process";

/**
 * Texts as canonical XML by libxml2 (xmllint --c14n): tags with their attributes in order, texts, comments; white space between elements,
 * which libvirt prints as it likes, is left out. All in one run, since a process costs more than the work.
 */
export function canonical(texts: readonly string[]): string[][] {
  // What stands before the root element is not of it: libvirt never prints any.
  const bare = texts.map((text) => text.replace(/^(\s|<\?[^>]*\?>|<!--[^]*?-->)*/, "").trim());
  const input = `<all>${bare.map((text) => `<one>${text}</one>`).join("\n")}</all>`;
  const { status, stdout, stderr, error } = spawnSync("xmllint", ["--c14n", "--nonet", "-"], { input, encoding: "utf8", maxBuffer: 1 << 28 }); // prettier-ignore
  if (error) throw error;
  if (status !== 0) throw new Error(`xmllint: ${stderr}`);
  return stdout
    .replace(/^<all>|<\/all>\s*$/g, "")
    .split(/<\/one>\n?/)
    .slice(0, -1)
    .map((text) =>
      (text.replace("<one>", "").match(/<!--[^]*?-->|<[^>]*>|[^<]+/g) ?? []).filter((token) => token.trim()),
    );
}

/** Where two texts differ, as one piece: what stands between what they begin with and what they end with alike. */
export function difference(
  a: readonly string[],
  b: readonly string[],
): { readonly gone: string[]; readonly come: string[] } {
  let begin = 0;
  while (begin < Math.min(a.length, b.length) && a[begin] === b[begin]) begin++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - begin && a.at(-1 - end) === b.at(-1 - end)) end++;
  return { gone: a.slice(begin, a.length - end), come: b.slice(begin, b.length - end) };
}

/** The names of the attributes by which two start tags of one element differ; undefined where they are not such. */
function attributesChanged(a: string, b: string): string[] | undefined {
  const [was, is] = [a, b].map((tag) => ({
    name: /^<[^\s>]+/.exec(tag)?.[0],
    attributes: Object.fromEntries([...tag.matchAll(/([^\s=]+)="([^"]*)"/g)].map(([, name, value]) => [name, value])),
  }));
  if (was!.name === undefined || was!.name !== is!.name) return undefined;
  const names = new Set([...Object.keys(was!.attributes), ...Object.keys(is!.attributes)]);
  return [...names].filter((name) => was!.attributes[name] !== is!.attributes[name]);
}

/** One value was changed in its place, which libvirt may say in two attributes or two tags; or one element has come or gone. */
export function expectOnly(path: string, { gone, come }: { gone: string[]; come: string[] }): void {
  if (gone.length === 0 || come.length === 0) {
    const tag = path.split(".")[0]!;
    expect([...gone, ...come].join("")).toMatch(new RegExp(`^<${tag}[\\s>][^]*</${tag}>$`));
    return;
  }
  expect({ gone, come: come.length }).toEqual({ gone, come: gone.length });
  const names = gone.map((tag, i) => (tag.startsWith("<") ? attributesChanged(tag, come[i]!) : ["text"]));
  const pairs = [["netmask", "prefix"], ["expiry", "unit"], ["dev"]]; // prettier-ignore
  const isOne = names.length === 1 && names[0]?.length === 1;
  if (!isOne && !pairs.some((pair) => names.every((some) => some?.every((name) => pair.includes(name)))))
    throw new Error(`more than ${path} has changed: ${gone.join("")} is ${come.join("")}`);
}
