/**
 * Whether a shell pattern (glob(7)) matches a path. `*`, `?` and `[…]` match neither a slash nor a leading dot. No regular expression: the pattern stands
 * in a file of the host, and one of many stars would make it try for hours, one with an open bracket make it throw.
 */
export function globMatches(pattern: string, path: string): boolean {
  const [patterns, names] = [pattern.split("/"), path.split("/")];
  return patterns.length === names.length && patterns.every((part, i) => nameMatches(part, names[i]!));
}

type Token = "*" | ((character: string) => boolean);

/** The last star takes one character more wherever the rest does not fit; earlier ones need no second try. */
function nameMatches(pattern: string, name: string): boolean {
  const tokens = tokensOf(pattern);
  if (name.startsWith(".") && !pattern.startsWith(".")) return false;
  let star: { next: number; from: number } | undefined;
  let at = 0;
  for (let i = 0; i < name.length;) {
    const token = tokens[at];
    if (token === "*") star = { next: ++at, from: i };
    else if (token?.(name[i]!)) {
      at++;
      i++;
    } else if (star) {
      at = star.next;
      i = ++star.from;
    } else return false;
  }
  return tokens.slice(at).every((token) => token === "*");
}

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i]!;
    const end = character === "[" ? pattern.indexOf("]", i + (/[!^]/.test(pattern[i + 1] ?? "") ? 3 : 2)) : -1;
    if (end > 0) {
      tokens.push(oneOf(pattern.slice(i + 1, end)));
      i = end;
    } else if (character === "*") {
      if (tokens.at(-1) !== "*") tokens.push("*");
    } else tokens.push(character === "?" ? () => true : (other) => other === character);
  }
  return tokens;
}

/** What stands between brackets: `a-z0`, `!a-z`. */
function oneOf(set: string): Token {
  const not = /^[!^]/.test(set);
  const ranges: [string, string][] = [];
  for (let i = not ? 1 : 0; i < set.length; i++) {
    const isRange = set[i + 1] === "-" && i + 2 < set.length;
    ranges.push([set[i]!, set[isRange ? i + 2 : i]!]);
    if (isRange) i += 2;
  }
  return (character) => ranges.some(([from, to]) => from <= character && character <= to) !== not;
}
