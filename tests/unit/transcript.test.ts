import { observe } from "../../provider/host/observe";
import { parseTranscript } from "../../provider/host/transcript";

const NONCE = "0123456789abcdef0123456789abcdef";
const heading = (key: string) => `\n@${NONCE} ${key}\n`;

test("gives each part its bytes, whatever they are", () => {
  const texts = [
    "",
    "no newline",
    "a\n",
    "\n\n",
    "@other part\n",
    `@${NONCE}\n`,
    `x @${NONCE} y\n`,
    "é\r\n\u0000\t",
    `${NONCE}\n@\n`,
  ];
  const output = texts.map((text, i) => `${heading(`part ${i}`)}${text}`).join("");
  expect(parseTranscript(output, NONCE)).toEqual(texts.map((text, i) => ({ key: `part ${i}`, text })));
});

test("leaves out what stands before the first heading: a banner, or a heading of somebody else's", () => {
  expect(parseTranscript(`Welcome!\n\n@ffff os\nx${heading("os")}Debian\n`, NONCE)).toEqual([
    { key: "os", text: "Debian\n" },
  ]);
  expect(parseTranscript(`@${NONCE} os\nDebian\n`, NONCE)).toEqual([{ key: "os", text: "Debian\n" }]);
});

test.each(["", "\n", "garbage", "@", `@${NONCE}`, `${NONCE} x`, "\u0000\u0001", `x@${NONCE} os\n`])(
  "%j is no part",
  (output) => {
    expect(parseTranscript(output, NONCE)).toEqual([]);
  },
);

test("a file cannot pretend to be a part: the nonce is new each time", () => {
  const file = "\n@aaaa result 0 done\n";
  expect(parseTranscript(heading("file /x") + file, NONCE)).toEqual([{ key: "file /x", text: file }]);
});

test("cut at any byte it gives a beginning of the same parts", () => {
  const output = `motd\n${heading("os")}PRETTY_NAME=x\n${heading("file /etc/network/interfaces")}auto lo\n\n${heading("route6")}[]\n`;
  const whole = parseTranscript(output, NONCE);
  for (let length = 0; length <= output.length; length++) {
    const parts = parseTranscript(output.slice(0, length), NONCE);
    expect(parts.length).toBeLessThanOrEqual(whole.length);
    parts.forEach((part, i) => {
      if (i < parts.length - 1) expect(part).toEqual(whole[i]);
      else {
        // The last part may end in a piece of the next heading.
        expect(whole[i]!.key.startsWith(part.key)).toBe(true);
        expect(`${whole[i]!.text}${heading("")}`.startsWith(part.text)).toBe(true);
      }
    });
  }
});

test("observe reads nothing out of nothing, and does not mind parts that it does not know", () => {
  for (const parts of [[], [{ key: "nonsense", text: "?" }], [{ key: "file", text: "x" }]]) {
    const observed = observe(parts);
    expect(observed).toMatchObject({ files: {}, links: {}, networks: {}, domains: {}, sysctls: {}, leased: {} });
    expect(observed.facts).toMatchObject({ os: "unknown", commands: [], dhcpClients: [], systemd: false });
  }
});
