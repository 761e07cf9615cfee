import fc from "fast-check";
import { decode } from "../provider/bytes";

/** What a run of a property test begins with, printed: `HOSTILE_SEED=… ` in front of the command runs it again. */
export const seed = Number(process.env["HOSTILE_SEED"] ?? Date.now() % 0x7fffffff);

/** Made by whatever of these texts is ever run. */
export const CANARY = "/tmp/kvmnet-was-here";

const touch = `touch ${CANARY}`;
/** Each is syntax of somebody on the way: sh, echo, printf, sed, awk, ip -batch, virsh, XML, interfaces(5), sysctl.conf(5), our own transcript, a terminal. */
const pieces = [
  ...[`$(${touch})`, `\`${touch}\``, `';${touch};'`, `";${touch};"`, `\n${touch}\n`, `| ${touch}`, `& ${touch} &`],
  ...[`\${x:-$(${touch})}`, `x=$(${touch})`, `>${CANARY}`, "\n}\n", "\nexit\n", "<<'EOF'\n", "\nEOF\n", "'\\''", "''"],
  ...["$", "`", "'", '"', "\\", "\\\n", "\\c", "\\0101", "%s%n%d", "!!", "~root", "*", "?", "[a-z]", "{a,b}", "#", ";"],
  ...["-n", "-e", "--", "-", "--inactive", "-rf /", "..", "../../etc/passwd", "\n@", "\n@0123456789abcdef observed\n"],
  ...["KVMNET_", "\nKVMNET_0123456789abcdef0123456789abcdef\n", "result 0 done", "\n@ffff result 0 done\n"],
  ...[`s/x/${touch}/e`, `{ system("${touch}") }`, "]]>", "<!--", "-->", "<![CDATA[", "&amp;", "&lt;", "&#65;", "<a b='c'>"],
  ...["iface x inet dhcp", `\n  up ${touch}\n`, "source /etc/passwd", "$IFACE", "key = value", "constructor", "__proto__"],
  ...[" ", "\t", "\n", "\n\n", "\r\n", "\r", "\v\f", "\x01", "\x07", "\x1b]0;x\x07", "\x1b[2J", "\x7f", "\x85", "\ufeff"],
  ...["é", "ß\u0301", "\u202e", "\u2028", "\u{1f4a9}", "\uef80", "\uefff", "\ufffd", "\uffff", "\ud800", "\udfff"],
]; // prettier-ignore

/** Any text: pieces, random characters, bytes that are no UTF-8 as a host's file has them, some of them long. NUL too. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 60,
    arbitrary: fc
      .array(
        fc.oneof(
          { weight: 4, arbitrary: fc.constantFrom(...pieces) },
          fc.string({ unit: "binary", maxLength: 6 }),
          fc.string({ unit: "binary-ascii", maxLength: 12 }),
          fc.uint8Array({ maxLength: 6 }).map((bytes) => decode(Buffer.from(bytes))),
        ),
        { maxLength: 6 },
      )
      .map((parts) => parts.join("")),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...pieces), fc.integer({ min: 100, max: 4000 }))
      .map(([piece, times]) => piece.repeat(times)),
  },
);

/** The same texts as long as the seed is the same. */
export const hostileTexts = (count: number): string[] => fc.sample(hostileText, { numRuns: count, seed });
