/** One word for a POSIX shell, whatever it holds. Nothing from a program, a state or a host reaches a shell in another way. */
export function quote(text: string): string {
  if (text.includes("\0")) throw new Error("a NUL cannot be given to a shell");
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A command line of quoted words. */
export const command = (...words: string[]): string => words.map(quote).join(" ");
