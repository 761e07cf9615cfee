/** Numbers from 0 to 1, the same for the same seed (mulberry32): https://github.com/bryc/code/blob/master/jshash/PRNGs.md#mulberry32 */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** So many of them, from the one on that the seed says. */
export function someOf<T>(all: readonly T[], count: number, seed: number): T[] {
  const first = seed % all.length;
  return [...all.slice(first), ...all.slice(0, first)].slice(0, count);
}
