/**
 * Text of a host, byte for byte. Files of a host need not be UTF-8 (a comment in Latin-1), and what we do not touch in them has to stay.
 * A byte that is no UTF-8 becomes a character of a private area, U+EF80 to U+EFFF, as MirBSD's OPTU-8 has it
 * (https://www.mirbsd.org/man3/optu8to16.htm); such characters themselves are taken byte by byte, so that the way back is exact.
 */
const PRIVATE = 0xef00;
const isPrivate = (code: number) => code >= PRIVATE + 0x80 && code <= PRIVATE + 0xff;
const escaped = (bytes: Uint8Array) => String.fromCharCode(...[...bytes].map((byte) => PRIVATE + byte));

export function decode(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  if (!/[\uef80-\uefff\ufffd]/.test(text)) return text;
  let out = "";
  for (let i = 0; i < bytes.length;) {
    const length = sequenceLength(bytes[i]!);
    const sequence = bytes.subarray(i, i + length);
    const char = sequence.toString("utf8");
    const valid = sequence.length === length && Buffer.from(char, "utf8").equals(sequence);
    out += valid && !isPrivate(char.charCodeAt(0)) ? char : escaped(valid ? sequence : bytes.subarray(i, i + 1));
    i += valid ? length : 1;
  }
  return out;
}

export function encode(text: string): Buffer {
  if (!/[\uef80-\uefff]/.test(text)) return Buffer.from(text, "utf8");
  return Buffer.concat(
    text
      .split(/([\uef80-\uefff]+)/)
      .map((part, i) =>
        i % 2 === 0 ? Buffer.from(part, "utf8") : Buffer.from([...part].map((char) => char.charCodeAt(0) - PRIVATE)),
      ),
  );
}

const sequenceLength = (first: number) => (first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4);
